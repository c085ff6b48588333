"""A Triton server returns the outputs of the embedded engine, or an error with its reason."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import ndimage
from support.golden_pairs import golden, one
from support.servers import LOOPBACK, free_port, wait_until
from support.service import PATIENCE_S
from support.triton_server import triton

from xebra import sample
from xebra.align import Aligner
from xebra.engine import Engine, open_engine
from xebra.errors import EngineFailed
from xebra.transform import corner_error
from xebra.triton import TritonEngine
from xebra.weights import BUNDLED, graph_sha256, graphs, names

LARGEST_BATCH = 16
# Outputs are shares of widths (all off by 1 move a corner of a 256 px image by less than 100 px), cells of
# 2 px, or scores and their derivatives, which count as shares of the largest.
THOUSANDTH_OF_A_PIXEL = 1e-3 / 100


def pairs(count: int, side: int = 128, channels: int = 1) -> dict[str, np.ndarray]:
    """Return images of blobs; each moving image is a shifted copy of its fixed one."""
    random = np.random.default_rng(0)
    scene = ndimage.gaussian_filter(random.standard_normal((count, side + 16, side + 16)), (0, 3, 3))
    scene *= random.uniform(1, 1000, (count, 1, 1))
    fixed, moving = scene[:, :side, :side], scene[:, 9 : side + 9, 5 : side + 5]
    views = {"fixed": np.float32(fixed[:, None]), "moving": np.float32(moving[:, None])}
    if channels == 2:  # with its outline: the image fills the view
        views = {name: np.concatenate([view, np.ones_like(view)], 1) for name, view in views.items()}
    return views


def like(pair: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a whole batch of other images, of the shapes of a pair's."""
    _, channels, rows, columns = next(iter(pair.values())).shape
    made = pairs(LARGEST_BATCH, max(rows, columns), channels)
    return {name: made.get(name, made["fixed"])[:, :, :rows, :columns].copy() for name in pair}


