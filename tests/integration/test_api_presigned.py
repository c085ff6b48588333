"""Presigned uploads are held to the quota when they are created and when they are completed."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import Request, Response
from support.jobs import do
from support.service import speckle, tiff

from api.authentication import Caller
from api.images import presigned
from api.images.decoder import UploadDecoder
from api.images.uploads import Uploader
from api.settings import ApiSettings
from db import keys, pending_objects
from db.errors import QuotaExceeded
from db.rows import ImageRow
from db.store import open_store

CONTENT = tiff(speckle())


async def _connected() -> dict:
    await asyncio.sleep(3600)
    return {}


@pytest.fixture
def caller(database):
    limits = {"max_stored_bytes": len(CONTENT) + 100}
    return Caller("sem", "sem/key", instrument=do(database, keys.add_instrument, "sem", "tester", **limits))


@pytest.fixture
def bucket(new_s3_url):
    return open_store(new_s3_url())


def put(database, bucket, caller) -> str:
    """Create an upload and send the file; return its id."""
    created = presigned.create_upload(database, bucket, caller)
    assert httpx.put(created.url, content=CONTENT).is_success
    return created.id


def complete(database, bucket, caller, upload_id: str):
    async def run():
        uploader = Uploader(
            Request({"type": "http"}, _connected), database, bucket, caller, UploadDecoder(60, 60)
        )
        body = presigned.UploadCompletion(name="a.tif")
        return await presigned.complete_upload(upload_id, body, uploader, ApiSettings(), Response())

    return asyncio.run(run())


def test_completion_over_the_quota_is_rejected_and_the_file_deleted(database, bucket, caller):
    first, second = (put(database, bucket, caller) for _ in range(2))
    assert complete(database, bucket, caller, first).size_bytes == len(CONTENT)
    with pytest.raises(QuotaExceeded):
        complete(database, bucket, caller, second)
    with database.reading() as session:
        assert f"uploads/sem/{second}" in pending_objects.expired(session)
        assert session.query(ImageRow).count() == 1


def test_number_of_open_uploads_is_limited(database, bucket, caller, monkeypatch):
    monkeypatch.setattr(presigned, "MAX_OPEN", 2)
    first = put(database, bucket, caller)
    put(database, bucket, caller)
    with pytest.raises(QuotaExceeded, match="2 presigned uploads are not complete"):
        put(database, bucket, caller)
    complete(database, bucket, caller, first)
    put(database, bucket, caller)
