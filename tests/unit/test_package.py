"""The declared dependencies are those that the code imports; the metadata files agree with each other."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import xebra

CHECKOUT = Path(__file__).parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
BESIDE_TESTS = [path for folder in ("tests", "bench", "plugins") for path in (CHECKOUT / folder).rglob("*")]
OURS = {"xebra", "api", "worker", "db", *(path.stem for path in BESIDE_TESTS)}
TRAINING = ("adaptation", "network", "training", "evaluation", "specimen")
TRITON = ("triton", "triton_versions", "shared_memory", "shared_region")
EXTRA_OF = {
    "client": ["xebra/client", "xebra/commands/labels.py"],
    "triton": [f"xebra/{name}.py" for name in TRITON],
    "formats": ["xebra/readers"],
    "watch": ["xebra/batch/notifications.py"],
    "train": [f"xebra/{name}" for name in TRAINING],
    "service": ["api", "worker", "db"],
    "tracing": ["db/tracing.py"],
}


def declared(*extras: str) -> dict[str, Requirement]:
    """Requirements of the library and these extras by normalised name; "xebra[client]" stands for its own."""
    texts = PROJECT["dependencies"] + [t for e in extras for t in PROJECT["optional-dependencies"][e]]
    found: dict[str, Requirement] = {}
    for requirement in map(Requirement, texts):
        if requirement.name == "xebra":
            found |= declared(*requirement.extras)
        else:
            found[canonicalize_name(requirement.name)] = requirement
    return found


def imported(*paths: Path) -> set[str]:
    """Top-level packages that these files and folders import from elsewhere."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py"))]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - OURS


def undeclared(packages: set[str], *extras: str) -> set[str]:
    distributions = packages_distributions()
    known = set(declared(*extras))
    return {p for p in packages if not known & {canonicalize_name(d) for d in distributions.get(p, (p,))}}


def library() -> list[Path]:
    """The files of the library that need no extra."""
    optional = [CHECKOUT / path for paths in EXTRA_OF.values() for path in paths]
    files = (CHECKOUT / "xebra").rglob("*.py")
    return [file for file in files if not any(file.is_relative_to(path) for path in optional)]


def test_the_library_imports_only_what_it_declares() -> None:
    assert undeclared(imported(*library())) == set()


@pytest.mark.parametrize(("extra", "folders"), EXTRA_OF.items())
def test_each_extra_declares_what_its_files_import(extra: str, folders: list[str]) -> None:
    others = {CHECKOUT / path for paths in EXTRA_OF.values() for path in paths} - {
        CHECKOUT / f for f in folders
    }
    within = (CHECKOUT / folder for folder in folders)
    files = (file for path in within for file in ([path] if path.is_file() else path.rglob("*.py")))
    assert undeclared(imported(*(file for file in files if file not in others)), extra) == set()


def test_the_extras_of_the_tests_declare_what_the_tests_import() -> None:
    files = imported(CHECKOUT / "tests", CHECKOUT / "bench")
    assert undeclared(files, "service", "formats", "train", "bench", "test", "deep") == set()


def test_the_napari_plugin_declares_what_it_imports() -> None:
    plugin = tomllib.loads((CHECKOUT / "plugins/napari-xebra/pyproject.toml").read_text())["project"]
    known = {canonicalize_name(Requirement(text).name) for text in plugin["dependencies"]} | {"xebra"}
    assert imported(CHECKOUT / "plugins") <= known and plugin["version"] == PROJECT["version"]


def test_an_undeclared_import_is_found(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("import numpy, torch.nn\nfrom httpx import Client\n")
    assert undeclared(imported(tmp_path)) == {"torch", "httpx"}


def test_every_dependency_has_a_lower_bound_or_one_version() -> None:
    requirements = declared(*PROJECT["optional-dependencies"]).values()
    loose = [str(r) for r in requirements if not any(s.operator in (">=", "==") for s in r.specifier)]
    assert loose == []


def test_every_lower_bound_allows_the_locked_version() -> None:
    lock = dict(re.findall(r"^(\S+)==(\S+)$", (CHECKOUT / "requirements.lock").read_text(), re.MULTILINE))
    for name, requirement in declared(*PROJECT["optional-dependencies"]).items():
        assert requirement.specifier.contains(lock[name]), f"{requirement} but {name}=={lock[name]}"


def test_the_citation_names_this_version_and_licence() -> None:
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"] == "BSD-3-Clause"
    assert [author["name"] for author in citation["authors"]] == [a["name"] for a in PROJECT["authors"]]


def test_dir_shows_the_public_names_and_each_can_be_loaded() -> None:
    assert "register" in dir(xebra) and dir(xebra) == sorted(xebra.__all__)
    assert all(getattr(xebra, name) is not None for name in dir(xebra))
