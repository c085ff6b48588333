"""Time of requests to a Triton server on the same host, with and without shared memory.

./dev bench shared_memory [--runs N] [--write]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import performance_page
from support.servers import free_port
from support.triton_server import triton, triton_at

from xebra.engine import Engine, open_engine
from xebra.weights import BUNDLED, graphs

ABOUT = """\
`./dev bench shared_memory --runs {runs} --write`: one request of one client to the real server on the same
machine, medians, the ways in turns. *Own work* is the client's processor time.
"""
WAYS = {"shared memory": "", "gRPC": "?shared_memory=0"}


def pairs(graph: str, count: int) -> dict[str, np.ndarray]:
    """Return that many of the golden pairs."""
    with np.load(BUNDLED / graph / "golden.npz") as kept:
        return {name: np.resize(kept[name], (count, *kept[name].shape[1:])) for name in ("fixed", "moving")}


def measure(engines: dict[str, Engine], graph: str, batch: dict, runs: int) -> dict[str, np.ndarray]:
    """Return the median ms of a request and of the CPU time of this process, alternately."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(runs + 2):
        for name, engine in engines.items():
            started = time.perf_counter(), time.process_time()
            engine.run(graph, **batch)
            spent[name].append((time.perf_counter() - started[0], time.process_time() - started[1]))
    return {name: np.median(np.array(of[2:]), axis=0) * 1e3 for name, of in spent.items()}


def table(runs: int, port: int) -> list[str]:
    """Return a line for each network and number of pairs, with the embedded engine for comparison."""
    engines = {name: open_engine(triton_at(port) + more) for name, more in WAYS.items()}
    engines["in the process"] = open_engine(None)
    lines = [
        "| network, pairs | MB | shared memory | gRPC | in the process | own work, shared | own work, gRPC |",
        "|---|---|---|---|---|---|---|",
    ]
    for graph in graphs():
        for count in (1, 8):
            batch = pairs(graph, count)
            found = measure(engines, graph, batch, runs)
            size = sum(values.nbytes for values in batch.values()) / 1e6
            took = " | ".join(f"{found[name][0]:.1f} ms" for name in engines)
            own = " | ".join(f"{found[name][1]:.1f} ms" for name in WAYS)
            lines.append(f"| {graph}, {count} | {size:.2f} | {took} | {own} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--runs", type=int, default=15, help="requests of each kind")
    parser.add_argument("--write", action="store_true", help="write the table into docs/performance.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xebra-bench-") as folder:
        port = free_port()
        with triton(Path(folder), port):
            lines = table(chosen.runs, port)
    if chosen.write:
        about = ABOUT.format(runs=chosen.runs).splitlines()
        performance_page.write("Shared memory with Triton", [*about, "", *lines])


if __name__ == "__main__":
    main()
