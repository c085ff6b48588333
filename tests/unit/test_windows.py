"""Windows over a large image agree on one similarity; one that saw something else is not heard."""

import numpy as np
import pytest

from xebra.estimate.displacement import Evidence, at_points, corner_points
from xebra.estimate.windows import SIZE, Witness, agreed

TRUTH = np.array([0.004, -0.006, 0.8, -0.5])  # turn, skew, cells, cells
SURE = np.diag([400.0, 400.0, 10.0, 10.0])
OFFSETS = [(x, y) for y in (-96.0, 0.0, 96.0) for x in (-96.0, 0.0, 96.0)]


def witness(offset, off=(0, 0), halves=(0, 0)):
    """A window that saw the truth, ``off`` cells beside it; its halves see their own ``halves`` along x."""
    nothing_yet = Evidence(np.zeros(4), np.zeros((2, 4)), np.stack([SURE, SURE]), 20.0)
    local = Witness(offset, nothing_yet).local_from_whole @ TRUTH + [0, 0, *off]
    gradient = np.stack([SURE @ [0, 0, half, 0] for half in halves])
    return Witness(offset, Evidence(local, gradient, np.stack([SURE, SURE]), 20.0))


def apart(one, other):
    return np.hypot(*at_points(np.subtract(one, other), corner_points(SIZE)).T).max()


def test_windows_that_saw_the_same_agree_on_it():
    assert apart(agreed([witness(offset) for offset in OFFSETS]).displacement, TRUTH) < 1e-9


@pytest.mark.parametrize("place", range(len(OFFSETS)))
def test_a_window_far_from_all_others_is_not_heard(place):
    witnesses = [witness(o, off=(9, -7) if i == place else (0, 0)) for i, o in enumerate(OFFSETS)]
    assert apart(agreed(witnesses).displacement, TRUTH) < 1e-9


def test_windows_without_a_peak_are_not_heard():
    blind = Witness((0, 0), Evidence(np.ones(4), np.ones((2, 4)), -np.stack([SURE, SURE]), 1.0))
    assert apart(agreed([blind, witness(OFFSETS[0]), witness(OFFSETS[5])]).displacement, TRUTH) < 1e-9
    assert agreed([blind]) is None


def test_many_windows_know_more_than_one():
    one, all_ = (agreed([witness(offset) for offset in offsets]) for offsets in (OFFSETS[:1], OFFSETS))
    gained = np.linalg.eigvalsh(all_.information.sum(0) - one.information.sum(0))
    assert gained.min() > 0


def test_a_single_window_has_two_halves_of_its_own():
    said = agreed([witness(OFFSETS[2], halves=(0.5, -0.5))])
    assert apart(said.displacement, TRUTH) < 1e-9
    black, white = (said.step(SIZE, colour) for colour in (0, 1))
    assert apart(black, white) > 0.3
