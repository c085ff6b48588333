"""Write trained networks as ONNX graphs with golden pairs, and check them against torch."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from xebra.network.refine import Refine, RefineFeatures
from xebra.network.search import Search, SearchFeatures
from xebra.specimen.pairs import PairSource
from xebra.training.config import GOLDEN_SEED
from xebra.training.refine_task import RefineTask
from xebra.training.regression_task import RegressionTask
from xebra.training.run import TrainingTask
from xebra.training.search_task import SearchTask
from xebra.training.tasks import trained

INPUTS = ("fixed", "moving")
OUTPUTS = {"paper": ("parameters",), "search": ("scores",), "refine": Refine.outputs}
COARSE_POOL = 2  # cells, either way, that the coarse search pools
# Sides (px) of the refinement's views, with the grid at each.
REFINED_AT: dict[int, dict[str, Any]] = {128: {}, 256: {"turns": 2, "shifts": 3}}
PAPER = "The paper's two heads: angle, scale and shift by direct regression, within a small range."
Task = TypeVar("Task", RegressionTask, SearchTask, RefineTask)
PYRAMID = "Two heads; every angle, scale and shift is searched, the best candidates are refined."


def export_paper(checkpoint: Path, folder: Path) -> dict[str, Any]:
    """Write the paper's network to ``folder``, named like it; return the start of its config.json."""
    task, history = _load(checkpoint, RegressionTask)
    write_graph(task, task.size, folder)
    _copy(checkpoint, folder / "model.pt")
    return {
        "name": folder.name,
        "kind": "paper",
        "description": PAPER,
        "graphs": [folder.name],
        "stages": [{"graph": folder.name, "size": task.size, "passes": 3}],
        "network": dataclasses.asdict(task.config),
        **history,
    }


def export_pyramid(search: Path, refine: Path, folder: Path) -> dict[str, Any]:
    """Write search and refinement beside ``folder``, named after it; return the start of its config.json."""
    search_task, search_record = _load(search, SearchTask)
    refine_task, refine_record = _load(refine, RefineTask)
    graphs: dict[str, tuple[SearchTask | RefineTask, int]] = {
        f"{folder.name}_coarse_search": (pooled_search(search_task, COARSE_POOL), search_task.size),
        f"{folder.name}_fine_search": (search_task, search_task.size),
    }
    features = SearchFeatures(pooled_search(search_task, COARSE_POOL).network)
    write_maps(features, folder.parent / f"{folder.name}_features")
    dense = folder.parent / f"{folder.name}_dense_features"
    write_maps(RefineFeatures(refine_task.network), dense)
    for size in REFINED_AT:
        graphs[f"{folder.name}_{size}"] = refinement_at(refine_task, size), size
    for name, (task, size) in graphs.items():
        write_graph(task, size, folder.parent / name)
    folder.mkdir(parents=True, exist_ok=True)
    for checkpoint in (search, refine):
        _copy(checkpoint, folder / f"{'search' if checkpoint is search else 'refine'}.pt")
    coarse, fine = (f"{folder.name}_{size}" for size in REFINED_AT)
    return {
        "name": folder.name,
        "kind": "pyramid",
        "description": PYRAMID,
        "graphs": [*graphs, f"{folder.name}_features", dense.name],
        "coarse_search": _searches(f"{folder.name}_coarse_search", pooled_search(search_task, COARSE_POOL)),
        "fine_search": _searches(f"{folder.name}_fine_search", search_task),
        "detail_search": _detail_search(
            f"{folder.name}_features", pooled_search(search_task, COARSE_POOL).network
        ),
        "field": {
            "graph": dense.name,
            "cell": refine_task.config.stride,
            "sharpness": round(float(refine_task.network.sharpness.detach().exp()), 6),
        },
        "refine_levels": [
            {"graph": coarse, "size": min(REFINED_AT), "kept": 3, "passes": 1},
            {"graph": fine, "size": max(REFINED_AT), "kept": 1, "passes": 2},
        ],
        "network": {
            "search": dataclasses.asdict(search_task.config),
            "refine": dataclasses.asdict(refine_task.config),
        },
        **{
            block: {"search": search_record[block], "refine": refine_record[block]}
            for block in ("training", "validation")
        },
    }


