"""The public benchmark: X-ray against electron images, for any method of registration.

>>> import numpy as np
>>> from xebra.benchmark import draw_cases, run, score
>>> cases = list(draw_cases(per_cell=1, cells=["xray_electron easy", "negative medium"]))
>>> def my_method(fixed, moving):
...     return np.eye(3)
>>> score(cases, run(my_method, cases))["cells"]["negative medium"]
{'pairs': 1, 'answered': 1}
"""

from xebra.benchmark.cases import CELLS, PER_CELL, SEED, Case, cases_sha256, draw_case, draw_cases
from xebra.benchmark.real_pairs import read_cases
from xebra.benchmark.run import method_of, run
from xebra.benchmark.scores import Answer, errors_px, score, table

__all__ = [
    "CELLS",
    "PER_CELL",
    "SEED",
    "Answer",
    "Case",
    "cases_sha256",
    "draw_case",
    "draw_cases",
    "errors_px",
    "method_of",
    "read_cases",
    "run",
    "score",
    "table",
]
