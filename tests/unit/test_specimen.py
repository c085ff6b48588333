"""Simulated pairs are physically consistent, seeded, and related by the stated transform."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from xebra.specimen.detector import blur, expose
from xebra.specimen.draw import Draw, Replay
from xebra.specimen.instruments import CONTRASTS, View, absorption, bright_field, dark_field
from xebra.specimen.micrographs import Micrographs
from xebra.specimen.pairs import PairSource, Range, rotation_scale
from xebra.specimen.real import RealImages
from xebra.specimen.specimen import PHASES, draw_specimens
from xebra.specimen.split import Split
from xebra.specimen.structures import KINDS


@pytest.fixture(scope="module")
def source():
    return PairSource(11, size=64, pool=6, renew=False)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_structure_covers_between_nothing_and_all(kind):
    layer = kind(Draw(3, 4), 96)
    for field in (layer.cover, layer.height, layer.identity):
        assert field.shape == (4, 96, 96)
        assert field.isfinite().all()
    assert layer.cover.min() >= 0 and layer.cover.max() <= 1
    assert layer.cover.std() > 0.01


def test_phase_fractions_fill_every_place():
    fields = draw_specimens(Draw(5, 3), 96).fields
    assert torch.allclose(fields[:, :PHASES].sum(1), torch.ones(3, 96, 96), atol=1e-4)
    assert fields[:, :PHASES].min() >= -1e-5


@pytest.mark.parametrize("contrast", CONTRASTS, ids=lambda contrast: contrast.__name__)
def test_every_contrast_shows_the_specimen(source, contrast):
    pairs = source.batch(4, Range(), contrasts=(contrast, contrast))
    assert pairs.fixed.shape == (4, 1, 64, 64)
    assert pairs.fixed.isfinite().all()
    assert (pairs.fixed.flatten(1).std(1) > 0.01).all()


def test_same_seed_same_pairs_and_other_seed_other_specimens():
    one, same, other = (PairSource(seed, size=64, pool=2).batch(3, Range()) for seed in (7, 7, 8))
    assert torch.equal(one.fixed, same.fixed) and torch.equal(one.moving, same.moving)
    assert not torch.allclose(one.fixed, other.fixed)


def test_parameters_fill_their_range_and_stay_inside(source):
    reach = Range(angle_deg=30, scale=1.25, shift=0.15)
    parameters = torch.cat([source.batch(64, reach).parameters for _ in range(4)])
    limits = torch.tensor([math.radians(30), math.log(1.25), 0.15, 0.15])
    assert (parameters.abs() <= limits).all()
    assert (parameters.abs().amax(0) > 0.9 * limits).all()
    assert torch.allclose(parameters.std(0), torch.tensor(reach.spread), rtol=0.15)


def test_the_moving_image_is_transformed_by_the_parameters():
    """With the stated transform undone, two views of one contrast correlate, and not without."""
    source = PairSource(21, size=96, pool=8, renew=False)
    pairs = source.batch(24, Range(), same=1.0, contrasts=(dark_field, dark_field))
    aligned = _correlation(pairs.fixed, _onto_fixed(pairs.moving, pairs.parameters))
    astray = pairs.parameters + torch.tensor([0.0, 0.0, 0.06, 0.0])
    clear = aligned > 0.6  # of the others some show next to nothing: few counts, noise above the signal
    assert clear.float().mean() > 0.6
    assert (aligned > _correlation(pairs.fixed, _onto_fixed(pairs.moving, astray)))[clear].all()


def _onto_fixed(moving, parameters):
    size = moving.shape[-1]
    line = (torch.arange(size) - (size - 1) / 2) / size
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y], -1).view(1, -1, 2) - parameters[:, None, 2:]
    points = points @ rotation_scale(-parameters[:, 0], -parameters[:, 1]).transpose(1, 2)
    grid = (points * 2).view(-1, size, size, 2)
    return torch.nn.functional.grid_sample(moving, grid, align_corners=False)


def _correlation(fixed, moving):
    """Absolute correlation over the middle, after smoothing."""
    middle = slice(24, 72)
    one, other = (
        blur(image[:, 0], torch.full((len(image), 1, 1), 1.5))[:, middle, middle].flatten(1)
        for image in (fixed, moving)
    )
    one, other = one - one.mean(1, keepdim=True), other - other.mean(1, keepdim=True)
    return ((one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1))).abs()


def test_related_views_have_the_same_physics(source):
    table = torch.rand(4, 40)
    one, other = Replay(table), Replay(table)
    assert torch.equal(one.levels(PHASES), other.levels(PHASES))
    assert torch.equal(one.uniform(0, 1), other.uniform(0, 1))


def test_phases_have_different_responses():
    levels = Replay(torch.rand(200, 40)).levels(PHASES)[..., 0, 0].sort(1).values
    assert (levels.diff(dim=1) > 0).all()


def test_absorbing_phases_are_dark_in_transmission_and_bright_in_dark_field():
    mass = torch.linspace(0, 1, 32).expand(1, 32, 32)
    phases = torch.stack([1 - mass, mass], 1)
    view = View(phases, torch.zeros(1, 32, 32), torch.zeros(1, 32, 32))
    table = torch.linspace(0.1, 0.9, 40)[None]  # rising, so that the second phase has the higher level
    assert (absorption(Replay(table), view)[0, 0].diff() < 0).all()
    assert (bright_field(Replay(table), view)[0, 0].diff() < 0).all()
    assert (dark_field(Replay(table), view)[0, 0].diff() > 0).all()


def test_few_counts_are_noisier_than_many():
    count = 64
    random = torch.rand(count, 80, 80, generator=torch.Generator().manual_seed(1))
    signal = blur(random, torch.full((count, 1, 1), 3.0))
    few, many = (
        expose(Draw(1, count), signal, torch.full((count, 1, 1), few_counts)) for few_counts in (True, False)
    )
    assert few.shape == many.shape == signal.shape
    assert _noise(few, signal) > 1.2 * _noise(many, signal)


def _noise(image, signal):
    """Mean over the images."""
    correlation = [
        torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]
        for a, b in zip(image, signal, strict=True)
    ]
    return 1 - torch.stack(correlation).abs().mean()


@pytest.fixture
def micrographs(tmp_path):
    """Three images of two specimens."""
    rng = np.random.default_rng(4)
    for name in ("alloy_bse", "alloy_se", "cell"):
        np.save(tmp_path / f"{name}.npy", ndimage.gaussian_filter(rng.normal(size=(160, 200)), 3))
    np.save(tmp_path / "tiny.npy", np.ones((50, 50)))
    return tmp_path


def test_micrographs_become_specimens_of_phases(micrographs):
    fields = Micrographs(micrographs).draw(Draw(1, 1), 192)
    assert fields.shape == (1, PHASES + 2, 192, 192)
    phases = fields[0, :PHASES]
    assert (phases >= 0).all() and torch.allclose(phases.sum(0), torch.ones(192, 192), atol=1e-5)
    assert (phases.std((1, 2)) > 0.01).sum() >= 2


def test_what_is_held_out_is_not_trained_on(micrographs):
    assert Micrographs(micrographs, Split(("alloy",))).names == ["cell.npy"]
    with pytest.raises(ValueError, match="no image"):
        Micrographs(micrographs, Split(("alloy", "cell")))


def test_a_stream_with_micrographs_repeats_by_its_seed(micrographs):
    one, same = (
        PairSource(3, size=64, pool=4, real=RealImages(micrographs)).batch(2, Range()) for _ in range(2)
    )
    without = PairSource(3, size=64, pool=4).batch(2, Range())
    assert torch.equal(one.fixed, same.fixed) and not torch.equal(one.fixed, without.fixed)