def export_keeping_calibration(search: Path, refine: Path, folder: Path) -> list[str]:
    """Write search and refinement, keep the rest of config.json; return the names of the graphs."""
    file = folder / "config.json"
    config = {**json.loads(file.read_text()), **export_pyramid(search, refine, folder)}
    file.write_text(json.dumps(config, indent=2) + "\n")
    return [str(graph) for graph in config["graphs"]]


def _searches(graph: str, search_task: SearchTask) -> dict[str, Any]:
    """Return the grid of a graph's scores."""
    config = search_task.config
    return {
        "graph": graph,
        "size": search_task.size,
        "cells": config.cells,
        "angles": config.angles,
        "scales": config.scales,
    }


def _detail_search(graph: str, search: Search) -> dict[str, Any]:
    """Return the graph of the feature maps, and the parameters by which they are correlated."""
    return {
        "graph": graph,
        "size": search.config.size,
        "cell": search.config.stride * search.config.pool,
        "angles": search.config.angles,
        "sharpness": round(float(search.sharpness.detach().exp()), 6),
        "overlap_exponent": round(0.5 * float(search.preference.detach().sigmoid()), 6),
    }


def _load(path: Path, kind: type[Task]) -> tuple[Task, dict[str, Any]]:
    """Return a checkpoint's task and the record of its training; raises ValueError on another network's."""
    checkpoint = torch.load(path, map_location="cpu")
    task = trained(checkpoint) if checkpoint["task"] == kind.name else None
    if not isinstance(task, kind):
        raise ValueError(f"{path} holds a network for {checkpoint['task']!r}, not for {kind.name!r}")
    training = {
        **_portable(checkpoint["training_config"]),
        "steps": checkpoint["step"],
        "seconds": round(checkpoint["seconds"]),
        "specimens": checkpoint.get("specimens"),
    }
    return task, {"training": training, "validation": checkpoint["scores"]}


def refinement_at(refine_task: RefineTask, size: int) -> RefineTask:
    """Return the refinement with the grid for views of ``size`` px; the weights do not depend on the grid."""
    other = RefineTask(dataclasses.replace(refine_task.config, **REFINED_AT[size]))
    other.network.load_state_dict(refine_task.network.state_dict())
    other.network.eval()
    return other


def pooled_search(search_task: SearchTask, pool: int) -> SearchTask:
    """Return the search with ``pool`` x ``pool`` cells pooled; the weights do not depend on that."""
    other = SearchTask(dataclasses.replace(search_task.config, pool=pool))
    other.network.load_state_dict(search_task.network.state_dict())
    other.network.eval()
    return other


def _copy(checkpoint: Path, target: Path) -> None:
    """Copy a checkpoint without the optimizer's state: training can start from it."""
    held = torch.load(checkpoint, map_location="cpu")
    kept = {name: value for name, value in held.items() if name != "optimizer"}
    torch.save({**kept, "training_config": _portable(held["training_config"])}, target)


def _portable(config: dict[str, Any]) -> dict[str, Any]:
    """Return how a network was trained, without the folders of the machine that did it."""
    return {n: Path(v).name if v and n in ("init_from", "real") else v for n, v in config.items()}


