"""The one answer to an error on a page: a sentence in the page's language, never a traceback."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial, wraps

import streamlit as st
from streamlit.runtime.state.session_state import SessionState

from inspection.errors import InspectionError
from inspection.ui.markdown import as_written
from inspection.ui.session import error_text, t

_log = logging.getLogger(__name__)


@contextmanager
def guarded() -> Iterator[None]:
    """Show whatever goes wrong inside as one sentence; what nobody expected goes into the log of
    the server too, with its traceback. Streamlit's own ways to end a run pass through."""
    try:
        yield
    except InspectionError as error:
        st.error(as_written(error_text(error)), icon=":material/error:")
    except Exception as error:
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        _log.exception("a page could not be shown (%s)", at)
        kind = type(error).__name__
        st.error(t("common.page_failed", kind=kind, at=at), icon=":material/error:")


def guarded_part(draw: Callable) -> Callable:
    """For a fragment, which Streamlit may run alone, without the router."""

    @wraps(draw)
    def drawn(*args, **kwargs):
        with guarded():
            return draw(*args, **kwargs)

    return drawn


def guard_callbacks() -> None:
    """Answer an error in what a button or a field calls as one on its page is answered.

    Callbacks run before the router does. Every one of Streamlit 1.67 passes this method.
    """
    if getattr(SessionState, "_is_guarded", False):
        return
    call = SessionState._run_callback_and_record_rerun

    def guarded_call(self, votes, run):
        return call(self, votes, partial(_run_guarded, run))

    SessionState._run_callback_and_record_rerun = guarded_call
    SessionState._is_guarded = True


def _run_guarded(run: Callable[[], None]) -> None:
    with guarded():
        run()
