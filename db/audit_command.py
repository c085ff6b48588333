"""``xebra audit``: is the chain whole?"""

from __future__ import annotations

import argparse
import sys

from sqlalchemy import select

from db import audit
from db.admin import FAULT, opened
from db.errors import BackendUnknown
from db.rows import AuditRow

BROKEN = 1


def main(argv: list[str]) -> int:
    """Verify the audit: exit 0 if the chain is whole, 1 if an entry is altered or missing."""
    parser = argparse.ArgumentParser("xebra audit", description=main.__doc__)
    whats = parser.add_subparsers(required=True, metavar="WHAT")
    verify = whats.add_parser("verify", help="read the whole chain")
    verify.add_argument("--last", metavar="SEQ:HASH", help="an entry noted elsewhere: it must be there")
    arguments = parser.parse_args(argv)
    try:
        return _verify(arguments.last)
    except (BackendUnknown, ValueError) as error:
        print(f"xebra audit: {error}", file=sys.stderr)
        return FAULT


def _verify(noted: str | None) -> int:
    """The chain alone cannot show that its end was cut off: an entry that was noted outside can."""
    with opened() as database, database.reading() as session:
        faults = audit.verify(session)
        if noted is not None and not _has(session, noted):
            faults.append(f"the entry {noted.partition(':')[0]} that was noted is not in it")
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(1)).first()
    for fault in faults:
        print(fault)
    if not faults:
        print(f"whole; the last entry is {last.seq}:{last.hash}" if last else "whole and empty")
    return BROKEN if faults else 0


def _has(session, noted: str) -> bool:
    seq, _, digest = noted.partition(":")
    if not seq.isdigit():
        raise ValueError(f"--last {noted}: write it as `xebra audit verify` has said it, SEQ:HASH")
    entry = session.get(AuditRow, int(seq))
    return entry is not None and entry.hash == digest
