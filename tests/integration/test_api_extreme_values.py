"""No value of any field makes the API fail: it is taken, or refused in words. On both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from support.jobs import claim, do, submit
from support.service import speckle, tiff

from api.main import create_app
from api.registrations.example import RESULT
from db import job_transitions
from db.engine import Database
from db.migrate import migrate
from db.types import in_utc

EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Each kind of value that a careful client does not send, and some that it does.
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-(10**400), 10**400),
    st.sampled_from([1e308, 5e-324, 1e-6, 1e5, 0.25, -0.0]),
)
TEXTS = st.one_of(st.text(max_size=300), st.sampled_from(["", "\0", "\ud800", "$a_$b", "=1+1", "../x", "😀"]))
OTHERS = st.one_of(
    st.none(), st.booleans(), st.lists(NUMBERS, max_size=2), st.dictionaries(TEXTS, NUMBERS, max_size=1)
)
VALUES = st.one_of(NUMBERS, TEXTS, OTHERS)
OFFSETS = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
DATES = st.one_of(st.datetimes(timezones=OFFSETS).map(datetime.isoformat), TEXTS)
FIRST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))).isoformat()
LAST = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))).isoformat()
KEYS = st.one_of(st.none(), st.from_regex(r"[\x21-\x7e]{1,20}", fullmatch=True))


class Api:
    """The app on a database with one job that has succeeded, and one that has not."""

    def __init__(self, client: TestClient, database: Database) -> None:
        self.client, self.done, self.queued = client, submit(database), submit(database)
        do(database, job_transitions.finish, claim(database, self.done), RESULT)
        row = client.get(f"/api/v1/registrations/{self.done}").json()
        self.image, self.uploaded = row["fixed_image_id"], None

    def upload(self) -> str:
        """Upload an image, once; return its path."""
        if self.uploaded is None:
            files = {"file": ("a.tif", tiff(speckle(64)))}
            answer = self.client.post("/api/v1/images", files=files)
            self.uploaded = answer.json()["links"]["self"]
        return self.uploaded

    def send(self, method: str, path: str, body: object = None, key: str | None = None, **query: str) -> None:
        """Send a request; the response must not be an error of the service, and must be strict JSON."""
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        content = None if body is None else json.dumps(body)
        answer = self.client.request(method, f"/api/v1{path}", content=content, headers=headers, params=query)
        assert answer.status_code < 500, f"{answer.text} for {content} {query}"
        json.loads(answer.text or "null", parse_constant=pytest.fail)


@pytest.fixture
def api(database_url, tmp_path, monkeypatch) -> Iterator[Api]:
    database = Database(database_url)
    migrate(database)
    monkeypatch.setenv("XEBRA_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("XEBRA_DATABASE_URL", database_url)
    monkeypatch.setenv("XEBRA_WEBHOOKS_ANYWHERE", "1")
    with TestClient(create_app(), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield Api(client, database)
    database.close()


@EXAMPLES
@given(spacing=VALUES, other=VALUES, network=VALUES, mirror=VALUES, priority=VALUES, key=KEYS)
@example(1e308, 5e-324, None, "no", "bulk", "key")
@example(1e-6, 1e5, None, "try", "collection", None)
def test_submission(api, spacing, other, network, mirror, priority, key):
    given_ = {"fixed_spacing_um": spacing, "moving_spacing_um": other, "network": network}
    settings_ = given_ | {"mirror": mirror, "priority": priority}
    pair = {"fixed_image_id": api.image, "moving_image_id": api.image}
    api.send("POST", "/registrations", pair | settings_, key)
    api.send("POST", "/registrations", pair | given_, key)
    api.send("POST", "/batches", {"pairs": [pair]} | settings_, key)


@EXAMPLES
@given(fixed=VALUES, moving=VALUES, key=KEYS)
@example("\ud800", "\x00", "key")
@example("\x00", "\ud800", None)
def test_ids_of_a_submission(api, fixed, moving, key):
    api.send("POST", "/registrations", {"fixed_image_id": fixed, "moving_image_id": moving}, key)
    api.send("POST", "/batches", {"fixed_image_id": fixed, "moving_image_ids": [moving]}, key)
    api.send("POST", "/batches", {"pairs": [{"fixed_image_id": fixed, "moving_image_id": moving}]}, key)
    pair = {"fixed_image_id": api.image, "moving_image_id": api.image}
    api.send("POST", "/registrations", pair | {"fixed_mask_image_id": fixed, "moving_mask_image_id": moving})
    api.send("POST", f"/registrations/{api.done}/apply", {"images": [{"image_id": fixed}]})


@EXAMPLES
@given(numbers=st.lists(NUMBERS, min_size=6, max_size=6), note=VALUES, key=KEYS)
@example([1e200, 1e200, 0, 1e200, 1e200, 0], None, "key")
@example([0, 0, 0, 0, 0, 0], "$a_$b", "other")
@example([1e-200, 0, 0, 0, 1e-200, 0], "\ud800", "third")
@example([1e8, 1, 1e300, 1, 1e-8, 0], "", "fourth")
def test_correction(api, numbers, note, key):
    matrix = [numbers[:3], numbers[3:], [0, 0, 1]]
    api.send(
        "POST", f"/registrations/{api.done}/corrections", {"fixed_from_moving": matrix, "note": note}, key
    )
    api.send("GET", f"/registrations/{api.done}/corrections")
    for form in ("json", "itk", "elastix"):
        api.client.get(f"/api/v1/registrations/{api.done}/transform?format={form}&correction=latest")


@EXAMPLES
@given(after=DATES, before=DATES, text=TEXTS, limit=st.integers(-(2**70), 2**70))
@example(FIRST, LAST, "", 1)
@example(LAST, FIRST, "\ud7ff", 200)
def test_filters(api, after, before, text, limit):
    text = text.encode("utf-8", "replace").decode()
    dates = {"created_after": after, "created_before": before}
    dates = {name: value.encode("utf-8", "replace").decode() for name, value in dates.items()}
    api.send("GET", "/registrations", **dates)
    api.send("GET", "/registrations", cursor=text, batch_id=text, fixed_image_id=text)
    api.send("GET", "/images", name=text, limit=str(limit))


@EXAMPLES
@given(since=DATES, url=VALUES)
@example(FIRST, "http://a.example/")
@example(LAST, "http://a:99999/")
def test_webhooks(api, since, url):
    api.send("POST", "/webhooks", {"url": url})
    hooks = api.client.get("/api/v1/webhooks").json()["items"]
    if not hooks:
        api.send("POST", "/webhooks", {"url": "http://receiver.example/"})
        hooks = api.client.get("/api/v1/webhooks").json()["items"]
    api.send("POST", f"/webhooks/{hooks[0]['id']}/replay", {"since": since})
    for hook in hooks[1:]:
        api.send("DELETE", f"/webhooks/{hook['id']}")


@EXAMPLES
@given(modality=VALUES, name=VALUES, spacing=VALUES)
def test_images(api, modality, name, spacing):
    api.send("PATCH", f"/images/{api.image}", {"modality": modality})
    api.send("GET", f"/images/{api.image}")
    api.send("POST", f"/uploads/{'0' * 32}/complete", {"name": name, "pixel_spacing_um": spacing})


@EXAMPLES
@given(name=TEXTS, spacing=st.one_of(NUMBERS.map(str), TEXTS), modality=TEXTS)
@example("$a_$b.tif", "1e308", "SE")
@example("\x1b[0m.tif", "5e-324", "")
def test_upload(api, name, spacing, modality):
    fields = {"pixel_spacing_um": spacing, "modality": modality}
    fields = {key: value.encode("utf-8", "replace").decode() for key, value in fields.items()}
    name = name.encode("utf-8", "replace").decode() or "a"
    answer = api.client.post("/api/v1/images", files={"file": (name, tiff(speckle(64)))}, data=fields)
    assert answer.status_code < 500, answer.text
    if answer.status_code == 201:
        assert api.client.get(answer.json()["links"]["preview"]).is_success
        assert api.client.get(answer.json()["links"]["content"]).is_success


@EXAMPLES
@given(key=VALUES, instrument=VALUES, days=st.integers(-(2**70), 2**70), event=st.integers(-(2**70), 2**70))
def test_sessions_and_numbers(api, key, instrument, days, event):
    api.send("POST", "/session", {"key": key})
    api.send("PUT", "/session", {"instrument": instrument})
    api.send("GET", "/administration", days=str(days))
    for path in (f"{event}/0/0", f"0/{days}/0", f"0/0/{event}"):
        answer = api.client.get(f"{api.upload()}/tiles/{path}")
        assert answer.status_code < 500, answer.text
    if event < 0 or event > 2**63:
        api.send("GET", "/events", after=str(event))


def test_time_beyond_all_is_limited():
    assert in_utc(datetime.fromisoformat(FIRST)) == datetime.min.replace(tzinfo=UTC)
    assert in_utc(datetime.fromisoformat(LAST)) == datetime.max.replace(tzinfo=UTC)
