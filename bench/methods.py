"""One interface to the networks and the peers: two images in, one answer out."""

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
SCALE_LIMIT = 3  # no case differs by more than 2: an estimate beyond this is a failure that any user notices


@cache
def method(name: str) -> Callable[[np.ndarray, np.ndarray], Registration | np.ndarray | None]:
    """Return a function of fixed and moving image that returns a registration, moving_from_fixed, or None."""
    return partial(_register, Aligner(), NETWORKS[name][0]) if name in NETWORKS else peer(name)


def _register(aligner: Aligner, network: str | None, *images: np.ndarray) -> Registration | None:
    try:
        return aligner.register(*images, network=network)
    except RegistrationError:
        return None


def answer(name: str, case: Case) -> Answer:
    """Run a method on a case; an implausible estimate counts as no answer."""
    run = method(name)
    started = time.process_time()
    found = run(case.fixed, case.moving)
    seconds = time.process_time() - started
    has_verdict = isinstance(found, Registration)
    matrix, verdict = (found.moving_from_fixed, found.verdict) if has_verdict else (found, None)
    return Answer(matrix if matrix is not None and plausible(matrix) else None, seconds, verdict)


def version(name: str) -> str | None:
    """Return the hash of a network's weights; the versions of peers are in requirements.lock."""
    return weights(NETWORKS[name][0]).sha256 if name in NETWORKS else None


def plausible(moving_from_fixed: np.ndarray) -> bool:
    """Return whether a transform is finite and its scale possible."""
    if not np.isfinite(moving_from_fixed).all():
        return False
    scale = np.sqrt(abs(np.linalg.det(moving_from_fixed[:2, :2])))
    return bool(1 / SCALE_LIMIT < scale < SCALE_LIMIT)
