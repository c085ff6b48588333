"""Figures as Markdown tables."""

from __future__ import annotations

from cases import KINDS, LEVELS
from scores import PARAMETERS, THRESHOLDS_PX

PARAMETER_HEADS = ("angle", "scale", "x", "y")
WORST_R2 = -1  # lower values are not distinguished


def tables(figures: dict[str, dict], labels: dict[str, str]) -> str:
    """Return success and median error for each kind, then parameters and verdicts over all pairs."""
    parts = [_success(kind, figures, labels) for kind in KINDS]
    parts += [_parameters(figures, labels), _verdicts(figures, labels)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _success(kind: str, figures: dict[str, dict], labels: dict[str, str]) -> str:
    first = next(iter(figures.values()))["cells"]
    levels = [level for level in LEVELS if f"{kind} {level}" in first]
    if not levels:
        return ""
    pairs = ", ".join(f"{level} {first[f'{kind} {level}']['pairs']}" for level in levels)
    under = " / ".join(map(str, THRESHOLDS_PX))
    what = f"percent of pairs under {under} px, then the median error in px"
    text = f"**{KINDS[kind].capitalize()}** ({pairs} pairs): {what}\n\n"
    rows = []
    for name, of in figures.items():
        cells = [of["cells"][f"{kind} {level}"] for level in levels]
        rows.append([labels[name], *map(_percents, cells), *(_px(c["median_error_px"]) for c in cells)])
    return text + markdown(["method", *levels, *(f"median {level}" for level in levels)], rows)


def _parameters(figures: dict[str, dict], labels: dict[str, str]) -> str:
    r2 = [f"R² {name}" for name in PARAMETER_HEADS]
    mae = ["MAE angle, °", "scale, %", "x, px", "y, px"]
    rows = []
    for name, of in figures.items():
        scores = of["parameters"]
        fits = [_r2(scores["r2"][p]) for p in PARAMETERS]
        errors = [f"{scores['mae'][p]:.3g}" for p in PARAMETERS]
        rows.append([labels[name], *fits, *errors, str(of["no_answer"]), f"{of['seconds_per_pair']:.2g}"])
    text = "**Parameters over all pairs**, answers missing, and seconds a pair on one thread (median)\n\n"
    return text + markdown(["method", *r2, *mae, "no answer", "s per pair"], rows)


def _verdicts(figures: dict[str, dict], labels: dict[str, str]) -> str:
    verdicts = {name: of["verdicts"] for name, of in figures.items() if of["verdicts"]}
    if not verdicts:
        return ""
    rows = [
        [
            labels[name],
            *(f"{of[v]['under_5_px']} of {of[v]['pairs']}" for v in ("accept", "review", "refuse")),
        ]
        for name, of in verdicts.items()
    ]
    text = "**Verdicts over all pairs**: how many are under 5 px, of how many\n\n"
    return text + markdown(["method", "accept", "review", "refuse"], rows)


def _percents(cell: dict) -> str:
    return " / ".join(f"{100 * cell[f'under_{px}_px']:.0f}" for px in THRESHOLDS_PX)


def _px(value: float | None) -> str:
    return "∞" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _r2(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.3f}" if value >= WORST_R2 else f"< {WORST_R2}"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
