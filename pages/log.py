"""Log: find any inspection again; one of them in detail under `?id=`."""

import streamlit as st

from inspection.storage.reading import LogFilter
from inspection.ui import cached, filters, log_detail, log_list, log_views
from inspection.ui.session import t
from inspection.ui.touch import large_targets

large_targets()
st.title(t("log.title"))

number = log_detail.opened()
if number is not None:
    log_detail.show_detail(number, filters.address_filter())
elif cached.count(LogFilter(), cached.data_version()):
    log_views.settle_view()
    log_views.view_bar()
    log_list.show_list(filters.log_filter())
else:
    log_list.show_empty_log()
