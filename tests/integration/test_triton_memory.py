"""Inference in shared memory: the same outputs as over gRPC, and no orphaned regions or files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
from support.golden_pairs import golden, one
from support.servers import wait_until
from tritonclient.grpc import InferenceServerClient

from xebra.engine import open_engine
from xebra.shared_memory import SharedMemory
from xebra.shared_region import PREFIX, SHM_FOLDER
from xebra.weights import graphs

DEADLINE_S = 60.0
CLIENT = """
import sys, numpy as np
from xebra.engine import open_engine
with np.load(sys.argv[2]) as file:
    pair = {name: file[name][:1] for name in ("fixed", "moving")}
outputs = open_engine(sys.argv[1]).run("paper", **pair)
print(*np.concatenate([part.ravel() for part in outputs.values()]).tolist(), flush=True)
"""
WAIT = "sys.stdin.read()"
PRIVATE_SHM = 'mount -t tmpfs none /dev/shm && exec "$@"'


@pytest.fixture(scope="module")
def server(triton_url: str) -> Iterator[InferenceServerClient]:
    client = InferenceServerClient(urlsplit(triton_url).netloc)
    yield client
    client.close()


@pytest.fixture(scope="module")
def pair_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of a file with a pair."""
    file = tmp_path_factory.mktemp("pair") / "pair.npz"
    np.savez(file, **one(golden("paper"), 0))
    return str(file)


def regions(server: InferenceServerClient) -> set[str]:
    """Return Xebra's regions that are registered with the server."""
    return {name for name in server.get_system_shared_memory_status().regions if name.startswith(PREFIX)}


def numbers(line: str):
    """Return the numbers that a client printed, to rounding."""
    return pytest.approx([float(number) for number in line.split()], rel=1e-5, abs=1e-6)


def outputs_of(url: str) -> list[float]:
    answer = open_engine(url).run("paper", **one(golden("paper"), 0))
    return np.concatenate([part.ravel() for part in answer.values()]).tolist()


@pytest.mark.parametrize("graph", graphs())
def test_outputs_equal_those_over_grpc(triton_url, server, graph):
    before, pair = regions(server), one(golden(graph), 0)
    shared, copied = open_engine(triton_url), open_engine(f"{triton_url}?shared_memory=0")
    expected = copied.run(graph, **pair)
    assert regions(server) == before
    for _ in range(2):
        answer = shared.run(graph, **pair)
        assert answer.keys() == expected.keys()
        for name, values in answer.items():
            np.testing.assert_array_equal(values, expected[name])
    assert len(regions(server) - before) == 1


def test_regions_are_registered_again_after_a_restart_of_the_server(triton_url, server):
    before, engine, pair = regions(server), open_engine(triton_url), one(golden("paper"), 0)
    expected = engine.run("paper", **pair)
    [known] = regions(server) - before
    # like a restarted server; this one uses the region for a moment after its response
    wait_until(lambda: server.unregister_system_shared_memory(known), "the end of its use")
    answer = engine.run("paper", **pair)
    for name, values in answer.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-5, atol=1e-6)
    [again] = regions(server) - before
    assert again != known


def test_a_region_of_a_killed_client_is_unregistered_and_its_file_unlinked(triton_url, server, pair_file):
    before = regions(server)
    command = [sys.executable, "-c", CLIENT + WAIT, triton_url, pair_file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert outputs_of(f"{triton_url}?shared_memory=0") == numbers(client.stdout.readline())
        [left] = regions(server) - before
        client.kill()
    assert left in regions(server)
    memory = SharedMemory(server, DEADLINE_S, cleanup_interval_s=0.01)

    def is_unregistered() -> bool:
        memory.infer("paper", one(golden("paper"), 0))
        return left not in regions(server)

    wait_until(is_unregistered, "the region of the killed client to be unregistered")
    assert regions(server) != set(), "regions of running clients stay registered"
    assert not (SHM_FOLDER / left).exists()


def test_a_client_with_a_private_shm_uses_grpc(triton_url, server, pair_file):
    before = regions(server)
    root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    private = ["unshare", *root, "--mount", "sh", "-c", PRIVATE_SHM, "sh"]
    printed = subprocess.check_output(
        [*private, sys.executable, "-c", CLIENT, triton_url, pair_file], text=True
    )
    assert outputs_of(f"{triton_url}?shared_memory=0") == numbers(printed)
    assert regions(server) <= before
