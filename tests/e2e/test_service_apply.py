"""A result put on further channels of the moving scan, on points and on regions."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import numpy as np
import pytest
import tifffile
from support.service import QUICK, Service
from support.several_images import element_maps

from xebra import sample
from xebra.client import Channels, Client, Image, Job
from xebra.resample import resample
from xebra.transform import map_points


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return element_maps(tmp_path_factory.mktemp("maps") / "eds.ome.tif")


@pytest.fixture(scope="module")
def eds(service: Service, maps: dict, tmp_path_factory: pytest.TempPathFactory) -> dict:
    path = tmp_path_factory.mktemp("eds") / "eds.ome.tif"
    element_maps(path)
    return service.upload(path.read_bytes(), "eds.ome.tif")


@pytest.fixture(scope="module")
def job(service: Service, eds: dict) -> dict:
    """The electron image of the set on the bundled fixed image."""
    fixed = service.upload(sample.FIXED.read_bytes(), "bse.tif")
    assert eds["default_channel"] == 0 and "the only image beside" in eds["default_reason"]
    done = service.wait(service.submit(fixed, eds, **QUICK))
    assert done["result"]["moving"]["selected"].startswith("HAADF (")
    return done


@pytest.fixture
def client(service: Service):
    with Client(service.url) as client:
        yield client


def on_fixed(job: dict, pixels: np.ndarray, interpolation: str = "linear") -> np.ndarray:
    shape = tuple(job["result"]["fixed"]["shape"][:2])
    return resample(pixels, np.array(job["result"]["moving_from_fixed"]), shape, interpolation)


def apply(service: Service, job: dict, **body):
    return service.client.post(f"{job['links']['self']}/apply", json=body)


def pixels_of(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return tifffile.imread(io.BytesIO(answer.content))


def test_ten_maps_of_one_set_follow_in_one_request(service, job, eds, maps):
    answer = apply(service, job, images=[{"image_id": eds["id"], "all_channels": True}], format="ome-tiff")
    assert answer.status_code == 200, answer.text
    assert 'filename="eds_channels_on_bse.ome.tif"' in answer.headers["Content-Disposition"]
    with tifffile.TiffFile(io.BytesIO(answer.content)) as file:
        assert file.is_ome
        found = file.asarray()
        names = [channel["@Name"] for channel in _channels(file.ome_metadata)]
    assert names == list(maps) and len(names) == 11
    for pixels, source in zip(found, maps.values(), strict=True):
        assert pixels.dtype == source.dtype
        np.testing.assert_array_equal(pixels, on_fixed(job, source))


def _channels(text: str) -> list[dict]:
    pixels = tifffile.xml2dict(text)["OME"]["Image"]["Pixels"]
    return [{"@Name": channel["Name"]} for channel in pixels["Channel"]]


def test_separate_files_in_one_archive_named_after_the_channels(service, job, eds, maps):
    images = [{"image_id": eds["id"], "channel": name} for name in ("Fe Ka", "Ni Ka")]
    answer = apply(service, job, images=images, interpolation="nearest")
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["eds_Fe Ka_on_bse.tif", "eds_Ni Ka_on_bse.tif"]
        found = tifffile.imread(io.BytesIO(archive.read("eds_Fe Ka_on_bse.tif")))
    np.testing.assert_array_equal(found, on_fixed(job, maps["Fe Ka"], "nearest"))


def test_further_files_follow_and_a_binned_one_only_if_said_so(service, job):
    values = np.random.default_rng(3).random((256, 256)).astype(np.float32)
    whole, binned = service.upload(values, "Mg.tif"), service.upload(values[::2, ::2].copy(), "Al.tif")
    answer = apply(service, job, images=[{"image_id": whole["id"]}])
    assert answer.headers["Content-Type"] == "image/tiff"
    found = tifffile.imread(io.BytesIO(answer.content))
    np.testing.assert_array_equal(found, on_fixed(job, values))
    refused = apply(service, job, images=[{"image_id": binned["id"]}])
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/image-unusable")
    images = [{"image_id": whole["id"]}, {"image_id": binned["id"]}]
    both = apply(service, job, images=images, same_field=True, format="ome-tiff")
    assert tifffile.imread(io.BytesIO(both.content)).shape == (2, 256, 256)


@pytest.mark.parametrize(
    ("image", "kind"),
    [({"channel": "Xx"}, "image-choice-needed"), ({"channel": 0, "frame": 5}, "image-unreadable")],
)
def test_a_channel_that_is_not_there_is_refused(service, job, eds, image, kind):
    answer = apply(service, job, images=[{"image_id": eds["id"], **image}])
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{kind}")


@pytest.mark.parametrize("to", ["fixed", "moving"])
def test_points_and_regions_follow_either_way(service, job, to):
    result = job["result"]
    matrix = np.array(result["fixed_from_moving" if to == "fixed" else "moving_from_fixed"])
    points = np.random.default_rng(4).random((5, 2)) * 200
    table = "id,x,y\n" + "".join(f"{n},{x!r},{y!r}\n" for n, (x, y) in enumerate(points.tolist()))
    path = f"{job['links']['self']}/apply"
    answer = service.client.post(
        f"{path}/points?to={to}", content=table, headers={"Content-Type": "text/csv"}
    ).raise_for_status()
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    found = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    np.testing.assert_allclose(found, map_points(matrix, points), atol=1e-9)
    region = {"type": "Polygon", "coordinates": [points.tolist()]}
    headers = {"Content-Type": "application/geo+json"}
    answer = service.client.post(f"{path}/regions?to={to}", content=json.dumps(region), headers=headers)
    [ring] = answer.raise_for_status().json()["coordinates"]
    np.testing.assert_allclose(ring, map_points(matrix, points), atol=1e-9)


@pytest.mark.parametrize(("kind", "content"), [("points", "a,b\n1,2\n"), ("regions", '{"type": "Point"}')])
def test_what_holds_no_points_is_refused(service, job, kind, content):
    media_type = {"points": "text/csv", "regions": "application/geo+json"}[kind]
    path = f"{job['links']['self']}/apply/{kind}"
    answer = service.client.post(path, content=content, headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/points-invalid")


def test_the_client_applies_a_result(client: Client, job, eds, maps):
    done = Job.of(job)
    content = client.apply(done, [Channels(Image.of(eds), channel="Cu Ka")])
    found = tifffile.imread(io.BytesIO(content))
    np.testing.assert_array_equal(found, on_fixed(job, maps["Cu Ka"]))
    table = client.apply_to_points(done, "x,y\n0,0\n")
    assert float(next(csv.DictReader(io.StringIO(table)))["x"]) == pytest.approx(
        job["result"]["fixed_from_moving"][0][2]
    )
    region = client.apply_to_regions(done, '{"type": "Point", "coordinates": [0, 0, 7]}', to="moving")
    assert json.loads(region)["coordinates"][2] == 7


def test_a_correction_is_applied_unless_the_prediction_is_named(service, eds, maps):
    fixed = service.upload(sample.FIXED.read_bytes(), "bse.tif")
    job = service.wait(service.submit(fixed, eds, **QUICK))
    moved = [[1.0, 0.0, 8.0], [0.0, 1.0, 4.0], [0.0, 0.0, 1.0]]
    service.client.post(job["links"]["corrections"], json={"fixed_from_moving": moved}).raise_for_status()
    images = [{"image_id": eds["id"], "channel": "Fe Ka"}]
    corrected = pixels_of(apply(service, job, images=images))
    np.testing.assert_array_equal(corrected[4:, 8:], maps["Fe Ka"][:-4, :-8])
    predicted = apply(service, job, images=images, correction="predicted")
    found = tifffile.imread(io.BytesIO(predicted.content))
    np.testing.assert_array_equal(found, on_fixed(job, maps["Fe Ka"]))


def test_registered_image_as_ome_tiff(service, job):
    answer = service.client.get(f"{job['links']['registered']}?format=ome-tiff")
    assert 'filename="eds_on_bse.ome.tif"' in answer.headers["Content-Disposition"]
    with tifffile.TiffFile(io.BytesIO(answer.content)) as file:
        assert file.is_ome
        plain = service.client.get(job["links"]["registered"]).content
        np.testing.assert_array_equal(file.asarray().squeeze(), tifffile.imread(io.BytesIO(plain)))
