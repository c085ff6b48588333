"""Run every code block of the pages: Python blocks (plain or with prompts) and shell blocks (sh).

The blocks of a page run in order, in an empty folder that holds the bundled pair as fixed.tif and moving.tif.
Pages that call a service get one; its address replaces the usual http://127.0.0.1:8000.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from doctest import ELLIPSIS
from pathlib import Path

import matplotlib
import pytest
from support.service import Service, serving
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.region import Lexeme

from xebra import sample

matplotlib.use("agg")
USUAL_ADDRESS = "http://127.0.0.1:8000"
PAGES_WITH_A_SERVICE = ["how-to/service.md", "how-to/instruments.md", "how-to/masks.md", "how-to/series.md"]


@pytest.fixture(scope="session")
def documented_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on embedded defaults, as ./dev run starts it."""
    with serving(tmp_path_factory.mktemp("documented")) as service:
        yield service


class PythonBlocks(PythonCodeBlockParser):
    """Python blocks, in which the address of the service is replaced."""

    def __call__(self, document: Document) -> Iterator[Region]:
        for region in super().__call__(document):
            evaluate = region.evaluator
            region.evaluator = lambda example, evaluate=evaluate: evaluate(_at_the_service(example))
            yield region


def run_shell(example: Example) -> None:
    """Run a block in bash; a command that fails fails the block."""
    at = _at_the_service(example)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    if service := at.namespace.get("documented_service"):
        environment["XEBRA_STATE_DIR"] = str(service.state_dir)
    command = ["bash", "-euo", "pipefail", "-c", at.parsed]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, f"{at.parsed}\n{ran.stdout}{ran.stderr}"


def _at_the_service(example: Example) -> Example:
    service = example.namespace.get("documented_service")
    if service and isinstance(example.parsed, Lexeme):
        lexeme = example.parsed
        text = lexeme.replace(USUAL_ADDRESS, service.url)
        example.parsed = Lexeme(text, lexeme.offset, lexeme.line_offset)
    return example


def enter_folder(namespace: dict) -> None:
    namespace["_before"], namespace["_folder"] = Path.cwd(), tempfile.TemporaryDirectory(prefix="xebra-docs-")
    os.chdir(namespace["_folder"].name)
    shutil.copy(sample.FIXED, "fixed.tif")
    shutil.copy(sample.MOVING, "moving.tif")


def leave_folder(namespace: dict) -> None:
    os.chdir(namespace["_before"])
    namespace["_folder"].cleanup()


def _sybil(**pages) -> Sybil:
    parsers = [PythonBlocks(doctest_optionflags=ELLIPSIS), CodeBlockParser("sh", run_shell)]
    return Sybil(parsers, setup=enter_folder, teardown=leave_folder, **pages)


_alone = _sybil(pattern="*.md", excludes=PAGES_WITH_A_SERVICE)
_served = _sybil(patterns=PAGES_WITH_A_SERVICE, fixtures=["documented_service"])
pytest_collect_file = (_alone + _served).pytest()
