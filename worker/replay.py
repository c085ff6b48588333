"""``xebra replay JOB``: a past job registered again with the recorded network."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from db import audit, thresholds
from db.admin import EXIT_ERROR, open_database
from db.engine import Database
from db.errors import BackendUnknown, ObjectAltered, ObjectMissing, RegistrationNotFound, StoreUnavailable
from db.rows import RegistrationRow, ResultRow
from db.settings import StorageSettings
from db.store import open_store
from worker import stored_jobs
from worker.errors import NothingToReplay
from worker.estimation import arguments
from worker.settings import WorkerSettings
from worker.stored_masks import load_masks
from xebra.align import Aligner
from xebra.errors import EngineFailed, RegistrationError
from xebra.transform import corner_error

TOLERANCE_PX = 1e-3
EXIT_DIFFERENT = 1
ERRORS = (
    *(BackendUnknown, RegistrationNotFound, NothingToReplay, ObjectMissing, ObjectAltered),
    *(StoreUnavailable, EngineFailed, RegistrationError),
)
COMPARED = ("angle_deg", "scale", "shift_px", "mirror", "expected_corner_error_px", "verdict")


def main(argv: list[str]) -> int:
    """Register the images of a past job again: exit 0 if the result is the same, 1 if it differs."""
    parser = argparse.ArgumentParser("xebra replay", description=main.__doc__)
    parser.add_argument("job", help="id of a registration that succeeded")
    arguments = parser.parse_args(argv)
    try:
        with open_database() as database:
            return _replay(database, arguments.job)
    except ERRORS as error:
        print(f"xebra replay: {error}", file=sys.stderr)
        return EXIT_ERROR


def _replay(database: Database, job: str) -> int:
    row, result = stored_jobs.load_succeeded(database, job)
    old = result.body
    new = thresholds.apply(_register_again(row, result), old.get("thresholds", {}))
    new_matrix, old_matrix = (np.array(body["fixed_from_moving"]) for body in (new, old))
    difference_px = corner_error(new_matrix, old_matrix, tuple(old["fixed"]["shape"]))
    same = bool(difference_px < TOLERANCE_PX and new["verdict"] == old["verdict"])
    payload = {"registration": job, "corner_error_px": difference_px, "same": same}
    with database.writing() as session:
        audit.record(
            session, "registration.replayed", actor="replay", **payload, engine=new["model"]["engine"]
        )
    for name in COMPARED:
        print(f"{name:26s} recorded {old[name]}   now {new[name]}")
    print(f"{'the same' if same else 'NOT the same'}: corner difference {difference_px:.2g} px")
    return 0 if same else EXIT_DIFFERENT


def _register_again(row: RegistrationRow, result: ResultRow) -> dict[str, Any]:
    """Return the new result.

    Raises:
        NothingToReplay: the installed network has other weights than the recorded one.
    """
    recorded = result.body["model"]
    aligner = Aligner(WorkerSettings().inference_url)
    store = open_store(StorageSettings().images_url)
    fixed, moving = stored_jobs.load_images(row, result, store)
    settings = {"network": recorded["name"], **arguments(row), **load_masks(row, store)}
    new = aligner.register(fixed, moving, **settings).to_json()
    installed = new["model"]
    if any(installed[name] != recorded[name] for name in ("name", "weights_sha256")):
        raise NothingToReplay(
            f"the job used a network with the weights {recorded['weights_sha256']}, but the installed network"
            f" has {installed['weights_sha256']}; replay it with the version that made it"
        )
    return new
