"""Where networks run: ONNX Runtime in this process, or a Triton server. Chosen once, by URL."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np

from xebra.errors import EngineFailed
from xebra.extras import with_hint
from xebra.weights import BUNDLED, graph_path, graph_sha256


class Engine(Protocol):
    """Runs a graph by name on named arrays; every input and output is a batch (B, ...)."""

    name: str
    folder: Path  # where the networks' config.json are

    def weights_sha256(self, model: str) -> str: ...

    def run(self, model: str, **inputs: np.ndarray) -> dict[str, np.ndarray]: ...


def open_engine(url: str | None = None) -> Engine:
    """``None`` or ``file:///folder`` of ONNX files for this process, ``grpc://host:port`` for Triton.

    Raises ValueError where the URL names no engine.
    """
    if not url:
        return OnnxEngine(BUNDLED)
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return OnnxEngine(Path(url2pathname(urlsplit(url).path)))
    if scheme == "grpc":
        return _triton_engine(url)
    raise ValueError(
        f"XEBRA_INFERENCE_URL: no inference engine for {scheme or url!r}; use file:// or grpc://"
    )


def _triton_engine(url: str) -> Engine:
    try:
        from xebra.triton import TritonEngine
    except ModuleNotFoundError as error:
        raise with_hint(error) from None
    return TritonEngine(url)


class OnnxEngine:
    """ONNX Runtime on one thread of this process: the same answer every time, on any number of cores."""

    def __init__(self, folder: Path):
        """``folder`` holds NAME/model.onnx for each network."""
        import onnxruntime

        if not folder.is_dir():
            raise ValueError(f"XEBRA_INFERENCE_URL: there is no folder {folder}")
        self.folder = folder
        self.name = f"onnxruntime {onnxruntime.__version__} cpu"
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._opening = threading.Lock()

    def weights_sha256(self, model: str) -> str:
        """Of the ONNX file that is run; raises EngineFailed where it is missing."""
        self._path(model)
        return graph_sha256(self.folder, model)

    def run(self, model: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of ``model`` by name; raises EngineFailed where it is missing or takes other inputs."""
        session = self._session(model)
        names = [output.name for output in session.get_outputs()]
        try:
            return dict(zip(names, session.run(names, inputs), strict=True))
        except Exception as error:  # onnxruntime's exceptions share no public base class
            raise EngineFailed(f"ONNX Runtime did not run the network {model!r}: {error}") from error

    def _session(self, model: str):
        with self._opening:
            if model not in self._sessions:
                self._sessions[model] = self._open(model)
            return self._sessions[model]

    def _open(self, model: str):
        import onnxruntime

        path = self._path(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def _path(self, model: str) -> Path:
        path = graph_path(self.folder, model)
        if not path.is_file():
            raise EngineFailed(f"There is no network {model!r} in {self.folder}")
        return path
