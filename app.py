"""The server: dashboard, HTTP API and warm-up in one process. `streamlit run app.py`."""

import os
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Thread

import streamlit as st
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route

from inspection.api import create_api
from inspection.config import Settings, load_settings
from inspection.door import door, served_hosts
from inspection.door.senders import limit_headers
from inspection.errors import SettingsError
from inspection.services.housekeeping import keep_tidy
from inspection.services.intake.watching import keep_watching
from inspection.services.review.sample import keep_share_in_force
from inspection.services.station import (
    close_shared_station,
    shared_station,
    start_worker,
    with_shared_station,
)
from inspection.ui.as_app import app_routes
from inspection.ui.server import START_PAGE, answer_to, uploaded_bytes


@asynccontextmanager
async def lifespan(app):
    """Open the station and start the worker while the first page is being fetched."""
    ended = Event()
    # In threads: the pages must answer before the network is loaded.
    for work in (start_worker, keep_tidy, keep_watching, keep_share_in_force):
        Thread(target=with_shared_station, args=(work, ended), daemon=True).start()
    yield
    ended.set()
    close_shared_station()


# Whatever the server writes is for its own user alone.
os.umask(0o077)
try:
    settings = load_settings()
except SettingsError:
    # The pages say what is wrong; until it is mended only this machine may read it.
    settings = Settings.model_construct()
hosts = served_hosts(settings, st.get_option("server.address"))
answer_to(hosts)
limit_headers()

app = st.App(
    # The router stands outside the folder of `pages/`, or a deep link would run a page alone.
    str(Path(__file__).parent / "inspection" / "ui" / "router.py"),
    routes=[
        Mount("/api/v1", create_api(shared_station)),
        # Home has no address of its own; who types one is not told that there is no such page.
        Route("/home", lambda request: RedirectResponse("/")),
        *app_routes(settings.language),
    ],
    middleware=door(settings, hosts, START_PAGE, uploaded_bytes),
    lifespan=lifespan,
)
