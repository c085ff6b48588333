"""The wheel in a new environment: library, command and client, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clean_environment import CleanEnvironment
from support.service import Service

CHECKOUT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "xebra", "api", "worker", "db")
LIBRARY = """
import xebra
from xebra import sample

print(*dir(xebra))
print(xebra.register(sample.FIXED, sample.MOVING).verdict)
"""
CLIENT = """
import sys
from xebra import sample
from xebra.client import Client

with Client(sys.argv[1]) as client:
    print(client.register(sample.FIXED, sample.MOVING)["verdict"])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: an old build folder of the checkout must not get into it."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copy(CHECKOUT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", target, source], check=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    return CleanEnvironment(tmp_path_factory.mktemp("environment") / "venv", wheel)


@pytest.fixture(scope="module")
def with_client(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanEnvironment]:
    """An environment with the extra ``client``."""
    environment = CleanEnvironment(tmp_path_factory.mktemp("client") / "venv", wheel)
    environment.add("client")
    return environment


def test_it_holds_the_package_and_what_inference_needs(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    info = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"xebra", info}
    suffixes = {Path(name).suffix for name in names if name.startswith("xebra/")}
    assert suffixes == {".py", ".typed", ".json", ".onnx", ".tif"}
    assert f"{info}/licenses/LICENSE" in names
    assert wheel.stat().st_size < 12e6


def test_register_and_its_public_names_are_there(environment: CleanEnvironment, tmp_path: Path) -> None:
    ran = environment.run("python", "-c", LIBRARY, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    names, verdict = ran.stdout.splitlines()
    assert {"register", "Registration", "read_image"} <= set(names.split())
    assert verdict == "accept"


def test_the_command_registers_a_pair(environment: CleanEnvironment, tmp_path: Path) -> None:
    sample = environment.site_packages / "xebra" / "sample"
    ran = environment.run("xebra", "register", sample / "fixed.tif", sample / "moving.tif", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads((tmp_path / "xebra-moving" / "registration.json").read_text())["verdict"] == "accept"


def test_the_client_registers_a_pair(with_client: CleanEnvironment, service: Service, tmp_path: Path) -> None:
    ran = with_client.run("python", "-c", CLIENT, service.url, cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "accept\n", "")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("import xebra.client", 'pip install "xebra[client]"'),
        (
            "import xebra.engine; xebra.engine.open_engine('grpc://127.0.0.1:1')",
            'pip install "xebra[triton]"',
        ),
    ],
)
def test_a_missing_extra_is_named(
    environment: CleanEnvironment, tmp_path: Path, code: str, hint: str
) -> None:
    ran = environment.run("python", "-c", code, cwd=tmp_path)
    assert ran.returncode == 1 and ran.stderr.splitlines()[-1].endswith(hint), ran.stderr


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("train", 'pip install "xebra[train]"'),
        *[(name, "from a checkout") for name in ("serve", "admin", "audit", "replay", "export-job")],
    ],
)
def test_a_command_without_its_part_says_what_to_do(
    environment: CleanEnvironment, tmp_path: Path, command: str, hint: str
) -> None:
    ran = environment.run("xebra", command, cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert ran.stderr.startswith(f"xebra: {command}: ") and hint in ran.stderr
