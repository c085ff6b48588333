"""A pair is attempted quickly, then with more pains; network and mutual information weigh hypotheses."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from xebra.engine import open_engine
from xebra.estimate import attempts
from xebra.estimate.estimator import PyramidEstimator
from xebra.estimate.opinions import Opinions
from xebra.estimate.pyramid import Candidate, Pair, apart_px, as_they_lie
from xebra.estimate.signs import PIXELS, VIEW
from xebra.image import Image, read_image
from xebra.sample import FIXED, MOVING, TRUTH
from xebra.transform import corner_error
from xebra.weights import weights


@pytest.fixture(scope="module")
def images():
    """The sample pair, its pixel spacings forgotten: the scale is searched, too."""
    return [Image(read_image(file).gray) for file in (FIXED, MOVING)]


@pytest.fixture(scope="module")
def truth():
    known = json.loads(TRUTH.read_text())
    return np.array(known["fixed_from_moving"])


@pytest.fixture(scope="module")
def attempted(images):
    pair, attempts = PyramidEstimator(weights(), open_engine()).attempts(*images)
    return pair, attempts, list(attempts)


def test_both_attempts_at_the_sample_pair_end_at_its_truth(attempted, truth):
    pair, _, made = attempted
    assert len(made) == 2
    for attempt in made:
        found = np.linalg.inv(attempt.best.moving_from_fixed)
        assert corner_error(found, truth, pair.fixed.shape) < 3


def test_each_step_of_the_way_is_no_further_off_than_the_search(attempted, truth):
    pair, attempts, (quick, _) = attempted
    right = Candidate(np.linalg.inv(truth), 0.0)
    searched, last = attempts.hypotheses[0], quick.way[-1]
    assert apart_px(pair, last, right) < apart_px(pair, searched, right)


@pytest.mark.parametrize(("lead", "looked_at"), [(-math.inf, 1), (math.inf, 3)])
def test_only_what_is_nearly_as_good_is_looked_at_first(monkeypatch, images, lead, looked_at):
    monkeypatch.setattr(attempts, "CLEAR", lead)
    engine, asked = open_engine(), []
    run = engine.run
    monkeypatch.setattr(
        engine, "run", lambda graph, **views: asked.append((graph, views)) or run(graph, **views)
    )
    next(iter(PyramidEstimator(weights(), engine).attempts(*images)[1]))
    graph, views = asked[1]
    assert (graph, len(views["moving"])) == ("pyramid_128", looked_at)


def test_a_pair_found_one_way_is_found_with_its_images_exchanged(attempted, images):
    pair, _, _ = attempted
    back = Pair(*images).exchanged()
    assert back.fixed.shape == pair.moving.shape
    here, there = (as_they_lie(each, 128)[0].moving_from_fixed for each in (pair, back))
    assert np.allclose(here @ there, np.eye(3))


def test_of_equal_scores_the_one_where_the_images_say_more_about_each_other_is_likelier(attempted):
    pair, made, (quick, _) = attempted
    aside = quick.best.moving_from_fixed @ np.array([[1, 0, 25], [0, 1, 25], [0, 0, 1.0]])
    wrong = replace(quick.best, moving_from_fixed=aside)
    assert Opinions(pair, made.search).ranked([wrong, quick.best])[0] is quick.best


def test_where_two_hypotheses_are_as_good_the_quick_attempt_is_not_made(monkeypatch, images):
    monkeypatch.setattr(attempts, "CLEAR", math.inf)
    monkeypatch.setattr(attempts, "TORN", math.inf)
    (only,) = PyramidEstimator(weights(), open_engine()).attempts(*images)[1]
    assert only.signs.thorough


def test_px_rule_out_a_rival_that_they_do_not_bear_out(attempted):
    _, made, (quick, _) = attempted
    elsewhere = quick.best.moving_from_fixed @ np.array([[1, 0, 70], [0, 1, -60], [0, 0, 1.0]])
    rival = replace(quick.way[0], moving_from_fixed=elsewhere)
    score = quick.way[0].score
    assert made._rival_score(score, [rival], quick.best, VIEW) == score
    assert made._rival_score(score, [rival, quick.way[0]], quick.best, PIXELS) == 0
    far = replace(rival, score=score - 2 * attempts.AHEAD)
    assert made._rival_score(score, [far, rival], quick.best, PIXELS) == far.score


@pytest.fixture
def quick(monkeypatch, images):
    """Attempts at the sample pair as if its images showed two contrasts, and how to make the first."""
    monkeypatch.setattr(attempts, "polished", lambda *_: None)
    pair, made = PyramidEstimator(weights(), open_engine()).attempts(*images)
    return pair, made, lambda: next(iter(made))


def test_an_answer_across_contrasts_lies_half_way_to_that_of_mutual_information(quick):
    pair, made, first = quick
    found = first()
    network = found.way[-1]
    witness = Opinions(pair, made.search).settled(network)
    assert found.signs.last_word == VIEW
    assert 0 < found.signs.witness_px == pytest.approx(apart_px(pair, network, witness))
    for end in (network, witness):
        assert apart_px(pair, found.best, end) == pytest.approx(found.signs.witness_px / 2, rel=0.1)


def test_a_witness_far_off_is_heard_and_not_followed(monkeypatch, quick):
    aside = np.array([[1, 0, 25], [0, 1, 25], [0, 0, 1.0]])
    monkeypatch.setattr(
        Opinions, "settled", lambda _, c: replace(c, moving_from_fixed=c.moving_from_fixed @ aside)
    )
    found = quick[2]()
    assert found.signs.witness_px > attempts.SAME_PX
    assert found.best is found.way[-1]


def test_what_is_mended_and_settled_lies_nearer(attempted):
    pair, made, (quick, _) = attempted
    aside = quick.best.moving_from_fixed @ np.array([[1, 0, 10], [0, 1, -6], [0, 0, 1.0]])
    opinions, start = Opinions(pair, made.search), replace(quick.best, moving_from_fixed=aside)
    mended = opinions.mended(start)
    settled = opinions.settled(mended)
    far = [apart_px(pair, each, quick.best) for each in (start, mended, settled)]
    assert far[0] > 10 and far[1] < 3 and far[2] < 2
