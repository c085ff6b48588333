"""The cells of the example notebooks run in order, without outputs in the file, and reach what they state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

matplotlib.use("agg")
FOLDER = Path(__file__).parents[2] / "docs" / "examples"


def cells(name: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / name).read_text())["cells"]


def run(name: str) -> dict[str, Any]:
    """Run the code cells of a notebook and return its variables."""
    namespace: dict[str, Any] = {}
    for number, cell in enumerate(cells(name)):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{name}, cell {number}", "exec"), namespace)
    plt.close("all")
    return namespace


@pytest.mark.parametrize("name", [each.name for each in FOLDER.glob("*.ipynb")])
def test_notebooks_hold_no_outputs(name):
    for cell in cells(name):
        assert not cell.get("outputs") and cell.get("execution_count") is None


def test_the_in_situ_series_is_aligned_to_a_tenth_of_a_pixel(capsys):
    found = run("in-situ-series.ipynb")
    assert list(np.flatnonzero(~found["series"].fits)) == [found["EMPTY"]]
    assert np.mean(found["errors"]) < 0.1 and np.max(found["errors"]) < 0.3
    assert np.median(found["ahead"]) < 3, "the walk alone is 1.7 px from frame to frame"
    sharp, blurred = (found["pictures"][name] for name in list(found["pictures"])[:0:-1])
    assert sharp[60:196, 60:196].std() > 1.2 * blurred[60:196, 60:196].std()
    assert "flagged: frame [17]" in capsys.readouterr().out
