"""Train a network by the clock, on specimens drawn while it trains."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import time
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from xebra.network.model import NetworkConfig
from xebra.network.refine import RefineConfig
from xebra.network.search import SearchConfig
from xebra.specimen.pairs import Pairs, PairSource, Range
from xebra.specimen.real import RealImages
from xebra.specimen.split import with_earlier
from xebra.training.config import VALIDATION_SEED, TrainingConfig

SAVE_EVERY_S = 240
WARM_UP = 100  # steps until the learning rate is at its highest


class TrainingTask(Protocol):
    """Training of one network: pairs, loss and validation scores."""

    name: str
    size: int  # px, side of the images
    reach: Range

    @property
    def network(self) -> nn.Module:
        """Return the network that is trained."""

    @property
    def config(self) -> SearchConfig | RefineConfig | NetworkConfig:
        """Return the hyperparameters of the network."""

    def batch(self, source: PairSource, count: int) -> Pairs:
        """Return ``count`` pairs."""

    def loss(self, pairs: Pairs, generator: torch.Generator) -> torch.Tensor:
        """Return the loss of pairs."""

    def scores(self, pairs: Pairs) -> dict[str, Any]:
        """Return the validation scores of pairs."""


class Training:
    """A run that can be stopped and resumed; its folder holds checkpoint.pt and log.jsonl."""

    def __init__(self, folder: Path, task: TrainingTask, config: TrainingConfig, device: str, resume: bool):
        self.folder, self.task, self.config, self.device = folder, task, config, device
        folder.mkdir(parents=True, exist_ok=True)
        self.network = task.network.to(device)
        # Half the time on a CPU. torch's types leave this argument of Module.to out.
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.step, self.seconds = 0, 0.0
        self.real = RealImages(Path(config.real), config.holdout, device) if config.real else None
        self.specimens = self.real.specimens if self.real else None
        if resume:
            self._resume(torch.load(self.checkpoint, map_location=device))
        elif config.init_from:
            initial = torch.load(config.init_from, map_location=device)
            initialise(self.network, initial["network"])
            self.specimens = with_earlier(self.specimens, initial.get("specimens"))

    def _resume(self, checkpoint: dict[str, Any]) -> None:
        self.network.load_state_dict(checkpoint["network"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.step, self.seconds = checkpoint["step"], checkpoint["seconds"]
        self.specimens = with_earlier(self.specimens, checkpoint.get("specimens"))

    @property
    def checkpoint(self) -> Path:
        """Return the path of the checkpoint."""
        return self.folder / "checkpoint.pt"

    @property
    def progress(self) -> float:
        """Return the share of the training time that has passed."""
        return min(1.0, self.seconds / (60 * self.config.minutes))

    def run(self) -> None:
        """Train until the minutes are over; a resumed run draws specimens that it has not seen."""
        seed = self.config.seed + 2 * self.step
        source = PairSource(
            seed,
            size=self.task.size,
            pool=self.config.pool,
            device=self.device,
            real=self.real,
        )
        generator = torch.Generator(self.device).manual_seed(seed + 1)
        validation = self._validation()
        saved = self.seconds
        while self.progress < 1:
            started = time.perf_counter()
            loss = self._learn(self.task.batch(source, self.config.batch), generator)
            self.seconds += time.perf_counter() - started
            self.step += 1
            _show_progress(self.progress, self.step, loss)
            if self.seconds - saved > SAVE_EVERY_S or self.progress >= 1:
                saved = self.seconds
                self._save(loss, validation)

    def _validation(self) -> Pairs:
        count = self.config.validation
        source = PairSource(VALIDATION_SEED, size=self.task.size, pool=count, device=self.device, renew=False)
        return self.task.batch(source, count)

    def _learn(self, pairs: Pairs, generator: torch.Generator) -> float:
        """Take one optimisation step and return its loss."""
        rate = self.config.learning_rate * relative_rate(self.step, self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self.task.loss(pairs, generator)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _save(self, loss: float, validation: Pairs) -> None:
        scores = self.task.scores(validation)
        line = {
            "step": self.step,
            "seconds": round(self.seconds),
            "loss": round(loss, 4),
            "validation": scores,
        }
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        state = {
            "task": self.task.name,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "network_config": dataclasses.asdict(self.task.config),
            "training_config": dataclasses.asdict(self.config),
            "specimens": self.specimens,
            "step": self.step,
            "seconds": self.seconds,
            "scores": scores,
        }
        partial = self.checkpoint.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self.checkpoint)


def initialise(network: nn.Module, weights: dict[str, torch.Tensor]) -> list[str]:
    """Copy the weights that fit a network into it; return the names of those left at random."""
    own = network.state_dict()
    fitting = {n: value for n, value in weights.items() if n in own and own[n].shape == value.shape}
    if not fitting:
        raise ValueError("none of these weights fits: they were trained for another kind of network")
    network.load_state_dict(fitting, strict=False)
    return sorted(own.keys() - fitting.keys())


def relative_rate(step: int, progress: float, warm_up: int = WARM_UP) -> float:
    """Return the relative learning rate: ``warm_up`` steps, then half a cosine to almost 0 at the end."""
    return min(1.0, (step + 1) / warm_up) * (0.5 + 0.5 * math.cos(math.pi * progress) + 0.002)


def _show_progress(progress: float, step: int, loss: float) -> None:
    bar = "#" * int(30 * progress)
    print(
        f"\r[{bar:<30}] {100 * progress:5.1f} %  step {step}  loss {loss:.3f}",
        end="",
        file=sys.stderr,
        flush=True,
    )
