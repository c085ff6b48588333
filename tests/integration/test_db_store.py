"""The contract of the image stores: a folder and real S3 servers."""

import io
import os
import resource
import signal
import socket
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import urllib3
from support.flaky_proxy import flaky_proxy
from support.servers import S3_KEY, S3_SECRET, free_port, s3_url

from db import s3_store
from db.errors import BackendUnknown, ObjectMissing, StoreUnavailable, UploadsOnlyThroughApi
from db.store import open_store


class BrokenStream(io.BytesIO):
    """A stream that ends in a lost connection."""

    def read(self, amount=-1):
        if self.tell() > 0:
            raise ConnectionResetError("lost")
        return super().read(amount)


def test_object_is_returned_byte_for_byte(store):
    data = bytes(range(256)) * 50_000  # more than one part of an upload
    assert store.put("images/one/original", io.BytesIO(data)) == len(data)
    with store.open("images/one/original") as stream:
        assert stream.read() == data
        stream.seek(-3, io.SEEK_END)
        assert stream.read() == data[-3:]


def test_size_of_an_object(store):
    store.put("a", io.BytesIO(b"five5"))
    assert store.size("a") == 5
    with pytest.raises(ObjectMissing):
        store.size("b")


@pytest.mark.parametrize("new_url", ["new_s3_url", "new_swift_url"])
def test_presigned_upload_works_on_s3_only(request, tmp_path, new_url):
    store = open_store(request.getfixturevalue(new_url)())
    url = store.presigned_put("uploads/sem/1", timedelta(minutes=1))
    assert httpx.put(url, content=b"x" * 1000).is_success
    assert store.size("uploads/sem/1") == 1000
    assert not httpx.put(url.replace("sem/1", "tem/1"), content=b"x").is_success
    with pytest.raises(UploadsOnlyThroughApi):
        open_store(tmp_path.as_uri()).presigned_put("a", timedelta(minutes=1))


def test_put_replaces_an_object(store):
    store.put("a", io.BytesIO(b"first, and longer"))
    store.put("a", io.BytesIO(b"second"))
    with store.open("a") as stream:
        assert stream.read() == b"second"


def test_empty_object_exists(store):
    assert store.put("empty", io.BytesIO(b"")) == 0
    assert store.exists("empty")
    with store.open("empty") as stream:
        assert stream.read() == b""


def test_missing_object_raises(store):
    assert not store.exists("images/none")
    with pytest.raises(ObjectMissing, match="images/none"):
        store.open("images/none")


def test_object_can_be_deleted_twice(store):
    store.put("a", io.BytesIO(b"x"))
    store.delete("a")
    store.delete("a")
    assert not store.exists("a")


def test_list_is_sorted_and_restricted_to_a_prefix(store):
    for key in ("images/b", "images/a/1", "images/a/2", "other"):
        store.put(key, io.BytesIO(b"x"))
    assert list(store.list("images/")) == ["images/a/1", "images/a/2", "images/b"]
    assert list(store.list("images/a/2")) == ["images/a/2"]
    assert list(store.list()) == ["images/a/1", "images/a/2", "images/b", "other"]


def test_broken_upload_leaves_no_object(store):
    with pytest.raises(ConnectionResetError):
        store.put("half", BrokenStream(b"x" * 100))
    assert not store.exists("half")
    assert list(store.list()) == []


def test_folder_store_synchronizes_the_file_before_the_rename_and_the_folder_after(tmp_path, monkeypatch):
    """A file that was not synchronized could be empty, or missing, after a power failure."""
    store, synchronized = open_store(tmp_path.as_uri()), []

    def fsync(handle: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        synchronized.append((path.relative_to(tmp_path), store.exists("images/a"), path.stat().st_size))
        real_fsync(handle)

    real_fsync = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    store.put("images/a", io.BytesIO(b"content"))
    (temporary, existed_before, size), (folder, existed_after, _) = synchronized
    assert temporary.parent == Path(".unfinished") and not existed_before and size == len(b"content")
    assert folder == Path("images") and existed_after


def test_temporary_file_of_a_killed_writer_is_deleted_after_a_day(tmp_path):
    open_store(tmp_path.as_uri())
    old, new = (tmp_path / ".unfinished" / name for name in ("old", "new"))
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    open_store(tmp_path.as_uri())
    assert (old.exists(), new.exists()) == (False, True)


def test_full_disk_is_reported_and_leaves_no_file(tmp_path):
    store = open_store(tmp_path.as_uri())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match="cannot be written"):
            store.put("large", io.BytesIO(bytes(4 << 20)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(store.list()) == [] and list((tmp_path / ".unfinished").iterdir()) == []


def test_unavailable_s3_server_is_reported():
    key = f"{S3_KEY}:{S3_SECRET}"
    store = open_store(f"minio://{key}@127.0.0.1:{free_port()}/images?secure=0")
    for attempt in (store.ping, lambda: store.open("a"), lambda: store.put("a", io.BytesIO(b"x"))):
        with pytest.raises(StoreUnavailable, match="does not answer"):
            attempt()


def test_request_refused_by_an_s3_server_is_retried(s3_server):
    data = bytes(range(256)) * 50_000  # more than one part, begun and ended by a request each
    with flaky_proxy(s3_server) as address:
        store = open_store(s3_url(address, f"bucket-{os.urandom(6).hex()}"))
        assert store.put("a", io.BytesIO(data)) == len(data)
        with store.open("a") as stream:
            assert stream.read() == data
        assert list(store.list()) == ["a"]
        store.delete("a")
        assert not store.exists("a")


def test_request_to_a_silent_s3_server_times_out(monkeypatch):
    monkeypatch.setattr(s3_store, "TIMEOUT", urllib3.Timeout(connect=1, read=0.5))
    with socket.create_server(("127.0.0.1", 0)) as server:
        store = open_store(f"minio://k:s@127.0.0.1:{server.getsockname()[1]}/images?secure=0")
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.open("a")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a/../b", "a//b", ".unfinished/x", "a b"])
def test_invalid_key_is_rejected(store, key):
    with pytest.raises(ValueError, match="not a valid object key"):
        store.put(key, io.BytesIO(b"x"))


def test_ping_of_an_available_store(store):
    store.ping()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://host/images", "the image store 'ftp' is not supported; use file:// or minio://"),
        ("images", "the image store '' is not supported"),
        ("file://host/images", "is not a folder"),
        ("minio://host:9000/bucket", "incomplete"),
        ("minio://key:secret@host:9000", "incomplete"),
    ],
)
def test_unsupported_url_is_rejected(url, reason):
    with pytest.raises(BackendUnknown, match=f"XEBRA_IMAGES_URL.*{reason}"):
        open_store(url)
