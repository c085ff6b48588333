"""The figures of bench/service.py as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator

STACKS = ("embedded", "deployed")


def of(found: dict) -> list[str]:
    """Return the section "Load" of docs/performance.md."""
    stacks = [name for name in STACKS if name in found]
    return [*_about(found), "", *_rates(found, stacks), "", *_rest(found, stacks)]


def _about(found: dict) -> list[str]:
    about, load = found["about"], found["load_averages"]
    options = " ".join(f"--{name} {value}" for name, value in about.items() if name != "version")
    machine = f"{os.cpu_count()} cores ({platform.machine()}), load {min(load)} to {max(load)} before steps"
    return [
        f"`./dev bench service {options} --write`, version {about['version']}: {machine}.",
        "Two worker processes, 256 x 256 px, API keys;",
        "clients, API, database and workers share the cores. *Bare* is `xebra.register` in two processes",
        "without a service, measured before and after the stack. The service also fetches and checks the",
        "images and writes the result, its event and the audit log. Others use the machine: compare the",
        "figures of a stack with its own bare ones only.",
    ]


def _rates(found: dict, stacks: list[str]) -> list[str]:
    lines = ["| | jobs/s | of bare | POST to finished, p50 | p99 |", "|---|---|---|---|---|"]
    for stack in stacks:
        load = found[stack].get("load", {})
        for who, of in load.items():
            share = f"{100 * of['jobs_per_s'] / load['bare']['jobs_per_s']:.0f} %"
            what = "bare beside" if who == "bare" else f"{who} client{'s' if who != '1' else ''},"
            line = f"| {what} {stack} | {of['jobs_per_s']} | {share} "
            lines.append(f"{line}| {of['p50_ms']} ms | {of['p99_ms']} ms |")
    return lines


def _rest(found: dict, stacks: list[str]) -> list[str]:
    rows: dict[str, dict[str, str]] = {}
    for stack in stacks:
        for step, figures_of in FIGURES.items():
            if step in found[stack]:
                for what, figure in figures_of(found[stack][step]):
                    rows.setdefault(what, {})[stack] = figure
    lines = [f"| | {' | '.join(stacks)} |", f"|---|{'---|' * len(stacks)}"]
    return lines + [
        f"| {what} | {' | '.join(of.get(stack, '') for stack in stacks)} |" for what, of in rows.items()
    ]


def _beside(what: str) -> Callable[[dict], Iterator[tuple[str, str]]]:
    def figures_of(of: dict) -> Iterator[tuple[str, str]]:
        here, there = of["in_process_p50_ms"], of["p50_ms"]
        yield (
            f"{what}, p50, beside the same in the process, alternately",
            f"{there - here:+.1f} ms ({there} / {here})",
        )
        if "same_engine_p50_ms" in of:
            same = of["same_engine_p50_ms"]
            yield (
                f"{what}, p50, beside the same in the process with the same Triton server",
                f"{there - same:+.1f} ms ({there} / {same})",
            )

    return figures_of


def _download(of: dict) -> Iterator[tuple[str, str]]:
    yield "first download of the registered image, p50 / p99", f"{of['p50_ms']} / {of['p99_ms']} ms"


def _fairness(of: dict) -> Iterator[tuple[str, str]]:
    yield (
        f"jobs of another instrument with {of['queued']:,} queued that start before a single one",
        f"{of['begun_before']}",
    )


def _queue(of: dict) -> Iterator[tuple[str, str]]:
    for what, label in (("submit", "submit"), ("list", "list 50")):
        for queue in (of["few"], of["many"]):
            figures = f"{queue[f'{what}_p50_ms']} / {queue[f'{what}_p99_ms']} ms"
            yield f"{label}, p50 / p99, {queue['queued']:,} queued, workers busy", figures
    yield f"submit a batch of {of['many']['queued']:,}", f"{of['many']['batch_ms'] / 1e3:.1f} s"


def _memory(of: dict) -> Iterator[tuple[str, str]]:
    after = " / ".join(f"{jobs:,}" for jobs in of["jobs"])
    for part in ("api", "worker", "relay"):
        figures = f"{' / '.join(map(str, of[part]))} MB"
        yield f"{part}, all processes, after {after} jobs of the network `paper`", figures


def _shares(of: dict) -> Iterator[tuple[str, str]]:
    parts = {part: ms for part, ms in of.items() if part != "bare" and not part.startswith("beside")}
    each = ", ".join(f"{part} {ms:.0f}" for part, ms in parts.items())
    yield "CPU time of a job, 8 clients", f"{sum(parts.values()):.0f} ms ({each}); bare {of['bare']:.0f}"
    rounds = f"({of['beside_low']:.0f} to {of['beside_high']:.0f})"
    yield "beside its registration, median (range) of 6 rounds", f"**{of['beside']:.0f} ms** {rounds}"


def _recovery(of: dict) -> Iterator[tuple[str, str]]:
    yield "`kill -9` of a worker with two jobs, lease 5 s, until both are done, longest", f"{of['seconds']} s"


FIGURES = {
    "idle": _beside("POST to finished, idle"),
    "synchronous": _beside("`POST /api/v1/register`"),
    "shares": _shares,
    "download": _download,
    "fairness": _fairness,
    "queue": _queue,
    "memory": _memory,
    "recovery": _recovery,
}
