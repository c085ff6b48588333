"""``xebra admin``: instruments and their API keys."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from db import keys
from db.engine import Database
from db.errors import ApiKeyUnknown, BackendUnknown, InstrumentUnknown
from db.migrate import migrate
from db.rows import InstrumentRow, KeyRow
from db.settings import StorageSettings

EXIT_ERROR = 2
PIXEL_SPACING_UM = (1e-6, 1e5)  # as the library takes them; this package imports none of it
LIMITS: dict[str, tuple[type, str]] = {
    "pixel_spacing_um": (float, "default pixel spacing of images whose file does not state one"),
    "modality": (str, "default modality (SE, BSE, XRF ...) of images uploaded without one"),
    "review_beyond_px": (float, "expected corner error above which a result is marked for review"),
    "refuse_beyond_px": (float, "expected corner error above which a result is refused"),
    "network": (str, "default network of its registrations"),
    "max_queued_jobs": (int, "maximum number of jobs in the queue"),
    "max_stored_bytes": (int, "maximum total size of its images"),
    "requests_per_minute": (int, "maximum request rate"),
}


def main(argv: list[str]) -> int:
    """Add instruments, add and revoke their API keys."""
    arguments = _parser().parse_args(argv)
    try:
        with open_database() as database:
            return int(arguments.run(database, arguments))
    except (ValueError, BackendUnknown, InstrumentUnknown, ApiKeyUnknown) as error:
        print(f"xebra admin: {error}", file=sys.stderr)
        return EXIT_ERROR


@contextmanager
def open_database() -> Iterator[Database]:
    """Open the database of the settings, migrated to the newest revision."""
    database = Database(StorageSettings().database_url)
    try:
        migrate(database)
        yield database
    finally:
        database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("xebra admin", description=main.__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = _command(
        commands, "add-instrument", _add_instrument, "add an instrument with its own images and jobs"
    )
    add.add_argument("name")
    for name, (kind, about) in LIMITS.items():
        add.add_argument(f"--{name.replace('_', '-')}", type=kind, help=about)
    _command(commands, "instruments", _list_instruments, "list instruments")
    add = _command(commands, "add-key", _add_key, "add an API key and print it; it is not shown again")
    add.add_argument("instrument")
    add.add_argument("--name", default="", help="name of the key's user or purpose")
    add.add_argument("--scope", nargs="+", choices=keys.SCOPES, default=["read", "write"])
    _command(commands, "keys", _list_keys, "list API keys")
    _command(commands, "revoke-key", _revoke_key, "revoke an API key").add_argument("id")
    return parser


def _command(
    commands: Any, name: str, run: Callable[[Database, argparse.Namespace], int], about: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=about)
    command.set_defaults(run=run)
    return command


def _add_instrument(database: Database, arguments: argparse.Namespace) -> int:
    limits = {name: getattr(arguments, name) for name in LIMITS}
    if any(isinstance(value, (int, float)) and value <= 0 for value in limits.values()):
        raise ValueError("a limit must be positive; omit the option for no limit")
    least, most = PIXEL_SPACING_UM
    if limits["pixel_spacing_um"] is not None and not least <= limits["pixel_spacing_um"] <= most:
        raise ValueError(f"--pixel-spacing-um must be {least:g} to {most:g} um per pixel")
    with database.writing() as session:
        keys.add_instrument(session, arguments.name, _actor(), **limits)
    return 0


def _add_key(database: Database, arguments: argparse.Namespace) -> int:
    with database.writing() as session:
        _, text = keys.add(session, arguments.instrument, arguments.name, arguments.scope, _actor())
    print(text)
    return 0


def _revoke_key(database: Database, arguments: argparse.Namespace) -> int:
    with database.writing() as session:
        keys.revoke(session, arguments.id, _actor())
    return 0


def _list_instruments(database: Database, _: argparse.Namespace) -> int:
    with database.reading() as session:
        for row in session.scalars(select(InstrumentRow).order_by(InstrumentRow.name)):
            limits = [f"{name}={value}" for name in LIMITS if (value := getattr(row, name)) is not None]
            print(row.name, *limits)
    return 0


def _list_keys(database: Database, _: argparse.Namespace) -> int:
    with database.reading() as session:
        for row in session.scalars(select(KeyRow).order_by(KeyRow.instrument, KeyRow.created_at)):
            state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "valid"
            print(row.id, row.instrument, ",".join(row.scopes), state, row.name)
    return 0


def _actor() -> str:
    return f"admin:{getpass.getuser()}"