@pytest.fixture(params=graphs())
def graph(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def embedded() -> Engine:
    return open_engine(None)


@pytest.fixture
def served(triton_url: str) -> TritonEngine:
    return TritonEngine(triton_url, deadline_s=PATIENCE_S)  # a busy machine may need long for a whole batch


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A server that accepts connections and never responds."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield f"grpc://{LOOPBACK}:{server.getsockname()[1]}"


def largest_difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    assert one.keys() == other.keys()
    return max(_difference(one[name].reshape(other[name].shape), other[name]) for name in one)


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return values below 1 unchanged, others relative to the largest; -1e4 marks unscored entries."""
    assert np.isfinite(one).all()
    scored = other > -1e3
    assert np.array_equal(one > -1e3, scored)
    return float(np.abs(one - other)[scored].max() / max(1.0, np.abs(other[scored]).max()))


def together(answers: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}


def test_outputs_equal_those_of_the_embedded_engine(
    served: TritonEngine, embedded: Engine, graph: str
) -> None:
    for index in range(len(next(iter(golden(graph).values())))):
        pair = one(golden(graph), index)
        answer, expected = (engine.run(graph, **pair) for engine in (served, embedded))
        assert largest_difference(answer, expected) < THOUSANDTH_OF_A_PIXEL


def test_output_is_independent_of_the_position_in_the_batch(
    served: TritonEngine, embedded: Engine, graph: str
) -> None:
    pair = one(golden(graph), 0)
    strangers = like(pair)
    alone = embedded.run(graph, **pair)
    places = [0, LARGEST_BATCH // 2, LARGEST_BATCH - 1]
    for name, values in pair.items():
        strangers[name][places] = values[0]
    answers = served.run(graph, **strangers)
    for place in places:
        assert largest_difference(one(answers, place), alone) < THOUSANDTH_OF_A_PIXEL, f"place {place}"


def test_concurrent_requests_get_their_own_outputs(
    served: TritonEngine, embedded: Engine, graph: str
) -> None:
    known = golden(graph)
    expected = [embedded.run(graph, **one(known, index)) for index in range(len(next(iter(known.values()))))]
    wanted = [client % len(expected) for client in range(16)]
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda index: served.run(graph, **one(known, index)), wanted))
    expected = together([expected[index] for index in wanted])
    assert largest_difference(together(answers), expected) < THOUSANDTH_OF_A_PIXEL


@pytest.mark.parametrize("network", names())
def test_registration_is_the_same_to_a_thousandth_of_a_pixel(triton_url: str, network: str) -> None:
    pair = sample.FIXED, sample.MOVING
    served, embedded = (Aligner(url).register(*pair, network=network) for url in (triton_url, None))
    transforms = served.fixed_from_moving, embedded.fixed_from_moving
    assert corner_error(*transforms, embedded.fixed.shape) < 1e-3
    assert served.model.engine == "triton 2.51.0 grpc"


def test_server_reports_its_version_and_weights(served: TritonEngine, graph: str) -> None:
    assert served.name == "triton 2.51.0 grpc"
    assert served.weights_sha256(graph) == graph_sha256(BUNDLED, graph)


def test_weights_are_looked_up_once_for_many_jobs_and_again_after_a_failure(
    served: TritonEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xebra.triton.WEIGHTS_VALID_S", 3600.0)
    looked_up, look_up = [], served._client.get_model_config
    count = lambda *args, **named: looked_up.append(args) or look_up(*args, **named)  # noqa: E731
    monkeypatch.setattr(served._client, "get_model_config", count)
    assert {served.weights_sha256("paper") for _ in range(3)} == {graph_sha256(BUNDLED, "paper")}
    assert len(looked_up) == 1
    with pytest.raises(EngineFailed):
        served.run("zebra", **pairs(1))
    served.weights_sha256("paper")
    assert len(looked_up) == 2
    monkeypatch.setattr("xebra.triton.WEIGHTS_VALID_S", 0.0)
    served.weights_sha256("paper")
    assert len(looked_up) == 3


def test_missing_network_is_named(served: TritonEngine) -> None:
    with pytest.raises(EngineFailed, match="did not run the network 'zebra'"):
        served.run("zebra", **pairs(1))


def test_input_of_another_size_is_rejected(served: TritonEngine) -> None:
    smaller = {name: batch[..., :64, :64] for name, batch in pairs(1).items()}
    with pytest.raises(EngineFailed, match=r"Expected \[-1,1,128,128\], got \[1,1,64,64\]"):
        served.run("paper", **smaller)


def test_absent_server_is_reported_and_found_when_it_starts(tmp_path, embedded: Engine) -> None:
    port, pair = free_port(), pairs(1)
    engine = open_engine(f"grpc://{LOOPBACK}:{port}")
    with pytest.raises(
        EngineFailed, match=f"The Triton server at {LOOPBACK}:{port} is unreachable; start it"
    ):
        engine.run("paper", **pair)
    with pytest.raises(EngineFailed, match="is unreachable"):
        _ = engine.name
    with triton(tmp_path, port):
        wait_until(lambda: engine.name, "a second connection")
        answer, expected = (each.run("paper", **pair) for each in (engine, embedded))
        assert largest_difference(answer, expected) < THOUSANDTH_OF_A_PIXEL


def test_silent_server_times_out_at_the_deadline(silent_url: str) -> None:
    with pytest.raises(EngineFailed, match=r"(did not respond within 0\.5 s|is unreachable)"):
        TritonEngine(silent_url, deadline_s=0.5).run("paper", **pairs(1))


@pytest.mark.parametrize("url", ["grpc://", "grpc:///paper", "grpc://host:8001/paper"])
def test_invalid_address_is_rejected(url: str) -> None:
    with pytest.raises(ValueError, match=r"XEBRA_INFERENCE_URL: .* write grpc://host:port"):
        open_engine(url)
