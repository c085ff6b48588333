"""``xebra audit``: verification of the audit chain."""

from __future__ import annotations

import argparse
import sys

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import audit
from db.admin import EXIT_ERROR, open_database
from db.errors import BackendUnknown
from db.rows import AuditRow

EXIT_BROKEN = 1


def main(argv: list[str]) -> int:
    """Verify the audit chain: exit 0 if it is intact, 1 if an entry is altered or missing."""
    parser = argparse.ArgumentParser("xebra audit", description=main.__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    verify = commands.add_parser("verify", help="read and check the whole chain")
    verify.add_argument("--last", metavar="SEQ:HASH", help="an entry recorded elsewhere that must exist")
    arguments = parser.parse_args(argv)
    try:
        return _verify(arguments.last)
    except (BackendUnknown, ValueError) as error:
        print(f"xebra audit: {error}", file=sys.stderr)
        return EXIT_ERROR


def _verify(anchor: str | None) -> int:
    """Print the faults of the chain and return the exit status.

    The chain alone cannot show that its end was removed; ``anchor``, an entry recorded elsewhere, can.
    """
    with open_database() as database, database.reading() as session:
        faults = audit.verify(session)
        if anchor is not None and not _contains(session, anchor):
            faults.append(f"the recorded entry {anchor.partition(':')[0]} is not in the chain")
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(1)).first()
    for fault in faults:
        print(fault)
    if not faults:
        print(f"intact; the last entry is {last.seq}:{last.hash}" if last else "intact and empty")
    return EXIT_BROKEN if faults else 0


def _contains(session: Session, anchor: str) -> bool:
    seq, _, digest = anchor.partition(":")
    if not seq.isdigit():
        raise ValueError(f"--last {anchor}: use the form SEQ:HASH that `xebra audit verify` prints")
    entry = session.get(AuditRow, int(seq))
    return entry is not None and entry.hash == digest
