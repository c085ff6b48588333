"""Series of frames: poses, frames that do not fit, sources, files, and the tracker."""

from __future__ import annotations

import json
from concurrent.futures import CancelledError
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from support.series import empty, pose, recorded, specimen, walk, worst_error

import xebra
from xebra import cli
from xebra.errors import MaskInvalid, PriorInvalid, SeriesInvalid
from xebra.series.frame import Levels, binned, warped, working_frame
from xebra.series.geometry import adjoint, change, parameters_of
from xebra.series.pose_graph import Edge, solve
from xebra.series.source import open_frames

COUNT = 10
DRIFT = walk(COUNT, 3, 1.5)
POSES = [pose(each) for each in DRIFT]


def truth(series: xebra.Series, poses: list) -> list:
    """Return the poses relative to the first frame that fits."""
    return [np.linalg.inv(poses[series.first]) @ each for each in poses]


@pytest.fixture(scope="module")
def frames():
    return recorded(POSES)


@pytest.fixture(scope="module")
def series(frames) -> xebra.Series:
    return xebra.register_series(frames)


def test_drift(series):
    assert series.fits.all() and not any(series.reasons)
    assert worst_error(series.first_from_frame, POSES) < 0.15
    assert np.abs(series.shift_px - DRIFT).max() < 0.15


def test_error_bars_hold(series):
    standardised = (series.shift_px - DRIFT)[1:] / np.sqrt(series.covariances[1:, [0, 1], [0, 1]])
    assert np.sqrt((standardised**2).mean()) < 2


@pytest.mark.parametrize("bad", [[0], [4], [9], [3, 4, 5]])
def test_an_empty_frame_is_flagged_and_changes_nothing(frames, series, bad):
    shown = frames.copy()
    for number in bad:
        shown[number] = empty(10, seed=number)
    found = xebra.register_series(shown)
    assert np.flatnonzero(~found.fits).tolist() == bad
    assert worst_error(found.first_from_frame, truth(found, POSES)) < 0.2
    assert np.isnan(found.reference_from_frame[bad]).all()


def test_a_frame_of_another_specimen_is_flagged(frames):
    shown = frames.copy()
    shown[6] = recorded([POSES[6]], seed=7)[0]
    found = xebra.register_series(shown)
    assert np.flatnonzero(~found.fits).tolist() == [6]
    assert "nothing" in found.reasons[6]


def test_frames_that_cannot_be_compared_are_flagged_with_the_reason(frames):
    shown = [*frames.astype(np.float32)]
    shown[2], shown[5], shown[7] = shown[2][:100], np.full_like(shown[5], np.nan), np.ones_like(shown[7])
    found = xebra.register_series(shown)
    assert np.flatnonzero(~found.fits).tolist() == [2, 5, 7]
    assert ["size" in found.reasons[2], "finite" in found.reasons[5], "constant" in found.reasons[7]]
    assert worst_error(found.first_from_frame, POSES) < 0.2


@pytest.mark.parametrize(
    "model, poses, options",
    [
        ("rigid", [pose(d, 0.3 * n) for n, d in enumerate(DRIFT)], {}),
        ("rigid", [pose(d + np.array([50, -30]) * (n > 4)) for n, d in enumerate(DRIFT)], {}),
        ("rigid", [pose(d + np.array([14, 5]) * n) for n, d in enumerate(DRIFT)], {}),
        ("similarity", [pose(d, 0, 1 - 0.01 * n) for n, d in enumerate(DRIFT)], {}),
        (
            "rigid",
            [pose(d, 0, 1 - 0.03 * n) for n, d in enumerate(DRIFT)],
            {"magnification": 1 / (1 - 0.03 * np.arange(COUNT))},
        ),
    ],
    ids=["rotation", "jump", "out of the field", "magnification", "known magnification"],
)
def test_changes_are_followed(model, poses, options):
    found = xebra.register_series(recorded(poses), model=model, **options)
    assert found.fits.all()
    assert worst_error(found.first_from_frame, poses) < 0.3


