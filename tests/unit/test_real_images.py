"""Real images become textures, element maps and pairs, split by specimen."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from xebra.specimen.draw import Draw
from xebra.specimen.element_maps import ElementMaps
from xebra.specimen.pairs import PairSource, Range, rotation_scale
from xebra.specimen.real import RealImages
from xebra.specimen.recorded import RecordedPairs
from xebra.specimen.specimen import PHASES
from xebra.specimen.split import CERTIFY, CHOOSE, HALF, Split, half_of, specimen_of

REST = {"dx": 3.0, "dy": -2.0, "scale": 1.02, "rot_deg": 1.5}
SIZE = 64


def smooth(seed, shape=(201, 260)):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 4)
    return (field - field.min()) / np.ptp(field)


@pytest.fixture
def folder(tmp_path):
    """Two element maps beside an electron image, recorded with a rest between them; a single micrograph."""
    field, (height, width) = smooth(1), (201, 260)
    angle, centre = np.radians(REST["rot_deg"]), np.array([(height - 1) / 2, (width - 1) / 2])
    turned = REST["scale"] * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    back = np.linalg.inv(turned)  # of (row, column)
    offset = centre - back @ (centre + np.array([REST["dy"], REST["dx"]]))
    moved = ndimage.affine_transform(field, back, offset, mode="reflect")
    for element, image in (("Fe", 1 - moved), ("Si", moved**2)):
        np.save(tmp_path / f"rock_bse_{element}_fixed.npy", field)
        np.save(tmp_path / f"rock_bse_{element}_moving.npy", image)
    np.save(tmp_path / "cell.npy", smooth(2))
    (tmp_path / "offsets.json").write_text(json.dumps({"rock_bse": REST}))
    return tmp_path


def test_all_images_of_a_specimen_are_on_one_side_of_the_split():
    names = [
        "khufaiB3_el_Fe_moving",
        "khufaiE1_el_Si_fixed",
        "jeolNi_bf512",
        "jeol_img_S_fixed",
        "co3o4_haadf_O",
    ]
    assert [specimen_of(name) for name in names] == ["khufai", "khufai", "jeol", "jeol", "co3o4"]
    half = Split((HALF,), (*names, "dso_haadf_Dy_LATTICE"))
    assert [half.trains_on(name) for name in (*names, "khufaiC7_el_Mg")] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
    assert half.specimens() == {"trained": ["dso", "jeol"], "held_out": ["co3o4", "khufai"]}
    assert Split(("jeol",), tuple(names)).specimens()["held_out"] == ["jeol"]
    with pytest.raises(ValueError, match="give its images"):
        Split((HALF,))


@given(st.sets(st.from_regex(r"[a-z]{3,8}", fullmatch=True), min_size=2, max_size=30), st.integers(0, 3))
def test_halves_share_no_specimen_and_hold_all_of_them(specimens, ambiguous):
    names = [f"{name}_{part}" for name in specimens for part in ("a", "b")]
    unclear = [f"{name}_LATTICE" for name in sorted(specimens)[:ambiguous]] + ["other_PERIODIC"]
    choose, certify = (half_of((*names, *unclear), half) for half in (CHOOSE, CERTIFY))
    assert not choose & certify and choose | certify == specimens
    assert len(certify) - len(choose) in (0, 1)


def test_views_of_a_recorded_pair_are_related_by_the_parameters_and_the_measured_rest(folder):
    """Sample the moving view back onto the fixed one: the two images agree there, and not elsewhere."""
    pairs, draw = RecordedPairs.of_folder(folder, Split(("cell",))), Draw(3, 1)
    assert pairs.names == ["rock_bse_Fe", "rock_bse_Si"]
    agree, astray = [], []
    for _ in range(12):
        between = torch.cat(
            [rotation_scale(torch.tensor(0.4), torch.tensor(0.1)), torch.tensor([[4.0], [-3.0]])], 1
        )
        fixed, shown, moving, area = pairs.draw(draw, SIZE, between, alike=False)
        assert shown.shape == area.shape == (SIZE, SIZE) and shown.max() == area.max() == 1
        agree.append(correlation(fixed, shown, *back(moving, area, between)))
        wrong = between + torch.tensor([[0, 0, 3.0], [0, 0, 3.0]])
        astray.append(correlation(fixed, shown, *back(moving, area, wrong)))
    assert min(agree) > 0.97
    assert all(right > other for right, other in zip(agree, astray, strict=True))


def back(moving, area, between):
    """The moving view and its area on the grid of the fixed view; ``between`` is fixed_from_moving."""
    line = torch.arange(SIZE) - (SIZE - 1) / 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y], -1).view(-1, 2) - between[:, 2]
    where = (points @ torch.linalg.inv(between[:, :2]).T * 2 / SIZE).view(1, SIZE, SIZE, 2)
    both = torch.stack([moving, area])[None]
    return torch.nn.functional.grid_sample(both, where, align_corners=False)[0]


def correlation(fixed, shown, moving, area):
    """The best of the contrasts that the maps have, where both views show the scan."""
    both = (shown > 0.99) & (area > 0.99)
    values = fixed[both], moving[both]
    ranked = [v.argsort().argsort().float() for v in values]
    return abs(float(torch.corrcoef(torch.stack(ranked))[0, 1]))


def test_element_maps_become_phases_that_sum_to_one(folder):
    maps = ElementMaps(folder, Split())
    assert maps.names == ["rock_bse"]
    phases = maps.draw(Draw(1, 1), 96)[0, :PHASES]
    assert phases.shape == (PHASES, 96, 96) and (phases >= 0).all()
    assert torch.allclose(phases.sum(0), torch.ones(96, 96), atol=1e-5)
    assert (phases.std((1, 2)) > 0.01).sum() >= 2
    assert ElementMaps(folder, Split(("rock",))).names == []


def test_a_folder_gives_specimens_and_pairs_of_what_is_not_held_out(folder):
    real = RealImages(folder, ("cell",))
    assert real.specimens == {"trained": ["rock"], "held_out": ["cell"]}
    source = PairSource(3, size=SIZE, pool=4, real=real)
    pairs, same = source.batch(24, Range()), PairSource(3, size=SIZE, pool=4, real=real).batch(24, Range())
    assert torch.equal(pairs.fixed, same.fixed) and pairs.moving.isfinite().all()
    without = PairSource(3, size=SIZE, pool=4, real=RealImages(folder, ("rock",))).batch(24, Range())
    assert without.fixed_usable is None and pairs.fixed_usable is not None
    with pytest.raises(ValueError, match="no image"):
        RealImages(folder, ("rock", "cell"))
