"""How many pairs an hour, and how many instruments, each size of a service carries.

Computed from the processor time of a job by part, which `./dev bench service` has measured
(docs/performance.md).

./dev bench sizing [--pairs-per-hour 60] [--write]
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass

import performance_page

ROW = re.compile(r"\| CPU time of a job, .*? \| (?P<embedded>.*?) \| (?P<deployed>.*?) \|")
PARTS = ("api", "worker", "relay", "Triton", "PostgreSQL", "S3", "Redis")
UTILISATION = 0.6  # of the cores on average, so that a peak finds free ones
PAGE = performance_page.PAGE.with_name("sizing.md")


@dataclass(frozen=True)
class Size:
    """Cores of a service: shared by all parts, or of each part."""

    name: str
    stack: str  # whose costs apply
    shared: float = 0.0
    cores: Mapping[str, float] | None = None


SIZES = (
    Size("one machine, 4 cores, `xebra serve`", "embedded", shared=4),
    Size("one machine, 16 cores, `docker compose --profile cpu`", "deployed", shared=16),
    Size(
        "Kubernetes: 2 API (2 cores each), 8 workers, Triton 4 cores, PostgreSQL 4",
        "deployed",
        cores={"api": 4, "worker": 8, "relay": 1, "Triton": 4, "PostgreSQL": 4, "S3": 2, "Redis": 1},
    ),
    Size(
        "Kubernetes: 4 API (4 cores each), 20 workers, Triton on 4 GPUs, PostgreSQL 8",
        "deployed",
        cores={"api": 16, "worker": 20, "relay": 2, "PostgreSQL": 8, "S3": 4, "Redis": 1},
    ),
)


def costs(page: str) -> dict[str, dict[str, float]]:
    """Return the ms of processor time of a job by part, for either stack."""
    row = ROW.search(page)
    if row is None:
        raise SystemExit("docs/performance.md has no CPU time of a job: ./dev bench service --write")
    return {stack: _parts(row[stack]) for stack in ("embedded", "deployed")}


def jobs_per_s(size: Size, measured: Mapping[str, float]) -> tuple[float, str]:
    """Return the sustained rate of a size, and the part that limits it."""
    if size.cores is None:
        return UTILISATION * size.shared / (sum(measured.values()) / 1e3), "all parts share the cores"
    rates = {
        part: UTILISATION * size.cores[part] / (ms / 1e3)
        for part, ms in measured.items()
        if ms and part in size.cores
    }
    slowest = min(rates, key=lambda part: rates[part])
    return rates[slowest], slowest


def table(page: str, pairs_per_hour: float) -> list[str]:
    """Return the lines of the table."""
    found = costs(page)
    lines = ["| size | pairs an hour | instruments | limited by |", "|---|---|---|---|"]
    for size in SIZES:
        rate, limit = jobs_per_s(size, found[size.stack])
        hourly = 3600 * rate
        instruments = f"{_rounded(hourly / pairs_per_hour):,}"
        lines.append(f"| {size.name} | {_rounded(hourly):,} | {instruments} | {limit} |")
    return lines


def _parts(text: str) -> dict[str, float]:
    """Return the costs in ``228 ms (api 26, worker 59); bare 142``."""
    inside = text.partition("(")[2].partition(")")[0]
    given = dict(entry.rsplit(" ", 1) for entry in inside.split(", "))
    return {part: float(given[part]) for part in PARTS if part in given}


def _rounded(value: float) -> int:
    """Return two significant digits: the costs are not known better."""
    return int(float(f"{value:.2g}"))


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--pairs-per-hour", type=float, default=60, help="of one instrument")
    parser.add_argument("--write", action="store_true", help="write the table into docs/sizing.md")
    chosen = parser.parse_args()
    lines = table(performance_page.PAGE.read_text(), chosen.pairs_per_hour)
    print(*lines, sep="\n")
    if chosen.write:
        text = PAGE.read_text()
        old = re.search(r"\| size \|.*?(?=\n\n)", text, re.DOTALL)
        assert old, "docs/sizing.md has no table"
        PAGE.write_text(text.replace(old[0], "\n".join(lines)))


if __name__ == "__main__":
    main()
