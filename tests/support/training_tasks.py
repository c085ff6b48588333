"""Small training tasks of each network."""

from __future__ import annotations

from xebra.network.model import NetworkConfig
from xebra.network.refine import RefineConfig
from xebra.network.search import SearchConfig
from xebra.training.refine_task import RefineTask
from xebra.training.regression_task import RegressionTask
from xebra.training.search_task import SearchTask

TASKS = {
    "paper": lambda: RegressionTask(NetworkConfig(size=64, features=16, radius=4)),
    "search": lambda: SearchTask(SearchConfig(64, (8, 16, 24), 8, angles=8, scales=3)),
    "refine": lambda: RefineTask(RefineConfig((8, 16, 24), 8), size=128),  # some batches are at half the size
}
