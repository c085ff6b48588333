"""Values of an image at points, and what the network matches to a point of a registered pair."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from scipy import ndimage
from support.service import Service

from api.previews import MAX_WAITING
from xebra.transform import map_points


def values(service: Service, image: dict, **body) -> list[float | None]:
    answer = service.client.post(f"{image['links']['self']}/values", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["values"]


def test_values_are_those_of_the_file_and_null_outside(service: Service):
    pixels = np.random.default_rng(0).normal(1000, 300, (90, 130)).astype(np.float32)
    pixels[5, 7] = np.nan
    image = service.upload(pixels)
    assert values(service, image, points=[[0, 0], [129.4, 88.6], [7, 5], [-0.6, 3], [130, 0]]) == [
        pytest.approx(float(pixels[0, 0])),
        pytest.approx(float(pixels[89, 129])),
        *[None] * 3,
    ]
    line = np.random.default_rng(1).uniform(20, 80, (50, 2))
    expected = ndimage.map_coordinates(pixels.astype(float), line.T[::-1], order=1)
    found = values(service, image, points=line.tolist(), interpolation="linear")
    assert found == pytest.approx(expected.tolist(), rel=1e-6)


@pytest.mark.parametrize("points", [[], [[1]], [["a", 1]], [[1e30, 0]], [[0, 0]] * 2049])
def test_points_that_are_none_are_refused(service: Service, sample_registration: dict, points):
    path = f"/api/v1/images/{sample_registration['fixed_image_id']}/values"
    assert service.client.post(path, json={"points": points}).status_code == 422


def test_a_point_is_matched_beside_a_transform_that_is_shifted(service: Service, sample_registration: dict):
    result = sample_registration["result"]
    matrix = np.array(result["fixed_from_moving"])
    matrix[:2, 2] += (4, -3)
    path = f"{sample_registration['links']['self']}/matches"
    answer = service.client.post(path, json={"point": [120, 100], "fixed_from_moving": matrix.tolist()})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    back = map_points(np.array(result["fixed_from_moving"]), np.array([found["moving_point"]]))[0]
    assert np.hypot(*(back - (120, 100))) < 1.5 and 0 < found["standard_error_px"] < 2
    matrix[:2, 2] += 9000
    answer = service.client.post(path, json={"point": [120, 100], "fixed_from_moving": matrix.tolist()})
    assert answer.json() == {"moving_point": None, "standard_error_px": None}
    matrix[:2, :2] = 0
    answer = service.client.post(path, json={"point": [120, 100], "fixed_from_moving": matrix.tolist()})
    assert answer.status_code == 422


def test_many_matches_leave_threads_for_other_requests(service: Service, sample_registration: dict):
    """More at once than may wait: the rest is refused for the moment, and reads are answered meanwhile."""
    path, read = f"{sample_registration['links']['self']}/matches", sample_registration["links"]["self"]
    body = {
        "point": [120, 100],
        "fixed_from_moving": sample_registration["result"]["fixed_from_moving"],
    }
    limits = httpx.Limits(max_connections=None)
    with (
        httpx.Client(base_url=service.url, timeout=120, trust_env=False, limits=limits) as client,
        ThreadPoolExecutor(2 * MAX_WAITING) as pool,
    ):
        answers = [pool.submit(client.post, path, json=body) for _ in range(2 * MAX_WAITING)]
        assert service.client.get(read).status_code == 200
        assert not all(answer.done() for answer in answers)
        codes = Counter(answer.result().status_code for answer in answers)
        refused = next(a.result().json() for a in answers if a.result().status_code != 200)
    assert set(codes) == {200, 503} and codes[200] >= 1
    assert refused["type"].endswith("/drawing-busy") and "again" in refused["detail"]
