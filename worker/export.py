"""``xebra export-job JOB FOLDER``: one job as a folder that explains itself."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import select

from db.admin import opened
from db.engine import Database
from db.rows import AuditRow, RegistrationRow
from db.settings import StorageSettings
from db.store import ImageStore, open_store
from worker import archive
from worker.replay import FAULT, FAULTS
from xebra.registration import Registration
from xebra.transform_files import FORMATS, Pair

ABOUT = """# Registration {id}

{moving} (moving) was laid on {fixed} (fixed):
{mirrored}turned by {angle:.4f} degrees, scaled by {scale:.6f}, shifted by {x:.3f}, {y:.3f} px.
Verdict: {verdict} ({reason}). Expected corner error: {error:.3f} px.

Network {network} on {engine}, weights SHA-256 {weights}.
Exported by Xebra {version}.

| file | |
|---|---|
| result.json | everything that was found; points are (x, y) in px from the centre of the top-left pixel |
| transform.* | the same transform for other programs |
| fixed, moving | the images as they were uploaded, byte for byte; their SHA-256 are in result.json |
| registered.tif | the moving image's own values on the fixed image's grid |
| picture.png | fixed, moving, registered, overlay |
| audit.jsonl | what was written down about this job, with the hashes of the chain |
"""


def main(argv: list[str]) -> int:
    """Write all that is known of a job into a new folder."""
    parser = argparse.ArgumentParser("xebra export-job", description=main.__doc__)
    parser.add_argument("job", help="id of a registration that succeeded")
    parser.add_argument("folder", type=Path, help="must not exist yet")
    arguments = parser.parse_args(argv)
    try:
        with opened() as database:
            row = archive.succeeded(database, arguments.job)
            arguments.folder.mkdir(parents=True)
            _write(row, database, open_store(StorageSettings().images_url), arguments.folder)
    except (*FAULTS, OSError) as error:
        print(f"xebra export-job: {error}", file=sys.stderr)
        return FAULT
    print(arguments.folder)
    return 0


def _write(row: RegistrationRow, database: Database, store: ImageStore, folder: Path) -> None:
    from xebra import picture  # brings matplotlib

    body = row.result.body
    (folder / "README.md").write_text(_about(row))
    (folder / "result.json").write_text(json.dumps(body, indent=2) + "\n")
    for kind in FORMATS.values():
        (folder / f"transform{kind.suffix}").write_text(kind.write(Pair.of(body)), newline="")
    for name, image in (("fixed", row.fixed_image), ("moving", row.moving_image)):
        suffix = ".png" if image.media_type == "image/png" else ".tif"
        _copy(store, image.store_key, folder / f"{name}{suffix}")
    _copy(store, row.result.registered_key, folder / "registered.tif")
    with (folder / "picture.png").open("wb") as file:
        picture.save(Registration.from_json(body, *archive.images(row, store)), file)
    (folder / "audit.jsonl").write_text(_audit(row, database))


def _about(row: RegistrationRow) -> str:
    body = row.result.body
    x, y = body["shift_px"]
    found = {"angle": body["angle_deg"], "scale": body["scale"], "x": x, "y": y, "id": row.id}
    found |= {"verdict": body["verdict"], "reason": body["reason"], "error": body["expected_corner_error_px"]}
    found["mirrored"] = "turned over (x reflected about its centre), then " if body["mirror"] else ""
    model = {"network": body["model"]["name"], "engine": body["model"]["engine"], "version": version("xebra")}
    names = {"fixed": row.fixed_image.name, "moving": row.moving_image.name}
    return ABOUT.format(**found, **model, **names, weights=body["model"]["weights_sha256"])


def _audit(row: RegistrationRow, database: Database) -> str:
    """The entries that name the job or its images, in the order in which they were made."""
    about = (row.id, row.fixed_image_id, row.moving_image_id)
    names = ("seq", "at", "actor", "event", "payload", "previous_hash", "hash")
    with database.reading() as session:
        entries = session.scalars(select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=1000))
        lines = [
            json.dumps({name: getattr(entry, name) for name in names})
            for entry in entries
            if any(name in entry.payload for name in about)
        ]
    return "\n".join(lines) + "\n"


def _copy(store: ImageStore, key: str, target: Path) -> None:
    with store.open(key) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
