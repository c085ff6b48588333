"""The documentation site builds without a warning, and its pages hold no code that is not run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
RUN = {"python", "sh"}  # docs/conftest.py runs these


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    for tool in ("tools/http_reference.py", "tools/command_reference.py"):
        subprocess.run([sys.executable, tool], cwd=CHECKOUT, check=True)
    mkdocs = [Path(sys.executable).parent / "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"]
    ran = subprocess.run(mkdocs, cwd=CHECKOUT, capture_output=True, text=True, env=os.environ)
    assert ran.returncode == 0, ran.stderr
    page = (tmp_path / "site" / "reference" / "python" / "index.html").read_text()
    assert 'id="xebra.register"' in page and 'id="xebra.client.Client.submit"' in page


def test_every_code_block_is_in_a_language_that_is_run() -> None:
    pages = [*CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("docs/how-to/*.md")]  # the reference is generated
    for file in pages:
        fences = re.findall(r"^```(.*)$", file.read_text(), re.MULTILINE)
        assert set(fences[::2]) <= RUN, f"{file.name}: {set(fences[::2]) - RUN}"
        assert set(fences[1::2]) <= {""}, f"{file.name}: a block is not closed"
