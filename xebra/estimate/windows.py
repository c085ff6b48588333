"""Up to the images' own pixels: small windows all over the fixed image, each a witness of one similarity."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xebra.engine import Engine
from xebra.estimate.displacement import CELL, Evidence, at_points, corner_points, matrix
from xebra.estimate.pyramid import Candidate, Pair, evidence_of
from xebra.transform import image_center

SIZE = 128  # px, side of a window
ALONG = 4  # windows along a side of the image, at most
STRIDE = 4  # how much finer each look is than the one before
LEAST_INSIDE = 0.5  # of a window that both images must fill
FAR = 2.0  # cells: a witness further from what the others say is not heard


@dataclass(frozen=True)
class Witness:
    """A window's evidence; ``offset`` is its centre in cells from the centre of the fixed image."""

    offset: tuple[float, float]
    evidence: Evidence

    @property
    def local_from_whole(self) -> np.ndarray:
        """4 x 4: the displacement about the image's centre as one about the window's."""
        x, y = self.offset
        result = np.eye(4)
        result[2:, :2] = [[x, -y], [y, x]]
        return result


def closer(engine: Engine, graph: str, pair: Pair, candidate: Candidate, step: float) -> Candidate:
    """A candidate known to about a px of ``step`` image px, brought to the fixed image's own px."""
    while step > 1:
        step = max(1.0, step / STRIDE)
        for _ in range(2):
            candidate = _asked(engine, graph, pair, candidate, step)
    return candidate


def _asked(engine: Engine, graph: str, pair: Pair, candidate: Candidate, step: float) -> Candidate:
    """One pass over all windows with ``step`` image px to a px."""
    offsets, here, there = _views(pair, candidate, step)
    if not offsets:
        return candidate
    said = engine.run(graph, fixed=np.stack(here), moving=np.stack(there))
    witnesses = [Witness(o, evidence_of(said, i)) for i, o in enumerate(offsets)]
    evidence = agreed(witnesses)
    if evidence is None:
        return candidate
    size = max(pair.fixed.shape) / step
    to_fixed = pair.square(pair.fixed, size, step)
    moved = (
        candidate.moving_from_fixed @ to_fixed @ matrix(evidence.displacement, size) @ np.linalg.inv(to_fixed)
    )
    return replace(candidate, moving_from_fixed=moved, evidence=evidence, size=size)


def _views(pair: Pair, candidate: Candidate, step: float) -> tuple[list, list, list]:
    """Centres in cells and both views of each window that both images fill."""
    middle = np.array(image_center(pair.fixed.shape))
    kept: tuple[list, list, list] = ([], [], [])
    for center in _centres(pair.fixed.shape, step):
        corner = center - step * (SIZE - 1) / 2
        window = np.array([[step, 0, corner[0]], [0, step, corner[1]], [0, 0, 1.0]])
        there = pair.moving.view(candidate.moving_from_fixed @ window, SIZE)
        here = pair.fixed.view(window, SIZE)
        if min(here[1].mean(), there[1].mean()) >= LEAST_INSIDE:
            for values, value in zip(kept, ((center - middle) / (step * CELL), here, there), strict=True):
                values.append(value)
    return kept


def _centres(shape: tuple[int, int], step: float) -> list[np.ndarray]:
    """Centres of the windows in px of the fixed image, evenly spread."""
    lines = []
    for length in (shape[1], shape[0]):
        half = min(step * SIZE, length) / 2
        count = int(np.clip(np.ceil(length / (step * SIZE)), 1, ALONG))
        lines.append(np.linspace(half, length - half, count) - 0.5)
    return [np.array([x, y]) for y in lines[1] for x in lines[0]]


def agreed(witnesses: list[Witness]) -> Evidence | None:
    """The displacement that fits all witnesses best, without those far off; none where none has a peak."""
    heard = [w for w in witnesses if np.linalg.eigvalsh(_sum(w.evidence.information))[0] > 0]
    corners = corner_points(SIZE)
    while heard:
        together = _together(heard)
        local = [w.local_from_whole @ together.displacement for w in heard]
        apart = np.array(
            [np.hypot(*at_points(_peak(w) - d, corners).T).mean() for w, d in zip(heard, local, strict=True)]
        )
        if len(heard) < 3 or apart.max() < max(FAR, 3 * np.median(apart)):
            return together
        heard = [w for w, far in zip(heard, apart, strict=True) if far < apart.max()]
    return None


def _together(witnesses: list[Witness]) -> Evidence:
    """Least squares over the witnesses, each weighted by its information; halves by turns."""
    if len(witnesses) == 1:
        return _alone(witnesses[0])
    information, pull = np.zeros((2, 4, 4)), np.zeros((2, 4))
    for number, w in enumerate(witnesses):
        to_local = w.local_from_whole
        mine = _sum(w.evidence.information)
        information[number % 2] += to_local.T @ mine @ to_local
        pull[number % 2] += to_local.T @ mine @ _peak(w)
    found = np.linalg.solve(information.sum(0), pull.sum(0))
    gradient = pull - information @ found
    return Evidence(found, gradient, information, float(np.mean([w.evidence.score for w in witnesses])))


def _alone(witness: Witness) -> Evidence:
    """A single witness heard for the whole; the halves are its own, else there would be but one."""
    to_local, said = witness.local_from_whole, witness.evidence
    gradient = said.gradient - said.information @ (_peak(witness) - said.displacement)
    found = np.linalg.solve(to_local, _peak(witness))
    return Evidence(found, gradient @ to_local, to_local.T @ said.information @ to_local, said.score)


def _peak(witness: Witness) -> np.ndarray:
    return witness.evidence.displacement + witness.evidence.step(SIZE)


def _sum(halves: np.ndarray) -> np.ndarray:
    return halves.sum(0)