def test_a_jump_in_rotation_is_found_by_the_network():
    poses = [pose(d, 25 * (n > 4)) for n, d in enumerate(DRIFT)]
    found = xebra.register_series(recorded(poses))
    assert found.fits.all()
    assert worst_error(found.first_from_frame, poses) < 0.3


def test_tilt_series():
    tilts = np.linspace(-50, 50, 21)
    poses = []
    for tilt, place in zip(tilts, walk(len(tilts), 5), strict=True):
        stretch = pose(np.zeros(2))
        stretch[1, 1] /= np.cos(np.radians(tilt))
        stretch[1, 2] = 79.5 * (1 - stretch[1, 1])
        stretch[:2, 2] += place
        poses.append(stretch)
    found = xebra.register_series(recorded(poses), tilts=tilts, model="translation")
    assert found.fits.all()
    assert worst_error(found.first_from_frame, truth(found, poses)) < 0.3


def test_brightness_shading_and_hot_pixels(frames):
    gain = np.linspace(1, 3, COUNT)[:, None, None]
    shading = np.add.outer(np.linspace(0, 60, 160), np.linspace(0, 30, 160))
    shown = gain * frames + shading + 100 * np.arange(COUNT)[:, None, None]
    shown[:, 50, 60], shown[4, 100] = 60000, 65535
    found = xebra.register_series(shown)
    assert found.fits.all()
    assert worst_error(found.first_from_frame, POSES) < 0.3


def test_contrast_is_measured(frames):
    gain = np.linspace(1, 3, COUNT)
    found = xebra.register_series(gain[:, None, None] * frames + 100)
    assert np.allclose(found.contrast, gain, rtol=0.1)


def test_a_data_bar_does_not_hold_the_frames(frames):
    shown = frames.copy()
    shown[:, 140:], shown[:, 145:152, 10:60] = 0, 200
    assert worst_error(xebra.register_series(shown).first_from_frame, POSES) < 0.2


def test_a_mask_is_used(frames):
    shown = frames.copy()
    shown[:, :, :30] = recorded([POSES[0]], seed=4)[0][:, :30]  # the same everywhere, and no bar
    mask = np.ones((160, 160), bool)
    mask[:, :30] = False
    assert worst_error(xebra.register_series(shown, mask=mask).first_from_frame, POSES) < 0.2
    with pytest.raises(MaskInvalid):
        xebra.register_series(shown, mask=mask[1:])


@pytest.mark.parametrize("reference", ["mean", 4])
def test_reference(frames, series, reference):
    found = xebra.register_series(frames, reference=reference)
    assert np.allclose(found.first_from_frame, series.first_from_frame, atol=0.05)
    place = found.shift_px.mean(0) if reference == "mean" else found.shift_px[4]
    assert np.allclose(place, 0, atol=1e-6)


@pytest.mark.parametrize(
    "options, error",
    [
        ({"reference": 99}, SeriesInvalid),
        ({"reference": "last"}, SeriesInvalid),
        ({"magnification": [1, 2]}, SeriesInvalid),
        ({"magnification": [-1.0] * COUNT}, SeriesInvalid),
        ({"tilts": [95.0] * COUNT}, PriorInvalid),
        ({"model": "field?"}, xebra.errors.ModelUnsupported),
    ],
)
def test_options_are_checked(frames, options, error):
    with pytest.raises(error):
        xebra.register_series(frames, **options)


@pytest.mark.parametrize(
    "frames",
    [np.zeros((1, 80, 80)), np.zeros((80, 80)), np.zeros((3, 80, 80)), np.ones((3, 20, 20)), 5, []],
    ids=["one", "no series", "constant", "small", "a number", "none"],
)
def test_what_is_no_series_is_refused(frames):
    with pytest.raises(SeriesInvalid):
        xebra.register_series(frames)


def test_nothing_fits():
    with pytest.raises(SeriesInvalid, match="No two frames"):
        xebra.register_series(np.stack([empty(10, seed=n) for n in range(4)]))


