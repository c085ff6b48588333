"""The trained networks that come with Xebra.

A folder with a model.onnx is a graph, and golden.npz beside it holds pairs with torch's answers. A folder
with a config.json is a network: config.json says which graphs it asks and how far to trust them, the .pt
files are what training goes on from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from xebra.errors import NetworkUnknown

BUNDLED = Path(__file__).parent
DEFAULT = "pyramid"  # the best there is


@dataclass(frozen=True)
class Stage:
    """One graph of a network, and how it is asked."""

    graph: str
    size: int  # px, side of its inputs
    passes: int  # how often, each time on what has been aligned so far


@dataclass(frozen=True)
class Weights:
    """What is known of a network beside its graphs."""

    folder: Path
    config: dict

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def description(self) -> str:
        return self.config["description"]

    @property
    def graphs(self) -> list[str]:
        """Names of the graphs that it asks."""
        return self.config["graphs"]

    @property
    def stages(self) -> list[Stage]:
        """The paper's network's graphs in the order in which they are asked."""
        return [Stage(**stage) for stage in self.config["stages"]]

    @cached_property
    def sha256(self) -> str:
        """Of the graphs, one after the other."""
        digest = hashlib.sha256()
        for graph in self.graphs:
            digest.update(graph_path(self.folder.parent, graph).read_bytes())
        return digest.hexdigest()


def names(folder: Path = BUNDLED) -> list[str]:
    """Networks that can be asked for."""
    return sorted(path.parent.name for path in folder.glob("*/config.json"))


def graphs(folder: Path = BUNDLED) -> list[str]:
    """Graphs that an engine must have."""
    return sorted(path.parent.name for path in folder.glob("*/model.onnx"))


@cache
def weights(name: str | None = None, folder: Path = BUNDLED) -> Weights:
    """Look a network up by name, the best one if none is said. Raises NetworkUnknown."""
    name = name or DEFAULT
    if name not in names(folder):
        raise NetworkUnknown(f"There is no network {name!r}; choose from {', '.join(names(folder))}.")
    return read_weights(folder / name)


def read_weights(folder: Path) -> Weights:
    """The network in a folder, bundled or not."""
    return Weights(folder, json.loads((folder / "config.json").read_text()))


def graph_path(folder: Path, graph: str) -> Path:
    """Where a graph lies in a folder of networks."""
    return folder / graph / "model.onnx"


@cache
def graph_sha256(folder: Path, graph: str) -> str:
    """Hash of one graph's file, by which an engine's weights are known."""
    return hashlib.sha256(graph_path(folder, graph).read_bytes()).hexdigest()
