"""A registration applied to further channels and points, saved and loaded."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import tifffile
from scipy import ndimage

import xebra
from xebra import cli
from xebra.errors import ImageUnreadable, ImageUnusable
from xebra.image import DTYPES, Image
from xebra.image_files import write_tiff
from xebra.registration import Model, Registration
from xebra.transform import SimilarityTransform, image_center, map_points

RANDOM = np.random.default_rng(3)
FIXED_SHAPE, MOVING_SHAPE = (96, 120), (100, 140)
PLACE = SimilarityTransform(0.9, np.radians(12.0), (4.25, -3.5), image_center(MOVING_SHAPE))


def smooth(shape=MOVING_SHAPE) -> np.ndarray:
    """A band-limited image from 0 to 200."""
    values = ndimage.gaussian_filter(RANDOM.random(shape), 3)
    return (values - values.min()) / np.ptp(values) * 200


@pytest.fixture
def registration() -> Registration:
    return Registration(
        fixed=Image(smooth(FIXED_SHAPE).astype(np.uint8), 0.5, name="fixed.tif"),
        moving=Image(smooth().astype(np.uint16), 0.25, name="moving.tif"),
        transform=PLACE,
        expected_corner_error_px=0.5,
        verdict="accept",
        reason="fits",
        model=Model("pyramid", "0" * 64, "onnxruntime"),
        timings_s={"read": 0.1},
        covariance=np.eye(4) * 1e-4,
    )


class TestApply:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_keeps_the_dtype_and_agrees_with_the_registered_image(self, registration, dtype):
        channel = registration.moving.pixels.astype(dtype)
        applied = registration.apply(channel)
        assert (applied.dtype, applied.shape) == (dtype, FIXED_SHAPE)
        np.testing.assert_array_equal(applied[~registration.coverage], 0)
        if dtype == "uint16":
            np.testing.assert_array_equal(applied, registration.registered)

    def test_moves_spots_to_where_points_go(self, registration):
        at = np.array([[30.0, 40.0], [70.0, 55.0], [100.0, 30.0]])
        y, x = np.mgrid[: MOVING_SHAPE[0], : MOVING_SHAPE[1]]
        for point in at:
            spot = np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / 18)
            applied = registration.apply(spot.astype(np.float32), "cubic")
            rows, columns = np.indices(FIXED_SHAPE)
            found = [(applied * axis).sum() / applied.sum() for axis in (columns, rows)]
            np.testing.assert_allclose(found, map_points(PLACE.matrix, point), atol=0.02)

    def test_nearest_invents_no_labels(self, registration):
        labels = RANDOM.choice([0, 7, 200], MOVING_SHAPE).astype(np.uint8)
        assert set(np.unique(registration.apply(labels, "nearest"))) <= {0, 7, 200}
        assert registration.apply(labels > 5).dtype == bool

    def test_cubic_is_nearer_to_the_truth_than_linear(self, registration):
        wave = 100 + 50 * np.sin(np.arange(140) / 2.5)[None] * np.ones((100, 1))
        rows, columns = np.indices(FIXED_SHAPE)
        points = map_points(registration.moving_from_fixed, np.stack([columns, rows], -1))
        truth = 100 + 50 * np.sin(points[..., 0] / 2.5)
        inside = ndimage.binary_erosion(registration.coverage, iterations=4)
        errors = [
            np.abs(registration.apply(wave, kind) - truth)[inside].mean()
            for kind in ("cubic", "linear", "nearest")
        ]
        assert errors == sorted(errors) and errors[0] < errors[1] / 3

    def test_many_channels_of_one_array_are_taken_together(self, registration):
        stack = np.stack([smooth() for _ in range(5)], -1)
        applied = registration.apply(stack)
        np.testing.assert_array_equal(applied[..., 3], registration.apply(stack[..., 3]))

    def test_a_binned_map_shows_the_same_field_if_said_so(self, registration):
        whole = smooth()
        binned = whole.reshape(50, 2, 70, 2).mean((1, 3))
        with pytest.raises(
            ImageUnusable, match=r"70 x 50 px, the moving image 140 x 100 px.*same_field=True"
        ):
            registration.apply(binned)
        applied, full = registration.apply(binned, same_field=True), registration.apply(whole)
        inside = ndimage.binary_erosion(registration.coverage, iterations=4)
        assert np.abs(applied - full)[inside].mean() < 2
        with pytest.raises(ImageUnusable, match="another aspect ratio"):
            registration.apply(whole[:, :100], same_field=True)

    def test_a_file_is_read_with_all_its_channels_named(self, registration, tmp_path):
        write_tiff(tmp_path / "fe.tif", registration.moving.pixels)
        np.testing.assert_array_equal(registration.apply(tmp_path / "fe.tif"), registration.registered)


class TestSaveAndLoad:
    def test_what_was_saved_is_loaded(self, registration, tmp_path):
        registration.save(tmp_path / "result")
        loaded = xebra.load(tmp_path / "result")
        body, before = loaded.to_json(), registration.to_json()
        for name in ("scale", "fixed_from_moving", "moving_from_fixed", "shift_px", "covariance"):
            np.testing.assert_allclose(body.pop(name), before.pop(name), atol=1e-12)
        for name in ("fixed", "moving", "verdict", "reason", "model", "expected_corner_error_px"):
            assert body[name] == before[name]
        np.testing.assert_array_equal(loaded.moving.pixels, registration.moving.pixels)
        np.testing.assert_allclose(loaded.apply(registration.moving), registration.registered, atol=1)

    def test_another_image_in_the_folder_is_refused(self, registration, tmp_path):
        registration.save(tmp_path)
        write_tiff(tmp_path / "moving.tif", smooth((80, 90)))
        with pytest.raises(ImageUnreadable, match=r"not the image of registration\.json"):
            xebra.load(tmp_path)


@pytest.fixture
def folder(registration, tmp_path, monkeypatch):
    """Where the command runs: a saved registration and element maps of its moving scan."""
    registration.save(tmp_path / "result")
    maps = np.stack([smooth() for _ in range(10)]).astype(np.uint16)
    names = [f"{element} Ka" for element in ("Fe", "Ni", "Cr", "Mo", "Al", "Si", "Ti", "Mn", "Cu", "O")]
    metadata = {"axes": "CYX", "Channel": {"Name": names}}
    tifffile.imwrite(tmp_path / "eds.ome.tif", maps, metadata=metadata)
    monkeypatch.chdir(tmp_path)
    return tmp_path, maps, names


class TestCommand:
    def test_ten_maps_follow_in_one_command_into_one_file(self, registration, folder, capsys):
        path, maps, names = folder
        arguments = ["apply", "result", "eds.ome.tif", "--all-channels", "-o", "maps.ome.tif"]
        assert cli.main(arguments) == cli.ACCEPTED
        assert capsys.readouterr().out == "maps.ome.tif\n"
        info = xebra.inspect(path / "maps.ome.tif")
        assert [c.name for c in info.channels] == [f"eds {name}" for name in names]
        image = xebra.read_image(path / "maps.ome.tif", channel="Cr")
        np.testing.assert_array_equal(image.pixels, registration.apply(maps[2]))
        assert image.pixel_spacing == pytest.approx(0.5)

    def test_one_channel_becomes_one_file(self, registration, folder):
        path, maps, _ = folder
        assert (
            cli.main(["apply", "result", "eds.ome.tif", "--channel", "Ni Ka", "--interpolation", "cubic"])
            == 0
        )
        applied = xebra.read_image(path / "eds Ni Ka-registered.tif")
        np.testing.assert_array_equal(applied.pixels, registration.apply(maps[1], "cubic"))

    def test_a_channel_must_be_named_where_there_are_many(self, folder, capsys):
        assert cli.main(["apply", "result", "eds.ome.tif"]) == cli.FAULT
        assert "Choose one with" in capsys.readouterr().err

    @pytest.mark.parametrize("to", ["fixed", "moving"])
    def test_points_are_mapped_either_way_and_keep_their_columns(self, registration, folder, to):
        path, *_ = folder
        points = RANDOM.random((7, 2)) * 90
        lines = [f"{n},{x!r},{y!r},keep" for n, (x, y) in enumerate(points.tolist())]
        (path / "spots.csv").write_text("name,x,y,note\n" + "\n".join(lines) + "\n")
        assert cli.main(["apply", "result", "spots.csv", "--to", to]) == cli.ACCEPTED
        with (path / f"spots-in-{to}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        matrix = registration.fixed_from_moving if to == "fixed" else registration.moving_from_fixed
        found = np.array([[float(r["x"]), float(r["y"])] for r in rows])
        np.testing.assert_allclose(found, map_points(matrix, points), atol=1e-9)
        assert [r["note"] for r in rows] == ["keep"] * 7

    @pytest.mark.parametrize(
        ("table", "reason"), [("a,b\n1,2\n", "needs columns x and y"), ("x,y\none,2\n", "must be numbers")]
    )
    def test_a_table_that_holds_no_points_is_refused(self, folder, capsys, table, reason):
        (folder[0] / "bad.csv").write_text(table)
        assert cli.main(["apply", "result", "bad.csv"]) == cli.FAULT
        assert reason in capsys.readouterr().err

    def test_a_result_that_is_none_is_refused(self, folder, capsys):
        (folder[0] / "other.json").write_text(json.dumps({"a": 1}))
        for result in ("other.json", "gone"):
            assert cli.main(["apply", result, "eds.ome.tif"]) == cli.FAULT
            assert "registration" in capsys.readouterr().err


def test_choices_of_a_file_are_listed_by_the_command(folder, capsys):
    assert cli.main(["inspect", "eds.ome.tif"]) == cli.ACCEPTED
    printed = capsys.readouterr().out
    assert "OME-TIFF, 10 images" in printed and "0: Fe Ka (140 x 100 px, uint16)" in printed
    assert cli.main(["inspect", "eds.ome.tif", "--json"]) == cli.ACCEPTED
    assert json.loads(capsys.readouterr().out)["channels"][3]["name"] == "Mo Ka"
