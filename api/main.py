"""The front door: ``uvicorn --factory api.main:create_app``."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from api import health, logs, metrics, openapi, page, problems, service
from api.access import Access
from api.administration.routes import router as administration
from api.batches.routes import LARGEST_BATCH
from api.batches.routes import router as batches
from api.batches.schemas import PATH as BATCHES
from api.dependencies import House
from api.events.bulletin import Bulletin
from api.events.routes import router as events
from api.images import tiles
from api.images.presigned import router as uploads
from api.images.routes import router as images
from api.images.schemas import PATH as IMAGES
from api.registrations.corrections import router as corrections
from api.registrations.direct import PATH as DIRECT
from api.registrations.direct import Direct
from api.registrations.direct import router as direct
from api.registrations.files import router as registration_files
from api.registrations.routes import router as registrations
from api.requests import BodyLimit, Requests
from api.session.routes import router as session
from api.settings import ApiSettings
from api.webhooks.routes import router as webhooks
from db import statistics
from db.engine import Database
from db.migrate import migrate
from db.settings import StorageSettings
from db.store import open_store

AFTER_THE_START_S = 0.1  # matplotlib takes a second to import: get it while the first job is under way
ABOUT = """Registers X-ray and electron-beam micrographs: upload two images, submit the pair, poll until the
job has ended, take the parameters and the registered image home. Errors are RFC 9457 problem details."""


def create_app() -> FastAPI:
    """Read the settings, open database and image store, hang up the routes."""
    logs.configure()
    settings = ApiSettings()
    about = {"title": "Xebra", "version": version("xebra"), "description": ABOUT}
    app = FastAPIOffline(lifespan=_lifespan, static_url="/docs-assets", **about)  # /docs without the internet
    app.state.house = _open(settings)
    app.state.direct = Direct(app.state.house)
    app.state.states = statistics.States()
    app.state.access = Access(app.state.house.database, open=settings.access == "open")
    problems.install(app)
    for router in (
        images,
        uploads,
        tiles.router,
        registrations,
        registration_files,
        corrections,
        batches,
        events,
        webhooks,
        direct,
        session,
        administration,
        service.router,
        metrics.router,
        health.router,
    ):
        app.include_router(router)
    page.install(app)
    openapi.install(app)
    limits = {IMAGES: settings.max_upload_bytes, DIRECT: settings.max_direct_bytes, BATCHES: LARGEST_BATCH}
    app.add_middleware(BodyLimit, limits=limits, stalled_after_s=settings.stalled_after_seconds)
    app.add_middleware(Requests)
    return app


def _open(settings: ApiSettings) -> House:
    storage = StorageSettings()
    database = Database(storage.database_url)
    migrate(database)
    return House(settings, database, open_store(storage.images_url), Bulletin(database))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    drawing = threading.Timer(AFTER_THE_START_S, import_module, args=("xebra.picture",))
    drawing.daemon = True
    drawing.start()
    app.state.house.bulletin.start()
    yield
    drawing.cancel()
    app.state.house.bulletin.stop()
    app.state.house.database.close()
