"""The table of requirements of the page names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "frontend" / "README.md"


def test_each_requirement_of_the_page_has_a_test_that_exists():
    rows = [line for line in TABLE.read_text().splitlines() if "`test_" in line and line.startswith("|")]
    unit = (ROOT / "tests/unit" / name for name in ("test_picture.py", "test_verdict.py"))
    files = [*(ROOT / "tests/e2e").glob("test_page_*.py"), *unit]
    tests = set(re.findall(r"^def (test_\w+)", "\n".join(file.read_text() for file in files), re.M))
    named = re.findall(r"`(test_\w+)`", "\n".join(rows))
    assert len(rows) > 20 and set(named) <= tests, set(named) - tests
