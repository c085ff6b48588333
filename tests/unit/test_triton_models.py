"""The model repository of Triton agrees with the files of the networks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import onnx
import onnxruntime
import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from xebra.weights import BUNDLED, graphs

CHECKOUT = Path(__file__).parents[2]
SERVED = sorted(path.parent.name for path in (CHECKOUT / "triton_models").glob("*/config.pbtxt"))
# Of what the ONNX parser of TensorRT 10 takes, those that our networks may use.
TENSORRT_TAKES = """
    Abs Add ArgMax Atan AveragePool Cast Clip Concat Constant ConstantOfShape Conv ConvTranspose Cos Div
    Einsum
    Equal Erf Exp Expand Flatten Gather GatherElements GatherND Gemm GlobalAveragePool GlobalMaxPool Greater
    GridSample GroupNormalization Identity InstanceNormalization LayerNormalization LeakyRelu Less Log
    LpNormalization MatMul Max MaxPool Min Mul Neg Not Pad Pow Range Reciprocal ReduceL2 ReduceMax
    ReduceMean ReduceMin ReduceSum ReduceSumSquare Relu Reshape Resize ScatterElements Shape Sigmoid Sin
    Slice Softmax Split Sqrt Squeeze Sub Tanh Tile TopK Transpose Unsqueeze Where
"""


@pytest.fixture(params=SERVED)
def network(request: pytest.FixtureRequest) -> str:
    return request.param


def configuration(network: str) -> model_config_pb2.ModelConfig:
    text = (CHECKOUT / "triton_models" / network / "config.pbtxt").read_text()
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def described(tensors) -> dict[str, tuple[str, list[int]]]:
    """Names, types and shapes (without the batch) in a configuration."""
    types = model_config_pb2.DataType.Name
    return {
        tensor.name: (
            types(tensor.data_type),
            list(tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims),
        )
        for tensor in tensors
    }


def found(nodes) -> dict[str, tuple[str, list[int]]]:
    """Names, types and shapes (without the batch) by ONNX Runtime."""
    types = {"tensor(float)": "TYPE_FP32"}
    return {
        node.name: (types[node.type], [-1 if isinstance(side, str) else side for side in node.shape[1:]])
        for node in nodes
    }


def test_every_graph_is_served() -> None:
    assert graphs() == SERVED


def test_names_types_and_shapes_are_those_of_the_graph(network: str) -> None:
    configured, session = (
        configuration(network),
        onnxruntime.InferenceSession(BUNDLED / network / "model.onnx"),
    )
    assert described(configured.input) == found(session.get_inputs())
    assert described(configured.output) == found(session.get_outputs())


def test_every_operator_is_one_that_tensorrt_takes(network: str) -> None:
    graph = onnx.load(BUNDLED / network / "model.onnx").graph
    assert {node.op_type for node in graph.node} <= set(TENSORRT_TAKES.split())


def test_no_tensor_has_more_axes_than_tensorrt_takes(network: str) -> None:
    graph = onnx.load(BUNDLED / network / "model.onnx").graph
    assert max(len(value.type.tensor_type.shape.dim) for value in graph.value_info) <= 8


def test_a_full_queue_refuses_and_nobody_waits_for_a_batch(network: str) -> None:
    batching = configuration(network).dynamic_batching
    assert batching.max_queue_delay_microseconds == 0
    assert 0 < batching.default_queue_policy.max_queue_size < 1000
    assert batching.default_queue_policy.timeout_action == model_config_pb2.ModelQueuePolicy.REJECT


def serve(backend: str, folder: Path) -> list[str]:
    """The commands of docker/triton/serve, with stand-ins for the programs that need a GPU."""
    (folder / "bin").mkdir(exist_ok=True)
    for name, does in {
        "tritonserver": 'echo tritonserver "$@" >>calls',
        "trtexec": 'echo trtexec "$@" >>calls; for a; do case $a in --save*) : >"${a#*=}";; esac; done',
        "nvidia-smi": "echo NVIDIA H200, 580.95",
    }.items():
        program = folder / "bin" / name
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
    (folder / "calls").unlink(missing_ok=True)
    for network in SERVED:
        (folder / "weights" / network).mkdir(parents=True, exist_ok=True)
        (folder / "weights" / network / "model.onnx").write_bytes(b"weights")
    environment = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "NETWORKS": str(CHECKOUT / "triton_models"),
        "WEIGHTS": str(folder / "weights"),
        "MODELS": str(folder / "models"),
    }
    subprocess.run([CHECKOUT / "docker/triton/serve", backend], env=environment, cwd=folder, check=True)
    return (folder / "calls").read_text().splitlines()


def started(folder: Path) -> str:
    """The command that starts the server, whose clients load adapted versions."""
    control = "--model-control-mode=explicit --load-model=*"
    return f"tritonserver --model-repository={folder / 'models'} {control}"


def test_triton_serves_the_weights_as_they_are_on_a_cpu(tmp_path: Path) -> None:
    assert serve("onnxruntime", tmp_path) == [started(tmp_path)]
    assert (tmp_path / "models/paper/1/model.onnx").read_bytes() == b"weights"
    assert 'backend: "onnxruntime"' in (tmp_path / "models/paper/config.pbtxt").read_text()


def test_a_plan_for_a_gpu_is_built_where_it_runs_and_only_once(tmp_path: Path) -> None:
    *built, served = serve("tensorrt", tmp_path)
    assert len(built) == len(SERVED)
    for network, call in zip(SERVED, built, strict=True):
        inputs = configuration(network).input
        for option, batch, side in (("min", 1, 32), ("opt", 1, 512), ("max", 16, 1152)):
            shapes = [[side if length == -1 else length for length in each.dims] for each in inputs]
            named = zip(inputs, shapes, strict=True)
            wanted = ",".join(f"{each.name}:{batch}x{'x'.join(map(str, shape))}" for each, shape in named)
            assert f"--{option}Shapes={wanted} " in f"{call} "
        assert "--noTF32" in call
    assert (tmp_path / "models/paper/1/model.plan").exists()
    assert 'backend: "tensorrt"' in (tmp_path / "models/paper/config.pbtxt").read_text()
    assert serve("tensorrt", tmp_path) == [served]
