"""``xebra audit``: verification of the audit chain."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from db import audit, audit_heads
from db.admin import EXIT_ERROR, open_database
from db.errors import BackendUnknown, StoreUnavailable
from db.rows import AuditRow
from db.settings import StorageSettings
from db.store import open_store

EXIT_BROKEN = 1


def main(argv: list[str]) -> int:
    """Verify the audit chain: exit 0 if it is intact, 1 if an entry is altered or missing."""
    parser = argparse.ArgumentParser("xebra audit", description=main.__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    verify = commands.add_parser("verify", help="read and check the whole chain")
    verify.add_argument("--last", metavar="SEQ:HASH", help="an entry recorded elsewhere that must exist")
    verify.add_argument(
        "--public-key",
        type=Path,
        action="append",
        metavar="FILE",
        help="of a relay on another machine",
    )
    arguments = parser.parse_args(argv)
    try:
        return _verify(arguments.last, arguments.public_key)
    except (BackendUnknown, StoreUnavailable, OSError, ValueError) as error:
        print(f"xebra audit: {error}", file=sys.stderr)
        return EXIT_ERROR


def _verify(anchor: str | None, key_files: list[Path] | None) -> int:
    """Print the faults of the chain and return the exit status.

    The chain alone cannot show that its end was removed, unless it was the entry of a result; ``anchor``, an
    entry recorded elsewhere, and signed heads can.
    """
    with open_database() as database, database.reading() as session:
        faults = audit.verify(session)
        if anchor is not None and not _contains(session, anchor):
            faults.append(f"the recorded entry {anchor.partition(':')[0]} is not in the chain")
        heads = audit_heads.newest(open_store(StorageSettings().images_url))
        faults += audit_heads.verify(session, heads, _public_keys(key_files)) if heads else []
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(1)).first()
    for fault in faults:
        print(fault)
    if not faults:
        print(f"{len(heads)} signed heads verified" if heads else "no head is signed yet; a relay signs them")
        print(f"intact; the last entry is {last.seq}:{last.hash}" if last else "intact and empty")
    return EXIT_BROKEN if faults else 0


def _public_keys(files: list[Path] | None) -> list[Ed25519PublicKey]:
    """Return the keys of these files, or that of the relay on this machine."""
    if files:
        return [audit_heads.load_public_key(file) for file in files]
    file = StorageSettings().audit_key_file
    assert file is not None  # the settings have a default
    return [audit_heads.load_or_create_key(file).public_key()] if file.exists() else []


def _contains(session: Session, anchor: str) -> bool:
    seq, _, digest = anchor.partition(":")
    if not seq.isdigit():
        raise ValueError(f"--last {anchor}: use the form SEQ:HASH that `xebra audit verify` prints")
    entry = session.get(AuditRow, int(seq))
    return entry is not None and entry.hash == digest