@pytest.mark.parametrize("kind", ["stack", "folder", "list of paths", "generator", "memmap"])
def test_sources(frames, series, tmp_path: Path, kind):
    for number, frame in enumerate(frames):  # frame10 comes after frame9
        tifffile.imwrite(tmp_path / f"frame{number + 1}.tif", frame)
    tifffile.imwrite(tmp_path / "stack.ome.tif", frames, metadata={"axes": "TYX"})
    np.save(tmp_path / "stack.npy", frames)
    paths = [tmp_path / f"frame{number + 1}.tif" for number in range(COUNT)]
    stack = tmp_path / "stack.ome.tif"
    if kind == "folder":
        stack.unlink()
    source = {
        "stack": stack,
        "folder": str(tmp_path),
        "list of paths": paths,
        "generator": (frame for frame in frames),
        "memmap": np.load(tmp_path / "stack.npy", mmap_mode="r"),
    }[kind]
    with open_frames(source) as opened:
        found = xebra.register_series(opened)
        assert np.allclose(found.reference_from_frame, series.reference_from_frame, atol=1e-9)
        assert np.array_equal(opened[3], frames[3])


def test_generators_keep_one_shape(frames):
    with pytest.raises(SeriesInvalid, match="Frame 1"):
        xebra.register_series(iter([frames[0], frames[1][:100]]))


def test_progress_and_cancelling(frames):
    seen = []
    xebra.register_series(frames, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n + 1, 2 * COUNT) for n in range(2 * COUNT)]
    stop = Event()
    with pytest.raises(CancelledError):
        xebra.register_series(frames, progress=lambda *_: stop.set(), cancelled=stop)


def test_aligned_frames_and_mean(frames, series):
    aligned = series.aligned()
    assert len(aligned) == COUNT and aligned[2].dtype == frames.dtype
    whole = np.asarray(aligned)
    assert whole.shape == frames.shape and np.array_equal(whole[3], aligned[3])
    inner = slice(20, 140), slice(20, 140)
    expected = specimen()[160:320, 160:320][inner] * 30
    before = np.abs(frames.mean(0)[inner] - expected).mean()
    assert np.abs(series.mean()[inner] - expected).mean() < 0.6 * before


def test_files_and_html(series, tmp_path: Path):
    series.save(tmp_path)
    body = json.loads((tmp_path / "series.json").read_text())
    assert np.allclose(body["frames"][3]["reference_from_frame"], series.reference_from_frame[3])
    assert tifffile.imread(tmp_path / "aligned.tif").shape == (COUNT, 160, 160)
    assert tifffile.imread(tmp_path / "mean.tif").dtype == np.float32
    assert len((tmp_path / "drift.csv").read_text().splitlines()) == COUNT + 1
    assert f"{COUNT} fit" in series._repr_html_() and series.plot().axes


def test_command(frames, tmp_path: Path, capsys):
    shown = frames.copy()
    shown[4] = empty(10)
    tifffile.imwrite(tmp_path / "drift.tif", shown)
    code = cli.main(
        ["series", str(tmp_path / "drift.tif"), "-o", str(tmp_path / "out"), "--reference", "mean"]
    )
    printed = capsys.readouterr()
    assert code == 1 and "frame 4: shows nothing" in printed.out and "20 of 20" in printed.err
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"series.json", "aligned.tif", "drift.csv"}
    (tmp_path / "m.txt").write_text("1 x")
    assert cli.main(["series", str(tmp_path / "drift.tif"), "--magnification", str(tmp_path / "m.txt")]) == 2


def test_large_frames_are_compared_at_a_lower_resolution():
    levels = Levels.of((1500, 2400))
    assert levels.working == 3 and levels.coarse == 4
    pixels = np.random.default_rng(1).poisson(20, (1500, 2400))
    assert working_frame(pixels, levels).values.shape == (500, 800)


