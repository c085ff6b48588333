"""``xebra replay JOB``: an old job once more, with the network that it had then."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from db import audit, thresholds
from db.admin import opened
from db.engine import Database
from db.errors import BackendUnknown, ObjectAltered, ObjectMissing, RegistrationNotFound, StoreUnavailable
from db.rows import RegistrationRow
from db.settings import StorageSettings
from db.store import open_store
from worker import archive
from worker.errors import NothingToReplay
from worker.settings import WorkerSettings
from xebra.align import Aligner
from xebra.errors import EngineFailed, RegistrationError
from xebra.mirror import MIRROR
from xebra.transform import corner_error

SAME_PX = 1e-3
DIFFERENT, FAULT = 1, 2
FAULTS = (BackendUnknown, RegistrationNotFound, NothingToReplay, ObjectMissing, ObjectAltered)
FAULTS += (StoreUnavailable, EngineFailed, RegistrationError)


def main(argv: list[str]) -> int:
    """Register an old job's images again and compare: exit 0 if the answer is the same, 1 if it is not."""
    parser = argparse.ArgumentParser("xebra replay", description=main.__doc__)
    parser.add_argument("job", help="id of a registration that succeeded")
    arguments = parser.parse_args(argv)
    try:
        with opened() as database:
            return _replay(database, arguments.job)
    except FAULTS as error:
        print(f"xebra replay: {error}", file=sys.stderr)
        return FAULT


def _replay(database: Database, job: str) -> int:
    row = archive.succeeded(database, job)
    then = row.result.body
    now = thresholds.applied(_again(row), then.get("thresholds", {}))
    matrices = (np.array(found["fixed_from_moving"]) for found in (now, then))
    apart = corner_error(*matrices, tuple(then["fixed"]["shape"]))
    same = apart < SAME_PX and now["verdict"] == then["verdict"]
    with database.writing() as session:
        said = {"registration": job, "corner_error_px": apart, "same": same, "engine": now["model"]["engine"]}
        audit.record(session, "registration.replayed", actor="replay", **said)
    for name in ("angle_deg", "scale", "shift_px", "mirror", "expected_corner_error_px", "verdict"):
        print(f"{name:26s} then {then[name]}   now {now[name]}")
    print(f"{'the same' if same else 'NOT the same'}: {apart:.2g} px apart at the corners")
    return 0 if same else DIFFERENT


def _again(row: RegistrationRow) -> dict:
    then = row.result.body
    aligner = Aligner(WorkerSettings().inference_url)
    fixed, moving = archive.images(row, open_store(StorageSettings().images_url))
    asked = {"network": then["model"]["name"], "mirror": MIRROR[row.mirror]}
    now = aligner.register(fixed, moving, **asked).to_json()
    for name in ("name", "weights_sha256"):
        if now["model"][name] != then["model"][name]:
            had, has = then["model"]["weights_sha256"], now["model"]["weights_sha256"]
            raise NothingToReplay(
                f"the job had a network with the weights {had}, this Xebra has {has};"
                " replay it with the version that made it"
            )
    return now
