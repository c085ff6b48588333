"""The image store in a bucket of any S3 server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error

from db.errors import BackendUnknown, ObjectMissing, StoreUnavailable
from db.store import checked

REGION = "us-east-1"
PART = 10 << 20
SPOOL = 8 << 20
PATIENCE = urllib3.Timeout(
    connect=3, read=15
)  # between two packets: a silent store must not fill the API's threads
TRY_AGAIN = urllib3.Retry(
    connect=2,
    read=0,
    status=4,
    backoff_factor=0.2,  # 0, 0.4, 0.8, 1.6 s
    status_forcelist=(500, 502, 503, 504),
    allowed_methods=None,  # POST too: it begins and ends an upload in parts, and each part is in memory
    respect_retry_after_header=False,  # it may ask for minutes
)
CONNECTIONS = 32
_WRITE = "write minio://KEY:SECRET@HOST:PORT/BUCKET?secure=0 (secure=1, the default, for https)"


class S3Store:
    """Each object is one of the bucket's; what it means is written in the database, never in its metadata."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self.client, self.bucket = client, bucket
        with suppress(StoreUnavailable):  # it may come later; whoever must know, pings
            self._make_bucket()

    @classmethod
    def at(cls, url: str) -> S3Store:
        """``minio://KEY:SECRET@HOST:PORT/BUCKET?secure=0``."""
        parts = urlsplit(url)
        bucket = parts.path.strip("/")
        if not (parts.hostname and parts.username and parts.password and bucket) or "/" in bucket:
            raise BackendUnknown(f"XEBRA_IMAGES_URL: the bucket's address is incomplete; {_WRITE}")
        client = Minio(
            parts.netloc.rpartition("@")[2],
            access_key=unquote(parts.username),
            secret_key=unquote(parts.password),
            secure=parse_qs(parts.query).get("secure", ["1"])[0] != "0",
            region=REGION,
            http_client=urllib3.PoolManager(maxsize=CONNECTIONS, timeout=PATIENCE, retries=TRY_AGAIN),
        )
        return cls(client, bucket)

    def put(self, key: str, stream: BinaryIO) -> int:
        counted = _Counted(stream)
        with _in_words(key):
            self.client.put_object(self.bucket, checked(key), counted, length=-1, part_size=PART)
        return counted.size

    def open(self, key: str) -> BinaryIO:
        file = SpooledTemporaryFile(max_size=SPOOL)  # noqa: SIM115 - the caller closes it
        with _in_words(key):
            response = self.client.get_object(self.bucket, checked(key))
            with closing(response):
                shutil.copyfileobj(response, file, 1 << 20)
            response.release_conn()
        file.seek(0)
        return file

    def delete(self, key: str) -> None:
        with _in_words(key):
            self.client.remove_object(self.bucket, checked(key))

    def exists(self, key: str) -> bool:
        try:
            with _in_words(key):
                self.client.stat_object(self.bucket, checked(key))
        except ObjectMissing:
            return False
        return True

    def size(self, key: str) -> int:
        with _in_words(key):
            return self.client.stat_object(self.bucket, checked(key)).size

    def presigned_put(self, key: str, valid_for: timedelta) -> str:
        return self.client.presigned_put_object(self.bucket, checked(key), expires=valid_for)

    def list(self, prefix: str = "") -> Iterator[str]:
        with _in_words(prefix):
            objects = list(self.client.list_objects(self.bucket, prefix=prefix, recursive=True))
        yield from sorted(found.object_name for found in objects if not found.is_dir)

    def ping(self) -> None:
        self._make_bucket()

    def _make_bucket(self) -> None:
        with _in_words(self.bucket):
            if self.client.bucket_exists(self.bucket):
                return
            try:
                self.client.make_bucket(self.bucket)
            except S3Error as error:  # another process made it in the meantime
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise


class _Counted:
    """Counts the bytes of a stream while the client reads it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.size = stream, 0

    def read(self, amount: int = -1) -> bytes:
        data = self._stream.read(amount)
        self.size += len(data)
        return data


@contextmanager
def _in_words(key: str) -> Iterator[None]:
    """What the client raises, as this room calls it."""
    try:
        yield
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        if _says_missing(error):
            raise ObjectMissing(f"the image store holds no '{key}'") from error
        raise StoreUnavailable(f"the image store does not answer: {_short(error)}") from error


def _short(error: Exception) -> str:
    """One line that names neither bucket nor key."""
    if isinstance(error, S3Error):
        return f"it says {error.code}"
    return " ".join(str(getattr(error, "reason", None) or error).split())[:200]


def _says_missing(error: Exception) -> bool:
    """Servers that call their answer text/xml are not understood by the client; the status says enough."""
    if isinstance(error, S3Error):
        return error.code in ("NoSuchKey", "NoSuchObject")
    return isinstance(error, InvalidResponseError) and "Response code: 404" in str(error)
