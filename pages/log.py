"""Log: find any inspection again; one of them in detail under `?id=`."""

import streamlit as st

from inspection.storage.log_filter import LogFilter
from inspection.ui.log import detail as log_detail
from inspection.ui.log import filters
from inspection.ui.log import listing as log_list
from inspection.ui.log import saved_views as log_views
from inspection.ui.session import t
from inspection.ui.widgets import cached
from inspection.ui.widgets.address import asked_inspection

st.title(t("log.title"))

number = asked_inspection()
if number is not None:
    log_detail.show_detail(number, filters.address_filter())
elif cached.count(LogFilter(), cached.data_version()):
    log_views.settle_view()
    log_views.view_bar()
    log_list.show_list(filters.log_filter())
else:
    log_list.show_empty_log()
