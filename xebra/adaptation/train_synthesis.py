"""Training of one network of image synthesis on the labels of an instrument, in a process of its own."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import torch

from xebra.adaptation.label_pairs import LabelViews
from xebra.adaptation.labels import Label
from xebra.network.synthesis import Synthesis, SynthesisConfig, standardised
from xebra.specimen.draw import Draw
from xebra.training.run import relative_rate

TRAINING_SEEDS = 8_000_000  # above those of every other stream of specimens
Progress = Callable[[float], None]  # share of the time that has passed


@dataclass(frozen=True)
class SynthesisTraining:
    """Hyperparameters, stored in the checkpoint."""

    minutes: float
    seed: int
    batch: int = 8
    size: int = 128  # px of a view
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    warm_up: int = 20  # steps
    gamma: float = 0.4  # largest logarithm of the exponent that the values are raised to
    noise: float = 0.1  # largest standard deviation of added noise, of the range of grey values


def train_synthesis(
    labels: Sequence[Label], training: SynthesisTraining, config: SynthesisConfig, progress: Progress
) -> tuple[Synthesis, int]:
    """Return a network trained on labels for ``training.minutes`` of processor time, and the number of steps.

    Least squares of the other modality's standardised values. Half a cosine by the clock.

    Args:
        labels: pairs to train on.
        training: hyperparameters.
        config: of the network.
        progress: is called after each step.
    """
    torch.manual_seed(training.seed)
    network = Synthesis(config).train()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time on a CPU
    rates = training.learning_rate, training.weight_decay
    optimizer = torch.optim.AdamW(network.parameters(), rates[0], weight_decay=rates[1])
    views, draw = LabelViews(labels), Draw(training.seed, training.batch)
    step, started, passed = 0, time.process_time(), 0.0
    while passed < 1:
        for group in optimizer.param_groups:
            group["lr"] = training.learning_rate * relative_rate(step, passed, training.warm_up)
        shown, other, reference = views.batch(draw, training.batch, training.size)
        synthesised = network(changed(shown, draw, training), changed(reference, draw, training))
        loss = squared_error(synthesised, other, shown[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        passed = min(1.0, (time.process_time() - started) / (60 * training.minutes))
        progress(passed)
    return network.eval(), step


def squared_error(synthesised: torch.Tensor, view: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Return the mean squared difference to a view's standardised values where both views show something."""
    weight = view[:, 1:] * inside
    error = ((synthesised - standardised(view)) ** 2 * weight).sum()
    return error / weight.sum().clamp_min(1.0)


def changed(view: torch.Tensor, draw: Draw, training: SynthesisTraining) -> torch.Tensor:
    """Return views (B, 2, N, N) with another gamma and added noise."""
    shape = (len(view), 1, 1, 1)
    values = view[:, :1].clamp(0, 1) ** draw.uniform(-training.gamma, training.gamma, *shape).exp()
    values = values + draw.uniform(0, training.noise, *shape) * draw.normal(*values.shape)
    return torch.cat([values, view[:, 1:]], 1)


def train_member(
    target: Path, labels: Sequence[Label], minutes: float, seed: int, passed: Synchronized[float]
) -> None:
    """Write the checkpoint of one network; ``passed`` receives the share of the time. One thread."""

    def progress(share: float) -> None:
        passed.value = share

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    training, config = SynthesisTraining(minutes, TRAINING_SEEDS + seed), SynthesisConfig()
    network, steps = train_synthesis(labels, training, config, progress)
    held = {"network": network.state_dict(), "config": dataclasses.asdict(config)}
    torch.save({**held, "training_config": dataclasses.asdict(training), "step": steps}, target)


def read_member(path: Path) -> Synthesis:
    """Return the network of a checkpoint."""
    held = torch.load(path, map_location="cpu")
    network = Synthesis(SynthesisConfig(**held["config"]))
    network.load_state_dict(held["network"])
    return network.eval()
