"""What the signs of an answer say of it; fitted on answers whose errors are known."""

import dataclasses

import numpy as np
import pytest

from xebra.estimate.confidence import Confidence
from xebra.estimate.displacement import Evidence
from xebra.estimate.pyramid import Candidate
from xebra.estimate.signs import PIXELS, VIEW, WINDOWS, Signs, covariance, disagreement_px, spread_px
from xebra.evaluation import confide
from xebra.weights import weights

BUNDLED = Confidence.of(weights().config["confidence"])
FAIR = Signs(likeness=10.0, lead=4.0, disagreement_px=1.0, spread_px=1.5, witness_px=1.0)
SURE = np.diag([4000.0, 4000.0, 10.0, 10.0])


def answers(count):
    """Signs that mean something, with scatter, and the errors they come with."""
    rng = np.random.default_rng(5)
    right = rng.random(count) < 0.7
    likeness = np.where(right, 14, 6) * rng.lognormal(0, 0.3, count)
    lead = np.where(right, 8, 1) * rng.lognormal(0, 0.5, count)
    disagreement = np.where(right, 0.5, 5) * rng.lognormal(0, 0.7, count)
    spread = np.where(right, 0.8, 3) * rng.lognormal(0, 0.3, count)
    witness = np.where(right, 0.6, 4) * rng.lognormal(0, 0.7, count)
    errors = np.where(right, 0.5 * spread * np.abs(rng.normal(1, 0.3, count)), rng.uniform(20, 200, count))
    pulls = rng.normal(0, 2, (count, 4)) * [0.5, 1, 2, 4]
    rows = zip(likeness, lead, disagreement, spread, witness, strict=True)
    return [
        confide.Measured(Signs(*row), error, pull)
        for row, error, pull in zip(rows, errors, pulls, strict=True)
    ]


def wider(measured, last_word):
    """The same with pulls three times as far and another's last word."""
    return [
        dataclasses.replace(
            m,
            pulls=3 * m.pulls,
            signs=dataclasses.replace(m.signs, last_word=last_word, left_px=0.1 * m.signs.spread_px),
        )
        for m in measured
    ]


def apart(measured):
    """Signs and errors."""
    return [m.signs for m in measured], np.array([m.error_px for m in measured])


@pytest.fixture(scope="module")
def fitted():
    measured = answers(600) + wider(answers(200), PIXELS)
    return confide.fit([[m] for m in measured], [[m] for m in wider(answers(200), WINDOWS)])


@pytest.mark.parametrize("sign", ["likeness", "lead", "disagreement_px", "spread_px", "witness_px"])
def test_every_sign_speaks_one_way(sign):
    better = -1 if sign.endswith("_px") else 1
    steps = [dataclasses.replace(FAIR, **{sign: value}) for value in np.geomspace(0.05, 20, 30)[::better]]
    said = [BUNDLED.probability(each) for each in steps]
    assert (np.diff(said) >= 0).all() and said[-1] > said[0]


def test_the_surer_the_answer_the_milder_the_verdict():
    ranks = {"refuse": 0, "review": 1, "accept": 2}
    steps = [Signs(v, v / 2, *[9 / v] * 3) for v in np.geomspace(1, 60)]
    assert [BUNDLED.probability(s) for s in steps] == sorted(BUNDLED.probability(s) for s in steps)
    said = [ranks[BUNDLED.verdict(s)[0]] for s in steps]
    assert said == sorted(said) and set(said) == {0, 1, 2}


def test_a_higher_threshold_accepts_no_more():
    signs = [answer.signs for answer in answers(200)]
    accepted = [
        sum(dataclasses.replace(BUNDLED, accept_from=least).verdict(s)[0] == "accept" for s in signs)
        for least in (0.5, 0.8, 0.95, 0.99, 1.01)
    ]
    assert accepted == sorted(accepted, reverse=True) and accepted[-1] == 0 < accepted[0]


def test_a_fit_tells_right_answers_from_wrong_ones(fitted):
    signs, errors = apart(answers(600))
    accepted = np.array([fitted.verdict(s)[0] == "accept" for s in signs])
    assert accepted.mean() > 0.5
    assert (errors[accepted] < confide.RIGHT_PX).mean() >= confide.CAREFUL - 0.01


