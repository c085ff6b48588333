"""The unit tests of the page's pure functions, which run in Node (vitest)."""

import subprocess
from pathlib import Path

FRONTEND = Path(__file__).parents[2] / "frontend"


def test_vitest_passes():
    assert (FRONTEND / "node_modules").is_dir(), "run npm --prefix frontend ci, or ./dev test"
    ran = subprocess.run(["npm", "run", "--silent", "test"], cwd=FRONTEND, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
