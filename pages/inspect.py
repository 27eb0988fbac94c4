import streamlit as st

from inspection.ui import session
from inspection.ui.inspecting import arrival, readiness
from inspection.ui.inspecting import batch as batch_view
from inspection.ui.inspecting import inspection as inspection_view
from inspection.ui.inspecting import sources as photo_sources
from inspection.ui.inspecting import subject as subject_form
from inspection.ui.inspecting.hot_folders import show_hot_folders
from inspection.ui.session import t
from inspection.ui.widgets.address import asked_inspection

session.settle_subject()
number = asked_inspection()
batch = batch_view.current_batch()

if number is not None:
    batch_view.back_to_results(batch)
    inspection_view.show_inspection(number)
elif batch and not batch.progress.is_over:
    # In the place of the form below, which would stay in sight until this run has ended.
    st.empty()
    batch_view.watch(batch)
elif batch:
    batch_view.show_results(batch)
elif arrived := arrival.waiting_photo():
    with st.container():
        if orders := arrival.show_arrival(arrived):
            batch_view.start_batch(orders)
else:
    with st.container():
        # The photo comes first; what it shows is asked below, and after it where that is unsure.
        photos, orders = st.container(), []
        st.subheader(t("inspect.subject"))
        subject, mm_per_px = subject_form.subject_form()
        with photos:
            if readiness.can_inspect():
                orders = photo_sources.photo_source(subject, mm_per_px)
        batch_view.show_others()
        show_hot_folders()
        if orders:
            batch_view.start_batch(orders)
