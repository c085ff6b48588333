"""Sections of docs/performance.md that a benchmark writes."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def write(title: str, lines: list[str]) -> None:
    """Replace the section of this title, or append it."""
    text = "\n".join([f"## {title}", "", *lines, ""])
    section = re.compile(rf"## {re.escape(title)}\n.*?(?=\n## |\Z)", re.DOTALL)
    page, count = section.subn(lambda _: text, PAGE.read_text())
    PAGE.write_text(page if count else f"{page.rstrip()}\n\n{text}")
