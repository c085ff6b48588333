"""Train a network by the clock, on specimens drawn while it trains."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from xebra.specimen.pairs import Pairs, PairSource, Range
from xebra.specimen.real import Micrographs
from xebra.specimen.recorded import RecordedPairs

# Streams that share no specimen: each draws its own, and a training run uses seeds below VALIDATION_SEED.
TRAIN_SEED, VALIDATION_SEED, CALIBRATION_SEED, TEST_SEED = 1_000, 2_000_000, 3_000_000, 4_000_000
GOLDEN_SEED, SAMPLE_SEED = 5_000_000, 6_000_000
KEEP_EVERY_S = 240


class Lesson(Protocol):
    """What one network learns, and how well it does."""

    name: str
    network: nn.Module
    config: object  # a dataclass
    size: int  # px, side of the images
    reach: Range

    def batch(self, source: PairSource, count: int) -> Pairs: ...

    def loss(self, pairs: Pairs, generator: torch.Generator) -> torch.Tensor: ...

    def scores(self, pairs: Pairs) -> dict: ...


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how; kept in the checkpoint."""

    minutes: float = 60.0
    batch: int = 32
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-3
    pool: int = 192  # specimens in memory, one renewed for each step
    validation: int = 256  # pairs, each of a specimen of its own
    seed: int = TRAIN_SEED
    start: str | None = None  # checkpoint to begin with
    real: str | None = None  # folder of micrographs that a share of the specimens is made of
    apart: tuple[str, ...] = ()  # beginnings of the names of those that are not to be used
    recorded: str | None = None  # folder of recorded pairs; the specimens of one half are held out


class Training:
    """A run that can be stopped and resumed; its folder holds checkpoint.pt and log.jsonl."""

    def __init__(self, folder: Path, lesson: Lesson, config: TrainingConfig, device: str, resume: bool):
        self.folder, self.lesson, self.config, self.device = folder, lesson, config, device
        folder.mkdir(parents=True, exist_ok=True)
        self.network = lesson.network.to(device, memory_format=torch.channels_last)  # half the time on a CPU
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self.step, self.seconds = 0, 0.0
        if resume:
            self._go_on(torch.load(self.checkpoint, map_location=device))
        elif config.start:
            begin_with(self.network, torch.load(config.start, map_location=device)["network"])

    def _go_on(self, checkpoint: dict) -> None:
        self.network.load_state_dict(checkpoint["network"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.step, self.seconds = checkpoint["step"], checkpoint["seconds"]

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def progress(self) -> float:
        return min(1.0, self.seconds / (60 * self.config.minutes))

    def run(self) -> None:
        """Train until the minutes are over; a resumed run meets specimens that it has not seen."""
        seed = self.config.seed + 2 * self.step
        real, apart = self.config.real, self.config.apart
        micrographs = Micrographs(Path(real), apart, self.device) if real else None
        recordings = RecordedPairs(Path(self.config.recorded), self.device) if self.config.recorded else None
        source = PairSource(
            seed,
            size=self.lesson.size,
            pool=self.config.pool,
            device=self.device,
            real=micrographs,
            recordings=recordings,
        )
        generator = torch.Generator(self.device).manual_seed(seed + 1)
        validation = self._validation()
        kept = self.seconds
        while self.progress < 1:
            started = time.perf_counter()
            loss = self._learn(self.lesson.batch(source, self.config.batch), generator)
            self.seconds += time.perf_counter() - started
            self.step += 1
            _show_progress(self.progress, self.step, loss)
            if self.seconds - kept > KEEP_EVERY_S or self.progress >= 1:
                kept = self.seconds
                self._keep(loss, validation)

    def _validation(self) -> Pairs:
        count = self.config.validation
        source = PairSource(
            VALIDATION_SEED, size=self.lesson.size, pool=count, device=self.device, renew=False
        )
        return self.lesson.batch(source, count)

    def _learn(self, pairs: Pairs, generator: torch.Generator) -> float:
        """One step."""
        rate = self.config.learning_rate * _schedule(self.step, self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self.lesson.loss(pairs, generator)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return float(loss.detach())

    def _keep(self, loss: float, validation: Pairs) -> None:
        scores = self.lesson.scores(validation)
        line = {
            "step": self.step,
            "seconds": round(self.seconds),
            "loss": round(loss, 4),
            "validation": scores,
        }
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        state = {
            "lesson": self.lesson.name,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "network_config": dataclasses.asdict(self.lesson.config),
            "training_config": dataclasses.asdict(self.config),
            "step": self.step,
            "seconds": self.seconds,
            "scores": scores,
        }
        partial = self.checkpoint.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self.checkpoint)


def begin_with(network: nn.Module, weights: dict[str, torch.Tensor]) -> list[str]:
    """Take over the weights that fit a network; returns the names of its own that stay as they were drawn."""
    own = network.state_dict()
    fitting = {n: value for n, value in weights.items() if n in own and own[n].shape == value.shape}
    if not fitting:
        raise ValueError("none of these weights fits: they were trained for another kind of network")
    network.load_state_dict(fitting, strict=False)
    return sorted(own.keys() - fitting.keys())


def _schedule(step: int, progress: float) -> float:
    """Warm up, then a half cosine to nothing at the end of the minutes."""
    return min(1.0, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * progress) + 0.002)


def _show_progress(progress: float, step: int, loss: float) -> None:
    bar = "#" * int(30 * progress)
    print(
        f"\r[{bar:<30}] {100 * progress:5.1f} %  step {step}  loss {loss:.3f}",
        end="",
        file=sys.stderr,
        flush=True,
    )
