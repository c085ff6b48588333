"""The ``xebra`` command: the commands of the library, and plugins.

A plugin is an entry point of the group ``xebra.commands``: name = "module:function", where function(argv)
returns the exit code and the first line of its docstring is the summary in ``xebra --help``. Its module must
be quick to import.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from xebra import certificate, weights
from xebra.commands import batch, evaluation, inspect, labels, register, series, watch
from xebra.errors import EngineFailed, RegistrationError
from xebra.extras import with_hint

if TYPE_CHECKING:
    from typer._click import Command, Context

__all__ = ["ACCEPTED", "FAULT", "INTERRUPTED", "REFUSED", "app", "main"]

ACCEPTED, REFUSED, FAULT, INTERRUPTED = register.ACCEPTED, register.REFUSED, 2, 130


class _Commands(TyperGroup):
    """The commands of the library, followed by the plugins."""

    def list_commands(self, ctx: Context) -> list[str]:
        return [*super().list_commands(ctx), *sorted(_plugins())]

    def get_command(self, ctx: Context, name: str) -> Command | None:
        entry = _plugins().get(name)
        if entry is None:
            return super().get_command(ctx, name)
        return TyperCommand(name, short_help=_summary(entry))


app = typer.Typer(
    name="xebra",
    cls=_Commands,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def add(function: Callable[..., int | None], epilog: str | None = None) -> None:
    """Add a command, whose summary is the first line of the function's docstring."""
    app.command(short_help=first_line(function), epilog=epilog)(function)


def first_line(function: Callable[..., int | None]) -> str:
    return (function.__doc__ or "").partition("\n")[0]


def print_version(verbose: bool = False) -> None:
    """Print the version, and with ``verbose`` the networks and their certificates."""
    print(f"xebra {version('xebra')}")
    if verbose:
        networks = map(weights.weights, weights.names())
        print("\n".join(line for network in networks for line in certificate.lines(network)))


Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="with the version: networks and their certificates")
]


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    wanted: Annotated[bool, typer.Option("--version", help="print the version")] = False,
    verbose: Verbose = False,
) -> None:
    """Align X-ray and electron-beam microscopy images."""
    if wanted:
        print_version(verbose)
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.BadParameter("give a command")


add(register.register, epilog=register.EXIT_CODES)
add(batch.batch, epilog=batch.EXIT_CODES)
add(series.series, epilog=series.EXIT_CODES)
add(watch.watch, epilog=watch.EXIT_CODES)
add(inspect.inspect)
add(evaluation.evaluate)
add(evaluation.specimens)
add(evaluation.sample)
app.add_typer(labels.app, name="labels", short_help="List, export and import the labels of an instrument.")


@app.command("version")
def version_command(verbose: Verbose = False) -> None:
    """Print the version."""
    print_version(verbose)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one line on stderr and exit code 2."""
    argv = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not in a notebook
            stream.reconfigure(errors="replace")  # consoles without µ print "?"
    logging.getLogger("tifffile").addHandler(logging.NullHandler())  # the library raises errors instead
    try:
        return _run(argv or ["--help"])
    except typer.TyperException as error:  # wrong usage
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "xebra"
        return _fail(f"{error.format_message().rstrip('.')}. See {command} --help.", command)
    except (RegistrationError, EngineFailed, OSError) as error:
        named = error if isinstance(error, OSError) and error.filename else None
        return _fail(f"{named.filename}: {named.strerror}." if named else str(error))
    except MemoryError:
        return _fail("not enough memory for these images. Crop or bin them.")
    except ModuleNotFoundError as error:  # of an optional dependency
        return _fail(f"{argv[0]}: {with_hint(error)}")
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(argv: list[str]) -> int:
    """Run a plugin or a command of the library."""
    plugin = _plugins().get(argv[0])
    if plugin:
        return plugin.load()(argv[1:]) or ACCEPTED
    return app(argv, prog_name="xebra", standalone_mode=False) or ACCEPTED


def _plugins() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="xebra.commands")}


def _summary(plugin: EntryPoint) -> str:
    """Return the first line of the function's docstring."""
    try:
        return first_line(plugin.load())
    except ImportError:
        return "(not installed)"


def _fail(message: str, command: str = "xebra") -> int:
    """Print a message in one line on stderr; return the exit code of an error."""
    print(f"{command}:", *message.split(), file=sys.stderr)
    return FAULT


if __name__ == "__main__":
    sys.exit(main())
