"""Bad input is answered by a problem with its reason, and the service keeps running."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Iterator

import imagecodecs
import numpy as np
import pytest
from support.servers import wait_until
from support.service import MAX_UPLOAD_BYTES, speckle, tiff

HUGE = 100_000


def png_header(width: int, height: int) -> bytes:
    """Return a PNG whose header states a larger image than the file contains."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IEND\xaeB`\x82"


def tiff_header(width: int, height: int) -> bytes:
    """Return a TIFF whose header states a larger image than the file contains."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: width * height}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value & 0xFFFFFFFF) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


NAN = np.full((128, 128), np.nan, np.float32)
IMAGES = {
    "text": (b"this is no image", "image-unreadable", "of no format that Xebra reads"),
    "constant jpeg": (imagecodecs.jpeg_encode(np.zeros((128, 128), np.uint8)), "image-unusable", "value 0"),
    "empty": (b"", "image-unreadable", "empty"),
    "truncated tiff": (tiff(speckle())[: 256 * 256], "image-unreadable", "truncated"),
    "truncated png": (imagecodecs.png_encode(speckle())[:500], "image-unreadable", "truncated"),
    "32 x 32": (tiff(speckle(32)), "image-unusable", "32 x 32 px is too small"),
    "constant": (tiff(np.full((128, 128), 7, np.uint16)), "image-unusable", "every pixel has the value 7"),
    "nan": (tiff(NAN), "image-unusable", "no value is finite"),
    "huge png": (png_header(HUGE, HUGE), "image-unreadable", "too large"),
    "huge tiff": (tiff_header(HUGE, HUGE), "image-unreadable", "too large"),
}


def problem(answer, status: int, code: str) -> dict:
    """Return the problem details of a response, checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"/problems/{code}" and body["status"] == status
    assert body["title"] and body["detail"] and body["instance"] == answer.request.url.path
    return body


@pytest.fixture(autouse=True)
def no_process_ends(service) -> Iterator[None]:
    """Check that no process ends because of bad input."""
    before = processes(service)
    yield
    assert processes(service) == before
    assert service.client.get("/health/live").is_success


@pytest.fixture(scope="module", autouse=True)
def service_works_afterwards(service) -> Iterator[None]:
    """Check that valid input is processed after all bad input."""
    yield
    image = service.upload(speckle(seed=99))
    assert service.wait(service.submit(image, image))["state"] == "succeeded"


def processes(service) -> list[int]:
    return sorted(
        part.pid for word in ("api.server", "worker.app", "worker.relay") for part in service.parts(word)
    )


@pytest.mark.parametrize("name", IMAGES)
def test_bad_image_is_rejected_with_name_and_reason(service, name):
    content, code, reason = IMAGES[name]
    answer = service.client.post("/api/v1/images", files={"file": ("specimen 7.tif", content)})
    detail = problem(answer, 422, code)["detail"]
    assert "specimen 7.tif" in detail and reason in detail


def test_upload_without_a_file_is_rejected(service):
    answer = service.client.post("/api/v1/images", data={"pixel_spacing_um": "1"})
    errors = problem(answer, 422, "request-invalid")["errors"]
    assert {"where": "body.file", "what": "Field required"} in errors


@pytest.mark.parametrize("spacing", ["0", "-1", "nan", "inf", "one"])
def test_invalid_pixel_spacing_is_rejected(service, spacing):
    files = {"file": ("a.tif", tiff(speckle()))}
    answer = service.client.post("/api/v1/images", files=files, data={"pixel_spacing_um": spacing})
    problem(answer, 422, "request-invalid")


def test_upload_over_the_limit_is_rejected(service):
    files = {"file": ("large.tif", bytes(MAX_UPLOAD_BYTES + (1 << 20)))}
    detail = problem(service.client.post("/api/v1/images", files=files), 413, "upload-too-large")["detail"]
    assert str(MAX_UPLOAD_BYTES) in detail


