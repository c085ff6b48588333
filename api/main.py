"""The ASGI application, which ``api.server`` serves."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version

from anyio import to_thread
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from api import health, logs, metrics, openapi, page, problems, service
from api.access import AccessControl
from api.administration.routes import router as administration
from api.authentication import Authenticator
from api.batches.routes import MAX_BODY_BYTES as MAX_BATCH_BYTES
from api.batches.routes import router as batches
from api.batches.schemas import PATH as BATCHES
from api.dependencies import AppState
from api.drift.routes import router as drift
from api.events.broadcaster import EventBroadcaster
from api.events.routes import router as events
from api.events.stream_limits import StreamLimits
from api.images import tiles, values
from api.images.decoder import UploadDecoder
from api.images.presigned import router as uploads
from api.images.routes import router as images
from api.images.schemas import PATH as IMAGES
from api.labels.routes import router as labels
from api.networks.routes import router as networks
from api.previews import MAX_WAITING
from api.rate_limits import RateLimiter
from api.registrations.apply import MAX_POINTS_BYTES
from api.registrations.apply import router as apply
from api.registrations.corrections import router as corrections
from api.registrations.direct import PATH as DIRECT
from api.registrations.direct import DirectRegistration
from api.registrations.direct import router as direct
from api.registrations.files import router as registration_files
from api.registrations.matches import router as matches
from api.registrations.reviews import router as reviews
from api.registrations.routes import router as registrations
from api.registrations.tags import router as tags
from api.requests import REQUEST_ID_HEADER, BodyLimit, RequestContext, is_valid_request_id
from api.series.frames import MAX_FRAME_BYTES
from api.series.frames import router as series_frames
from api.series.routes import router as series
from api.series.trackers import Trackers
from api.session.routes import router as session
from api.settings import ApiSettings
from api.wake_ups import WakeUps
from api.webhooks.routes import router as webhooks
from db import statistics, tracing
from db.engine import Database
from db.migrate import migrate
from db.settings import StorageSettings
from db.store import open_store
from xebra.readers import decoding_client

READERS = 40  # threads for requests that do not wait for a drawing
PRELOAD_AFTER_S = 0.1  # the import of matplotlib takes a second: do it during the first job
DESCRIPTION = """Registers X-ray and electron microscopy images: upload two images, submit the pair, wait
until the job has ended, download the parameters and the registered image.
Errors are RFC 9457 problem details."""
ROUTERS = (
    *(
        images,
        uploads,
        tiles.router,
        values.router,
        registrations,
        registration_files,
        corrections,
        matches,
        reviews,
        tags,
        apply,
        batches,
        series,
        series_frames,
        networks,
        labels,
        drift,
        events,
    ),
    *(webhooks, direct, session, administration, service.router, metrics.router, health.router),
)


def create_app() -> FastAPI:
    """Create the app from the settings: open database and image store, install routes and middleware."""
    logs.configure()
    tracing.configure("xebra-api")
    settings = ApiSettings()
    app = FastAPIOffline(  # /docs without access to the internet
        lifespan=_lifespan,
        static_url="/docs-assets",
        title="Xebra",
        version=version("xebra"),
        description=DESCRIPTION,
        generate_unique_id_function=openapi.operation_id,
    )
    _open_backends(app, settings)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    page.install(app)
    openapi.install(app)
    _add_middleware(app, settings)
    tracing.instrument(app)
    return app


def _open_backends(app: FastAPI, settings: ApiSettings) -> None:
    storage = StorageSettings()
    database = Database(storage.database_url)
    migrate(database)
    decoder = UploadDecoder(settings.decode_seconds, settings.decode_wait_seconds)
    streams = StreamLimits(settings.max_streams_per_key, settings.max_streams)
    backends = (settings, database, open_store(storage.images_url), EventBroadcaster(database))
    state = AppState(*backends, decoder, streams, WakeUps(settings.broker_url, database))
    app.state.shared = state
    app.state.direct = DirectRegistration(state)
    app.state.trackers = Trackers(state)
    app.state.state_counter = statistics.StateCounter()
    app.state.authenticator = Authenticator(database, settings.access == "open", settings.token)
    app.state.rate_limiter = RateLimiter(settings.broker_url, settings.max_batch_jobs_per_minute)


def _add_middleware(app: FastAPI, settings: ApiSettings) -> None:
    """Add the middleware, the innermost first."""
    limits = {IMAGES: settings.max_upload_bytes, DIRECT: settings.max_direct_bytes, BATCHES: MAX_BATCH_BYTES}
    limits |= {"*/frames": MAX_FRAME_BYTES}
    limits |= {"*/apply/points": MAX_POINTS_BYTES, "*/apply/regions": MAX_POINTS_BYTES}
    app.add_middleware(BodyLimit, limits=limits, stalled_after_s=settings.stalled_after_seconds)
    shared = {"authenticator": app.state.authenticator, "rate_limiter": app.state.rate_limiter}
    app.add_middleware(AccessControl, **shared, streams=app.state.shared.streams, settings=settings)
    app.add_middleware(RequestContext)
    app.add_middleware(
        CorrelationIdMiddleware,
        header_name=REQUEST_ID_HEADER,
        update_request_header=False,
        validator=is_valid_request_id,
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    preload = threading.Timer(PRELOAD_AFTER_S, import_module, args=("xebra.picture",))
    preload.daemon = True
    preload.start()
    to_thread.current_default_thread_limiter().total_tokens = MAX_WAITING + READERS
    threading.Thread(target=decoding_client.server().start, daemon=True).start()
    app.state.shared.broadcaster.start()
    yield
    preload.cancel()
    app.state.shared.broadcaster.stop()
    app.state.shared.database.close()
    tracing.flush()
