"""The server: dashboard, HTTP API and warm-up in one process. `streamlit run app.py`."""

from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Thread

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route

from inspection.api import create_api
from inspection.services.housekeeping import keep_tidy
from inspection.services.station import close_shared_station, shared_station
from inspection.ui.headers import SecurityHeaders


@asynccontextmanager
async def lifespan(app):
    """Open the station and start the worker while the first page is being fetched."""
    # In a thread: the pages must answer before the network is loaded.
    Thread(target=lambda: shared_station().worker.start(), daemon=True).start()
    ended = Event()
    Thread(target=lambda: keep_tidy(shared_station(), ended), daemon=True).start()
    yield
    ended.set()
    close_shared_station()


app = st.App(
    # The router stands outside the folder of `pages/`, or a deep link would run a page alone.
    str(Path(__file__).parent / "inspection" / "ui" / "router.py"),
    routes=[
        Mount("/api/v1", create_api(shared_station)),
        # Home has no address of its own; who types one is not told that there is no such page.
        Route("/home", lambda request: RedirectResponse("/")),
    ],
    middleware=[Middleware(SecurityHeaders)],
    lifespan=lifespan,
)
