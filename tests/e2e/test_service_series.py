"""Series through the service: positions at once, in order, none lost, after restarts too."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from support.series import counted, empty, pose, specimen, view
from support.servers import program
from support.service import PATIENCE_S, Service, environment, serving, tiff

SIDE = 160
PLACES = [(0.0, 0.0), (1.5, 0.5), (3.0, 1.0), (4.5, 1.5), (38.0, -30.0), (39.5, -29.5)]  # with a jump


def frame(place: tuple[float, float], seed: int = 1) -> np.ndarray:
    image = view(specimen(7), pose(np.array(place)), SIDE)
    return counted(image, 30, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def reference(service: Service) -> dict:
    return service.upload(frame((0, 0), 100), "reference.tif")


def create(service: Service, reference: dict, **choice: object) -> dict:
    body = {"reference_image_id": reference["id"], "model": "translation", "stale_after_s": None, **choice}
    answer = service.client.post("/api/v1/series", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == answer.json()["links"]["self"]
    return answer.json()


def append(service: Service, series: dict, pixels: np.ndarray, **query: object) -> httpx.Response:
    query = {"dtype": str(pixels.dtype), **query}
    return service.client.post(series["links"]["frames"], content=pixels.tobytes(), params=query)


def events(service: Service, series: dict) -> list[dict]:
    """Return the events of a series until it has ended."""
    found = []
    with service.client.stream("GET", "/api/v1/events", params={"after": 0}) as stream:
        kind = ""
        for line in stream.iter_lines():
            kind = line.removeprefix("event: ") if line.startswith("event: ") else kind
            if line.startswith("data: ") and kind == "series":
                event = json.loads(line.removeprefix("data: "))
                found += [event] if event["series_id"] == series["id"] else []
                if found and found[-1]["state"] == "finished":
                    break
    return found


def test_positions_come_at_once_are_listed_in_order_and_published(service, reference):
    series = create(service, reference, name="drift")
    for number, place in enumerate(PLACES):
        found = append(service, series, frame(place, number), time_s=float(number)).json()
        assert (found["number"], found["state"]) == (number, "fits")
        assert np.allclose(found["shift_px"], place, atol=0.5)
    shows_nothing = append(service, series, empty(12), time_s=6.0).json()
    assert (shows_nothing["state"], shows_nothing["covariance_px2"]) == ("no_fit", None)
    by_file = service.client.post(series["links"]["frames"], content=tiff(frame(PLACES[-1], 8)))
    assert by_file.json()["state"] == "fits"
    listed = service.get(series["links"]["frames"] + "?after=1&limit=3")
    assert ([each["number"] for each in listed["items"]], listed["more"]) == ([2, 3, 4], True)
    preview = service.client.get(f"{series['links']['frames']}/3/preview")
    assert preview.headers["content-type"] == "image/jpeg" and preview.content.startswith(b"\xff\xd8")
    ended = service.client.post(series["links"]["finish"]).json()
    assert (ended["state"], ended["frames"], ended["fitting"]) == ("finished", 8, 7)
    assert service.client.post(series["links"]["finish"]).json() == ended
    refused = append(service, series, frame((0, 0)))
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/series-finished")
    assert events(service, series)[-1]["frames"] == 8
    assert series["id"] in [each["id"] for each in service.get("/api/v1/series?state=finished")["items"]]


def test_frame_that_is_sent_again_counts_once_and_a_late_number_is_dropped(service, reference):
    series = create(service, reference)
    first = append(service, series, frame((2, 1)), number=3, time_s=0.0).json()
    assert append(service, series, frame((2, 1)), number=3, time_s=0.0).json() == first
    other = append(service, series, frame((3, 1)), number=3)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/frame-number-reused")
    overtaken = append(service, series, frame((1, 1)), number=1).json()
    assert (overtaken["state"], overtaken["shift_px"]) == ("dropped", None)
    state = service.get(series["links"]["self"])
    assert (state["frames"], state["dropped"], state["latest"]["number"]) == (2, 1, 3)


def test_many_frames_at_once_are_all_stored_in_the_order_of_their_answers(service, reference):
    series = create(service, reference)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda k: append(service, series, frame((k % 5, 0), k)).json(), range(24)))
    assert sorted(each["number"] for each in answers) == list(range(24))
    stored = service.get(series["links"]["frames"])["items"]
    assert [each["number"] for each in stored] == list(range(24))
    assert {each["sha256"] for each in stored} == {each["sha256"] for each in answers}


@pytest.mark.parametrize(
    ("content", "query", "problem"),
    [
        (b"", {"dtype": "uint16"}, "frame-invalid"),
        (b"no image", {}, "image-unreadable"),
        (tiff(np.eye(96, dtype=np.uint8)), {}, "frame-invalid"),
        (b"", {"dtype": "complex64"}, "request-invalid"),
        (b"", {"dtype": "uint8", "number": -1}, "request-invalid"),
    ],
)
def test_frame_that_does_not_match_is_refused(service, reference, content, query, problem):
    series = create(service, reference)
    answer = service.client.post(series["links"]["frames"], content=content, params=query)
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    assert service.get(series["links"]["self"])["frames"] == 0
    assert service.client.delete(series["links"]["self"]).status_code == 204
    assert service.client.get(series["links"]["self"]).status_code == 404


def test_repeated_request_creates_one_series(service, reference):
    body, headers = {"reference_image_id": reference["id"]}, {"Idempotency-Key": "one-series"}
    made = [service.client.post("/api/v1/series", json=body, headers=headers).json() for _ in range(2)]
    assert made[0] == made[1]
    missing = service.client.post("/api/v1/series", json={"reference_image_id": "none"})
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/image-not-found")


def key_of(service: Service, instrument: str) -> dict[str, str]:
    """Return the header of a key of a new instrument."""
    env = environment(service.state_dir)
    for command in ("add-instrument", "add-key"):
        key = subprocess.check_output([program("xebra"), "admin", command, instrument], env=env, text=True)
    return {"Authorization": f"Bearer {key.strip()}"}


def test_series_of_another_instrument_does_not_exist(service_with_keys):
    service = service_with_keys
    one, other = (key_of(service, name) for name in ("series-one", "series-other"))
    with httpx.Client(base_url=service.url, timeout=PATIENCE_S, headers=one) as client:
        mine = Service(service.url, service.state_dir, service.process, client)
        series = create(mine, mine.upload(frame((0, 0), 100)))
        append(mine, series, frame((1, 0)))
        links = series["links"]
        with httpx.Client(base_url=service.url, timeout=PATIENCE_S, headers=other) as stranger:
            values = {"content": frame((1, 0)).tobytes(), "params": {"dtype": "uint16"}}
            answers = [
                stranger.get(links["self"]),
                stranger.get(links["frames"]),
                stranger.get(f"{links['frames']}/0/preview"),
                stranger.post(links["frames"], **values),
                stranger.post(links["finish"]),
                stranger.delete(links["self"]),
            ]
            assert [each.status_code for each in answers] == [404] * len(answers)
            assert stranger.get("/api/v1/series").json()["items"] == []
        assert mine.get(links["self"])["frames"] == 1


def test_series_goes_on_after_the_api_was_killed(tmp_path):
    with serving(tmp_path) as service:
        series = create(service, service.upload(frame((0, 0), 100)))
        for number, place in enumerate(PLACES[:4]):
            append(service, series, frame(place, number), number=number, time_s=float(number))
        for process in service.parts("api.server"):
            process.kill()
        found = _again(service, series, frame(PLACES[3], 3), number=3, time_s=3.0)
        assert found == service.get(series["links"]["frames"])["items"][3], "it was stored before the answer"
        for number, place in list(enumerate(PLACES))[4:]:
            found = _again(service, series, frame(place, number), number=number, time_s=float(number))
            assert found["state"] == "fits" and np.allclose(found["shift_px"], place, atol=0.5)
        assert service.client.post(series["links"]["finish"]).json()["frames"] == len(PLACES)


def _again(service: Service, series: dict, pixels: np.ndarray, **query: object) -> dict:
    """Append a frame once the API is back."""
    while True:
        try:
            answer = append(service, series, pixels, **query)
        except httpx.TransportError:
            continue
        if answer.status_code == 201:
            return answer.json()
