"""The processes of ``xebra serve``, and the checks before their start."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import secrets
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
from worker.supervisor import ManagedProcess, Supervisor

CELERY = ("-m", "celery", "-A", "worker.app", "worker", "-l", "INFO")
CELERY_FLAGS = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # no messages between workers
JOB_STOP_TIMEOUT_S = 30.0


def create_supervisor(storage: StorageSettings, settings: WorkerSettings, own_socket: Path) -> Supervisor:
    """Return the supervisor of all processes, with an embedded broker if no broker URL is set."""
    processes = []
    if not settings.broker_url:
        settings.broker_url = broker.socket_url(own_socket)
        settings.adaptation = "relay"  # a worker of their own would cost memory while there are none
        processes.append(ManagedProcess("redis", broker.redis_server_command(own_socket), stop_last=True))
    broker.validate_url(settings.broker_url)
    address = ("--host", settings.host, "--port", str(settings.port))
    api = _python("-m", "api.server", *address)
    processes += [
        ManagedProcess("api", api),
        ManagedProcess("worker", _python(*CELERY, *CELERY_FLAGS), stop_timeout_s=JOB_STOP_TIMEOUT_S),
        ManagedProcess("relay", _python("-m", "worker.relay")),
    ]
    return Supervisor(processes, _environment(storage, settings), storage.state_dir / "logs")


def check_settings(storage: StorageSettings, settings: WorkerSettings) -> None:
    """Raise an error if a URL names an unsupported backend, before any process is started."""
    Database(storage.database_url).close()
    open_store(storage.images_url)
    if settings.inference_url:
        from xebra.engine import open_engine

        open_engine(settings.inference_url)


def prepare(storage: StorageSettings, settings: WorkerSettings) -> None:
    """Migrate the database and check that the image store responds.

    Raises:
        ServiceNotStarted: database or image store cannot be used.
    """
    database = Database(storage.database_url)
    try:
        migrate(database)
        with database.writing() as session:
            heartbeats.delete_for_host(session, socket.gethostname())
    except DBAPIError as error:
        raise ServiceNotStarted(f"XEBRA_DATABASE_URL: the database cannot be used: {error.orig}") from error
    finally:
        database.close()
    try:
        open_store(storage.images_url).ping()
    except Exception as error:  # each client has its own error classes
        raise ServiceNotStarted(f"XEBRA_IMAGES_URL: the image store does not answer: {error}") from error


def service_url(settings: WorkerSettings) -> str:
    """Return the URL of the page for a browser on this machine."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def require_token(settings: WorkerSettings) -> None:
    """Create a token if others can reach a service that requires no keys."""
    if settings.access == "open" and not settings.token and not is_loopback(settings.host):
        settings.token = secrets.token_urlsafe(24)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_port(host: str, port: int) -> None:
    """Raise ``ServiceNotStarted`` if the address is in use or invalid."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port"
            raise ServiceNotStarted(message) from error


@contextmanager
def lock_state_dir(state_dir: Path) -> Iterator[None]:
    """Lock the state folder for this service; raise ``ServiceNotStarted`` if another service uses it."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        file = (state_dir / "serve.lock").open("a+")
    except OSError as error:
        message = f"XEBRA_STATE_DIR: {state_dir} is not writable ({error.strerror}); choose another folder"
        raise ServiceNotStarted(message) from error
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another xebra serve uses {state_dir}; stop it or set XEBRA_STATE_DIR"
            raise ServiceNotStarted(message) from None
        yield


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _environment(storage: StorageSettings, settings: WorkerSettings) -> dict[str, str]:
    """Return the environment of all processes, with the same backends for each."""
    return os.environ | {
        "XEBRA_STATE_DIR": str(storage.state_dir),
        "XEBRA_DATABASE_URL": storage.database_url,
        "XEBRA_IMAGES_URL": storage.images_url,
        "XEBRA_BROKER_URL": settings.broker_url,
        "XEBRA_INFERENCE_URL": settings.inference_url,
        "XEBRA_WEBHOOKS_ANYWHERE": str(settings.webhooks_anywhere),
        "XEBRA_KEEP_DAYS": str(settings.keep_days),
        "XEBRA_ADAPTATION": settings.adaptation,
        "XEBRA_ACCESS": settings.access,
        "XEBRA_TOKEN": settings.token,
        "XEBRA_HOST": settings.host,
        "XEBRA_PORT": str(settings.port),
        "PYTHONUNBUFFERED": "1",
    }
