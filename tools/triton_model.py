"""A network's ONNX file through Triton's python backend, for a server without the onnxruntime backend.

Arrays cross by DLPack: the server's own conversion was compiled for numpy 1 and comes out empty with numpy 2.
"""

import ctypes
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as triton


class TritonPythonModel:
    """Runs all waiting requests as one batch, as Triton's own backends do."""

    def initialize(self, args: dict) -> None:
        """Load the weights beside this file; ``args`` names the folder."""
        weights = Path(args["model_repository"], args["model_version"], "model.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self.inputs = [node.name for node in self.session.get_inputs()]
        self.outputs = [node.name for node in self.session.get_outputs()]

    def execute(self, requests: list) -> list:
        """One response per request, in order."""
        parts = [[_array(request, name) for name in self.inputs] for request in requests]
        columns = zip(*parts, strict=True)
        batch = {name: np.concatenate(column) for name, column in zip(self.inputs, columns, strict=True)}
        ends = np.cumsum([len(pieces[0]) for pieces in parts])[:-1]
        answers = [np.split(answer, ends) for answer in self.session.run(self.outputs, batch)]
        return [self._response(pieces) for pieces in zip(*answers, strict=True)]

    def _response(self, pieces: tuple[np.ndarray, ...]):
        named = zip(self.outputs, pieces, strict=True)
        return triton.InferenceResponse([triton.Tensor.from_dlpack(n, _Shared(p.copy())) for n, p in named])


def _array(request, name: str) -> np.ndarray:
    return np.from_dlpack(triton.get_input_tensor_by_name(request, name))


class _Shared:
    """An array in a capsule that the server may rename as it does; numpy would complain in the log."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()

    def __dlpack__(self, **_) -> object:
        capsule = self.array.__dlpack__()
        ctypes.pythonapi.PyCapsule_SetDestructor(ctypes.py_object(capsule), None)
        return capsule
