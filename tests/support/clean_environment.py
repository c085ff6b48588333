"""A new Python environment that holds a wheel and nothing but what the wheel declares.

The dependencies are linked from the environment of the tests, so that no network is needed. A package that no
requirement names is not there, as after ``pip install``.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


class CleanEnvironment:
    """A virtual environment with a wheel; ``add`` brings the dependencies of an extra."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder, with_pip=False)
        self.folder = folder
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            self.python,
            "install",
            "-q",
            "--no-index",
            "--no-deps",
        ]
        subprocess.run([*pip, wheel], check=True)
        self.add()

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return next(self.folder.glob("lib/python*/site-packages"))

    def run(self, *command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one of its programs, without any setting of Python from outside."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "MPLCONFIGDIR": str(cwd / ".matplotlib")}
        whole = [self.folder / "bin" / command[0], *command[1:]]
        return subprocess.run(whole, cwd=cwd, env=environment, capture_output=True, text=True)

    def add(self, *extras: str) -> None:
        """Link the requirements of the installed wheel, those of the extras among them."""
        (info,) = self.site_packages.glob("xebra-*.dist-info")
        for name in closure(Distribution.at(info), set(extras)) - {"xebra"}:
            self._link(distribution(name))

    def _link(self, needed: Distribution) -> None:
        for top in {
            file.parts[0] for file in needed.files or () if file.parts[0] not in ("..", "__pycache__")
        }:
            link(Path(str(needed.locate_file(top))), self.site_packages / top)


def link(source: Path, target: Path) -> None:
    """Link a file or folder; of a folder that several distributions share (a namespace), what is missing."""
    if not target.exists():
        target.symlink_to(source)


def closure(of: Distribution, extras: set[str]) -> set[str]:
    """Names of all distributions that this one requires, directly or not, and its own."""
    found: dict[str, set[str]] = {}
    waiting = [(of, extras)]
    while waiting:
        current, wanted = waiting.pop()
        name = canonicalize_name(current.metadata["Name"])
        if name in found and wanted <= found[name]:
            continue
        found[name] = found.get(name, set()) | wanted
        for requirement in required(current, wanted):
            waiting.append((distribution(requirement.name), requirement.extras))
    return set(found)


def required(current: Distribution, extras: set[str]) -> list[Requirement]:
    """Requirements of a distribution that hold here, with these extras."""
    requirements = [Requirement(text) for text in current.requires or ()]
    options = [{"extra": extra} for extra in (*extras, "")]
    return [r for r in requirements if r.marker is None or any(r.marker.evaluate(o) for o in options)]
