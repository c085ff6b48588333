"""The ``xebra`` command: ``register``, and commands of other packages as plugins.

A plugin is an entry point of the group ``xebra.commands``: name = "module:function", where function(argv)
returns the exit code and the first line of its docstring is the summary in ``xebra --help``. Heavy modules
are imported only when a command runs.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import logging
import sys
from importlib.metadata import EntryPoint, entry_points, version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from xebra.errors import EngineFailed, RegistrationError
from xebra.extras import with_hint

if TYPE_CHECKING:
    from xebra.image import Image

ACCEPTED, REFUSED, FAULT, INTERRUPTED = 0, 1, 2, 130
MIRROR = {"no": False, "yes": True, "try": None}
EXIT_CODES = "exit code: 0 accept or review, 1 refuse (files are written too), 2 error"


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one line on stderr and exit code 2."""
    argv = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not in a notebook
            stream.reconfigure(errors="replace")  # consoles without µ print "?"
    logging.getLogger("tifffile").addHandler(
        logging.NullHandler()
    )  # the library raises errors instead of its warnings
    try:
        return _run(argv)
    except (RegistrationError, EngineFailed, OSError) as error:
        filename = getattr(error, "filename", None)
        return _fail(f"{filename}: {error.strerror}." if filename else str(error))
    except MemoryError:
        return _fail("not enough memory for these images. Crop or bin them.")
    except ModuleNotFoundError as error:  # of an optional dependency
        return _fail(f"{argv[0]}: {with_hint(error)}")
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(argv: list[str]) -> int:
    """Run a plugin's command or one of the parser's."""
    plugins = {entry.name: entry for entry in entry_points(group="xebra.commands")}
    if argv and argv[0] in plugins:
        return plugins[argv[0]].load()(argv[1:]) or ACCEPTED
    parser = _parser(plugins)
    arguments = parser.parse_args(argv or ["--help"])
    return arguments.run(arguments)


def _fail(message: str) -> int:
    """Print a message in one line on stderr; return the exit code of an error."""
    print("xebra:", *message.split(), file=sys.stderr)
    return FAULT


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(FAULT, f"{self.prog}: {message}. See {self.prog} --help.\n")


def _parser(plugins: dict[str, EntryPoint]) -> argparse.ArgumentParser:
    """Return the parser with the own commands and the plugins' summaries."""
    parser = _Parser(prog="xebra", description="Align X-ray and electron-beam microscopy images.")
    parser.add_argument("--version", action="version", version=f"xebra {version('xebra')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    _add_register(commands)
    print_version = commands.add_parser("version", help="Print the version.")
    print_version.set_defaults(run=_print_version)
    for name, entry in sorted(plugins.items()):
        commands.add_parser(name, help=_summary(entry))
    return parser


def _add_register(commands: argparse._SubParsersAction) -> None:
    """Add the command ``register``."""
    summary = "Align a moving image with a fixed one; write the registered image, JSON and a picture."
    parser = commands.add_parser("register", help=summary, description=summary, epilog=EXIT_CODES)
    parser.add_argument("fixed", metavar="FIXED", help="file of the reference image (see xebra inspect)")
    parser.add_argument("moving", metavar="MOVING", help="file of the image to be aligned with it")
    folder = "folder for the files (default: ./xebra-<name of MOVING>, numbered if it contains another pair)"
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help=folder)
    parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")
    parser.add_argument(
        "--network", metavar="NAME", help="name of the network (default: the most accurate one)"
    )
    mirror = "is one image mirrored (specimen turned over)? try: test both, in twice the time"
    parser.add_argument("--mirror", choices=MIRROR, default="no", help=f"{mirror} (default no)")
    _add_choices(parser)
    for image in ("fixed", "moving"):
        spacing = f"pixel spacing of {image.upper()} in um per px (default: from the file)"
        parser.add_argument(f"--{image}-spacing", metavar="UM", type=float, help=spacing)
    parser.set_defaults(run=_register)


def _add_choices(parser: argparse.ArgumentParser) -> None:
    """Options that choose one of several images in a file (``xebra inspect FILE`` lists them)."""
    for what, metavar in (("channel", "NAME"), ("frame", "NUMBER")):
        kind = int if what == "frame" else str
        both = f"{what} of both files, where they hold several (see xebra inspect)"
        parser.add_argument(f"--{what}", metavar=metavar, type=kind, help=both)
        for image in ("fixed", "moving"):
            one = f"{what} of {image.upper()}"
            parser.add_argument(f"--{image}-{what}", metavar=metavar, type=kind, help=one)


def _read(arguments: argparse.Namespace, image: str) -> Image:
    """One image of a file; what is said for both files counts where the file holds several."""
    from xebra import inspect, read_image

    path, said = getattr(arguments, image), vars(arguments)
    channel, frame = said[f"{image}_channel"], said[f"{image}_frame"]
    if (channel, frame) == (None, None) and (arguments.channel or arguments.frame is not None):
        channels = inspect(path).channels
        channel = arguments.channel if len(channels) > 1 else None
        frame = arguments.frame if any(c.frames > 1 for c in channels) else None
    return read_image(path, channel=channel, frame=frame, pixel_spacing=said[f"{image}_spacing"])


def _register(arguments: argparse.Namespace) -> int:
    """Register a pair, write the files and print the result."""
    import json

    from xebra import output, register, summary

    registration = register(
        _read(arguments, "fixed"),
        _read(arguments, "moving"),
        network=arguments.network,
        mirror=MIRROR[arguments.mirror],
    )
    folder = output.folder_for(registration, arguments.output, arguments.moving)
    output.write(registration, folder)
    if arguments.json:
        print(json.dumps(registration.to_json(), indent=2))
    else:
        print(summary.table(registration))
        print(f"\nwritten to {folder}/: {', '.join(output.NAMES)}")
    return REFUSED if registration.verdict == "refuse" else ACCEPTED


def _print_version(_: argparse.Namespace) -> int:
    """Print the version."""
    print(f"xebra {version('xebra')}")
    return ACCEPTED


def _summary(entry: EntryPoint) -> str:
    """Return the first line of a command's docstring, read from its source without an import."""
    try:
        source = Path(importlib.util.find_spec(entry.module).origin).read_text(encoding="utf-8")
    except (ImportError, OSError, AttributeError, TypeError):
        return "(not installed)"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == entry.attr:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""


if __name__ == "__main__":
    sys.exit(main())
