"""What half precision costs: ./dev bench half [options of bench/accuracy.py]

The default network's checkpoints run in torch, in single precision; with their heads in half; and
with all products of matrices in half too, as a TensorRT plan built with --fp16 would be free to choose. Sums,
norms and scores stay single. Prints how far the answers move and how many pairs stay right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import torch
from accuracy import arguments, chosen_cases
from cases import Case, first_of_each_cell
from tables import markdown

from xebra.estimate.estimator import PyramidEstimator
from xebra.image import Image
from xebra.training.export import GLANCE, pooled_search, refinement_at
from xebra.training.run import TrainingTask
from xebra.training.tasks import trained
from xebra.transform import corner_error
from xebra.weights import weights

RIGHT_PX = 5.0


class TorchEngine:
    """Runs the graphs' networks in torch, as an engine does."""

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
            network = _asked_as(graph.rpartition("_")[2], search, refine).network
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
            said = network(*(torch.from_numpy(inputs[name]) for name in ("fixed", "moving")))
        outputs = getattr(network, "outputs", ("scores",))
        answers = said if isinstance(said, tuple) else (said,)
        return {name: a.float().numpy() for name, a in zip(outputs, answers, strict=True)}


def _asked_as(part: str, search: TrainingTask, refine: TrainingTask) -> TrainingTask:
    """The network of a graph, by the last word of the graph's name."""
    if part == "glance":
        return pooled_search(search, GLANCE)
    return search if part == "search" else refinement_at(refine, int(part))


def answers(precision: str, cases: list[Case]) -> list[np.ndarray]:
    """moving_from_fixed of each case; not a number where there was no answer."""
    estimator, found = PyramidEstimator(weights(), TorchEngine(precision)), []
    for case in cases:
        try:
            answer = estimator.find(Image(case.fixed), Image(case.moving)).best.moving_from_fixed
        except np.linalg.LinAlgError:  # sums beyond what half precision holds
            answer = np.full((3, 3), np.nan)
        found.append(answer)
        print(f"\r{precision}: {len(found)} of {len(cases)}", end="", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """The command."""
    chosen = arguments()
    origin, cases = chosen_cases(chosen)
    cases = first_of_each_cell(cases, chosen.limit)
    precisions = {"single": "single", "heads": "heads in half", "all": "heads and products in half"}
    found = {name: answers(name, cases) for name in precisions}
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
    print(
        markdown(["", "right, %", "median error of the right, px", "their median way from single, px"], rows)
    )


if __name__ == "__main__":
    main()
