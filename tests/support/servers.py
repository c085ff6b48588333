"""Real servers for the tests, each on a free port; a missing server program is an error, never a skip."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from minio import Minio
from redis import Redis

from worker.processes import die_with_parent

LOOPBACK = "127.0.0.1"
PORTS = range(10_000, 32_000)  # below the range of the kernel for outgoing connections
NO_PERSISTENCE = ("--save", "", "--appendonly", "no")  # of Redis
S3_KEY, S3_SECRET = "testkey", "testsecret"
_used: set[int] = set()


def free_port() -> int:
    """Return a free TCP port, different at each call."""
    while True:
        port = secrets.choice(PORTS)
        if port in _used:
            continue
        _used.add(port)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return port


def wait_until(ready: Callable[[], object], what: str, seconds: float = 120) -> None:
    """Call ``ready`` until it neither raises an error nor returns False."""
    end, reason = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if ready() is not False:
                return
        except Exception as error:
            reason = error
        time.sleep(0.05)
    raise AssertionError(f"{what} was not ready within {seconds:.0f} s: {reason!r}")


def program(name: str) -> str:
    """Return the path of a program of this Python environment, or of one on PATH."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found, f"{name} is missing: pip install -e '.[test]'"
    return found


@contextlib.contextmanager
def running(command: list, stop_by=signal.SIGTERM, **options) -> Iterator[subprocess.Popen]:
    """Start a child process that ends with the block, and with this process."""
    parent = os.getpid()
    process = subprocess.Popen(
        [str(part) for part in command],
        start_new_session=True,  # Ctrl-C does not reach it
        preexec_fn=lambda: die_with_parent(parent),
        **options,
    )
    try:
        yield process
    finally:
        process.send_signal(stop_by)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs, from Debian or PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    assert found or shutil.which("initdb"), "PostgreSQL is missing: apt-get install postgresql"
    return found[-1] if found else Path(shutil.which("initdb")).parent


@contextlib.contextmanager
def postgres(home: str, port: int, *options: str) -> Iterator[subprocess.Popen]:
    """Start a PostgreSQL server and wait until it is ready; root starts it as another user."""
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    data = Path(home, "data")
    if not data.exists():
        if user:
            shutil.chown(home, "postgres")
        initdb = [postgres_programs() / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*initdb, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=home, **user)
    given = [f"listen_addresses={LOOPBACK}", f"unix_socket_directories={home}", *options]
    flags = [flag for option in given for flag in ("-c", option)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [postgres_programs() / "postgres", "-D", data, "-p", port, *flags]
    with running(command, signal.SIGINT, cwd=home, **user, **quiet) as process:
        address = f"postgresql://postgres@{LOOPBACK}:{port}/postgres"
        wait_until(lambda: psycopg.connect(address).close(), "PostgreSQL")
        yield process


def temporary_home() -> tempfile.TemporaryDirectory:
    """Return a temporary folder that PostgreSQL's own user can access."""
    return tempfile.TemporaryDirectory(prefix="xebra-pg-", dir="/tmp", ignore_cleanup_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a temporary PostgreSQL server."""
    port = free_port()
    with temporary_home() as home, postgres(home, port, "fsync=off"):
        yield f"postgresql+psycopg://postgres@{LOOPBACK}:{port}/postgres"


@pytest.fixture
def new_postgres_url(postgres_server: str) -> Callable[[], str]:
    """Create empty databases on the server; return the URL of each."""

    def make() -> str:
        name = f"xebra_{os.urandom(6).hex()}"
        with psycopg.connect(postgres_server.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{postgres_server.rpartition('/')[0]}/{name}"

    return make


@contextlib.contextmanager
def s3(folder: Path, port: int, *prefix: object) -> Iterator[subprocess.Popen]:
    """Start an S3 server on a folder and wait until it is ready; ``prefix`` is a command that starts it."""
    address = f"{LOOPBACK}:{port}"
    command = [program("rclone"), "serve", "s3", "--addr", address, "--auth-key", f"{S3_KEY},{S3_SECRET}"]
    whole = [*prefix, *command, "--config", "/dev/null", folder]
    with running(whole, stderr=subprocess.DEVNULL) as process:
        client = Minio(address, S3_KEY, S3_SECRET, secure=False, region="us-east-1")
        wait_until(client.list_buckets, "the S3 server")
        yield process


def s3_url(address: str, bucket: str) -> str:
    """Return the XEBRA_IMAGES_URL of a bucket of this server."""
    return f"minio://{S3_KEY}:{S3_SECRET}@{address}/{bucket}?secure=0"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address (host:port) of an S3 server on an empty folder."""
    port = free_port()
    with s3(tmp_path_factory.mktemp("s3"), port):
        yield f"{LOOPBACK}:{port}"


@pytest.fixture
def new_s3_url(s3_server: str) -> Callable[[], str]:
    """Return URLs of buckets that do not exist yet."""
    return lambda: f"minio://{S3_KEY}:{S3_SECRET}@{s3_server}/bucket-{os.urandom(6).hex()}?secure=0"


@contextlib.contextmanager
def redis(port: int, *options: str) -> Iterator[subprocess.Popen]:
    """Start a Redis server on TCP and wait until it is ready."""
    from worker.broker import redis_server_program

    command = [redis_server_program(), "--bind", LOOPBACK, "--port", port, *options]
    with running(command, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: Redis(host=LOOPBACK, port=port).ping(), "Redis")
        yield process


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """URL of a temporary Redis server without persistence."""
    port = free_port()
    with redis(port, *NO_PERSISTENCE):
        yield f"redis://{LOOPBACK}:{port}/0"