def test_positions_of_large_frames():
    big = np.kron(recorded(POSES[:4], counts=80, side=160), np.ones((9, 9), np.uint16))
    found = xebra.register_series(big, model="translation")
    assert np.abs(found.shift_px - 9 * DRIFT[:4]).max() < 1.5


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6), st.sampled_from([2, 3, 4, 6]))
@settings(max_examples=30, deadline=None)
def test_small_changes_and_their_parameters(values, count):
    parameters = np.array(values[:count]) * 0.01
    matrix = change(parameters, 50.0)
    assert np.allclose(parameters_of(matrix, count, 50.0), parameters, atol=1e-4)


@given(st.floats(-20, 20), st.floats(-0.3, 0.3), st.floats(0.8, 1.2))
@settings(max_examples=20, deadline=None)
def test_changes_before_and_after_a_pose(shift, angle, scale):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, shift], [s, c, -shift], [0, 0, 1]])
    step = np.array([0.01, -0.02, 0.015, 0.01])
    turned = adjoint(matrix, 4, 50.0) @ step
    assert np.allclose(matrix @ change(step, 50.0), change(turned, 50.0) @ matrix, atol=1e-3)


def test_one_wrong_pair_changes_nothing():
    def shift(x: float) -> np.ndarray:
        return change(np.array([x, 0.0]), 1.0)

    small = np.eye(2) * 1e-4
    edges = [Edge(n, m, shift(n - m), small) for n in range(6) for m in range(n)]
    edges.append(Edge(5, 0, shift(40.0), small))
    solution = solve(edges, 0, 2, 1.0)
    assert np.allclose([solution.poses[n][0, 2] for n in range(6)], range(6), atol=0.01)
    assert solution.weights[-1] < 0.01


def test_binning_and_warping_keep_places():
    image = specimen()[:160, :160]
    assert np.allclose(binned(image, 4), image.reshape(40, 4, 40, 4).mean((1, 3)), atol=1e-5)
    moved = np.eye(3)
    moved[:2, 2] = 5, -3
    assert np.allclose(warped(image, moved)[10:100, 10:100], image[7:97, 15:105], atol=1e-5)


@pytest.fixture
def tracker(frames) -> xebra.Tracker:
    return xebra.Tracker(frames[0], deadline_s=60)


def test_tracker_follows_drift(tracker, frames):
    places = [tracker.update(frame, time_s=n * 0.05).shift_px for n, frame in enumerate(frames)]
    assert np.abs(places - DRIFT).max() < 0.2


def test_tracker_predicts_the_next_frame():
    drift = [pose(np.array([2.0 * n, -n])) for n in range(8)]
    shown = recorded(drift)
    tracker = xebra.Tracker(shown[0], deadline_s=60)
    positions = [tracker.update(frame, time_s=n) for n, frame in enumerate(shown[:7])]
    assert np.allclose(positions[-1].velocity_px_per_s, [2, -1], atol=0.2)
    assert np.allclose(positions[-1].predicted_shift_px(7.0), [14, -7], atol=0.3)


def test_tracker_finds_the_specimen_after_a_jump():
    poses = [pose(DRIFT[n] + np.array([40, -40]) * (n > 4)) for n in range(COUNT)]
    tracker = xebra.Tracker(recorded(poses[:1])[0], deadline_s=60)
    positions = [tracker.update(frame) for frame in recorded(poses)]
    assert all(position.fits for position in positions)
    assert worst_error(np.array([p.reference_from_frame for p in positions]), poses) < 0.3


def test_tracker_reports_frames_that_do_not_fit(tracker, frames):
    first = tracker.update(frames[1], time_s=0)
    bad = tracker.update(empty(10), time_s=1)
    assert not bad.fits and np.allclose(bad.shift_px, first.shift_px, atol=0.1)
    assert tracker.update(frames[2], time_s=2).fits


def test_tracker_says_when_it_is_late(frames):
    tracker = xebra.Tracker(frames[0], deadline_s=1e-6)
    position = tracker.update(frames[1])
    assert position.late and position.fits
    assert np.abs(position.shift_px - DRIFT[1]).max() < 0.5
