"""Benchmarks of real images leave out the specimens that the default network was trained on."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
import tifffile
import trained
from accuracy import chosen_cases
from fields import read
from real_pairs import read_half

from xebra.specimen.split import CERTIFY, CHOOSE

NAMES = ("alpha_1", "beta_1", "gamma_1", "delta_1")
TRAINED = {"beta", "gamma"}


@pytest.fixture(autouse=True)
def trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "_trained", lambda: TRAINED)


def test_specimens_of_every_part_of_the_network_count_as_trained_on() -> None:
    config = {
        "training": {
            "search": {"specimens": {"trained": ["alpha"]}},
            "refine": {"specimens": {"trained": ["beta"]}},
            "earlier": {"specimens": None},
        }
    }
    assert trained.trained_specimens(config) == {"alpha", "beta"}
    assert trained.trained_specimens({}) == set()


def test_half_of_real_images(tmp_path: Path) -> None:
    (tmp_path / "single").mkdir()
    for name in NAMES:
        tifffile.imwrite(tmp_path / "single" / f"{name}.tif", np.zeros((128, 128), np.uint8))
    kept = {name for half in (CHOOSE, CERTIFY) for name in read_half(tmp_path, half).singles}
    assert kept == {"alpha_1", "delta_1"}
    every = {name for half in (CHOOSE, CERTIFY) for name in read_half(tmp_path, half, trained=True).singles}
    assert every == set(NAMES)


def test_cases_of_accuracy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = np.zeros((8, 8), np.float32)
    for name in NAMES:
        case = {"kind": "mono", "level": "easy", "source": name, "matrix": np.eye(3)[:2]}
        np.savez(tmp_path / f"mono_easy_{name}.npz", fixed=view, moving=view, **case)
    _, cases = chosen_cases(argparse.Namespace(cases=tmp_path))
    assert [case.source for case in cases] == ["alpha_1", "delta_1"]
    assert "left out, trained on: beta, gamma" in capsys.readouterr().err


def test_cases_of_fields(tmp_path: Path) -> None:
    view = np.zeros((8, 8), np.float32)
    for name in NAMES:
        case = {"kind": "mono", "ratio": 2.0, "source": name, "fixed_from_moving": np.eye(3)}
        np.savez(tmp_path / f"mono_{name}.npz", fixed=view, moving=view, **case)
    assert [case.name for case in read(tmp_path, None, {})] == ["mono_alpha_1", "mono_delta_1"]
