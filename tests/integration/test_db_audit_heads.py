"""Changes of the audit log that leave its chain whole are detected: by the results, and by signed heads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update
from support.jobs import RESULT, claim_next, do, submit

from db import audit, audit_heads, job_transitions
from db.audit_command import main
from db.rows import AuditRow, ResultRow
from db.store import open_store
from worker.audit_signer import AuditSigner


@pytest.fixture
def signer(database, tmp_path) -> AuditSigner:
    """A relay's signer, after three jobs."""
    for _ in range(3):
        submit(database)
        do(database, job_transitions.finish, claim_next(database), RESULT)
    images = open_store((tmp_path / "images").as_uri())
    return AuditSigner(database, lambda: images, tmp_path / "audit.key")


def faults(database, signer: AuditSigner) -> list[str]:
    """Return the faults that a verification with the key of the signer finds."""
    key = audit_heads.load_public_key(signer.key_file.with_suffix(".pub"))
    with database.reading() as session:
        heads = audit_heads.newest(signer._open_store())
        return audit.verify(session) + audit_heads.verify(session, heads, [key])


def disable_triggers(session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
    else:
        session.execute(text("DROP TRIGGER audit_refuses_update"))
        session.execute(text("DROP TRIGGER audit_refuses_delete"))


def test_altered_result_is_detected(database, signer):
    with database.writing() as session:
        row = session.query(ResultRow).first()
        row.body = RESULT | {"verdict": "refuse"}
    assert audit_faults(database) == [f"the result of registration {row.registration_id} was altered"]


def test_removed_and_added_results_are_detected(database, signer):
    with database.writing() as session:
        first, second, _ = [row.registration_id for row in session.query(ResultRow)]
        session.execute(delete(ResultRow).where(ResultRow.registration_id == first))
        moved = update(ResultRow).where(ResultRow.registration_id == second)
        session.execute(moved.values(registration_id=first, body=RESULT | {"scale": 2}))
    found = audit_faults(database)
    assert f"the result of registration {first} was altered" in found
    assert f"the result of registration {second} is missing" in found


def audit_faults(database) -> list[str]:
    with database.reading() as session:
        return audit.verify(session)


def test_head_is_signed_at_intervals_and_verified(database, signer):
    assert (signer.sign(), signer.sign()) == (1, 0)
    assert signer.key_file.stat().st_mode & 0o777 == 0o600
    assert faults(database, signer) == []
    submit(database)
    signer._due_at = 0.0
    assert signer.sign() == 1
    assert faults(database, signer) == []
    signer._due_at = 0.0
    assert signer.sign() == 0  # nothing has changed


def test_chain_that_was_computed_anew_is_detected(database, signer):
    signer.sign()
    with database.writing() as session:
        disable_triggers(session)
        previous = audit.GENESIS_HASH
        for entry in session.query(AuditRow).order_by(AuditRow.seq):
            entry.actor, entry.previous_hash = "nobody", previous
            entry.hash = previous = audit.digest(entry)
    assert audit_faults(database) == []
    assert [fault.split()[:2] for fault in faults(database, signer)] == [["entry", str(entry.seq)]]


def test_removed_end_is_detected(database, signer):
    submit(database)
    signer.sign()
    with database.writing() as session:
        disable_triggers(session)
        last = session.query(AuditRow).count()
        session.execute(delete(AuditRow).where(AuditRow.seq == last))
    assert audit_faults(database) == []
    assert any(f"entry {last} is not the one" in fault for fault in faults(database, signer))


@pytest.mark.parametrize("name", ["seq", "hash", "at", "signature"])
def test_altered_head_is_detected(database, signer, name):
    signer.sign()
    [file] = Path(signer._open_store().root, "audit/heads").iterdir()
    head = json.loads(file.read_text())
    head[name] = 1 if name == "seq" else ("11" if head[name].startswith("00") else "00") + head[name][2:]
    file.write_text(json.dumps(head))
    assert any("was altered" in fault for fault in faults(database, signer))


def test_head_of_another_key_is_detected(database, signer, tmp_path):
    signer.sign()
    other = audit_heads.load_or_create_key(tmp_path / "other.key").public_key()
    with database.reading() as session:
        heads = audit_heads.newest(signer._open_store())
        assert "another key" in audit_heads.verify(session, heads, [other])[0]


def test_command_verifies_heads_and_results(database, database_url, signer, tmp_path, monkeypatch, capsys):
    for name, value in (("DATABASE_URL", database_url), ("STATE_DIR", str(tmp_path))):
        monkeypatch.setenv(f"XEBRA_{name}", value)
    signer.sign()
    assert main(["verify"]) == 0
    assert "1 signed heads verified" in capsys.readouterr().out
    assert main(["verify", "--public-key", str(tmp_path / "audit.pub")]) == 0
    with database.writing() as session:
        session.execute(update(ResultRow).values(body=RESULT | {"scale": 9}))
    assert main(["verify"]) == 1
    assert "was altered" in capsys.readouterr().out
