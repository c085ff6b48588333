"""Newton's step of the refinement: length, damping and units."""

import numpy as np
import pytest

from xebra.estimate.displacement import MAX_STEP, Evidence, parameter_units

SIZE = 256


def evidence(gradient, information=(4000.0, 4000.0, 10.0, 10.0)):
    half = np.diag(information) / 2
    return Evidence(np.zeros(4), np.stack([np.asarray(gradient) / 2] * 2), np.stack([half, half]), 1.0)


@pytest.mark.parametrize("parameter", range(4))
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_step_moves_the_outermost_blocks_by_no_more_than_its_limit(parameter, sign):
    gradient = np.zeros(4)
    gradient[parameter] = sign * 1e9
    step = evidence(gradient).newton_step(SIZE) / parameter_units(SIZE)
    assert step[parameter] == sign * MAX_STEP
    assert np.abs(step).max() <= MAX_STEP <= 1.5


def test_a_short_step_is_the_least_squares_solution():
    gradient = np.array([40.0, -20.0, 0.5, 0.3])
    assert evidence(gradient).newton_step(SIZE) == pytest.approx(gradient / [4000, 4000, 10, 10], rel=0.15)


def test_no_step_is_taken_where_the_evidence_has_no_maximum():
    assert not evidence(np.ones(4), (-4000.0, 4000.0, 10.0, 10.0)).newton_step(SIZE).any()
