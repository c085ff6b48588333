"""Training of one head in a process of its own, on one thread."""

from __future__ import annotations

from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from xebra.adaptation.labels import Label

TRAINING_SEEDS = 8_000_000  # above those of every other stream of specimens


def train_head(
    checkpoint: Path,
    target: Path,
    labels: list[Label],
    minutes: float,
    seed: int,
    passed: Synchronized[float],
) -> None:
    """Write the checkpoint of a head after fine-tuning; ``passed`` receives the share of the time."""
    import torch

    from xebra.adaptation.fine_tune import FineTuning, fine_tune
    from xebra.adaptation.label_pairs import LabelImages

    def progress(share: float) -> None:
        passed.value = share

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    config = FineTuning(minutes, TRAINING_SEEDS + seed)
    torch.save(fine_tune(checkpoint, LabelImages(labels), config, progress), target)
