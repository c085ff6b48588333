"""Run a method on the cases of the benchmark.

>>> from xebra.benchmark.cases import draw_cases
>>> cases = list(draw_cases(1, cells=["xray_electron easy"]))
>>> answers = run(lambda fixed, moving: np.eye(3), cases)
>>> answers[0].problem is None
True
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.benchmark.cases import Case
from xebra.benchmark.scores import Answer

Method = Callable[[Floats, Floats], Any]  # a 3 x 3 matrix, None, or a matrix and a verdict
VERDICTS = ("accept", "review", "refuse")


def run(method: Method, cases: Iterable[Case], progress: Callable[[int], None] | None = None) -> list[Answer]:
    """Return the answer of a method for each case.

    The method gets copies of the two images and nothing else: neither the name of the case nor its truth.
    An error that it raises, or something that is no transform, counts as no answer.

    Args:
        method: of fixed and moving image, (H, W) float32 in 0..1, returns moving_from_fixed, the 3 x 3 matrix
            that maps px (x, y, 1) of the fixed image to the moving one, None without an answer, or both a
            matrix and a verdict, ``accept``, ``review`` or ``refuse``.
        cases: of :func:`xebra.benchmark.draw_cases` or :func:`xebra.benchmark.read_cases`.
        progress: is called with the number of finished cases.
    """
    answers = []
    for case in cases:
        answers.append(answer(method, case))
        if progress:
            progress(len(answers))
    return answers


def answer(method: Method, case: Case) -> Answer:
    """Return the answer of a method for one case."""
    fixed, moving = case.fixed.copy(), case.moving.copy()
    started = time.process_time()
    try:
        found = method(fixed, moving)
        seconds = time.process_time() - started
        matrix, verdict = _parts(found)
    except Exception as error:  # a benchmark of many hours does not end at one case
        return Answer(None, None, time.process_time() - started, f"{type(error).__name__}: {error}")
    return Answer(matrix, verdict, seconds)


def method_of(text: str) -> Method:
    """Return the function that ``module:function`` names; modules of the current folder are found.

    Raises:
        ValueError: there is no such function.

    Examples:
        >>> method_of("operator:add")(1, 2)
        3
        >>> method_of("operator")
        Traceback (most recent call last):
        ...
        ValueError: 'operator' names no function; give module:function
    """
    module, _, name = text.partition(":")
    if not name:
        raise ValueError(f"{text!r} names no function; give module:function")
    sys.path.insert(0, str(Path.cwd()))
    found = getattr(import_module(module), name, None)
    if not callable(found):
        raise ValueError(f"{module} has no function {name!r}")
    method: Method = found
    return method


def _parts(found: Any) -> tuple[Matrix | None, str | None]:
    """Return matrix and verdict; raise ValueError for what is no transform."""
    matrix, verdict = found if isinstance(found, tuple) else (found, None)
    if verdict is not None and verdict not in VERDICTS:
        raise ValueError(f"the verdict {verdict!r} is none of {', '.join(VERDICTS)}")
    if matrix is None:
        return None, verdict
    matrix = np.array(matrix, float)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-9:
        raise ValueError(f"a method returns an invertible 3 x 3 matrix or None, not {matrix.tolist()}")
    if not np.allclose(matrix[2], [0, 0, 1]):
        raise ValueError(f"the last row of an affine matrix is 0, 0, 1, not {matrix[2].tolist()}")
    return matrix, verdict
