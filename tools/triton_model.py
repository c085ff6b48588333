"""A network's ONNX file through Triton's python backend, for a server without the onnxruntime backend.

Arrays are exchanged by DLPack: the server's own conversion was compiled for numpy 1 and gives empty arrays
with numpy 2.
"""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as triton
from numpy.typing import NDArray

Values = NDArray[Any]


class TritonPythonModel:
    """Runs all queued requests as one batch, as Triton's own backends do."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the weights beside this file; ``args`` names the folder."""
        weights = Path(args["model_repository"], args["model_version"], "model.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self.inputs = [node.name for node in self.session.get_inputs()]
        self.outputs = [node.name for node in self.session.get_outputs()]

    def execute(self, requests: list[Any]) -> list[Any]:
        """Return one response for each request, in order."""
        parts = [[_array(request, name) for name in self.inputs] for request in requests]
        columns = zip(*parts, strict=True)
        batch = {name: np.concatenate(column) for name, column in zip(self.inputs, columns, strict=True)}
        ends = np.cumsum([len(pieces[0]) for pieces in parts])[:-1]
        answers = [np.split(answer, ends) for answer in self.session.run(self.outputs, batch)]
        return [self._response(pieces) for pieces in zip(*answers, strict=True)]

    def _response(self, pieces: tuple[Values, ...]) -> Any:
        named = zip(self.outputs, pieces, strict=True)
        return triton.InferenceResponse([triton.Tensor.from_dlpack(n, _Shared(p.copy())) for n, p in named])


def _array(request: Any, name: str) -> Values:
    values: Values = np.from_dlpack(triton.get_input_tensor_by_name(request, name))
    return values


class _Shared:
    """An array in a capsule without a destructor: the server renames it, which numpy's destructor logs."""

    def __init__(self, array: Values) -> None:
        self.array = array

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()

    def __dlpack__(self, **_: Any) -> object:
        capsule = self.array.__dlpack__()
        ctypes.pythonapi.PyCapsule_SetDestructor(ctypes.py_object(capsule), None)
        return capsule
