"""Inference engines: ONNX Runtime in this process, or a Triton server; chosen by URL."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np

from xebra.arrays import Floats
from xebra.errors import EngineFailed
from xebra.extras import with_hint
from xebra.weights import BUNDLED, graph_path, graph_sha256

if TYPE_CHECKING:
    import onnxruntime

# Of a batch, run at a time: 16 pairs of 128 px take 70 ms in place of 77, because the activations of fewer
# stay in the processor's cache. The graphs answer the same whatever else is in the batch.
BATCH = 4


class Engine(Protocol):
    """Runs graphs by name; inputs and outputs are batches (B, ...). An input (1, ...) is of all members."""

    folder: Path  # of the networks' config.json

    @property
    def name(self) -> str:
        """Return the name and the version of the engine."""

    def weights_sha256(self, model: str) -> str:
        """Return the hash of a graph's weights."""

    def run(self, model: str, **inputs: Floats) -> dict[str, Floats]:
        """Return the outputs of a graph by name; raise EngineFailed where it cannot run."""


def open_engine(url: str | None = None, folder: Path | None = None) -> Engine:
    """Return the engine of ``file:///folder`` of ONNX files or ``grpc://host:port`` of a Triton server.

    None is ONNX Runtime with the bundled networks. ``folder`` has another version of the networks, which the
    same kind of engine runs. Raises ValueError for any other URL.
    """
    if not url:
        return OnnxEngine(folder or BUNDLED)
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return OnnxEngine(folder or Path(url2pathname(urlsplit(url).path)))
    if scheme == "grpc":
        return _triton_engine(url, folder)
    raise ValueError(
        f"XEBRA_INFERENCE_URL: no inference engine for {scheme or url!r}; use file:// or grpc://"
    )


def _triton_engine(url: str, folder: Path | None) -> Engine:
    try:
        from xebra.triton import TritonEngine
        from xebra.triton_versions import TritonVersion
    except ModuleNotFoundError as error:
        raise with_hint(error) from None
    return TritonEngine(url) if folder is None else TritonVersion(url, folder)


def expanded(inputs: dict[str, Floats]) -> dict[str, Floats]:
    """Return inputs of one batch: those (1, ...) are repeated for all members of the others (B, ...).

    Examples:
        >>> views = expanded({"fixed": np.ones((1, 2), np.float32), "moving": np.ones((3, 2), np.float32)})
        >>> views["fixed"].shape
        (3, 2)
    """
    count = max(len(each) for each in inputs.values())
    return {name: np.repeat(x, count, 0) if len(x) == 1 < count else x for name, x in inputs.items()}


def _parts(inputs: dict[str, Floats]) -> list[dict[str, Floats]]:
    """Return inputs in parts of at most ``BATCH``; those (1, ...) are in every part."""
    count = max(len(each) for each in inputs.values())
    if count <= BATCH or any(len(each) not in (1, count) for each in inputs.values()):
        return [inputs]
    return [
        {name: x if len(x) == 1 else x[start : start + BATCH] for name, x in inputs.items()}
        for start in range(0, count, BATCH)
    ]


class OnnxEngine:
    """ONNX Runtime on one thread: results are reproducible and independent of the number of cores."""

    def __init__(self, folder: Path):
        """Use the graphs NAME/model.onnx in ``folder``; raise ValueError where it is missing."""
        import onnxruntime

        if not folder.is_dir():
            raise ValueError(f"XEBRA_INFERENCE_URL: there is no folder {folder}")
        self.folder = folder
        self.name = f"onnxruntime {onnxruntime.__version__} cpu"
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._opening = threading.Lock()

    def weights_sha256(self, model: str) -> str:
        """Return the hash of the ONNX file; raise EngineFailed where it is missing."""
        self._path(model)
        return graph_sha256(self.folder, model)

    def run(self, model: str, **inputs: Floats) -> dict[str, Floats]:
        """Return the outputs by name; raise EngineFailed where the graph is missing or has other inputs."""
        session = self._session(model)
        names = [output.name for output in session.get_outputs()]
        batches = {each.shape[0] for each in session.get_inputs()}  # names of the dimension
        parts = _parts(inputs if len(batches) > 1 else expanded(inputs))
        try:
            outputs = [session.run(names, part) for part in parts]
        except Exception as error:  # onnxruntime's exceptions share no public base class
            raise EngineFailed(f"ONNX Runtime did not run the network {model!r}: {error}") from error
        joined = (
            outputs[0] if len(outputs) == 1 else [np.concatenate(each) for each in zip(*outputs, strict=True)]
        )
        return dict(zip(names, joined, strict=True))

    def _session(self, model: str) -> onnxruntime.InferenceSession:
        """Return the session of a graph; cached."""
        with self._opening:
            if model not in self._sessions:
                self._sessions[model] = self._open(model)
            return self._sessions[model]

    def _open(self, model: str) -> onnxruntime.InferenceSession:
        """Return a new session on one thread."""
        import onnxruntime

        path = self._path(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def _path(self, model: str) -> Path:
        """Return the path of a graph's file; raise EngineFailed where it is missing."""
        path = graph_path(self.folder, model)
        if not path.is_file():
            raise EngineFailed(f"There is no network {model!r} in {self.folder}")
        return path
