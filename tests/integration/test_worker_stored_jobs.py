"""An old job can be replayed, exported and proved; and what was tampered with shows."""

import json

import pytest
import tifffile
from sqlalchemy import text
from test_worker_faults import attempt, submit

import db.audit_command
import worker.export
import worker.replay
from db.rows import ResultRow
from db.store import open_store
from worker.context import WorkerContext
from xebra.align import Aligner


@pytest.fixture
def place(sqlite_database, tmp_path, monkeypatch) -> WorkerContext:
    """Where the commands find it by themselves."""
    from datetime import timedelta

    monkeypatch.setenv("XEBRA_STATE_DIR", str(tmp_path / "state"))
    store = open_store((tmp_path / "state" / "images").as_uri())
    return WorkerContext("here:1", sqlite_database, store, Aligner(), timedelta(seconds=30))


@pytest.fixture
def job(place) -> str:
    """One that only the same setting can repeat."""
    job = submit(place, mirror="yes")
    assert attempt(place, job).state == "succeeded"
    return job


def test_an_old_job_is_replayed_to_the_same_answer_and_a_falsified_one_is_not(place, job, capsys):
    assert worker.replay.main([job]) == 0
    assert "the same" in capsys.readouterr().out
    with place.database.writing() as session:
        row = session.get_one(ResultRow, job)
        moved = [[line[0], line[1], line[2] + 1] for line in row.body["fixed_from_moving"]]
        row.body = row.body | {"fixed_from_moving": [*moved[:2], [0, 0, 1]]}
    assert worker.replay.main([job]) == 1
    assert "NOT the same" in capsys.readouterr().out


def test_a_job_of_other_weights_is_not_compared(place, job, capsys):
    with place.database.writing() as session:
        row = session.get_one(ResultRow, job)
        row.body = row.body | {"model": row.body["model"] | {"weights_sha256": "0" * 64}}
    assert worker.replay.main([job]) == 2
    assert "replay it with the version that made it" in capsys.readouterr().err


def test_an_exported_job_explains_itself(job, tmp_path):
    folder = tmp_path / "exported"
    assert worker.export.main([job, str(folder)]) == 0
    about = (folder / "README.md").read_text()
    assert job in about and "turned over" in about
    result = json.loads((folder / "result.json").read_text())
    assert tifffile.imread(folder / "registered.tif").shape == tuple(result["fixed"]["shape"])
    assert (folder / "picture.png").stat().st_size > 10_000
    lines = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    assert json.loads(lines[-3]["payload"])["settings"]["mirror"] == "yes"
    assert [line["event"] for line in lines][-2:] == ["registration.started", "registration.succeeded"]
    assert worker.export.main([job, str(folder)]) == 2


def test_the_audit_is_verified_by_a_command_even_where_its_end_was_cut_off(place, job, capsys):
    assert db.audit_command.main(["verify"]) == 0
    last = capsys.readouterr().out.split()[-1]
    assert db.audit_command.main(["verify", "--last", last]) == 0
    with place.database.writing() as session:
        session.execute(text("DROP TRIGGER audit_refuses_delete"))
        session.execute(text("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)"))
    assert db.audit_command.main(["verify"]) == 0
    assert db.audit_command.main(["verify", "--last", last]) == 1


def test_a_job_that_is_not_there_is_said_not_to_be(place, capsys):
    for command in (worker.replay.main, lambda argv: worker.export.main([*argv, "nowhere"])):
        assert command(["nothing"]) == 2
        assert "no registration nothing" in capsys.readouterr().err
