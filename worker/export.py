"""``xebra export-job JOB FOLDER``: one job as a self-contained folder."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import select

from db import corrections
from db.admin import EXIT_ERROR, open_database
from db.engine import Database
from db.rows import AuditRow, RegistrationRow, ResultRow
from db.settings import StorageSettings
from db.store import ImageStore, open_store
from worker import stored_jobs
from worker.replay import ERRORS
from xebra.correction import corrected
from xebra.image_files import write_tiff
from xebra.registration import Registration
from xebra.transform_files import FORMATS, Pair

README = """# Registration {id}

Fixed image: {fixed}. Moving image: {moving}.
Transform from the moving to the fixed image: {mirrored}rotation {angle:.4f} degrees, scale {scale:.6f}, shift
{x:.3f}, {y:.3f} px.
Verdict: {verdict} ({reason}). Expected corner error: {error}.

Network {network} on {engine}, weights SHA-256 {weights}.
Exported by Xebra {version}.

| file | content |
|---|---|
| result.json | the complete result; points are (x, y) in px from the centre of the top-left pixel |
| prediction.json | only after a correction by hand: the result before it |
| transform.* | the transform in the formats of other programs |
| fixed, moving | the images as they were uploaded, byte for byte; their SHA-256 are in result.json |
| registered.tif | the values of the moving image on the grid of the fixed image |
| picture.png | fixed, moving, registered, overlay |
| audit.jsonl | the audit entries of this job, with the hashes of the chain |
"""
SUFFIXES = {"image/png": ".png", "image/tiff": ".tif"}  # of others: that of the upload's name
AUDIT_FIELDS = ("seq", "at", "actor", "event", "payload", "previous_hash", "hash")


def main(argv: list[str]) -> int:
    """Write everything that is stored about a job into a new folder."""
    parser = argparse.ArgumentParser("xebra export-job", description=main.__doc__)
    parser.add_argument("job", help="id of a registration that succeeded")
    parser.add_argument("folder", type=Path, help="folder to create; it must not exist")
    arguments = parser.parse_args(argv)
    try:
        with open_database() as database:
            row, result = stored_jobs.load_succeeded(database, arguments.job)
            arguments.folder.mkdir(parents=True)
            store = open_store(StorageSettings().images_url)
            _write(row, result, store, arguments.folder)
            (arguments.folder / "audit.jsonl").write_text(_audit_entries(row, database))
    except (*ERRORS, OSError) as error:
        print(f"xebra export-job: {error}", file=sys.stderr)
        return EXIT_ERROR
    print(arguments.folder)
    return 0


def _write(row: RegistrationRow, result: ResultRow, store: ImageStore, folder: Path) -> None:
    from xebra import picture  # imports matplotlib

    body = _body(row, result)
    registration = Registration.from_json(body, *stored_jobs.load_images(row, result, store))
    (folder / "README.md").write_text(_readme(row, body))
    (folder / "result.json").write_text(json.dumps(body, indent=2) + "\n")
    if row.corrections:
        (folder / "prediction.json").write_text(json.dumps(result.body, indent=2) + "\n")
    for kind in FORMATS.values():
        (folder / f"transform{kind.suffix}").write_bytes(kind.content(Pair.of(body)))
    for name, image in (("fixed", row.fixed_image), ("moving", row.moving_image)):
        suffix = SUFFIXES.get(image.media_type) or Path(image.name).suffix
        _copy(store, image.store_key, folder / f"{name}{suffix}")
    if not row.corrections and store.exists(result.registered_key):  # it was downloaded before
        _copy(store, result.registered_key, folder / "registered.tif")
    else:
        write_tiff(folder / "registered.tif", registration.registered, registration.fixed.pixel_spacing)
    with (folder / "picture.png").open("wb") as file:
        picture.save(registration, file)


def _body(row: RegistrationRow, result: ResultRow) -> dict[str, Any]:
    """Return the result under the newest correction by hand, if there is any."""
    found = corrections.applied(row)
    if found is None:
        return result.body
    at = found.created_at.isoformat()
    return corrected(
        result.body, found.fixed_from_moving, by=found.actor, at=at, note=found.note, id=found.id
    )


def _readme(row: RegistrationRow, body: dict[str, Any]) -> str:
    model, error = body["model"], body["expected_corner_error_px"]
    x, y = body["shift_px"]
    return README.format(
        id=row.id,
        fixed=row.fixed_image.name,
        moving=row.moving_image.name,
        mirrored="mirrored (x reflected about the centre), then " if body["mirror"] else "",
        angle=body["angle_deg"],
        scale=body["scale"],
        x=x,
        y=y,
        verdict=body["verdict"],
        reason=body["reason"],
        error="unknown" if error is None else f"{error:.3f} px",
        network=model["name"],
        engine=model["engine"],
        weights=model["weights_sha256"],
        version=version("xebra"),
    )


def _audit_entries(row: RegistrationRow, database: Database) -> str:
    """Return the audit entries that contain the id of the job or of its images, as JSON lines in order."""
    ids = (row.id, row.fixed_image_id, row.moving_image_id)
    with database.reading() as session:
        entries = session.scalars(select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=1000))
        lines = [
            json.dumps({name: getattr(entry, name) for name in AUDIT_FIELDS})
            for entry in entries
            if any(id in entry.payload for id in ids)
        ]
    return "\n".join(lines) + "\n"


def _copy(store: ImageStore, key: str, target: Path) -> None:
    with store.open(key) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
