"""The golden pairs that are stored with each graph."""

from __future__ import annotations

import numpy as np

from xebra.weights import BUNDLED


def golden(graph: str) -> dict[str, np.ndarray]:
    """Return the pairs stored with the weights: two instruments, known transforms."""
    with np.load(BUNDLED / graph / "golden.npz") as kept:
        return {name: kept[name] for name in ("fixed", "moving", "view", "reference") if name in kept}


def one(of: dict[str, np.ndarray], index: int) -> dict[str, np.ndarray]:
    """Return one member of a batch, as a batch of one."""
    return {name: batch[index : index + 1] for name, batch in of.items()}
