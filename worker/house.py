"""What ``xebra serve`` starts, and what must be right before it does."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from db import heartbeats
from db.engine import Database
from db.migrate import migrate
from db.settings import StorageSettings
from db.store import open_store
from worker import broker
from worker.errors import ServiceNotStarted
from worker.settings import WorkerSettings
from worker.supervisor import Part, Supervisor

CELERY = ("-m", "celery", "-A", "worker.app", "worker", "-l", "INFO")
LEAN = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # workers need not know each other
FINISH_A_JOB_S = 30.0
HANG_UP = ("--timeout-graceful-shutdown", "3")  # on who listens to events, which has no end


def supervisor(storage: StorageSettings, settings: WorkerSettings, own_socket: Path) -> Supervisor:
    """The processes of the service; a broker on a socket of our own is among them where none is given."""
    parts = []
    if not settings.broker_url:
        settings.broker_url = broker.socket_url(own_socket)
        parts.append(Part("redis", broker.redis_server_command(own_socket), others_need_it=True))
    broker.checked(settings.broker_url)
    address = ("--host", settings.host, "--port", str(settings.port))
    parts += [
        Part("api", _python("-m", "uvicorn", "--factory", "api.main:create_app", *address, *HANG_UP)),
        Part("worker", _python(*CELERY, *LEAN), patience_s=FINISH_A_JOB_S),
        Part("relay", _python("-m", "worker.relay")),
    ]
    return Supervisor(parts, _environment(storage, settings), storage.state_dir / "logs")


def check(storage: StorageSettings, settings: WorkerSettings) -> None:
    """Find out in words which URL names nothing that Xebra knows, before anything is started."""
    Database(storage.database_url).close()
    open_store(storage.images_url)
    if settings.inference_url:
        from xebra.engine import open_engine

        open_engine(settings.inference_url)


def prepare(storage: StorageSettings, settings: WorkerSettings) -> None:
    """Find out in words what would not work; bring the database up to date."""
    database = Database(storage.database_url)
    try:
        migrate(database)
        with database.writing() as session:
            heartbeats.forget_all_of(session, socket.gethostname())
    except DBAPIError as error:
        raise ServiceNotStarted(f"XEBRA_DATABASE_URL: the database cannot be used: {error.orig}") from error
    finally:
        database.close()
    try:
        open_store(storage.images_url).ping()
    except Exception as error:  # each client raises its own kinds
        raise ServiceNotStarted(f"XEBRA_IMAGES_URL: the image store does not answer: {error}") from error


def url(settings: WorkerSettings) -> str:
    """Where a browser on this machine finds the page."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def check_port(host: str, port: int) -> None:
    """Raise where somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            words = f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port"
            raise ServiceNotStarted(words) from error


@contextmanager
def alone_in(state_dir: Path) -> Iterator[None]:
    """Hold the state folder; raise where another service holds it."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        file = (state_dir / "serve.lock").open("a+")
    except OSError as error:
        words = f"XEBRA_STATE_DIR: {state_dir} cannot be written ({error.strerror}); choose another folder"
        raise ServiceNotStarted(words) from error
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            words = f"another xebra serve works in {state_dir}; stop it or set XEBRA_STATE_DIR"
            raise ServiceNotStarted(words) from None
        yield


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _environment(storage: StorageSettings, settings: WorkerSettings) -> dict[str, str]:
    """The environment of all parts: the same backends for each."""
    return os.environ | {
        "XEBRA_STATE_DIR": str(storage.state_dir),
        "XEBRA_DATABASE_URL": storage.database_url,
        "XEBRA_IMAGES_URL": storage.images_url,
        "XEBRA_BROKER_URL": settings.broker_url,
        "XEBRA_INFERENCE_URL": settings.inference_url,
        "XEBRA_WEBHOOKS_ANYWHERE": str(settings.webhooks_anywhere),
        "XEBRA_KEEP_DAYS": str(settings.keep_days),
        "XEBRA_ACCESS": settings.access,
        "XEBRA_HOST": settings.host,
        "XEBRA_PORT": str(settings.port),
        "PYTHONUNBUFFERED": "1",
    }
