"""The table of a run: CSV for spreadsheets, HTML with pictures for the eye."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from xebra.batch.journal import Entry
from xebra.batch.pairs import Unpaired

CSV, HTML = "summary.csv", "summary.html"
UNPAIRED = "not paired"
STATES = ("accept", "review", "refuse", "error")
IDENTITY = "name", "fixed", "moving", "status", "reason"
SHIFTS = "shift_x_px", "shift_y_px", "shift_x_um", "shift_y_um"
ERROR = "expected_corner_error_px", "expected_corner_error_um"
FILES = "registered", "picture"
COLUMNS = (*IDENTITY, "scale", "angle_deg", *SHIFTS, *ERROR, "mirror", "seconds", "finished", *FILES)
STYLE = """
body { font: 14px system-ui, sans-serif; margin: 2rem; color: #202124 }
table { border-collapse: collapse }
td, th { border-bottom: 1px solid #ddd; padding: .4rem .6rem; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums } img { height: 90px }
.accept { color: #15803d } .review { color: #a15c00 } .refuse, .error { color: #b3261e }
"""


def write(folder: Path, entries: Sequence[Entry], unpaired: Sequence[Unpaired] = ()) -> None:
    """Write both tables into ``folder``. Raises PermissionError where a program keeps one of them open."""
    _replace(folder / CSV, _csv(entries, unpaired))
    _replace(folder / HTML, _html(entries, unpaired))


def counts(entries: Sequence[Entry], unpaired: Sequence[Unpaired] = ()) -> str:
    """Return the numbers of pairs by verdict as text.

    >>> counts([{"status": "accept"}, {"status": "accept"}, {"status": "error"}])
    '3 pairs: 2 accept, 1 error'
    """
    of = Counter(entry["status"] for entry in entries)
    states = ", ".join(f"{of[state]} {state}" for state in STATES if of[state]) or "none"
    alone = f"; {len(unpaired)} file{'s' * (len(unpaired) != 1)} not paired" if unpaired else ""
    return f"{len(entries)} pair{'s' * (len(entries) != 1)}: {states}{alone}"


def _csv(entries: Sequence[Entry], unpaired: Sequence[Unpaired]) -> str:
    file = io.StringIO(newline="")
    lines = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore")
    lines.writeheader()
    lines.writerows(_row(entry) for entry in entries)
    lines.writerows({"name": u.path, "status": UNPAIRED, "reason": u.reason} for u in unpaired)
    return "\ufeff" + file.getvalue()  # Excel takes a file without it for the system's code page


def _row(entry: Entry) -> Entry:
    row = {name: "" if value is None else value for name, value in entry.items()}
    for unit in ("px", "um"):
        x, y = entry.get(f"shift_{unit}") or ("", "")
        row |= {f"shift_x_{unit}": x, f"shift_y_{unit}": y}
    return row | {"registered": _file(entry, "-registered.tif"), "picture": _file(entry, "-picture.png")}


def _file(entry: Entry, end: str) -> str:
    return next((file for file in entry["files"] if file.endswith(end)), "")


def _html(entries: Sequence[Entry], unpaired: Sequence[Unpaired]) -> str:
    headings = "pair", "verdict", "reason", "expected error", "angle", "scale", "picture"
    head = "".join(f"<th>{name}</th>" for name in headings)
    body = "\n".join([*map(_html_row, entries), *(_html_unpaired(u) for u in unpaired)])
    return (
        f'<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>Xebra: registered pairs</title>\n'
        f"<style>{STYLE}</style>\n<h1>{escape(counts(entries, unpaired))}</h1>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></html>\n"
    )


def _html_row(entry: Entry) -> str:
    status, picture = entry["status"], quote(_file(entry, "-picture.png"))
    about = f"{escape(entry['name'])}<br><small>{escape(entry['moving'])} on {escape(entry['fixed'])}</small>"
    numbers = ["", "", ""]
    if entry["files"]:
        error = f"{entry['expected_corner_error_px']:.2f} px"
        numbers = [error, f"{entry['angle_deg']:+.2f}°", f"{entry['scale']:.4f}"]
    image = f'<a href="{picture}"><img src="{picture}" loading="lazy" alt=""></a>' if picture else ""
    cells = [about, f'<b class="{status}">{status}</b>', escape(entry["reason"])]
    texts = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr>{texts}{''.join(f'<td class=n>{n}</td>' for n in numbers)}<td>{image}</td></tr>"


def _html_unpaired(unpaired: Unpaired) -> str:
    cells = escape(unpaired.path), UNPAIRED, escape(unpaired.reason)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}<td colspan=4></td></tr>"


def _replace(target: Path, text: str) -> None:
    partial = target.with_name(f".{target.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="")
    os.replace(partial, target)