def write_graph(task: TrainingTask, size: int, folder: Path) -> None:
    """Write one graph for batches of any size, weights inside, with golden pairs beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs = OUTPUTS[task.name]
    example = tuple(torch.ones(2, channels(task), size, size) for _ in range(2))
    batch = torch.export.Dim("batch", min=1, max=1024)
    program = torch.onnx.export(
        task.network,
        example,
        dynamo=True,
        input_names=["fixed", "moving"],
        output_names=list(outputs),
        dynamic_shapes=({0: batch}, {0: batch}),
        opset_version=18,
        verbose=False,
    )
    _save(program, folder / "model.onnx")
    if task.name == "refine":
        share_fixed(folder / "model.onnx")
    write_golden(task, size, folder / "golden.npz")


def write_maps(network: nn.Module, folder: Path, multiple: int = 8) -> None:
    """Write a graph of maps (B, C, H', W') for views (B, 2, H, W) of any size, with golden views beside it.

    Args:
        network: of feature maps.
        folder: of the graph.
        multiple: that H and W are of.
    """
    _write_views(network, folder, {"view": multiple})


def write_synthesis(network: nn.Module, folder: Path, multiple: int) -> None:
    """Write a graph of synthesised views (B, 1, H, W) for views and references (B, 2, H', W') of any size.

    Args:
        network: of image synthesis.
        folder: of the graph.
        multiple: that H and W are of; H' and W' are multiples of 8.
    """
    _write_views(network, folder, {"view": multiple, "reference": 8})


@torch.no_grad()
def _write_views(network: nn.Module, folder: Path, multiples: dict[str, int]) -> None:
    """Write a graph of views by name, whose sides are multiples of a number, with golden views beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    network.eval()
    batch = torch.export.Dim("batch", min=1, max=1024)
    shapes = []
    for name, multiple in multiples.items():
        start = "" if name == "view" else f"{name}_"
        rows, columns = (
            multiple * torch.export.Dim(start + each, min=4, max=512) for each in ("rows", "columns")
        )
        shapes.append({0: batch, 2: rows, 3: columns})
    program = torch.onnx.export(
        network,
        tuple(torch.ones(2, 2, 128, 160) for _ in multiples),
        dynamo=True,
        input_names=list(multiples),
        output_names=["maps"],
        dynamic_shapes=tuple(shapes),
        opset_version=18,
        verbose=False,
    )
    _save(program, folder / "model.onnx")
    pairs = PairSource(GOLDEN_SEED, size=256, pool=2, renew=False).batch(2, SearchTask.reach)
    views = {name: view[:, :, :192] for name, view in zip(multiples, pairs.views, strict=False)}
    arrays = {**views, "maps": network(*views.values())}
    np.savez_compressed(
        folder / "golden.npz", allow_pickle=False, **{name: each.numpy() for name, each in arrays.items()}
    )


def _save(program: torch.onnx.ONNXProgram | None, path: Path) -> None:
    """Write an exported graph with its weights inside."""
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program; export with torch 2.13")
    program.save(str(path), external_data=False)
    forget_origin(path)


def channels(task: TrainingTask) -> int:
    """Return the number of channels of a graph's views; the paper's network has no usable area."""
    return 1 if task.name == "paper" else 2


def forget_origin(path: Path) -> None:
    """Remove the stack traces of the machine that exported; weights and answers stay."""
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


def share_fixed(path: Path) -> None:
    """Name the batch of the fixed views otherwise than that of the moving ones: 1 view serves all of them.

    Every operation after the features of the fixed view broadcasts. ONNX Runtime plans its memory by the
    names of dimensions: those of the values within the graph are inferred again.
    """
    import onnx

    model = onnx.load(path)
    fixed = next(each for each in model.graph.input if each.name == "fixed")
    fixed.type.tensor_type.shape.dim[0].dim_param = "fixed_batch"
    del model.graph.value_info[:]
    onnx.save(onnx.shape_inference.infer_shapes(model), path)


@torch.no_grad()
def write_golden(task: TrainingTask, size: int, path: Path, count: int = 4) -> None:
    """Write pairs with torch's answers, for every later check of a graph or an engine."""
    source = PairSource(GOLDEN_SEED, size=size, pool=count, renew=False)
    pairs = task.batch(source, count)
    views = pairs.views if channels(task) == 2 else (pairs.fixed, pairs.moving)
    answers = task.network(*views)
    answers = answers if isinstance(answers, tuple) else (answers,)
    arrays = dict(zip(("fixed", "moving"), views, strict=True))
    arrays |= dict(zip(OUTPUTS[task.name], answers, strict=True))
    np.savez_compressed(path, allow_pickle=False, **{name: value.numpy() for name, value in arrays.items()})