def test_the_answer_is_that_of_the_first_attempt_that_will_do(fitted):
    sure = confide.Measured(Signs(60.0, 20.0, 0.1, 0.3, 0.1), 0.3, np.zeros(4))
    unsure = confide.Measured(Signs(0.2, 0.0, 9.0, 9.0, 9.0), 90.0, np.zeros(4))
    later = dataclasses.replace(sure, error_px=1.0)
    assert confide._given(fitted, [sure, later]) is sure
    assert confide._given(fitted, [unsure, later]) is later
    assert confide._given(fitted, [unsure, last := dataclasses.replace(unsure)]) is last


def test_the_expected_error_is_the_mean_error(fitted):
    signs, errors = apart(answers(600))
    expected = np.array([fitted.expected_px(s) for s in signs])
    assert expected.mean() == pytest.approx(errors.mean(), rel=0.25)
    low, high = np.array_split(np.argsort(expected), 2)
    assert errors[high].mean() > 10 * errors[low].mean()


def test_a_95_percent_interval_holds_95_percent(fitted):
    right = [m for m in answers(600) if m.error_px < confide.RIGHT_PX]
    half = 1.96 * np.sqrt(np.diag(fitted.calibrated(np.eye(4))))
    assert half == pytest.approx(1.96 * 2 * np.array([0.5, 1, 2, 4]), rel=0.2)
    assert (np.abs([m.pulls for m in right]) <= half).mean(0) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("word", [WINDOWS, PIXELS])
def test_who_had_the_last_word_has_an_error_bar_of_its_own(fitted, word):
    wide = np.divide(fitted.bars[word].interval_scale, fitted.bars[VIEW].interval_scale)
    assert wide == pytest.approx(3, rel=0.3)
    assert np.allclose(np.diag(fitted.calibrated(SURE, word)), wide**2 * np.diag(fitted.calibrated(SURE)))


def test_the_error_to_expect_is_what_the_last_word_leaves_open(fitted):
    sure = dataclasses.replace(FAIR, likeness=60, lead=20.0)
    of_pixels = dataclasses.replace(sure, last_word=PIXELS, left_px=0.1 * sure.spread_px)
    closer = dataclasses.replace(of_pixels, left_px=0.05 * sure.spread_px)
    assert fitted.expected_px(closer) < fitted.expected_px(of_pixels)
    assert fitted.probability(of_pixels) == fitted.probability(sure)


def test_of_too_few_right_answers_no_error_bar_is_made():
    assert confide.fit([[m] for m in answers(300)], []).bars[PIXELS] == confide.UNSCALED


def test_the_reason_names_the_weakest_sign():
    for signs, reason in (
        (Signs(0.2, 0.0, 9, 9, 9), "another turn, scale or place"),
        (Signs(0.2, 10.0, 8, 9, 9), "network and mutual information differ by 9.0 px"),
        (Signs(0.2, 10.0, 9, 9, 4, last_word=PIXELS), "network and pixels differ by 4.0 px"),
        (Signs(0.2, 10.0, 9, 9, 1), "two halves of the image, asked apart, differ by 9.0 px"),
        (Signs(0.2, 10.0, 1, 9, 1), "little alike"),
    ):
        assert reason in BUNDLED.verdict(signs)[1]


@pytest.mark.parametrize(("word", "witness"), [(PIXELS, "pixels"), (VIEW, "mutual information")])
def test_an_accepted_answer_says_who_agreed(word, witness):
    said = BUNDLED.verdict(Signs(60.0, 20.0, 0.1, 0.3, 0.2, last_word=word))
    assert said == ("accept", f"network and {witness} agree to 0.2 px at 256 x 256")


def seen(gradient=(0.0, 0.0)):
    """A candidate at 256 px whose black and white halves pull along x."""
    pulls = np.array([[0, 0, pull, 0] for pull in gradient])
    return Candidate(np.eye(3), 12.0, Evidence(np.zeros(4), pulls, np.stack([SURE, SURE]), 12.0), 256)


def test_halves_that_pull_apart_are_read_as_a_disagreement():
    same, other = (seen((pull, -pull)) for pull in (0.0, 2.0))
    assert disagreement_px(same) == 0
    assert disagreement_px(other) == pytest.approx(2 * 2 * 2.0 / 10, rel=0.1)  # cells of 2 px, both ways
    assert spread_px(same) == spread_px(other) > 0


def test_more_information_leaves_less_open():
    know = seen()
    more = dataclasses.replace(know.evidence, information=know.evidence.information * 4)
    less_open = covariance(dataclasses.replace(know, evidence=more))
    assert np.allclose(less_open, covariance(know) / 4)
    assert np.allclose(covariance(know), np.linalg.inv(2 * SURE))
