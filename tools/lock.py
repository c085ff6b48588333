"""Renew requirements.lock: the versions that pip resolves for all requirements in pyproject.toml."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

HEADER = """\
# Every package of every part of Xebra. Made by `./dev lock` with Python {python}; used by ./dev and the
# Dockerfiles as `pip install -c requirements.lock`: it limits versions and installs nothing by itself.
"""


WITHOUT_DEPENDENCIES = "deep"  # an extra with exact versions: one of its packages needs a second OpenCV


def wanted() -> list[str]:
    """Return all requirements of pyproject.toml without the extras that refer to others, xebra[part]."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    parts = [project["dependencies"], *(extras[name] for name in extras if name != WITHOUT_DEPENDENCIES)]
    return [r for part in parts for r in part if not r.startswith("xebra[")]


def exact() -> dict[str, str]:
    """Return the versions that pyproject.toml gives for the extra whose dependencies are not installed."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    pairs = (text.split("==") for text in project["optional-dependencies"][WITHOUT_DEPENDENCIES])
    return {normal(name): version for name, version in pairs}


def resolved(requirements: list[str]) -> dict[str, str]:
    """Return the version of each package that requirements install, themselves included."""
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "-qq", "--report", "-"]
    report = subprocess.run([*pip, *requirements], check=True, stdout=subprocess.PIPE).stdout
    packages = (entry["metadata"] for entry in json.loads(report)["install"])
    return {normal(p["name"]): p["version"].partition("+")[0] for p in packages}  # "+cpu" is a machine's own


def normal(name: str) -> str:
    """Return the normalised name of a package (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    lines = [f"{name}=={version}\n" for name, version in sorted((exact() | resolved(wanted())).items())]
    header = HEADER.format(python=sys.version.split()[0])
    Path(sys.argv[1]).write_text(header + "".join(lines))
    print(f"{sys.argv[1]}: {len(lines)} packages")
