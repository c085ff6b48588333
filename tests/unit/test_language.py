"""Terms of earlier versions have been replaced by the standard ones everywhere."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
FOLDERS = (
    "api",
    "bench",
    "db",
    "docker",
    "docs",
    "frontend/src",
    "tests",
    "tools",
    "triton_models",
    "worker",
    "xebra",
)
SUFFIXES = {".py", ".md", ".ts", ".tsx", ".css", ".json", ".pbtxt", ".yml", ".toml", ".example", ".html", ""}
# Tables, columns and fields that existed under the old names: migrations, their test, the JSON field "said".
EXCEPT = {
    "api/webhooks/schemas.py",
    "docs/reference/http.md",
    "frontend/src/api/schema.d.ts",
    "tests/integration/test_db_migrations.py",
    "tests/unit/test_language.py",
}
REPLACED = [
    r"\b(db[./]answers|api[./]repeats|db[./]line|db[./]endings|rows[./](news|record)|viewer/places)\b",
    r"\b(worker[./](house|registering)|House|Workplace|greeting|Wish|check_wish|Chosen|oversight)\b",
    r"\b(unsettled|Bulletin|useNews|useSight|useHand|TakeHome|BELIEVED_S|noting|most_waiting)\b|_in_words",
    r"\b(glances?|witness(es)?|opinions?|likeness|polish(ed)?|mended|confide|Lesson|remembered|anatomy)\b",
    r"last[ _]word|as they lie|periodic\.repeats|--apart\b|--start\b",
    r"\b(said|asked|told)\b",
]


def files() -> list[Path]:
    """Return the text files of the checkout that are written by hand."""
    found = [path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*")]
    found += [path for path in CHECKOUT.iterdir() if path.name != "CHANGELOG.md"]
    return [path for path in found if path.is_file() and path.suffix in SUFFIXES and not _skipped(path)]


def _skipped(path: Path) -> bool:
    place = path.relative_to(CHECKOUT)
    hidden = any(part.startswith(".") or part in ("__pycache__", "node_modules") for part in place.parts)
    generated = "migrations" in place.parts or place.as_posix() in EXCEPT or "static" in place.parts
    return hidden or generated or place.name == "requirements.lock"


@pytest.mark.parametrize("pattern", REPLACED)
def test_replaced_terms_do_not_return(pattern: str) -> None:
    found = []
    for path in files():
        for number, line in enumerate(path.read_text(errors="ignore").splitlines(), 1):
            if match := re.search(pattern, line):
                found.append(f"{path.relative_to(CHECKOUT)}:{number}: {match.group()}")
    assert found == []


def test_the_files_are_read() -> None:
    assert {CHECKOUT / "README.md", CHECKOUT / "dev", CHECKOUT / "xebra" / "align.py"} <= set(files())
