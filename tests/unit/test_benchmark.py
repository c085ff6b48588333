"""The public benchmark: same cases for everyone, methods see no truth, failures count."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from support.labelled import pair

from xebra.adaptation import write_labels
from xebra.benchmark import (
    CELLS,
    SEED,
    Case,
    cases_sha256,
    draw_case,
    draw_cases,
    read_cases,
    run,
    score,
    table,
)
from xebra.benchmark.__main__ import main
from xebra.benchmark.cases import REACHES, SIDE
from xebra.benchmark.instruments import ELECTRON, X_RAY
from xebra.transform import SimilarityTransform, image_center

# Of the first case of three cells, with the packages of requirements.lock: a change is a new version.
SHA256 = "f10c154439eb6c66f3a4a87a6f23222ac2689a85677d725403828bba3925f19e"
HASHED = ("xray_electron hard", "overlay medium", "negative medium")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """The first case of each cell."""
    return list(draw_cases(1))


def perfect(cases: list[Case]):
    """Return a method that has the truth of each pair of images from elsewhere."""
    truths = {case.fixed.tobytes(): case.moving_from_fixed for case in cases}
    return lambda fixed, moving: truths[fixed.tobytes()]


def test_the_cases_are_those_of_the_protocol(cases: list[Case]) -> None:
    hashed = [case for case in cases if case.cell in HASHED]
    assert cases_sha256(hashed) == cases_sha256(draw_case(cell, 0) for cell in HASHED) == SHA256


def test_other_seeds_and_numbers_give_other_cases() -> None:
    cell = "xray_electron easy"
    first, *others = (draw_case(cell, number, seed) for number, seed in ((0, SEED), (1, SEED), (0, SEED + 1)))
    for other in others:
        assert not np.array_equal(other.fixed, first.fixed)
        assert not np.allclose(other.moving_from_fixed, first.moving_from_fixed)


def test_each_cell_has_what_it_is_named_after(cases: list[Case]) -> None:
    assert [case.cell for case in cases] == list(CELLS)
    for case in cases:
        track, level = case.cell.split()
        assert case.fixed.shape == case.moving.shape == (SIDE, SIDE) and case.fixed.dtype == np.float32
        assert 0 <= min(case.fixed.min(), case.moving.min()) <= max(case.fixed.max(), case.moving.max()) <= 1
        kinds = {name in X_RAY for name in case.modalities}
        assert set(case.modalities) <= set(X_RAY | ELECTRON)
        assert len(set(case.modalities) if track == "one_modality" else kinds) == (
            1 if track == "one_modality" else 2
        )
        if track == "negative":
            assert case.moving_from_fixed is None
            continue
        found = SimilarityTransform.from_matrix(case.moving_from_fixed, image_center((SIDE, SIDE)))
        reach = REACHES[level]
        assert abs(np.degrees(found.angle)) <= reach.angle_deg
        assert 1 / reach.scale <= found.scale <= reach.scale
        assert np.abs(found.translation).max() <= reach.shift * SIDE


def test_a_perfect_method_scores_everything_and_a_null_method_nothing(cases: list[Case]) -> None:
    best, null = (score(cases, run(method, cases)) for method in (perfect(cases), lambda fixed, moving: None))
    for figures, share in ((best, 1.0), (null, 0.0)):
        cells = dict(figures["cells"])
        assert cells.pop("negative medium") == {"pairs": 1, "answered": 0}
        assert len(cells) == 5 and all(
            cell["under_1_px"] == cell["under_5_px"] == share for cell in cells.values()
        )
        assert figures["problems"] == 0 and figures["verdicts"] is None


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        (RuntimeError("no features"), "RuntimeError: no features"),
        (np.eye(2), "3 x 3"),
        (np.full((3, 3), np.nan), "3 x 3"),
        (np.zeros((3, 3)), "invertible"),
        (np.array([[1, 0, 0], [0, 1, 0], [0.1, 0, 1]]), "last row"),
        ((np.eye(3), "perhaps"), "perhaps"),
        ("a matrix", "could not convert"),
    ],
)
def test_a_method_that_fails_has_no_answer(cases: list[Case], returned: object, problem: str) -> None:
    def method(fixed: np.ndarray, moving: np.ndarray) -> object:
        if isinstance(returned, Exception):
            raise returned
        return returned

    (answer,) = run(method, cases[:1])
    assert answer.moving_from_fixed is None and problem in answer.problem
    figures = score(cases[:1], [answer])
    assert figures["problems"] == 1 and figures["cells"][CELLS[0]]["under_5_px"] == 0


def test_methods_see_two_images_and_no_truth(cases: list[Case]) -> None:
    seen = []

    def method(*given: np.ndarray, **named: object) -> np.ndarray:
        seen.append((given, named))
        for image in given:
            image[:] = 0  # a copy: the case keeps its images
        return np.eye(3)

    before = cases_sha256(cases)
    run(method, cases)
    assert cases_sha256(cases) == before
    assert len(seen) == len(cases)
    for (fixed, moving), named in seen:
        assert type(fixed) is type(moving) is np.ndarray and not named
        assert fixed.base is None and moving.base is None


def test_false_accepts_are_wrong_or_negative(cases: list[Case]) -> None:
    def off(by: float, verdict: str):
        truth = perfect(cases)

        def method(fixed: np.ndarray, moving: np.ndarray):
            matrix = truth(fixed, moving)
            matrix = np.eye(3) if matrix is None else matrix.copy()
            matrix[0, 2] += by
            return matrix, verdict

        return score(cases, run(method, cases))

    assert off(0.5, "accept")["verdicts"] == {"accepted": 6, "false_accepts": 1}
    assert off(9.0, "accept")["verdicts"] == {"accepted": 6, "false_accepts": 6}
    refused = off(9.0, "refuse")
    assert refused["verdicts"] == {"accepted": 0, "false_accepts": 0}
    assert refused["cells"]["negative medium"]["answered"] == 0
    right = off(3.0, "review")["cells"]["xray_electron easy"]
    assert (right["under_1_px"], right["under_5_px"], round(right["median_error_px"], 6)) == (0, 1, 3.0)
    assert "| 0 / 100 |" in table({"m": off(3.0, "review")})


def test_the_command_runs_a_function_of_a_module(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "their_module.py").write_text(
        "import numpy as np\ndef identity(fixed, moving):\n    return np.eye(3)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    write_labels(tmp_path / "pairs", [pair(1)])
    out = tmp_path / "scores.json"
    assert main(["--method", "their_module:identity", "--data", "pairs", "--out", str(out)]) == 0
    assert "| their_module:identity |" in capsys.readouterr().out
    held = json.loads(out.read_text())
    assert held["methods"]["their_module:identity"]["cells"]["real"]["pairs"] == 1
    assert held["cases_sha256"] == cases_sha256(read_cases(tmp_path / "pairs"))
    for wrong in ("their_module:nothing", "their_module", "no_such_module_here:f"):
        assert main(["--method", wrong, "--data", "pairs"]) == 2
    assert main(["--method", "their_module:identity", "--data", "nowhere"]) == 2
