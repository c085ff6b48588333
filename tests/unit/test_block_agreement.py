"""How much of the overlap agrees with an estimate, and what a similarity leaves of an affine transform."""

import numpy as np
import pytest

from xebra.estimate.affine_residual import AffineResidual
from xebra.estimate.block_agreement import BlockAgreement, BlockMaps
from xebra.estimate.displacement import BLOCK, Evidence

ROWS, SIZE = 8, 256
LINE = np.arange(-8, 9)


def evidence(shifts, noise=0.02, seed=3):
    """Return evidence whose blocks have their maxima at shifts (rows, columns, 2), x and y in cells."""
    rng = np.random.default_rng(seed)
    x, y = shifts[..., 0], shifts[..., 1]
    squared = (LINE - x[..., None, None]) ** 2 + (LINE[:, None] - y[..., None, None]) ** 2
    maps = np.exp(-squared / 4) + rng.normal(0, noise, squared.shape)
    information = np.stack([np.diag([1e4, 1e4, 10, 10])] * 2)
    return Evidence(np.zeros(4), np.zeros((2, 4)), information, 1.0, maps)


def centers():
    line = (np.arange(ROWS) - (ROWS - 1) / 2) * BLOCK
    return np.stack(np.meshgrid(line, line), -1)


def random_shifts(seed):
    return np.random.default_rng(seed).uniform(-7, 7, (ROWS, ROWS, 2))


def test_blocks_with_their_maxima_at_the_estimate_agree():
    found = BlockAgreement.of(evidence(np.zeros((ROWS, ROWS, 2))), SIZE)
    assert found.blocks == ROWS**2 and found.share > 0.9 and found.surprise > 20


@pytest.mark.parametrize("seed", range(5))
def test_blocks_with_maxima_anywhere_do_not(seed):
    found = BlockAgreement.of(evidence(random_shifts(seed), 0.1, seed), SIZE)
    assert found.share < 0.2 and abs(found.surprise) < 6


def test_the_share_is_that_of_the_blocks_that_agree():
    shifts = random_shifts(1)
    shifts[:, : ROWS // 2] = 0
    assert BlockAgreement.of(evidence(shifts), SIZE).share == pytest.approx(0.5, abs=0.1)


def test_a_pattern_in_a_quarter_of_the_blocks_is_no_evidence_for_the_cautious():
    shifts = random_shifts(2)
    shifts[ROWS // 2 :, ROWS // 2 :] = 0
    plain, cautious = (BlockAgreement.of(evidence(shifts), SIZE, each) for each in (False, True))
    assert plain.share > 0.25 and plain.surprise > 8
    assert cautious.share < 0.1 and cautious.surprise < 4


def test_blocks_that_show_nothing_do_not_count():
    maps = evidence(np.zeros((ROWS, ROWS, 2))).block_correlation
    maps[:3] = 0
    shown = Evidence(np.zeros(4), np.zeros((2, 4)), np.zeros((2, 4, 4)), 1.0, maps)
    assert len(BlockMaps.of(shown).maps) == 5 * ROWS
    nothing = Evidence(np.zeros(4), np.zeros((2, 4)), np.zeros((2, 4, 4)), 1.0, np.zeros_like(maps))
    assert BlockAgreement.of(nothing, SIZE) == BlockAgreement(0, 0.0, 0.0)


@pytest.mark.parametrize("axis", [0, 30, 60, 90, 135])
@pytest.mark.parametrize("stretch", [0.01, 0.03])
def test_a_stretch_is_measured_with_its_axis(stretch, axis):
    double = np.radians(2 * axis)
    a, b = stretch * np.cos(double), stretch * np.sin(double)
    shifts = centers() @ np.array([[a, b], [b, -a]])
    found = AffineResidual.of(evidence(shifts), SIZE)
    assert found.stretch == pytest.approx(stretch, rel=0.1)
    assert np.cos(np.radians(2 * (found.axis_deg - axis))) > 0.98


def test_the_tilt_is_that_of_the_foreshortening():
    ratio = np.cos(np.radians(20))
    assert AffineResidual((1 - ratio) / (1 + ratio)).tilt_deg == pytest.approx(20)


def test_outliers_do_not_make_a_stretch():
    shifts = np.zeros((ROWS, ROWS, 2))
    shifts[0, :4] = [3, -3]
    assert AffineResidual.of(evidence(shifts), SIZE).stretch == 0


@pytest.mark.parametrize("seed", range(20))
def test_scatter_is_no_stretch(seed):
    shifts = np.random.default_rng(seed).normal(0, 0.8, (ROWS, ROWS, 2))
    assert AffineResidual.of(evidence(shifts, 0.1, seed), SIZE).stretch == 0


def test_too_few_blocks_measure_no_stretch():
    maps = evidence(centers() * 0.03).block_correlation
    maps[1:] = maps[0, 7:] = 0
    few = Evidence(np.zeros(4), np.zeros((2, 4)), np.zeros((2, 4, 4)), 1.0, maps)
    assert AffineResidual.of(few, SIZE).stretch == 0


@pytest.mark.parametrize("blocks", range(12))
def test_any_number_of_blocks_is_measured(blocks):
    maps = evidence(centers() * 0.03).block_correlation
    maps.reshape(ROWS * ROWS, -1)[blocks:] = 0
    found = Evidence(np.zeros(4), np.zeros((2, 4)), np.zeros((2, 4, 4)), 1.0, maps)
    assert AffineResidual.of(found, SIZE).stretch >= 0
    assert BlockAgreement.of(found, SIZE).blocks == blocks
