"""The bundled trained networks.

A folder with a model.onnx is a graph; golden.npz beside it holds pairs with torch's outputs. A folder with a
config.json is a network: config.json names its graphs and holds its calibration, the .pt files are the
checkpoints from which training can continue.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from xebra.errors import NetworkUnknown

BUNDLED = Path(__file__).parent
DEFAULT = "pyramid"  # the most accurate network


@dataclass(frozen=True)
class Stage:
    """One stage of the paper's network: a graph with its number of passes."""

    graph: str
    size: int  # px, side of its inputs
    passes: int  # each on the images aligned by the one before


@dataclass(frozen=True)
class Weights:
    """A network's folder and configuration."""

    folder: Path
    config: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the network."""
        return self.folder.name

    @property
    def description(self) -> str:
        """Description in one sentence."""
        return str(self.config["description"])

    @property
    def certificate(self) -> dict[str, Any] | None:
        """How many accepted estimates were wrong on held-out specimens, by group; None: not certified.

        Made by ``./dev bench certify``; see ``xebra.evaluation.certificate``.
        """
        return self.config.get("certificate")

    @property
    def graphs(self) -> list[str]:
        """Names of the network's graphs."""
        return [str(graph) for graph in self.config["graphs"]]

    @property
    def stages(self) -> list[Stage]:
        """Stages of the paper's network in order."""
        return [Stage(**stage) for stage in self.config["stages"]]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over all graphs in order."""
        digest = hashlib.sha256()
        for graph in self.graphs:
            digest.update(graph_path(self.folder.parent, graph).read_bytes())
        return digest.hexdigest()


def names(folder: Path = BUNDLED) -> list[str]:
    """Return the names of the networks in a folder."""
    return sorted(path.parent.name for path in folder.glob("*/config.json"))


def graphs(folder: Path = BUNDLED) -> list[str]:
    """Return the names of the graphs in a folder."""
    return sorted(path.parent.name for path in folder.glob("*/model.onnx"))


@cache
def weights(name: str | None = None, folder: Path = BUNDLED) -> Weights:
    """Return a network by name, by default the most accurate one; raise NetworkUnknown."""
    name = name or DEFAULT
    if name not in names(folder):
        raise NetworkUnknown(f"There is no network {name!r}; choose from {', '.join(names(folder))}.")
    return read_weights(folder / name)


def read_weights(folder: Path) -> Weights:
    """Return the network in a folder."""
    return Weights(folder, json.loads((folder / "config.json").read_text()))


def graph_path(folder: Path, graph: str) -> Path:
    """Return the path of a graph in a folder of networks."""
    return folder / graph / "model.onnx"


@cache
def graph_sha256(folder: Path, graph: str) -> str:
    """Return the SHA-256 of a graph's file, which identifies its weights."""
    return hashlib.sha256(graph_path(folder, graph).read_bytes()).hexdigest()
