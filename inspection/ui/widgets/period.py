"""The period that a page of trends shows, kept in the address."""

from datetime import UTC, date, datetime, timedelta

import streamlit as st

from inspection.services.station import shared_station
from inspection.storage.log_list import KnownValues
from inspection.ui.session import t
from inspection.ui.widgets.address import one_day, one_of

PERIODS = {"7": 7, "28": 28, "90": 90}
USUAL_DAYS = 28


def ask_period(known: KnownValues, usual: str = str(USUAL_DAYS)) -> tuple[date, date]:
    """First and last production day; stops the page where they stand the wrong way round."""
    period = one_of(
        "period",
        t("trends.period"),
        [*PERIODS, "custom"],
        lambda code: t(f"trends.period_{code}"),
        default=usual,
    )
    first, last = _days(period, known.last_day)
    if first > last:
        st.warning(t("trends.wrong_order"), icon=":material/swap_horiz:")
        st.stop()
    return first, last


def days_before(last: date) -> date:
    """The first of the usual number of days that end with `last`."""
    return last - timedelta(days=USUAL_DAYS - 1)


def _days(period: str, last_logged: date) -> tuple[date, date]:
    today = shared_station().calendar.slot_at(datetime.now(UTC)).day
    if period in PERIODS:
        return today - timedelta(days=PERIODS[period] - 1), today
    # A log may be ahead of this server's clock; its days must stay within reach.
    latest = max(today, last_logged)
    start, end = st.columns(2)
    with start:
        first = one_day("from", t("trends.from"), default=days_before(today), latest=latest)
    with end:
        return first, one_day("to", t("trends.to"), default=today, latest=latest)
