"""Signed heads of the audit log: the number and the hash of an entry, signed with an Ed25519 key.

A user who can change the database can compute the whole chain anew. The heads are in the image store and the
log of the relay, and need a key that is in neither: ``xebra audit verify`` detects a new chain and a
removed end.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from db import audit, clock
from db.rows import AuditRow
from db.store import ImageStore

PREFIX = "audit/heads/"
CHECKED = 100  # of the newest heads: each protects the whole chain before it
SIGNED = ("seq", "hash", "at", "key")
PRIVATE = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
PUBLIC = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
Head = dict[str, Any]


def load_or_create_key(file: Path) -> Ed25519PrivateKey:
    """Return the key in a PEM file; create it, and its public key beside it, if there is none.

    Raises:
        ValueError: the file is no Ed25519 key.
    """
    if not file.exists():
        _create_key(file)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{file} is no Ed25519 key; delete it, and a new one is created")
    return key


def load_public_key(file: Path) -> Ed25519PublicKey:
    """Return the public key in a PEM file.

    Raises:
        ValueError: the file is no Ed25519 public key.
    """
    key = serialization.load_pem_public_key(file.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{file} is no Ed25519 public key; give the .pub file beside the key")
    return key


def sign(session: Session, key: Ed25519PrivateKey) -> Head | None:
    """Return a signed head of the present log; None if it is empty."""
    last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(1)).first()
    if last is None:
        return None
    head = {"seq": last.seq, "hash": last.hash, "at": clock.now(session).isoformat()}
    head["key"] = fingerprint(key.public_key())
    return head | {"signature": key.sign(_message(head)).hex()}


def put(store: ImageStore, head: Head) -> None:
    """Store a head under a name that sorts by the number of its entry."""
    key = f"{PREFIX}{head['seq']:015d}-{head['key']}.json"
    store.put(key, io.BytesIO(json.dumps(head).encode()))


def newest(store: ImageStore) -> list[Head]:
    """Return the newest heads of the store, oldest first."""
    heads = []
    for key in sorted(store.list(PREFIX))[-CHECKED:]:
        with store.open(key) as file:
            heads.append(json.loads(file.read()))
    return heads


def verify(session: Session, heads: Iterable[Head], keys: Iterable[Ed25519PublicKey]) -> list[str]:
    """Return one message for each head that is not signed by one of the keys, or not in the log."""
    known = {fingerprint(key): key for key in keys}
    faults = []
    for head in heads:
        entry = session.get(AuditRow, head["seq"])
        if head["key"] not in known:
            faults.append(f"the head of entry {head['seq']} is signed by another key, {head['key']}")
        elif not _is_signed(head, known[head["key"]]):
            faults.append(f"the head of entry {head['seq']} was altered")
        elif entry is None or entry.hash != head["hash"]:
            faults.append(f"entry {head['seq']} is not the one whose head was signed at {head['at']}")
    return faults


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return a short name of a public key."""
    return hashlib.sha256(key.public_bytes(*RAW)).hexdigest()[:16]


def _create_key(file: Path) -> None:
    key = Ed25519PrivateKey.generate()
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as target:
        target.write(key.private_bytes(*PRIVATE))
    try:
        os.link(new, file)  # unlike a rename, it fails if another process was first
        file.with_suffix(".pub").write_bytes(key.public_key().public_bytes(*PUBLIC))
    except FileExistsError:
        pass
    finally:
        new.unlink()


def _is_signed(head: Head, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(bytes.fromhex(head["signature"]), _message(head))
    except (InvalidSignature, ValueError):
        return False
    return True


def _message(head: Head) -> bytes:
    return audit.canonical({name: head[name] for name in SIGNED}).encode()
