"""Measure the loss of accuracy by half precision: ./dev bench half [options of bench/accuracy.py]

The default network's checkpoints run in torch: in single precision, with the feature heads in half precision,
and with all matrix products in half precision too, as a TensorRT plan built with --fp16 may choose. Sums,
norms and scores stay in single precision. Prints the change of the estimates and the share of right pairs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import torch
from accuracy import arguments, chosen_cases
from cases import Case, first_of_each_cell
from tables import markdown

from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.image import Image
from xebra.training.export import COARSE_POOL, pooled_search, refinement_at
from xebra.training.run import TrainingTask
from xebra.training.tasks import trained
from xebra.transform import corner_error
from xebra.weights import weights

RIGHT_PX = 5.0


class TorchEngine:
    """An inference engine that runs the graphs' networks in torch."""

    name = "torch"

    def __init__(self, precision: str):
        """``precision``: single, heads, or all."""
        self.folder = weights().folder.parent
        search, refine = (
            trained(torch.load(weights().folder / f"{part}.pt", map_location="cpu"))
            for part in ("search", "refine")
        )
        self._networks: dict[str, Callable] = {}
        for graph in weights().graphs:
            network = _network_of(graph.removeprefix("pyramid_"), search, refine).network
            if precision == "heads":
                network.head.forward = torch.autocast("cpu", torch.float16)(network.head.forward)
            self._networks[graph] = network
        self._all = torch.autocast("cpu", torch.float16, enabled=precision == "all")

    def weights_sha256(self, model: str) -> str:
        return "checkpoint"

    @torch.no_grad()
    def run(self, model: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        network = self._networks[model]
        with self._all:
            outputs = network(*(torch.from_numpy(inputs[name]) for name in ("fixed", "moving")))
        names = getattr(network, "outputs", ("scores",))
        values = outputs if isinstance(outputs, tuple) else (outputs,)
        return {name: value.float().numpy() for name, value in zip(names, values, strict=True)}


def _network_of(part: str, search: TrainingTask, refine: TrainingTask) -> TrainingTask:
    """Return the network of a graph by the end of its name: coarse_search, fine_search or a size in px."""
    if part == "coarse_search":
        return pooled_search(search, COARSE_POOL)
    return search if part == "fine_search" else refinement_at(refine, int(part))


def estimates(precision: str, cases: list[Case]) -> list[np.ndarray]:
    """Return the moving_from_fixed of each case; nan where the estimator failed."""
    estimator, found = PyramidEstimator(weights(), TorchEngine(precision)), []
    for case in cases:
        try:
            matrix = estimator.find(Image(case.fixed), Image(case.moving)).best.moving_from_fixed
        except np.linalg.LinAlgError:  # overflow of half precision
            matrix = np.full((3, 3), np.nan)
        found.append(matrix)
        print(f"\r{precision}: {len(found)} of {len(cases)}", end="", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Run the command."""
    chosen = arguments()
    origin, cases = chosen_cases(chosen)
    cases = first_of_each_cell(cases, chosen.limit)
    precisions = {"single": "single", "heads": "heads in half", "all": "heads and products in half"}
    found = {name: estimates(name, cases) for name in precisions}
    rows = []
    for name, label in precisions.items():
        errors = np.array(
            [
                corner_error(m, c.moving_from_fixed, c.fixed.shape)
                for m, c in zip(found[name], cases, strict=True)
            ]
        )
        moved = np.array(
            [
                corner_error(m, o, c.fixed.shape)
                for m, o, c in zip(found[name], found["single"], cases, strict=True)
            ]
        )
        right = errors < RIGHT_PX
        rows.append(
            [
                label,
                f"{100 * right.mean():.0f}",
                f"{np.median(errors[right]):.3f}",
                f"{np.median(moved[right]):.4f}",
            ]
        )
    print(f"\n{len(cases)} pairs: {origin}.\n")
    print(markdown(["", "right, %", "median error of the right, px", "median change from single, px"], rows))


if __name__ == "__main__":
    main()
