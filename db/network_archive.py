"""A folder of networks as one object of the store: a zip whose hash is part of the version."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db import pending_objects
from db.engine import Database
from db.errors import NetworkInvalid
from db.store import ImageStore

NETWORK = "pyramid"  # the network that is adapted
REPORT = "adaptation.json"
MAX_BYTES = 256 << 20


@dataclass(frozen=True)
class Archive:
    """A stored networks folder, and what its files state."""

    store_key: str
    sha256: str
    weights_sha256: str
    graphs: dict[str, str]  # SHA-256 by name
    report: dict[str, Any]
    certificate: dict[str, Any] | None


def store(folder: Path, images: ImageStore, database: Database) -> Archive:
    """Store a networks folder; its row is to be added within a day.

    Raises:
        NetworkInvalid: files are missing, or the report is about other weights.
    """
    content, graphs, config, report = _read(folder)
    models = (folder / name / "model.onnx" for name in config["graphs"])
    weights_sha256 = hashlib.sha256(b"".join(model.read_bytes() for model in models)).hexdigest()
    if report.get("weights_sha256") != weights_sha256:
        raise NetworkInvalid(f"{folder / REPORT} is about other weights than those beside it; adapt again")
    key = f"networks/{uuid.uuid4()}.zip"
    with database.writing() as session:
        pending_objects.register(session, key)
    images.put(key, io.BytesIO(content))
    sha256 = hashlib.sha256(content).hexdigest()
    return Archive(key, sha256, weights_sha256, graphs, report, config.get("certificate"))


def _read(folder: Path) -> tuple[bytes, dict[str, str], dict[str, Any], dict[str, Any]]:
    """Return the zip of a folder, the hashes of its graphs, and its two documents."""
    try:
        config = json.loads((folder / NETWORK / "config.json").read_text())
        report = json.loads((folder / REPORT).read_text())
        files = [folder / name / "model.onnx" for name in config["graphs"]]
        graphs = {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NetworkInvalid(f"{folder} is no folder of an adapted network: {error}") from error
    return _zipped(folder), graphs, config, report


def _zipped(folder: Path) -> bytes:
    file = io.BytesIO()
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    if sum(path.stat().st_size for path in paths) > MAX_BYTES:
        raise NetworkInvalid(f"{folder} holds more than {MAX_BYTES >> 20} MiB; leave only the network in it")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.relative_to(folder).as_posix())
    return file.getvalue()
