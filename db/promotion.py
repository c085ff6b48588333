"""Why a version of a network may not become the active one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from db.rows import NetworkRow

BENCHMARK_MARGIN = 0.03  # share of right answers that the fixed benchmark may lose: 1 of its 64 pairs, less
# than two standard errors of equal networks; the adaptation itself judges on twice as many
CERTIFICATE_MARGIN = 0.002  # by which the bound of the wrong share may rise, of a group that was certified


def refusals(row: NetworkRow, parent_certificate: Mapping[str, Any] | None) -> list[str]:
    """Return the reasons against promotion; empty where it may be promoted.

    Args:
        row: A version that has been adapted.
        parent_certificate: Certificate of the version that it was adapted from; None: not certified.
    """
    found = list(row.reasons or ["the adaptation states no reason"]) if not row.acceptable else []
    return [*found, *_benchmark(row.scores or {}), *_certificate(row.certificate, parent_certificate)]


def _benchmark(scores: Mapping[str, Any]) -> Iterator[str]:
    """Return a reason for each share of the fixed benchmark that is worse than the parent's."""
    benchmark = scores.get("benchmark") or {}
    before, after = (dict(_shares(benchmark.get(name), "")) for name in ("parent", "candidate"))
    if not before or before.keys() - after.keys():
        yield "the fixed benchmark was not measured for this version and its parent"
    for name in before.keys() & after.keys():
        if after[name] < before[name] - BENCHMARK_MARGIN:
            yield (
                f"the fixed benchmark{name} falls from {before[name]:.3f} to {after[name]:.3f}, by more than"
                f" {BENCHMARK_MARGIN:g}"
            )


def _shares(scores: Any, name: str) -> Iterator[tuple[str, float]]:
    """Return the shares of right answers, 0 to 1, of a score or of a table of scores, with their names.

    A score is a share, or counts with ``pairs`` and ``right``.
    """
    if isinstance(scores, Mapping) and {"pairs", "right"} <= scores.keys():
        yield name, scores["right"] / max(1, scores["pairs"])
    elif isinstance(scores, Mapping):
        for key, value in scores.items():
            yield from _shares(value, f"{name}, {key}" if name else f" of {key}")
    elif isinstance(scores, (int, float)) and 0 <= scores <= 1:
        yield name, float(scores)


def _certificate(after: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> Iterator[str]:
    """Return a reason for each certified group whose bound of wrong answers rises."""
    groups = (after or {}).get("groups", {})
    for name, old in ((before or {}).get("groups") or {}).items():
        new = groups.get(name)
        if not old.get("certified") or not isinstance(new, Mapping):
            continue
        bound, was = new["wrong_upper_bound"], old["wrong_upper_bound"]
        if not new.get("certified") and bound > was + CERTIFICATE_MARGIN:
            yield (
                f"the certificate of {name!r} is lost: at most {bound:.2%} of accepted results wrong, before"
                f" {was:.2%}"
            )
