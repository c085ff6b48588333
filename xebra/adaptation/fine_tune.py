"""Fine-tuning of one of the default network's heads on labels, mixed with simulated pairs."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from xebra.adaptation.label_pairs import LabelImages
from xebra.specimen.pairs import PairSource
from xebra.training.run import TrainingTask, relative_rate
from xebra.training.tasks import trained

Progress = Callable[[float], None]  # share of the time that has passed
AVERAGED = 0.98  # of the weights kept in the moving average at each step


@dataclass(frozen=True)
class FineTuning:
    """Hyperparameters, stored in the checkpoint."""

    minutes: float
    seed: int
    batch: int = 16
    learning_rate: float = 4e-4
    weight_decay: float = 1e-3
    warm_up: int = 20  # steps
    pool: int = 24  # simulated specimens in memory
    renew_every: int = 8  # steps for each specimen that is replaced


def fine_tune(
    checkpoint: Path, labels: LabelImages, config: FineTuning, progress: Progress
) -> dict[str, Any]:
    """Return a checkpoint of the head trained on labels for ``config.minutes``.

    Half a cosine by the clock; the weights are the exponential moving average of the steps (Polyak and
    Juditsky, SIAM J. Control Optim. 30, 838, 1992), which few pairs make less noisy.

    Args:
        checkpoint: search.pt or refine.pt of the network to start from.
        labels: pairs to train on.
        config: hyperparameters.
        progress: is called after each step.
    """
    held = torch.load(checkpoint, map_location="cpu")
    task = trained(held)
    steps = _train(task, labels, config, progress)
    record = {**dataclasses.asdict(config), "init_from": checkpoint.name, "real": None, "holdout": []}
    return {
        **held,
        "network": task.network.state_dict(),
        "training_config": record,
        "step": steps,
        "seconds": 60 * config.minutes,
        "specimens": None,
    }


def _train(task: TrainingTask, labels: LabelImages, config: FineTuning, progress: Progress) -> int:
    """Train the task's network in place, leave the averaged weights in it, return the number of steps."""
    network = task.network.train()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time on a CPU
    optimizer = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    source = PairSource(config.seed, size=task.size, pool=config.pool, real=labels, renew=False)
    generator = torch.Generator().manual_seed(config.seed + 1)
    averaged, step, started, passed = copy.deepcopy(network.state_dict()), 0, time.process_time(), 0.0
    while passed < 1:
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * relative_rate(step, passed, config.warm_up)
        source.renew = step % config.renew_every == 0
        loss = task.loss(task.batch(source, config.batch), generator)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        _average(averaged, network.state_dict(), min(AVERAGED, step / (step + 10)))
        passed = min(1.0, (time.process_time() - started) / (60 * config.minutes))
        progress(passed)
    network.load_state_dict(averaged)
    network.eval()
    return step


def _average(averaged: dict[str, torch.Tensor], new: dict[str, torch.Tensor], kept: float) -> None:
    for name, value in averaged.items():
        if value.is_floating_point():
            value.lerp_(new[name], 1 - kept)
