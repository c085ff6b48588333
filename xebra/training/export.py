"""Write trained networks as ONNX graphs with golden pairs, and check them against torch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from xebra.network.refine import Refine
from xebra.specimen.pairs import PairSource
from xebra.training.lessons import trained
from xebra.training.run import GOLDEN_SEED, Lesson
from xebra.training.searching import with_outline

OUTPUTS = {"paper": ("parameters",), "search": ("scores",), "refine": Refine.outputs}
GLANCE = 2  # cells that the quick search takes as one
# Sides (px) of the views that the refinement is asked at, with what is still tried there.
REFINED_AT = {128: {}, 256: {"turns": 2, "shifts": 3}}
PAPER = "The paper's two heads: angle, scale and shift by direct regression, within a small range."
PYRAMID = "Two heads; every turn, scale and shift is searched, the best looked at closer and closer."


def export_paper(checkpoint: Path, folder: Path) -> dict:
    """Write the paper's network to ``folder``, named like it; returns the start of its config.json."""
    learnt, history = _read(checkpoint, "paper")
    write_graph(learnt, learnt.size, folder)
    _keep(checkpoint, folder / "model.pt")
    return {
        "name": folder.name,
        "kind": "paper",
        "description": PAPER,
        "graphs": [folder.name],
        "stages": [{"graph": folder.name, "size": learnt.size, "passes": 3}],
        "network": dataclasses.asdict(learnt.config),
        **history,
    }


def export_pyramid(search: Path, refine: Path, folder: Path) -> dict:
    """Write search and refinement beside ``folder``, named after it; returns the start of its config.json."""
    seeker, said = _read(search, "search")
    refiner, also = _read(refine, "refine")
    graphs = {
        f"{folder.name}_glance": (seeker_pooled(seeker, GLANCE), seeker.size),
        f"{folder.name}_search": (seeker, seeker.size),
    }
    for size in REFINED_AT:
        graphs[f"{folder.name}_{size}"] = refiner_at(refiner, size), size
    for name, (learnt, size) in graphs.items():
        write_graph(learnt, size, folder.parent / name)
    folder.mkdir(parents=True, exist_ok=True)
    for checkpoint in (search, refine):
        _keep(checkpoint, folder / f"{'search' if checkpoint is search else 'refine'}.pt")
    coarse, fine = (f"{folder.name}_{size}" for size in REFINED_AT)
    return {
        "name": folder.name,
        "kind": "pyramid",
        "description": PYRAMID,
        "graphs": list(graphs),
        "coarse_search": _searches(f"{folder.name}_glance", seeker_pooled(seeker, GLANCE)),
        "fine_search": _searches(f"{folder.name}_search", seeker),
        "refine_levels": [
            {"graph": coarse, "size": min(REFINED_AT), "kept": 3, "passes": 1},
            {"graph": fine, "size": max(REFINED_AT), "kept": 1, "passes": 2},
        ],
        "network": {
            "search": dataclasses.asdict(seeker.config),
            "refine": dataclasses.asdict(refiner.config),
        },
        "training": {"search": said["training"], "refine": also["training"]},
        "validation": {"search": said["validation"], "refine": also["validation"]},
    }


def _searches(graph: str, seeker: Lesson) -> dict:
    """What a graph's scores stand for."""
    config = seeker.config
    return {
        "graph": graph,
        "size": seeker.size,
        "cells": config.cells,
        "angles": config.angles,
        "scales": config.scales,
    }


def _read(path: Path, name: str) -> tuple[Lesson, dict]:
    """A checkpoint's lesson and the story of its training; raises ValueError on another network's."""
    checkpoint = torch.load(path, map_location="cpu")
    if checkpoint["lesson"] != name:
        raise ValueError(f"{path} holds a network for {checkpoint['lesson']!r}, not for {name!r}")
    training = {
        **_portable(checkpoint["training_config"]),
        "steps": checkpoint["step"],
        "seconds": round(checkpoint["seconds"]),
    }
    return trained(checkpoint), {"training": training, "validation": checkpoint["scores"]}


def refiner_at(refiner: Lesson, size: int) -> Lesson:
    """The refinement with the grid for views of ``size`` px; its weights do not know of the grid."""
    other = type(refiner)(dataclasses.replace(refiner.config, **REFINED_AT[size]))
    other.network.load_state_dict(refiner.network.state_dict())
    other.network.eval()
    return other


def seeker_pooled(seeker: Lesson, pool: int) -> Lesson:
    """The search with ``pool`` x ``pool`` cells taken as one; its weights do not know of that."""
    other = type(seeker)(dataclasses.replace(seeker.config, pool=pool))
    other.network.load_state_dict(seeker.network.state_dict())
    other.network.eval()
    return other


def _keep(checkpoint: Path, target: Path) -> None:
    """What training goes on from, without the optimizer's state."""
    held = torch.load(checkpoint, map_location="cpu")
    kept = {name: value for name, value in held.items() if name != "optimizer"}
    torch.save({**kept, "training_config": _portable(held["training_config"])}, target)


def _portable(config: dict) -> dict:
    """How a network was trained, without the folders of the machine that did it."""
    return {n: Path(v).name if v and n in ("start", "real") else v for n, v in config.items()}


def write_graph(learnt: Lesson, size: int, folder: Path) -> None:
    """One graph, batch of any size, weights inside, with golden pairs beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs = OUTPUTS[learnt.name]
    example = tuple(torch.ones(2, channels(learnt), size, size) for _ in range(2))
    batch = torch.export.Dim("batch", min=1, max=1024)
    program = torch.onnx.export(
        learnt.network,
        example,
        dynamo=True,
        input_names=["fixed", "moving"],
        output_names=list(outputs),
        dynamic_shapes=({0: batch}, {0: batch}),
        opset_version=18,
        verbose=False,
    )
    program.save(str(folder / "model.onnx"), external_data=False)
    forget_origin(folder / "model.onnx")
    write_golden(learnt, size, folder / "golden.npz")


def channels(learnt: Lesson) -> int:
    """Of a graph's views: the paper's network sees no outline."""
    return 1 if learnt.name == "paper" else 2


def forget_origin(path: Path) -> None:
    """Take out the stack traces of the machine that exported; weights and answers stay."""
    import onnx

    model = onnx.load(path)
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.value_info,
        *graph.initializer,
    ):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.save(model, path)


@torch.no_grad()
def write_golden(learnt: Lesson, size: int, path: Path, count: int = 4) -> None:
    """Pairs with the answers that torch gave, for every later check of a graph or an engine."""
    source = PairSource(GOLDEN_SEED, size=size, pool=count, renew=False)
    pairs = source.batch(count, learnt.reach)
    views = [pairs.fixed, pairs.moving]
    if channels(learnt) == 2:
        views = [with_outline(view) for view in views]
    answers = learnt.network(*views)
    answers = answers if isinstance(answers, tuple) else (answers,)
    arrays = dict(zip(("fixed", "moving"), views, strict=True))
    arrays |= dict(zip(OUTPUTS[learnt.name], answers, strict=True))
    np.savez_compressed(path, **{name: value.numpy() for name, value in arrays.items()})
