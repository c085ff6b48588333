"""Blocks over a large image are combined to one similarity, without outliers."""

import numpy as np
import pytest

from xebra.estimate.block_refinement import SIZE, BlockEvidence, combine_blocks
from xebra.estimate.displacement import Evidence, displacement_at, view_corners

TRUTH = np.array([0.004, -0.006, 0.8, -0.5])  # real and imaginary part of m; x, y in cells
SURE = np.diag([400.0, 400.0, 10.0, 10.0])
OFFSETS = [(x, y) for y in (-96.0, 0.0, 96.0) for x in (-96.0, 0.0, 96.0)]


def block(offset, off=(0, 0), halves=(0, 0)):
    """Return a block with its peak ``off`` cells from the truth; its halves pull along x by ``halves``."""
    prior = Evidence(np.zeros(4), np.zeros((2, 4)), np.stack([SURE, SURE]), 20.0)
    local = BlockEvidence(offset, prior).block_from_image() @ TRUTH + [0, 0, *off]
    gradient = np.stack([SURE @ [0, 0, half, 0] for half in halves])
    return BlockEvidence(offset, Evidence(local, gradient, np.stack([SURE, SURE]), 20.0))


def corner_distance(one, other):
    return np.hypot(*displacement_at(np.subtract(one, other), view_corners(SIZE)).T).max()


def test_consistent_blocks_give_the_truth():
    assert corner_distance(combine_blocks([block(offset) for offset in OFFSETS]).displacement, TRUTH) < 1e-9


@pytest.mark.parametrize("place", range(len(OFFSETS)))
def test_an_outlier_is_excluded(place):
    blocks = [block(o, off=(9, -7) if i == place else (0, 0)) for i, o in enumerate(OFFSETS)]
    assert corner_distance(combine_blocks(blocks).displacement, TRUTH) < 1e-9


def test_blocks_without_a_peak_are_excluded():
    flat = BlockEvidence((0, 0), Evidence(np.ones(4), np.ones((2, 4)), -np.stack([SURE, SURE]), 1.0))
    assert (
        corner_distance(combine_blocks([flat, block(OFFSETS[0]), block(OFFSETS[5])]).displacement, TRUTH)
        < 1e-9
    )
    assert combine_blocks([flat]) is None


def test_many_blocks_have_more_information_than_one():
    one, all_ = (combine_blocks([block(offset) for offset in offsets]) for offsets in (OFFSETS[:1], OFFSETS))
    gained = np.linalg.eigvalsh(all_.information.sum(0) - one.information.sum(0))
    assert gained.min() > 0


def test_a_single_block_keeps_its_two_halves():
    found = combine_blocks([block(OFFSETS[2], halves=(0.5, -0.5))])
    assert corner_distance(found.displacement, TRUTH) < 1e-9
    black, white = (found.newton_step(SIZE, half) for half in (0, 1))
    assert corner_distance(black, white) > 0.3
