"""The mean of two checkpoints of one network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from support.training_tasks import TASKS

from xebra.training.average import average_checkpoints
from xebra.training.config import TrainingConfig
from xebra.training.export import _load
from xebra.training.refine_task import RefineTask
from xebra.training.run import Training
from xebra.training.tasks import trained

TINY_RUN = TrainingConfig(minutes=0.01, batch=2, pool=2, validation=4)


def checkpoint(folder: Path, name: str, seed: int, **changes: object) -> Path:
    """Return the checkpoint of a short training run."""
    torch.manual_seed(seed)
    config = dataclasses.replace(TINY_RUN, seed=seed, **changes)
    training = Training(folder / f"{name}{seed}", TASKS[name](), config, "cpu", resume=False)
    training.run()
    return training.checkpoint


def test_every_weight_is_the_mean_and_the_record_names_both(tmp_path: Path) -> None:
    first, second = checkpoint(tmp_path, "refine", 1), checkpoint(tmp_path, "refine", 2)
    target = average_checkpoints(first, second, tmp_path / "averaged.pt")
    held = [torch.load(path)["network"] for path in (first, second, target)]
    for name, mean in held[2].items():
        torch.testing.assert_close(mean, (held[0][name] + held[1][name]) / 2)
    task, record = _load(target, RefineTask)
    assert isinstance(task, RefineTask) and record["training"]["averaged_with"] == "checkpoint.pt"
    assert record["training"]["steps"] == torch.load(first)["step"]
    assert set(record["validation"]) == set(torch.load(first)["scores"])


def test_weights_keep_the_specimens_of_every_run_before(tmp_path: Path) -> None:
    """Else a network that begins with trained weights could be certified on what they were trained on."""
    images = tmp_path / "images"
    images.mkdir()
    for name in ("alpha", "beta", "gamma"):
        np.save(images / f"{name}_1.npy", np.random.default_rng(len(name)).random((130, 130)))
    first = checkpoint(tmp_path, "refine", 5, real=str(images), holdout=("beta", "gamma"))
    assert torch.load(first)["specimens"] == {"trained": ["alpha"], "held_out": ["beta", "gamma"]}
    both = {"trained": ["alpha", "beta"], "held_out": ["gamma"]}
    options = {"init_from": str(first), "real": str(images), "holdout": ("alpha", "gamma")}
    second = checkpoint(tmp_path, "refine", 6, **options)
    simulated = checkpoint(tmp_path, "refine", 7, init_from=str(second))
    assert torch.load(second)["specimens"] == torch.load(simulated)["specimens"] == both
    plain = checkpoint(tmp_path, "refine", 8)
    averaged = average_checkpoints(plain, second, tmp_path / "averaged.pt")
    assert torch.load(averaged)["specimens"] == both and torch.load(plain)["specimens"] is None


def test_a_network_averaged_with_itself_stays(tmp_path: Path) -> None:
    first = checkpoint(tmp_path, "refine", 3)
    target = average_checkpoints(first, first, tmp_path / "averaged.pt")
    views = torch.rand(2, 1, 2, 64, 64)
    outputs = [trained(torch.load(path)).network(*views) for path in (first, target)]
    for before, after in zip(*outputs, strict=True):
        torch.testing.assert_close(before, after)
    assert torch.load(target)["scores"] == torch.load(first)["scores"]


def test_other_networks_are_not_averaged(tmp_path: Path) -> None:
    refine, search = checkpoint(tmp_path, "refine", 4), checkpoint(tmp_path, "search", 4)
    with pytest.raises(ValueError, match="different networks"):
        average_checkpoints(refine, search, tmp_path / "averaged.pt")
