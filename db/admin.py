"""``xebra admin``: instruments and their API keys."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from db import keys
from db.engine import Database
from db.errors import BackendUnknown, InstrumentUnknown, KeyUnknown
from db.migrate import migrate
from db.rows import InstrumentRow, KeyRow
from db.settings import StorageSettings

FAULT = 2
LIMITS = {
    "pixel_spacing_um": (float, "of its images that do not say it themselves"),
    "modality": (str, "what its images show: SE, BSE, XRF ...; where an upload does not say it"),
    "review_beyond_px": (float, "expected corner error of an answer that somebody must look at"),
    "refuse_beyond_px": (float, "expected corner error of an answer that must not be used"),
    "network": (str, "that its registrations use unless they name one"),
    "most_waiting": (int, "jobs that it may have in the queue"),
    "most_bytes": (int, "of images that it may keep"),
    "requests_per_minute": (int, "that it may send to each API process"),
}


def main(argv: list[str]) -> int:
    """Add instruments, add and revoke their API keys."""
    arguments = _parser().parse_args(argv)
    try:
        with opened() as database:
            return arguments.do(database, arguments)
    except (ValueError, BackendUnknown, InstrumentUnknown, KeyUnknown) as error:
        print(f"xebra admin: {error}", file=sys.stderr)
        return FAULT


@contextmanager
def opened() -> Iterator[Database]:
    """The database that the settings name, up to date."""
    database = Database(StorageSettings().database_url)
    try:
        migrate(database)
        yield database
    finally:
        database.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("xebra admin", description=main.__doc__)
    whats = parser.add_subparsers(required=True, metavar="WHAT")
    add = _command(whats, "add-instrument", _add_instrument, "an instrument with its own images and jobs")
    add.add_argument("name")
    for name, (kind, about) in LIMITS.items():
        add.add_argument(f"--{name.replace('_', '-')}", type=kind, help=about)
    _command(whats, "instruments", _list_instruments, "all instruments")
    add = _command(whats, "add-key", _add_key, "a key; its text is shown this once")
    add.add_argument("instrument")
    add.add_argument("--name", default="", help="whose or what for")
    add.add_argument("--scope", nargs="+", choices=keys.SCOPES, default=["read", "write"])
    _command(whats, "keys", _list_keys, "all keys")
    _command(whats, "revoke-key", _revoke_key, "a key opens nothing any more").add_argument("id")
    return parser


def _command(whats, name: str, do, about: str) -> argparse.ArgumentParser:
    command = whats.add_parser(name, help=about)
    command.set_defaults(do=do)
    return command


def _add_instrument(database: Database, arguments: argparse.Namespace) -> int:
    limits = {name: getattr(arguments, name) for name in LIMITS}
    if any(isinstance(value, (int, float)) and value <= 0 for value in limits.values()):
        raise ValueError("a limit must be more than 0; leave it out for none")
    with database.writing() as session:
        keys.add_instrument(session, arguments.name, _me(), **limits)
    return 0


def _add_key(database: Database, arguments: argparse.Namespace) -> int:
    with database.writing() as session:
        _, text = keys.add(session, arguments.instrument, arguments.name, arguments.scope, _me())
    print(text)
    return 0


def _revoke_key(database: Database, arguments: argparse.Namespace) -> int:
    with database.writing() as session:
        keys.revoke(session, arguments.id, _me())
    return 0


def _list_instruments(database: Database, _: argparse.Namespace) -> int:
    with database.reading() as session:
        for row in session.scalars(select(InstrumentRow).order_by(InstrumentRow.name)):
            said = [f"{name}={value}" for name in LIMITS if (value := getattr(row, name)) is not None]
            print(row.name, *said)
    return 0


def _list_keys(database: Database, _: argparse.Namespace) -> int:
    with database.reading() as session:
        for row in session.scalars(select(KeyRow).order_by(KeyRow.instrument, KeyRow.created_at)):
            state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "valid"
            print(row.id, row.instrument, ",".join(row.scopes), state, row.name)
    return 0


def _me() -> str:
    return f"admin:{getpass.getuser()}"
