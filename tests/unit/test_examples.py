"""The examples in docstrings run, and every public function of the library has one."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import xebra

FOLDER = Path(xebra.__file__).parent
FILES = sorted(path for path in FOLDER.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("name", [module_of(path) for path in FILES])
def test_examples_give_what_they_state(name: str) -> None:
    tried = doctest.testmod(importlib.import_module(name))
    assert tried.attempted > 0 and tried.failed == 0


@pytest.mark.parametrize("name", sorted(set(xebra.__all__) - {"Registration"}))
def test_public_functions_state_arguments_and_an_example(name: str) -> None:
    text = inspect.getdoc(getattr(xebra, name)) or ""
    assert "Args:" in text and "Examples:" in text


def test_methods_of_a_registration_state_arguments() -> None:
    assert "Args:" in (inspect.getdoc(xebra.Registration.apply) or "")
