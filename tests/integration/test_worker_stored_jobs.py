"""A past job can be replayed, exported and verified; tampering is detected."""

import json
from datetime import timedelta

import numpy as np
import pytest
import tifffile
from sqlalchemy import select, text
from support.service import speckle
from support.worker import run, submit, upload

import db.audit_command
import worker.export
import worker.replay
from db.rows import AuditRow, RegistrationRow, ResultRow
from db.store import open_store
from worker.context import WorkerContext
from worker.estimation import arguments
from xebra.align import Aligner
from xebra.polygons import rectangle

LEFT = {"exclude": [rectangle(-0.5, -0.5, 59.5, 255.5)]}


@pytest.fixture
def context(sqlite_database, tmp_path, monkeypatch) -> WorkerContext:
    """A worker on the state folder that the commands use."""
    monkeypatch.setenv("XEBRA_STATE_DIR", str(tmp_path / "state"))
    store = open_store((tmp_path / "state" / "images").as_uri())
    return WorkerContext("here:1", sqlite_database, store, Aligner(), timedelta(seconds=30))


@pytest.fixture
def job(context) -> str:
    """A job that only the same settings reproduce."""
    job = submit(context, mirror="yes")
    assert run(context, job).state == "succeeded"
    return job


def test_replay_gives_the_same_result_and_detects_a_falsified_one(context, job, capsys):
    assert worker.replay.main([job]) == 0
    assert "the same" in capsys.readouterr().out
    with context.database.writing() as session:
        row = session.get_one(ResultRow, job)
        moved = [[line[0], line[1], line[2] + 1] for line in row.body["fixed_from_moving"]]
        row.body = row.body | {"fixed_from_moving": [*moved[:2], [0, 0, 1]]}
    assert worker.replay.main([job]) == 1
    assert "NOT the same" in capsys.readouterr().out


def test_model_prior_and_tilt_reach_the_estimator_and_the_replay(context, capsys):
    prior = {
        "fixed_from_moving": [[1, 0, 3], [0, 1, 4], [0, 0, 1]],
        "shift": 0.2,
        "angle_deg": 9,
        "scale": 0.1,
    }
    tilt = {"degrees": 10.0, "axis_deg": 90.0}
    job = submit(context, model="affine", prior=prior, moving_tilt=tilt)
    row = run(context, job)
    assert row.state == "succeeded"
    with context.database.reading() as session:
        row = session.get_one(RegistrationRow, job)
        body = session.get_one(ResultRow, job).body
    known = arguments(row)
    assert (known["model"], known["moving_tilt"], known["prior"].shift) == ("affine", (10.0, 90.0), 0.2)
    assert body["transform_model"] == "affine" and len(body["covariance"]) == 6
    assert worker.replay.main([job]) == 0


def test_replay_uses_the_masks_of_the_job(context, capsys):
    """Other masks would give another result."""
    mask_image = upload(context, np.where(np.arange(256) < 150, 255, 0) * np.ones((256, 1)))
    masks = {"fixed_mask": LEFT, "moving_mask": LEFT, "moving_mask_image_id": mask_image}
    job = submit(context, speckle(seed=8), mirror="try", **masks)
    row = run(context, job)
    excluded = {role: area["excluded"][0] for role, area in row.result.body["usable_area"].items()}
    assert excluded["fixed"] == {"name": "given mask", "share": 60 / 256}
    assert excluded["moving"] == {"name": "given mask", "share": (60 + 106) / 256}
    assert worker.replay.main([job]) == 0
    with context.database.writing() as session:
        entries = session.scalars(select(AuditRow.payload).where(AuditRow.event == "registration.submitted"))
        settings = json.loads(entries.all()[-1])["settings"]
        assert {name: settings[name] for name in masks} == masks
        session.get_one(RegistrationRow, job).fixed_mask = {"exclude": [rectangle(0, 0, 250, 120)]}
    capsys.readouterr()
    worker.replay.main([job])
    assert "corner difference 0 px" not in capsys.readouterr().out


def test_replay_with_other_weights_is_rejected(context, job, capsys):
    with context.database.writing() as session:
        row = session.get_one(ResultRow, job)
        row.body = row.body | {"model": row.body["model"] | {"weights_sha256": "0" * 64}}
    assert worker.replay.main([job]) == 2
    assert "replay it with the version that made it" in capsys.readouterr().err


def test_exported_job_is_complete(job, tmp_path):
    folder = tmp_path / "exported"
    assert worker.export.main([job, str(folder)]) == 0
    readme = (folder / "README.md").read_text()
    assert job in readme and "mirrored" in readme
    result = json.loads((folder / "result.json").read_text())
    assert tifffile.imread(folder / "registered.tif").shape == tuple(result["fixed"]["shape"])
    assert (folder / "picture.png").stat().st_size > 10_000
    lines = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    assert json.loads(lines[-3]["payload"])["settings"]["mirror"] == "yes"
    assert [line["event"] for line in lines][-2:] == ["registration.started", "registration.succeeded"]
    assert worker.export.main([job, str(folder)]) == 2


def test_audit_command_detects_a_removed_end(context, job, capsys):
    assert db.audit_command.main(["verify"]) == 0
    last = capsys.readouterr().out.split()[-1]
    assert db.audit_command.main(["verify", "--last", last]) == 0
    with context.database.writing() as session:
        session.execute(text("DROP TRIGGER audit_refuses_delete"))
        session.execute(text("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)"))
    assert db.audit_command.main(["verify"]) == 1
    assert f"the result of registration {job} has no audit entry" in capsys.readouterr().out
    assert db.audit_command.main(["verify", "--last", last]) == 1
    assert "is not in the chain" in capsys.readouterr().out


@pytest.mark.parametrize("command", [worker.replay.main, lambda argv: worker.export.main([*argv, "nowhere"])])
def test_unknown_job_is_reported(context, capsys, command):
    assert command(["nothing"]) == 2
    assert "no registration nothing" in capsys.readouterr().err
