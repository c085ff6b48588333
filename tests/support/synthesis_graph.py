"""A graph of image synthesis whose answer is known: the values of the view times a weight."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

GRAPH = "pyramid_synthesis"


def write_synthesis(folder: Path, weight: float) -> None:
    """Write the graph to a folder of networks.

    Args:
        folder: Of networks.
        weight: 1 shows an image as it is.
    """
    view = helper.make_tensor_value_info("view", TensorProto.FLOAT, ["batch", 2, "rows", "columns"])
    reference = helper.make_tensor_value_info("reference", TensorProto.FLOAT, ["batch", 2, "high", "wide"])
    maps = helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["batch", 1, "rows", "columns"])
    kernel = helper.make_tensor("kernel", TensorProto.FLOAT, [1, 2, 1, 1], [weight, 0.0])
    nodes = [helper.make_node("Conv", ["view", "kernel"], ["maps"])]
    model = helper.make_model(
        helper.make_graph(nodes, GRAPH, [view, reference], [maps], [kernel]),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    (folder / GRAPH).mkdir(parents=True)
    onnx.save(model, folder / GRAPH / "model.onnx")
