"""The mean of the weights of two checkpoints of one network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from xebra.specimen.pairs import PairSource
from xebra.specimen.split import with_earlier
from xebra.training.config import VALIDATION_SEED, TrainingConfig
from xebra.training.tasks import trained


def average_checkpoints(checkpoint: Path, other: Path, target: Path) -> Path:
    """Write a checkpoint with the mean of both networks' weights; return its path.

    The mean of the weights before and after further training on other data keeps the accuracy of the former
    on what it was trained on, and most of the gain on the new data (Wortsman et al., Robust fine-tuning of
    zero-shot models, CVPR 2022, arXiv 2109.01903).

    Args:
        checkpoint: Trained further; its record of the training stays, with the name of ``other``.
        other: Of the same network before.
        target: File to write.

    Raises:
        ValueError: The checkpoints hold networks of different configurations.
    """
    held, before = (torch.load(path, map_location="cpu") for path in (checkpoint, other))
    if (held["task"], held["network_config"]) != (before["task"], before["network_config"]):
        raise ValueError(f"{checkpoint} and {other} hold different networks: weights of one can be averaged")
    mean = {name: (value + before["network"][name]) / 2 for name, value in held["network"].items()}
    record = {**held["training_config"], "averaged_with": other.name}
    specimens = with_earlier(held.get("specimens"), before.get("specimens"))
    averaged = {**held, "network": mean, "training_config": record, "specimens": specimens}
    averaged["scores"] = _scores(averaged)
    torch.save(averaged, target)
    return target


def _scores(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Return the validation scores of a checkpoint's network, on the pairs of its training run."""
    task = trained(checkpoint)
    count = checkpoint["training_config"].get("validation", TrainingConfig.validation)
    source = PairSource(VALIDATION_SEED, size=task.size, pool=count, device="cpu", renew=False)
    return task.scores(task.batch(source, count))
