"""What every image store does, in a folder and on real S3 servers."""

import io
import os
import resource
import signal
import socket
from datetime import timedelta

import httpx
import pytest
import urllib3
from support.servers import S3_KEY, S3_SECRET, free_port, s3_url
from support.flaky_proxy import flaky_proxy

from db import s3_store
from db.errors import BackendUnknown, ObjectMissing, StoreUnavailable, UploadsOnlyThroughApi
from db.store import open_store


class Broken(io.BytesIO):
    """A stream that ends in a cut connection."""

    def read(self, amount=-1):
        if self.tell() > 0:
            raise ConnectionResetError("cut")
        return super().read(amount)


def test_what_was_put_comes_back_byte_for_byte(store):
    data = bytes(range(256)) * 50_000  # more than one part of an upload
    assert store.put("images/one/original", io.BytesIO(data)) == len(data)
    with store.open("images/one/original") as stream:
        assert stream.read() == data
        stream.seek(-3, io.SEEK_END)
        assert stream.read() == data[-3:]


def test_an_object_says_how_large_it_is(store):
    store.put("a", io.BytesIO(b"five5"))
    assert store.size("a") == 5
    with pytest.raises(ObjectMissing):
        store.size("b")


@pytest.mark.parametrize("new_url", ["new_s3_url", "new_swift_url"])
def test_an_s3_store_takes_a_file_by_its_presigned_url_and_a_folder_does_not(request, tmp_path, new_url):
    store = open_store(request.getfixturevalue(new_url)())
    url = store.presigned_put("uploads/sem/1", timedelta(minutes=1))
    assert httpx.put(url, content=b"x" * 1000).is_success
    assert store.size("uploads/sem/1") == 1000
    assert not httpx.put(url.replace("sem/1", "tem/1"), content=b"x").is_success
    with pytest.raises(UploadsOnlyThroughApi):
        open_store(tmp_path.as_uri()).presigned_put("a", timedelta(minutes=1))


def test_a_second_put_replaces_the_first(store):
    store.put("a", io.BytesIO(b"first, and longer"))
    store.put("a", io.BytesIO(b"second"))
    with store.open("a") as stream:
        assert stream.read() == b"second"


def test_an_empty_object_is_an_object(store):
    assert store.put("empty", io.BytesIO(b"")) == 0
    assert store.exists("empty")
    with store.open("empty") as stream:
        assert stream.read() == b""


def test_a_missing_object_is_missed_in_words(store):
    assert not store.exists("images/none")
    with pytest.raises(ObjectMissing, match="images/none"):
        store.open("images/none")


def test_a_deleted_object_is_gone_and_may_be_deleted_again(store):
    store.put("a", io.BytesIO(b"x"))
    store.delete("a")
    store.delete("a")
    assert not store.exists("a")


def test_list_names_the_keys_under_a_prefix_in_order(store):
    for key in ("images/b", "images/a/1", "images/a/2", "other"):
        store.put(key, io.BytesIO(b"x"))
    assert list(store.list("images/")) == ["images/a/1", "images/a/2", "images/b"]
    assert list(store.list("images/a/2")) == ["images/a/2"]
    assert list(store.list()) == ["images/a/1", "images/a/2", "images/b", "other"]


def test_a_cut_upload_leaves_no_object(store):
    with pytest.raises(ConnectionResetError):
        store.put("half", Broken(b"x" * 100))
    assert not store.exists("half")
    assert list(store.list()) == []


def test_what_a_killed_writer_left_in_a_folder_is_removed_a_day_later(tmp_path):
    open_store(tmp_path.as_uri())
    old, new = (tmp_path / ".unfinished" / name for name in ("old", "new"))
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    open_store(tmp_path.as_uri())
    assert (old.exists(), new.exists()) == (False, True)


def test_a_full_disk_is_said_in_words_and_leaves_nothing_behind(tmp_path):
    store = open_store(tmp_path.as_uri())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match="takes nothing more"):
            store.put("large", io.BytesIO(bytes(4 << 20)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(store.list()) == [] and list((tmp_path / ".unfinished").iterdir()) == []


def test_an_s3_server_that_is_away_is_said_to_be():
    key = f"{S3_KEY}:{S3_SECRET}"
    store = open_store(f"minio://{key}@127.0.0.1:{free_port()}/images?secure=0")
    for attempt in (store.ping, lambda: store.open("a"), lambda: store.put("a", io.BytesIO(b"x"))):
        with pytest.raises(StoreUnavailable, match="does not answer"):
            attempt()


def test_an_s3_server_that_refuses_each_request_once_is_asked_again(s3_server):
    data = bytes(range(256)) * 50_000  # more than one part, begun and ended by a request each
    with flaky_proxy(s3_server) as address:
        store = open_store(s3_url(address, f"bucket-{os.urandom(6).hex()}"))
        assert store.put("a", io.BytesIO(data)) == len(data)
        with store.open("a") as stream:
            assert stream.read() == data
        assert list(store.list()) == ["a"]
        store.delete("a")
        assert not store.exists("a")


def test_an_s3_server_that_stays_silent_is_given_up(monkeypatch):
    monkeypatch.setattr(s3_store, "TIMEOUT", urllib3.Timeout(connect=1, read=0.5))
    with socket.create_server(("127.0.0.1", 0)) as server:
        store = open_store(f"minio://k:s@127.0.0.1:{server.getsockname()[1]}/images?secure=0")
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.open("a")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a/../b", "a//b", ".unfinished/x", "a b"])
def test_a_key_never_leaves_the_store(store, key):
    with pytest.raises(ValueError, match="no key"):
        store.put(key, io.BytesIO(b"x"))


def test_a_store_that_answers_says_nothing(store):
    store.ping()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://host/images", "no image store for 'ftp'; use file:// or minio://"),
        ("images", "no image store for ''"),
        ("file://host/images", "no folder"),
        ("minio://host:9000/bucket", "incomplete"),
        ("minio://key:secret@host:9000", "incomplete"),
    ],
)
def test_a_wrong_url_is_refused_in_words(url, reason):
    with pytest.raises(BackendUnknown, match=f"XEBRA_IMAGES_URL.*{reason}"):
        open_store(url)
