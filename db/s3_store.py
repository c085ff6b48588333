"""The image store in a bucket of an S3 server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error

from db.errors import BackendUnknown, ObjectMissing, StoreUnavailable
from db.object_keys import validate_key

REGION = "us-east-1"
PART_BYTES = 10 << 20
SPOOL_BYTES = 8 << 20
COPY_BYTES = 1 << 20
TIMEOUT = urllib3.Timeout(connect=3, read=15)  # a silent store must not block the threads of the API
RETRIES = urllib3.Retry(
    connect=2,
    read=0,
    status=4,
    backoff_factor=0.2,  # 0, 0.4, 0.8, 1.6 s
    status_forcelist=(500, 502, 503, 504),
    allowed_methods=None,  # POST included: it begins and ends a multipart upload, whose parts are in memory
    respect_retry_after_header=False,  # the server may ask for minutes
)
CONNECTIONS = 32
_FORM = "use minio://KEY:SECRET@HOST:PORT/BUCKET?secure=0 (secure=1, the default, for https)"


class S3Store:
    """Each object is one of the bucket; object metadata is not used."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self.client, self.bucket = client, bucket
        with suppress(StoreUnavailable):  # the server may start later; ``ping`` reports it
            self._make_bucket()

    @classmethod
    def from_url(cls, url: str) -> S3Store:
        """Open the bucket of a URL of the form ``minio://KEY:SECRET@HOST:PORT/BUCKET?secure=0``."""
        parts = urlsplit(url)
        bucket = parts.path.strip("/")
        if not (parts.hostname and parts.username and parts.password and bucket) or "/" in bucket:
            raise BackendUnknown(f"XEBRA_IMAGES_URL: the address of the bucket is incomplete; {_FORM}")
        client = Minio(
            parts.netloc.rpartition("@")[2],
            access_key=unquote(parts.username),
            secret_key=unquote(parts.password),
            secure=parse_qs(parts.query).get("secure", ["1"])[0] != "0",
            region=REGION,
            http_client=urllib3.PoolManager(maxsize=CONNECTIONS, timeout=TIMEOUT, retries=RETRIES),
        )
        return cls(client, bucket)

    def put(self, key: str, stream: BinaryIO) -> int:
        """Store an object; see ``Store.put``."""
        counting = CountingReader(stream)
        with translate_errors(key):
            self.client.put_object(
                self.bucket, validate_key(key), cast(BinaryIO, counting), length=-1, part_size=PART_BYTES
            )
        return counting.size

    def open(self, key: str) -> BinaryIO:
        """Open an object; see ``Store.open``."""
        file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - the caller closes it
        with translate_errors(key):
            response = self.client.get_object(self.bucket, validate_key(key))
            with closing(response):
                shutil.copyfileobj(response, file, COPY_BYTES)
            response.release_conn()
        file.seek(0)
        return cast(BinaryIO, file)

    def delete(self, key: str) -> None:
        """Delete an object; see ``Store.delete``."""
        with translate_errors(key):
            self.client.remove_object(self.bucket, validate_key(key))

    def exists(self, key: str) -> bool:
        """Return whether an object exists; see ``Store.exists``."""
        try:
            with translate_errors(key):
                self.client.stat_object(self.bucket, validate_key(key))
        except ObjectMissing:
            return False
        return True

    def size(self, key: str) -> int:
        """Return the size of an object; see ``Store.size``."""
        with translate_errors(key):
            return self.client.stat_object(self.bucket, validate_key(key)).size or 0

    def presigned_put(self, key: str, valid_for: timedelta) -> str:
        """Return the URL of an upload; see ``Store.presigned_put``."""
        return self.client.presigned_put_object(self.bucket, validate_key(key), expires=valid_for)

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys below a prefix; see ``Store.list``."""
        with translate_errors(prefix):
            objects = list(self.client.list_objects(self.bucket, prefix=prefix, recursive=True))
        yield from sorted(found.object_name for found in objects if found.object_name and not found.is_dir)

    def ping(self) -> None:
        """Create the bucket where it is missing; raise where the server does not respond."""
        self._make_bucket()

    def _make_bucket(self) -> None:
        with translate_errors(self.bucket):
            if self.client.bucket_exists(self.bucket):
                return
            try:
                self.client.make_bucket(self.bucket)
            except S3Error as error:  # another process has created it in the meantime
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise


class CountingReader:
    """A stream that counts the bytes read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.size = stream, 0

    def read(self, amount: int = -1) -> bytes:
        """Read and count up to ``amount`` bytes."""
        data = self._stream.read(amount)
        self.size += len(data)
        return data


@contextmanager
def translate_errors(key: str) -> Iterator[None]:
    """Translate the errors of the client into ``ObjectMissing`` and ``StoreUnavailable``."""
    try:
        yield
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        if _is_missing(error):
            raise ObjectMissing(f"the image store has no object '{key}'") from error
        raise StoreUnavailable(f"the image store does not answer: {_summary(error)}") from error


def _summary(error: Exception) -> str:
    """Return one line without the names of bucket and key."""
    if isinstance(error, S3Error):
        return f"error code {error.code}"
    return " ".join(str(getattr(error, "reason", None) or error).split())[:200]


def _is_missing(error: Exception) -> bool:
    """Return whether the error means a missing object.

    The client does not parse responses that a server labels as text/xml; their status is sufficient.
    """
    if isinstance(error, S3Error):
        return error.code in ("NoSuchKey", "NoSuchObject")
    return isinstance(error, InvalidResponseError) and "Response code: 404" in str(error)
