"""``./dev run``, whose second start installs nothing, and the contents of the wheel."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from support.servers import free_port
from support.service import environment

CHECKOUT = Path(__file__).parents[2]


WORDS = ("scale", "angle", "shift x", "shift y", "corner error", "http://")


def dev_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run it with a proxy that cannot reach the loopback address, as at many facilities."""
    proxied = environment(folder) | {"HTTP_PROXY": "http://127.0.0.1:1"}
    command = [CHECKOUT / "dev", "run", *arguments]
    ran = subprocess.run(command, env=proxied, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran


def test_run_once_registers_the_sample_pair_and_a_second_start_installs_nothing(tmp_path: Path) -> None:
    dev_run(tmp_path, "--help")  # installs what is missing
    ran = dev_run(tmp_path, "--once", "--port", str(free_port()))
    assert all(word in ran.stdout for word in WORDS), ran.stdout
    picture = Path(re.search(r"picture +(\S+)", ran.stdout)[1])
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10_000
    assert "dev:" not in ran.stderr
