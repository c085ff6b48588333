"""``xebra networks``: the versions of an instrument's network, from the machine of the service."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from sqlalchemy import select

from db import network_archive, networks
from db.admin import EXIT_ERROR, open_database
from db.engine import Database
from db.errors import (
    BackendUnknown,
    InstrumentUnknown,
    NetworkInvalid,
    NetworkNotAcceptable,
    NetworkStateInvalid,
    NetworkVersionNotFound,
    NoActiveNetwork,
    StoreUnavailable,
)
from db.rows import LOCAL, InstrumentRow, NetworkRow
from db.settings import StorageSettings
from db.store import open_store
from xebra.weights import weights

EXIT_REFUSED = 1
ERRORS = (
    *(NetworkInvalid, NetworkVersionNotFound, NetworkStateInvalid, NoActiveNetwork),
    *(InstrumentUnknown, BackendUnknown, StoreUnavailable),
)
CHANGES = {"shadow": networks.shadow, "retire": networks.retire}
ABOUT = {
    "promote": "have a version answer the jobs of its instrument; exit 1 if it is worse than its parent",
    "shadow": "have a version answer beside the active one, unseen",
    "retire": "take a version out of use that is not active",
}


def main(argv: list[str]) -> int:
    """List, add, promote, compare and roll back the versions of an instrument's network."""
    arguments = _parser().parse_args(argv)
    try:
        with open_database() as database:
            return int(arguments.run(database, arguments))
    except NetworkNotAcceptable as error:
        print(f"xebra networks: {error}", file=sys.stderr)
        return EXIT_REFUSED
    except ERRORS as error:
        print(f"xebra networks: {error}", file=sys.stderr)
        return EXIT_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("xebra networks", description=main.__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    instrument = argparse.ArgumentParser(add_help=False)
    instrument.add_argument("--instrument", default=LOCAL, help="name of the instrument (default: local)")
    shared = [instrument]
    commands.add_parser("list", help="list the versions, newest first", parents=shared).set_defaults(
        run=_list
    )
    add = commands.add_parser(
        "add", help="add a folder that `xebra adapt` wrote, as a candidate", parents=shared
    )
    add.add_argument("folder", type=Path)
    add.set_defaults(run=_add)
    for name, about in ABOUT.items():
        change = commands.add_parser(name, help=about, parents=shared)
        change.add_argument("id", help="id of the version")
        change.set_defaults(run=_change, change=name)
    back = commands.add_parser("rollback", help="have the version answer that did before", parents=shared)
    back.set_defaults(run=_rollback)
    return parser


def _list(database: Database, arguments: argparse.Namespace) -> int:
    query = select(NetworkRow).where(NetworkRow.owner == arguments.instrument)
    with database.reading() as session:
        for row in session.scalars(query.order_by(NetworkRow.created_at.desc(), NetworkRow.id.desc())):
            weights = (row.weights_sha256 or "-")[:12]
            verdict = {None: "-", True: "acceptable", False: "not acceptable"}[row.acceptable]
            print(row.id, row.state, weights, f"{row.created_at:%Y-%m-%d %H:%M}", verdict, row.message or "")
    return 0


def _add(database: Database, arguments: argparse.Namespace) -> int:
    storage = StorageSettings()
    with database.reading() as session:
        if arguments.instrument != LOCAL and session.get(InstrumentRow, arguments.instrument) is None:
            raise InstrumentUnknown(f"there is no instrument '{arguments.instrument}'; add it first")
    archive = network_archive.store(arguments.folder, open_store(storage.images_url), database)
    with database.writing() as session:
        row = networks.add(session, arguments.instrument, archive, actor=_actor())
    print(row.id)
    return 0


def _change(database: Database, arguments: argparse.Namespace) -> int:
    about = (arguments.id, arguments.instrument)
    with database.writing() as session:
        if arguments.change == "promote":
            row = networks.promote(session, *about, actor=_actor(), bundled=weights().certificate)
        else:
            row = CHANGES[arguments.change](session, *about, actor=_actor())
    print(row.id, row.state)
    return 0


def _rollback(database: Database, arguments: argparse.Namespace) -> int:
    with database.writing() as session:
        row = networks.rollback(session, arguments.instrument, actor=_actor())
    print(f"{row.id} answers again" if row else "the bundled network answers again")
    return 0


def _actor() -> str:
    return f"admin:{getpass.getuser()}"
