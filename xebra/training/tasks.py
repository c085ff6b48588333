"""Training tasks by name, and networks from checkpoints."""

from __future__ import annotations

from typing import Any

from xebra.network.model import NetworkConfig
from xebra.network.refine import RefineConfig
from xebra.network.search import SearchConfig
from xebra.specimen.pairs import Range
from xebra.training.refine_task import RefineTask
from xebra.training.regression_task import RegressionTask
from xebra.training.run import TrainingTask
from xebra.training.search_task import SearchTask

TASKS = ("search", "refine", "paper")


def training_task(name: str, values: dict[str, Any] | None = None) -> TrainingTask:
    """Return the training task of a new network, or of one with the configuration that a checkpoint holds."""
    values = dict(values or {})
    if "widths" in values:
        values["widths"] = tuple(values["widths"])
    if "reach" in values:
        values["reach"] = Range(**values["reach"])
    if name == "search":
        return SearchTask(SearchConfig(**values))
    if name == "refine":
        return RefineTask(RefineConfig(**values))
    return RegressionTask(NetworkConfig(**values))


def trained(checkpoint: dict[str, Any]) -> TrainingTask:
    """Return the training task of a checkpoint with its trained network, in evaluation mode."""
    task = training_task(checkpoint["task"], checkpoint["network_config"])
    task.network.load_state_dict(checkpoint["network"])
    task.network.eval()
    return task
