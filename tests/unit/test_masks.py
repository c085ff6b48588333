"""Masks of users and areas that are found: in a registration, its JSON form and its picture."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from support.instrument_scenes import data_bar, field_stop, texture

import xebra
from xebra import picture, summary
from xebra.cli import ACCEPTED, FAULT, main
from xebra.errors import MaskInvalid
from xebra.image import Image
from xebra.image_files import write_tiff
from xebra.registration import Registration
from xebra.resample import resample
from xebra.transform import SimilarityTransform, image_center
from xebra.usable_area import UsableArea
from xebra.usable_area.runs import mask_of, runs_of

SIDE = 256
WHOLE = np.ones((SIDE, SIDE), bool)


def pair(seed=1, shift=(14.0, -9.0), degrees=12.0):
    """Return a fixed image, a moving image of the same specimen and the transform between them."""
    big = texture((2 * SIDE, 2 * SIDE), seed)
    center = image_center((SIDE, SIDE))
    truth = SimilarityTransform(1.0, np.radians(degrees), shift, center)
    inner = np.array([[1, 0, SIDE / 2], [0, 1, SIDE / 2], [0, 0, 1.0]])
    images = [resample(big, m, (SIDE, SIDE)) for m in (inner, inner @ truth.matrix)]
    return *images, truth


def error_px(result, truth):
    """Return the mean corner error, px."""
    corners = np.array([[0, 0], [SIDE - 1, 0], [0, SIDE - 1], [SIDE - 1, SIDE - 1]], float)
    return float(np.hypot(*(result.transform(corners) - truth(corners)).T).mean())


@given(arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=30)))
@settings(deadline=None)
def test_run_lengths_give_the_mask_back(mask):
    assert np.array_equal(mask_of(json.loads(json.dumps(runs_of(mask))), mask.shape), mask)


@given(st.lists(st.integers(0, 40), max_size=6))
def test_run_lengths_that_do_not_fill_the_image_are_refused(runs):
    if sum(runs) != 100:
        with pytest.raises(ValueError, match="add up to"):
            mask_of(runs, (10, 10))


@pytest.mark.parametrize(
    "mask, words",
    [
        (np.ones((SIDE, SIDE), np.uint8), "Give booleans, for example mask != 0"),
        (np.ones((SIDE, SIDE - 1), bool), "one value for each pixel"),
        (np.ones((SIDE, SIDE, 3), bool), "one value for each pixel"),
        (np.zeros((SIDE, SIDE), bool), "is the mask inverted"),
        ([[True]], "Give booleans"),
    ],
)
@pytest.mark.parametrize("which", ["fixed", "moving"])
def test_masks_that_do_not_fit_are_refused_with_a_reason(mask, words, which):
    with pytest.raises(MaskInvalid, match=words) as raised:
        xebra.register(*pair()[:2], **{f"{which}_mask": mask})
    assert str(raised.value).startswith(f"{which}: ")
    with pytest.raises(MaskInvalid, match=words):
        Image(texture((SIDE, SIDE)), mask=mask)


def test_a_mask_that_leaves_one_value_is_refused():
    image, bar = data_bar(texture((SIDE, SIDE)), text=False, share=0.2)
    with pytest.raises(MaskInvalid, match="same value"):
        xebra.register(image, image, fixed_mask=bar)


def test_the_result_holds_what_was_found_and_its_json_form_gives_it_back():
    fixed, moving, truth = pair()
    fixed, bar = data_bar(fixed)
    moving[:20] = np.nan
    result = xebra.register(fixed, moving)
    assert error_px(result, truth) < 1
    assert result.fixed_area.excluded == ("data bar",) and not (result.fixed_area.mask & bar).any()
    assert result.moving_area.excluded == ("not finite",)
    body = json.loads(json.dumps(result.to_json()))
    assert len(json.dumps(body["usable_area"])) < 500
    again = Registration.from_json(body, result.fixed, result.moving)
    for one, other in ((again.fixed_area, result.fixed_area), (again.moving_area, result.moving_area)):
        assert np.array_equal(one.mask, other.mask) and one.shares == other.shares
    assert_alike(again.to_json(), result.to_json())


def assert_alike(one, other):
    """Assert that two JSON bodies are equal, numbers but for the rounding of scale and angle to a matrix."""
    if isinstance(other, dict):
        assert one.keys() == other.keys()
        for key in other:
            assert_alike(one[key], other[key])
    elif isinstance(other, list):
        assert len(one) == len(other)
        for each, expected in zip(one, other, strict=True):
            assert_alike(each, expected)
    elif isinstance(other, float):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12)
    else:
        assert one == other and type(one) is type(other)


@pytest.mark.parametrize("mirror", [False, True])
def test_the_masks_of_a_result_give_the_same_result_again(mirror):
    fixed, moving, _ = pair()
    fixed, moving = field_stop(fixed)[0], field_stop(moving)[0]
    moving = moving[:, ::-1].copy() if mirror else moving
    first = xebra.register(fixed, moving, mirror=mirror)
    masks = first.fixed_area.mask, first.moving_area.mask
    assert not masks[0].all() and not masks[1].all()
    again = xebra.register(fixed, moving, mirror=mirror, fixed_mask=masks[0], moving_mask=masks[1])
    assert np.array_equal(again.fixed_from_moving, first.fixed_from_moving)
    assert (again.verdict, again.expected_corner_error_px) == (first.verdict, first.expected_corner_error_px)


def test_a_given_mask_is_the_only_rule_for_its_image():
    fixed, moving, _ = pair()
    fixed, moving = data_bar(fixed)[0], data_bar(moving)[0]
    result = xebra.register(fixed, moving, fixed_mask=WHOLE)
    assert result.fixed_area.mask.all() and not result.fixed_area.shares
    assert result.moving_area.excluded == ("data bar",)


@pytest.mark.parametrize("mirror", [False, True])
def test_what_masks_exclude_does_not_count(mirror):
    """A pattern of the detector over much of both images: masks exclude it, or it is not accepted."""
    fixed, moving, truth = pair(seed=4)
    moving = moving[:, ::-1].copy() if mirror else moving
    mask = WHOLE.copy()
    mask[:, : int((0.25 if mirror else 0.55) * SIDE)] = False
    pattern = texture((SIDE, SIDE), seed=99, grain=1.5)
    for image in (fixed, moving):
        image[~mask] = pattern[~mask]
    masked = xebra.register(fixed, moving, mirror=mirror, fixed_mask=mask, moving_mask=mask)
    assert masked.moving_area.shares == masked.fixed_area.shares == {"given mask": (~mask).mean()}
    if mirror:
        found = masked.fixed_from_moving
        flip = np.array([[-1, 0, SIDE - 1], [0, 1, 0], [0, 0, 1.0]])
        assert np.abs(found - truth.matrix @ flip).max() < 1.5
    else:
        assert error_px(masked, truth) < 1
        found_alone = xebra.register(fixed, moving)
        assert found_alone.verdict != "accept" or error_px(found_alone, truth) < 1


@pytest.mark.parametrize("part", [np.s_[:, 100:140], np.s_[:48], np.s_[90:150, 90:150]])
def test_small_masks(part):
    """Less than half the image in either direction: an answer, and no error."""
    fixed, moving, _ = pair(shift=(0.0, 0.0), degrees=0.0)
    mask = ~WHOLE
    mask[part] = True
    result = xebra.register(fixed, moving, fixed_mask=mask, moving_mask=mask)
    assert np.array_equal(result.fixed_area.mask, mask)


def test_the_network_of_whole_images_takes_no_masks():
    with pytest.raises(MaskInvalid, match="takes no masks"):
        xebra.register(*pair()[:2], network="paper", fixed_mask=WHOLE)
    assert xebra.register(*pair()[:2], network="paper").fixed_area is None


@pytest.fixture
def drawn(registration):
    """A registration of images with a data bar in the fixed one and a field stop in the moving one."""
    fixed, bar = data_bar(texture((120, 160)))
    moving, stop = field_stop(texture((120, 160), 2))
    made = registration(pixels=(fixed, moving))
    areas = {"fixed_area": UsableArea(~bar, {"data bar": bar.mean()})}
    areas["moving_area"] = UsableArea(~stop, {"frame": stop.mean(), "hot pixels": 1e-5})
    return Registration(**{**vars(made), **areas})


def test_the_summary_names_what_was_not_used(drawn, registration):
    lines = [line.split(maxsplit=2)[2] for line in summary.table(drawn).splitlines() if "not used" in line]
    assert lines[0] == "data bar (10 % of the fixed image)"
    assert lines[1].startswith("frame (") and lines[2] == "hot pixels (< 0.1 % of the moving image)"
    assert "not used" not in summary.table(registration())


def test_the_picture_hatches_and_names_what_was_not_used(drawn, registration):
    panels = picture.draw(drawn).axes[:2]
    for panel, area in zip(panels, (drawn.fixed_area, drawn.moving_area), strict=True):
        tint = panel.images[1].get_array()[..., 3]
        assert np.array_equal(tint > 0, ~area.mask) and len(np.unique(tint[~area.mask])) == 2
        assert [t.get_text() for t in panel.texts] == [f"not used: {', '.join(area.excluded)}"]
    assert all(len(panel.images) == 1 for panel in picture.draw(registration()).axes[:2])


def test_the_picture_of_a_reduced_image_hatches_the_same_place(registration):
    pixels = np.kron(texture((500, 600)), np.ones((4, 4), np.float32))
    made = registration(pixels=(pixels, pixels))
    mask = np.ones(pixels.shape, bool)
    mask[-200:] = False
    figure = picture.draw(Registration(**{**vars(made), "fixed_area": UsableArea(mask, {"data bar": 0.1})}))
    hidden = figure.axes[0].images[1].get_array()[..., 3] > 0
    assert abs(hidden.mean() - 0.1) < 0.005 and hidden[-10:].all() and not hidden[: len(hidden) // 2].any()


def test_masks_on_the_command_line(tmp_path, capsys):
    fixed, moving, _ = pair()
    files = [str(tmp_path / name) for name in ("fixed.tif", "moving.tif", "mask.tif", "small.tif", "out")]
    mask = WHOLE.astype(np.uint8) * 255
    mask[:, :30] = 0
    for file, pixels in zip(files, (fixed, moving, mask, mask[:100]), strict=False):
        write_tiff(file, pixels)
    command = ["register", *files[:2], "-o", files[4]]
    assert main([*command, "--fixed-mask", files[2]]) == ACCEPTED
    assert "not used               given mask (12 % of the fixed image)" in capsys.readouterr().out
    assert main([*command, "--moving-mask", files[3]]) == FAULT
    assert "one value for each pixel" in capsys.readouterr().err
    assert main([*command, "--moving-mask", str(tmp_path / "none.png")]) == FAULT
    assert "there is no such file" in capsys.readouterr().err
