"""Versions of the networks on a Triton server: graphs that clients load under names of their own.

The server must have explicit model control (``--model-control-mode=explicit``). A graph of a version is
named after its content, ``pyramid_features.0f3c9a1b2d4e``: versions that share a graph share the model, no
name ever changes its weights, and requests to other versions go on while one is loaded or dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from xebra.triton import CHANNEL, TritonEngine
from xebra.weights import graph_path, graph_sha256

DIGITS = 12  # of the hash in a name; the whole hash is compared before each registration
LOAD_DEADLINE_S = 120.0
ONNX, PLAN, PYTHON = "onnxruntime", "tensorrt", "python"
PYTHON_MODEL = Path(__file__).parents[1] / "tools" / "triton_model.py"  # of a server of the wheel
# Graphs that only versions have: a bundled one of views, the names of their inputs, channels of their output.
LIKE = {"pyramid_synthesis": ("pyramid_dense_features", ("view", "reference"), 1)}
_UNKNOWN = ("unknown model", "is not found", "has no available versions", "not ready")


class TritonVersion(TritonEngine):
    """Runs the graphs of a folder on a Triton server, which loads them when they are first needed."""

    def __init__(self, url: str, folder: Path, deadline_s: float = 30.0) -> None:
        """Check the URL; raise ValueError where it names no server."""
        super().__init__(url, deadline_s)
        self.folder = folder

    def served_name(self, model: str) -> str:
        """Return the name under which the server has a graph of this version."""
        return version_name(model, graph_sha256(self.folder, model))

    def _look_up(self, model: str) -> str:
        try:
            if self._client.is_model_ready(self.served_name(model), client_timeout=self.deadline_s):
                return super()._look_up(model)
        except InferenceServerException as error:
            if not any(words in str(error.message()) for words in _UNKNOWN):
                raise
        self._load(model)
        return super()._look_up(model)

    def _load(self, model: str) -> None:
        """Have the server load a graph with the configuration of the bundled one."""
        config = _configuration(self._client, model, graph_sha256(self.folder, model))
        files = {"file:1/model.onnx": graph_path(self.folder, model).read_bytes()}
        if config["backend"] == PYTHON:
            files["file:1/model.py"] = PYTHON_MODEL.read_bytes()
        name = self.served_name(model)
        config["name"] = name
        self._client.load_model(name, config=json.dumps(config), files=files, client_timeout=LOAD_DEADLINE_S)


def version_name(graph: str, sha256: str) -> str:
    """Return the name of a graph of a version on the server.

    Examples:
        >>> version_name("pyramid_features", "0f3c9a1b2d4e5f60")
        'pyramid_features.0f3c9a1b2d4e'
    """
    return f"{graph}.{sha256[:DIGITS]}"


def unload(url: str, unused: Iterable[tuple[str, str]]) -> list[str]:
    """Unload graphs, given by name and SHA-256, from a server; return the names of those that it had.

    Raises:
        tritonclient.utils.InferenceServerException: the server cannot be reached.
    """
    client = InferenceServerClient(TritonEngine(url).address, channel_args=CHANNEL)
    try:
        names = sorted(version_name(graph, sha256) for graph, sha256 in unused)
        found = [name for name in names if client.is_model_ready(name)]
        for name in found:
            client.unload_model(name)
        return found
    finally:
        client.close()


def _configuration(client: InferenceServerClient, model: str, sha256: str) -> dict[str, Any]:
    """Return the configuration of the bundled graph of this name, for other weights.

    A TensorRT plan would have to be built on the server: a version runs by ONNX Runtime there, on the GPU.
    """
    bundled, inputs, channels = LIKE.get(model, (model, None, None))
    found: dict[str, Any] = client.get_model_config(bundled, as_json=True)["config"]
    if inputs is not None:
        found["input"] = [{**found["input"][0], "name": name} for name in inputs]
        for warm_up in found.get("model_warmup", []):
            [view] = warm_up["inputs"].values()
            warm_up["inputs"] = dict.fromkeys(inputs, view)
        found["output"][0]["dims"][0] = str(channels)
    found.setdefault("parameters", {})["weights_sha256"] = {"string_value": sha256}
    if found["backend"] == PLAN:
        found |= {"backend": ONNX, "platform": "", "default_model_filename": ""}
        found.pop("optimization", None)
    return found
