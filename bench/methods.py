"""Our networks and the peers under one roof: two images in, one answer out."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from cases import Case
from peers import PEERS, peer
from scores import Answer

from xebra.align import Aligner
from xebra.errors import RegistrationError
from xebra.registration import Registration
from xebra.weights import weights

NETWORKS = {"ours": (None, "Xebra"), "paper": ("paper", "Xebra, the paper's network")}
LABELS = {name: label for name, (_, label) in (NETWORKS | PEERS).items()}
SCALE_LIMIT = 3  # nothing here differs by more than 2: a method that says so has failed, and its user sees it


@cache
def method(name: str) -> Callable[[np.ndarray, np.ndarray], Registration | np.ndarray | None]:
    """Takes the fixed and the moving image, gives a registration, moving_from_fixed alone, or None."""
    return partial(_register, Aligner(), NETWORKS[name][0]) if name in NETWORKS else peer(name)


def _register(aligner: Aligner, network: str | None, *images: np.ndarray) -> Registration | None:
    try:
        return aligner.register(*images, network=network)
    except RegistrationError:
        return None


def answer(name: str, case: Case) -> Answer:
    """Ask a method; an answer that cannot be is none."""
    ask = method(name)
    started = time.process_time()
    said = ask(case.fixed, case.moving)
    seconds = time.process_time() - started
    judged = isinstance(said, Registration)
    matrix, verdict = (said.moving_from_fixed, said.verdict) if judged else (said, None)
    return Answer(matrix if matrix is not None and plausible(matrix) else None, seconds, verdict)


def version(name: str) -> str | None:
    """Hash of a network's weights; the peers' versions are those of requirements.lock."""
    return weights(NETWORKS[name][0]).sha256 if name in NETWORKS else None


def plausible(moving_from_fixed: np.ndarray) -> bool:
    """Is it finite, and its scale one that could be?"""
    if not np.isfinite(moving_from_fixed).all():
        return False
    scale = np.sqrt(abs(np.linalg.det(moving_from_fixed[:2, :2])))
    return bool(1 / SCALE_LIMIT < scale < SCALE_LIMIT)
