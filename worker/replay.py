"""``xebra replay JOB``: a past job registered again with the recorded network."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from db import audit, networks, thresholds
from db.admin import EXIT_ERROR, open_database
from db.engine import Database
from db.errors import (
    BackendUnknown,
    NetworkVersionNotFound,
    ObjectAltered,
    ObjectMissing,
    RegistrationNotFound,
    StoreUnavailable,
)
from db.networks import Version
from db.rows import RegistrationRow, ResultRow
from db.settings import StorageSettings
from db.store import ImageStore, open_store
from worker import stored_jobs
from worker.context import versioned_aligners
from worker.errors import NothingToReplay
from worker.estimation import arguments
from worker.settings import WorkerSettings
from worker.stored_masks import load_masks
from worker.versions import read_archive
from xebra.align import Aligner
from xebra.errors import EngineFailed, RegistrationError
from xebra.transform import corner_error

TOLERANCE_PX = 1e-3
EXIT_DIFFERENT = 1
ERRORS = (
    *(BackendUnknown, RegistrationNotFound, NothingToReplay, ObjectMissing, ObjectAltered),
    *(StoreUnavailable, EngineFailed, RegistrationError, NetworkVersionNotFound),
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
    new = thresholds.apply(_register_again(database, row, result), old.get("thresholds", {}))
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


def _register_again(database: Database, row: RegistrationRow, result: ResultRow) -> dict[str, Any]:
    """Return the new result, of the adapted version that made the old one, if it was adapted.

    Raises:
        NothingToReplay: the installed network has other weights than the recorded one.
    """
    recorded = result.body["model"]
    store = open_store(StorageSettings().images_url)
    aligner = _aligner(database, store, row.owner, recorded.get("version"))
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


def _aligner(database: Database, store: ImageStore, owner: str, version_id: str | None) -> Aligner:
    """Return the networks that a result names, of the instrument of its job.

    Raises:
        NetworkVersionNotFound: the version was not kept.
    """
    url = WorkerSettings().inference_url
    if version_id is None:
        return Aligner(url)
    with database.writing() as session:  # it is in use again: its graphs stay on the Triton server
        version = Version.of(networks.get(session, version_id, owner))
        networks.touch(session, version_id)
    return versioned_aligners(url).get(version, lambda: read_archive(version.store_key, store))
