"""The certificate: an upper bound on the share of wrong answers among the accepted ones."""

import numpy as np
import pytest
from scipy.stats import binom

from xebra.evaluation.certificate import MAX_WRONG, group, upper_bound


@pytest.mark.parametrize(("wrong", "accepted"), [(0, 299), (1, 473), (3, 773)])
def test_the_fewest_accepted_answers_that_certify_one_percent(wrong, accepted):
    assert upper_bound(wrong, accepted) <= MAX_WRONG < upper_bound(wrong, accepted - 1)


@pytest.mark.parametrize("wrong", range(0, 30, 7))
def test_the_bound_is_the_share_at_which_so_few_are_improbable(wrong):
    share = upper_bound(wrong, 400)
    assert binom.cdf(wrong, 400, share) == pytest.approx(0.05)


def test_nothing_is_known_without_accepted_answers():
    assert upper_bound(0, 0) == 1 and upper_bound(5, 5) == 1


def test_the_bound_holds_in_95_of_100_draws():
    rng = np.random.default_rng(4)
    wrong = rng.binomial(300, 0.02, 2000)
    assert 0.94 < np.mean([upper_bound(int(each), 300) >= 0.02 for each in wrong]) <= 1


def test_a_group_counts_verdicts():
    counted = group([("accept", True)] * 400 + [("accept", False), ("review", True), ("refuse", False)])
    assert (counted.pairs, counted.accepted, counted.accepted_wrong) == (403, 401, 1)
    assert (counted.right, counted.refused) == (401, 1)
    assert not counted.certified and group([("accept", True)] * 299).certified
    assert counted.to_json()["wrong_upper_bound"] == round(upper_bound(1, 401), 5)