def test_chunked_upload_is_rejected_at_the_limit(service):
    def body():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.tif"\r\n\r\n'
        for _ in range(MAX_UPLOAD_BYTES // (1 << 20) + 2):
            yield bytes(1 << 20)
        yield b"\r\n--x--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = service.client.post("/api/v1/images", content=body(), headers=headers)
    problem(answer, 413, "upload-too-large")


@pytest.mark.parametrize(
    "body",
    ['{"fixed_image_id": ', "[]", "{}", '{"fixed_image_id": 1, "moving_image_id": 2}', "\x00", '"text"'],
)
def test_malformed_submission_is_rejected(service, body):
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/api/v1/registrations", content=body, headers=headers)
    assert problem(answer, 422, "request-invalid")["errors"]


def test_unknown_field_is_rejected(service):
    image = service.upload(speckle())
    body = {"fixed_image_id": image["id"], "moving_image_id": image["id"], "fixed_spacing": 1}
    answer = service.client.post("/api/v1/registrations", json=body)
    assert problem(answer, 422, "request-invalid")["errors"][0]["where"] == "body.fixed_spacing"


def test_unknown_network_is_rejected(service):
    image = service.upload(speckle())
    body = {"fixed_image_id": image["id"], "moving_image_id": image["id"], "network": "oracle"}
    answer = service.client.post("/api/v1/registrations", json=body)
    assert "oracle" in problem(answer, 422, "network-unknown")["detail"]


def test_submission_with_an_unknown_image_is_rejected(service):
    image, unknown = service.upload(speckle()), str(uuid.uuid4())
    body = {"fixed_image_id": image["id"], "moving_image_id": unknown}
    answer = service.client.post("/api/v1/registrations", json=body)
    assert unknown in problem(answer, 404, "image-not-found")["detail"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("unknown", ["3ba7d913-266d-4093-90fe-99e0b6abb407", "a%00b", "%F0%9F%94%AC"])
def test_unknown_registration_is_not_found(service, method, unknown):
    path = f"/api/v1/registrations/{unknown}"
    problem(service.client.request(method, path), 404, "registration-not-found")


def test_large_submission_is_rejected(service):
    body = b'{"fixed_image_id": "' + b"a" * (2 << 20) + b'"}'
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/api/v1/registrations", content=body, headers=headers)
    problem(answer, 413, "upload-too-large")


def test_line_break_in_a_path_is_escaped_in_the_log(service):
    service.client.get(f"/api/v1/images/none%0A{uuid.uuid4()} forged")
    log = service.state_dir / "logs" / "api.log"
    wait_until(lambda: "forged" in log.read_text(), "the line in the log")
    forged = [line for line in log.read_text().splitlines() if "forged" in line]
    assert all(" request=" in line for line in forged)


def test_damaged_stored_image_is_an_internal_error(service):
    image = service.upload(speckle(seed=11))
    file = service.state_dir / "images" / "images" / image["id"] / "original"
    file.write_bytes(file.read_bytes()[:1000])
    problem(service.client.get(image["links"]["preview"]), 500, "object-altered")


@pytest.mark.parametrize("what", ["", "/content", "/preview"])
def test_unknown_image_is_not_found(service, what):
    problem(service.client.get(f"/api/v1/images/{uuid.uuid4()}{what}"), 404, "image-not-found")


def test_unknown_path_and_wrong_method_are_problems(service):
    problem(service.client.get("/api/v1/nothing"), 404, "not-found")
    problem(service.client.put("/api/v1/images"), 405, "method-not-allowed")


@pytest.mark.parametrize("cursor", ["zzz", "bm90aGluZw", "%00", "MjAyNi0wMS0wMSBh"])
def test_invalid_cursor_is_rejected(service, cursor):
    problem(service.client.get(f"/api/v1/registrations?cursor={cursor}"), 422, "cursor-invalid")


def test_problems_of_the_api_document_are_explained(service):
    document = service.client.get("/openapi.json").text
    for code in (
        "image-unreadable",
        "image-not-found",
        "upload-too-large",
        "registration-ended",
        "not-ready",
    ):
        assert code in document
        assert service.get(f"/problems/{code}")["type"] == f"/problems/{code}"
