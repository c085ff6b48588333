"""Adaptation of an instrument's network to its labels, in a process of its own at low priority."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from db import adaptations, labels, network_archive, networks
from db.engine import Database
from db.errors import NetworkInvalid, ObjectAltered, ObjectMissing
from db.networks import Version
from db.rows import NetworkRow
from db.store import ImageStore
from worker.label_folder import write_labels
from worker.processes import process_name
from worker.versions import read_archive
from xebra.errors import EngineFailed, RegistrationError
from xebra.network_versions import unpack

log = logging.getLogger(__name__)

REPORT_S = 5.0
STOP_S = 10.0  # between SIGTERM and SIGKILL
GRACE_MINUTES = 15.0  # beyond the time for training: reading, export, scores, checks
EXIT_NO_TORCH, EXIT_REFUSED = 3, 4  # of worker.adapt_process, with a reason as its last line
FAULTS = (RegistrationError, NetworkInvalid, ObjectMissing, ObjectAltered, EngineFailed)


class Outcome(NamedTuple):
    """How a process has ended: a reason where it has failed, and whether it was cancelled."""

    failure: str | None
    cancelled: bool = False


def run_next(database: Database, store: ImageStore) -> bool:
    """Run the oldest queued adaptation to its end; return False if there is none."""
    with database.writing() as session:
        row = adaptations.claim(session, process_name())
    if row is None:
        return False
    with tempfile.TemporaryDirectory(prefix="xebra-adaptation-") as folder:
        try:
            _run(row, database, store, Path(folder))
        except FAULTS as error:
            _fail(row, str(error), database)
        except Exception as error:
            log.exception("adaptation %s failed", row.id)
            _fail(row, f"{type(error).__name__}: {error}", database)
    return True


def _run(row: NetworkRow, database: Database, store: ImageStore, folder: Path) -> None:
    base = _prepare(row, database, store, folder)
    outcome = _train(row, database, folder, base)
    if outcome.cancelled:
        log.info("adaptation %s was cancelled", row.id)
    elif outcome.failure is not None:
        _fail(row, outcome.failure, database)
    elif reasons := _without_network(folder / "out" / network_archive.REPORT):
        _fail(row, reasons, database)
    else:
        archive = network_archive.store(folder / "out", store, database)
        with database.writing() as session:
            adaptations.finish(session, row, archive, actor=process_name())


def _prepare(row: NetworkRow, database: Database, store: ImageStore, folder: Path) -> Path | None:
    """Write the labels and the version to start from; return the folder of the latter, None: bundled."""
    with database.reading() as session:
        found = labels.usable(session, row.owner)
        parent = networks.get(session, row.parent_id, row.owner) if row.parent_id else None
    write_labels(folder / "labels", found, store)
    if parent is None:
        return None
    version = Version.of(parent)
    archive = read_archive(version.store_key, store)
    return unpack(archive, version.archive_sha256, folder / "base", every_file=True)


def _without_network(report: Path) -> str | None:
    """Return why an adaptation has made no network, such as labels that disagree; None if it has."""
    found = json.loads(report.read_text())
    return None if found.get("weights_sha256") else "; ".join(found.get("reasons") or ["no reason is given"])


def _train(row: NetworkRow, database: Database, folder: Path, base: Path | None) -> Outcome:
    """Run the process until it ends, is cancelled, or takes too long; report its progress meanwhile."""
    request = {"labels": str(folder / "labels"), "out": str(folder / "out"), "minutes": row.minutes}
    request |= {"seed": row.seed, "base": None if base is None else str(base)}
    progress, output = folder / "progress.json", folder / "output.txt"
    command = [sys.executable, "-m", "worker.adapt_process", json.dumps(request), str(progress)]
    with output.open("wb") as log_file:
        process = subprocess.Popen(command, stdout=log_file, stderr=subprocess.STDOUT, start_new_session=True)
    end = time.monotonic() + 60 * (row.minutes + GRACE_MINUTES)
    try:
        while (code := _wait(process, REPORT_S)) is None:
            if not _report(row, database, progress):
                return Outcome(None, cancelled=True)
            if time.monotonic() > end:
                return Outcome(f"not finished {GRACE_MINUTES:g} minutes after the time for training")
    finally:
        _stop(process)
    last = (output.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
    return Outcome(
        None if code == 0 else last if code in (EXIT_NO_TORCH, EXIT_REFUSED) else _crash(code, last)
    )


def _report(row: NetworkRow, database: Database, progress: Path) -> bool:
    """Store the progress that the process has written last; return False if it is to be stopped."""
    state: dict[str, Any] = {"progress": 0.0, "message": "starts"}
    if progress.is_file():
        state = json.loads(progress.read_text())
    with database.writing_relaxed() as session:
        return adaptations.report(session, row, state["progress"], state["message"])


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and those that it has started."""
    if process.poll() is None:
        process.terminate()
        _wait(process, STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _crash(code: int, last: str) -> str:
    cause = f"signal {-code}, often for lack of memory" if code < 0 else f"exit code {code}"
    return f"the process of the adaptation ended with {cause}: {last}"


def _fail(row: NetworkRow, reason: str, database: Database) -> None:
    log.warning("adaptation %s failed: %s", row.id, reason)
    with database.writing() as session:
        adaptations.fail(session, row, reason, actor=process_name())
