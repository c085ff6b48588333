"""Arrays are passed to a Triton server on this host in shared memory: same outputs, no files remain."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
from support.servers import wait_until
from test_triton_engine import golden, one
from tritonclient.grpc import InferenceServerClient

from xebra.engine import open_engine
from xebra.shared_memory import SharedMemory
from xebra.shared_region import PLACE, PREFIX
from xebra.weights import graphs

DEADLINE_S = 60.0
CLIENT = """
import sys, numpy as np
from xebra.engine import open_engine
with np.load(sys.argv[2]) as kept:
    pair = {name: kept[name][:1] for name in ("fixed", "moving")}
answer = open_engine(sys.argv[1]).run("paper", **pair)
print(*np.concatenate([part.ravel() for part in answer.values()]).tolist(), flush=True)
"""
WAIT = "sys.stdin.read()"
MEMORY_OF_ITS_OWN = 'mount -t tmpfs none /dev/shm && exec "$@"'


@pytest.fixture(scope="module")
def server(triton_url: str) -> Iterator[InferenceServerClient]:
    client = InferenceServerClient(urlsplit(triton_url).netloc)
    yield client
    client.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with a pair."""
    file = tmp_path_factory.mktemp("kept") / "pair.npz"
    np.savez(file, **one(golden("paper"), 0))
    return str(file)


def regions(server: InferenceServerClient) -> set[str]:
    """Return our regions that are registered at the server."""
    return {name for name in server.get_system_shared_memory_status().regions if name.startswith(PREFIX)}


def numbers(line: str):
    """Return the numbers that a client has printed, rounded."""
    return pytest.approx([float(word) for word in line.split()], rel=1e-5, abs=1e-6)


def here(url: str) -> list[float]:
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


def test_memory_is_registered_again_at_a_restarted_server(triton_url, server):
    before, engine, pair = regions(server), open_engine(triton_url), one(golden("paper"), 0)
    expected = engine.run("paper", **pair)
    [known] = regions(server) - before
    # as at a new server, which has no regions; this one keeps them for a moment after its response
    wait_until(lambda: server.unregister_system_shared_memory(known), "the end of its use")
    answer = engine.run("paper", **pair)
    for name, values in answer.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-5, atol=1e-6)
    [again] = regions(server) - before
    assert again != known


def test_memory_of_a_killed_client_is_released_and_no_file_remains(triton_url, server, kept):
    before = regions(server)
    command = [sys.executable, "-c", CLIENT + WAIT, triton_url, kept]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert here(f"{triton_url}?shared_memory=0") == numbers(client.stdout.readline())
        [left] = regions(server) - before
        client.kill()
    assert left in regions(server)
    memory = SharedMemory(server, DEADLINE_S, look_every_s=0.01)

    def given_back() -> bool:
        memory.infer("paper", one(golden("paper"), 0))
        return left not in regions(server)

    wait_until(given_back, "the end of the dead one's region")
    assert regions(server) != set(), "those of the living stay"
    assert not (PLACE / left).exists()


def test_client_with_inaccessible_memory_uses_grpc(triton_url, server, kept):
    before = regions(server)
    root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    away = ["unshare", *root, "--mount", "sh", "-c", MEMORY_OF_ITS_OWN, "sh"]
    output = subprocess.check_output([*away, sys.executable, "-c", CLIENT, triton_url, kept], text=True)
    assert here(f"{triton_url}?shared_memory=0") == numbers(output)
    assert regions(server) <= before
