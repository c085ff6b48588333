"""OpenStack Swift with its S3 interface, from Debian: a production store with strict S3 semantics."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest
from minio import Minio
from minio.helpers import MIN_PART_SIZE

from support.servers import LOOPBACK, free_port, running, wait_until
from support.service import PATIENCE_S

KEY, SECRET = "test:tester", "testing"
TWO_PARTS = MIN_PART_SIZE + 1
DEBIANS_PYTHON = "/usr/bin/python3"
PIPELINE = (
    "catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo"
    " versioned_writes symlink proxy-server"
)
COMMON = """[DEFAULT]
swift_dir = {etc}
devices = {etc}/../devices
mount_check = false
user = {user}
workers = 0
bind_ip = 127.0.0.1
bind_port = {port}
log_level = WARNING
"""
PATIENT = """conn_timeout = 60
node_timeout = 60
"""  # Swift's default of half a second to connect is too short for a busy machine
STORAGE = f"""[pipeline:main]
pipeline = {{name}}-server
[app:{{name}}-server]
use = egg:swift#{{name}}
container_update_timeout = 60
{PATIENT}"""  # without this update no listing contains the object: no updater runs here
PROXY = f"""[pipeline:main]
pipeline = {PIPELINE}
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
error_suppression_limit = 1000000
{PATIENT}[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{{memcached}}
connect_timeout = 60
pool_timeout = 60
io_timeout = 60
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {SECRET} .admin
"""
RINGS = """
import sys
from swift.common.ring import RingBuilder

for argument in sys.argv[1:]:
    name, port = argument.split("=")
    ring = RingBuilder(4, 1, 0)
    where = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "one"}
    ring.add_dev(where | {"weight": 1, "meta": ""})
    ring.rebalance()
    ring.get_ring().save(f"{name}.ring.gz")
"""
PLAIN = set(PIPELINE.split()) - {"cache", "s3api", "tempauth", "proxy-server"}


@contextlib.contextmanager
def swift(port: int) -> Iterator[None]:
    """Start one node with one replica and wait until it is ready."""
    assert shutil.which("swift-proxy-server"), (
        "Swift is missing: apt-get install swift-proxy swift-account swift-container swift-object memcached"
    )
    user = "swift" if os.geteuid() == 0 else getpass.getuser()
    with tempfile.TemporaryDirectory(prefix="xebra-swift-", dir="/tmp") as home, ExitStack() as opened:
        as_user = {"user": user} if os.geteuid() == 0 else {}
        commands = _written(Path(home), user, port)
        if as_user:
            subprocess.run(["chown", "-R", user, home], check=True)
        for command in commands:
            opened.enter_context(running(command, cwd=home, stderr=subprocess.DEVNULL, **as_user))
        client = Minio(f"{LOOPBACK}:{port}", KEY, SECRET, secure=False, region="us-east-1")
        wait_until(lambda: _takes_an_object(client), "Swift", PATIENCE_S)
        yield


def _takes_an_object(client: Minio) -> bool:
    """Check that a multipart object is stored and listed, which needs all four servers."""
    if not client.bucket_exists("ready"):
        client.make_bucket("ready")
    data = bytes(TWO_PARTS)
    client.put_object("ready", "object", BytesIO(data), length=-1, part_size=MIN_PART_SIZE)
    return [found.object_name for found in client.list_objects("ready")] == ["object"]


def _written(home: Path, user: str, port: int) -> list[list]:
    """Write the configuration; return the commands that start the servers."""
    etc, memcached = home / "etc", free_port()
    etc.mkdir()
    (home / "devices" / "one").mkdir(parents=True)
    (etc / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
    ports = {name: free_port() for name in ("account", "container", "object")}
    for name, at in ports.items():
        content = COMMON.format(etc=etc, user=user, port=at) + STORAGE.format(name=name)
        (etc / f"{name}-server.conf").write_text(content)
    rings = [DEBIANS_PYTHON, "-c", RINGS, *(f"{name}={at}" for name, at in ports.items())]
    subprocess.run(rings, cwd=etc, check=True)
    plain = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in sorted(PLAIN))
    content = COMMON.format(etc=etc, user=user, port=port) + PROXY.format(memcached=memcached) + plain
    (etc / "proxy-server.conf").write_text(content)
    servers = [[f"swift-{name}-server", etc / f"{name}-server.conf"] for name in (*ports, "proxy")]
    return [["memcached", "-l", LOOPBACK, "-p", memcached, "-m", "32", "-U", "0"], *servers]


@pytest.fixture(scope="session")
def swift_server() -> Iterator[str]:
    """Address (host:port) of a Swift server."""
    port = free_port()
    with swift(port):
        yield f"{LOOPBACK}:{port}"


@pytest.fixture
def new_swift_url(swift_server: str) -> Callable[[], str]:
    """Return URLs of buckets that do not exist yet."""
    key = KEY.replace(":", "%3A")
    return lambda: f"minio://{key}:{SECRET}@{swift_server}/bucket-{os.urandom(6).hex()}?secure=0"
