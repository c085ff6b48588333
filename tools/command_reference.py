"""Write docs/reference/command-line.md from the help texts of ``xebra``.

.venv/bin/python tools/command_reference.py    (./dev docs does it)
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import typer
from typer.core import TyperGroup

from xebra import cli

TARGET = Path(__file__).parent.parent / "docs" / "reference" / "command-line.md"
NESTED = {"admin": ("add-instrument", "instruments", "add-key", "keys", "revoke-key"), "audit": ("verify",)}
HEAD = """# Command line

Made from the help texts. Every command prints its help with `--help`.
An error is one line on stderr, with exit code 2.
`serve`, `admin`, `audit`, `replay` and `export-job` belong to the service: they need a checkout.
"""


def main() -> None:
    """Write the page."""
    os.environ["COLUMNS"] = "100"  # of argparse and typer
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)  # xebra has several commands
    names = group.list_commands(typer.Context(group))
    commands = [(name, *rest) for name in names for rest in ((), *((sub,) for sub in NESTED.get(name, ())))]
    TARGET.write_text("\n".join([HEAD, *map(section, commands)]))


def section(command: tuple[str, ...]) -> str:
    """Return the section of one command."""
    return f"{'#' * (len(command) + 1)} xebra {' '.join(command)}\n\n```text\n{help_text(command)}\n```\n"


def help_text(command: tuple[str, ...]) -> str:
    """Return what ``xebra COMMAND --help`` prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        assert cli.main([*command, "--help"]) == cli.ACCEPTED
    return printed.getvalue().strip()


if __name__ == "__main__":
    main()
