"""One attempt at one job: read the images, register them, store the result.

The registered image is made from the result at the first request for it (``api.registrations.current``).
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db import claims, job_transitions, jobs, labels, thresholds
from db.claims import Claim
from db.networks import Version
from db.rows import GIVEN, INSTRUMENT, ImageRow, InstrumentRow, RegistrationRow
from worker import drift_watch, shadow, versions
from worker.context import WorkerContext
from worker.errors import ClaimLost
from worker.estimation import arguments
from worker.lease import LeaseRenewer
from worker.stored_images import read_stored
from worker.stored_masks import load_masks
from xebra import Image, Registration
from xebra.errors import NetworkUnknown, RegistrationError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A claimed job with its images, and its instrument."""

    claim: Claim
    row: RegistrationRow
    instrument: InstrumentRow | None
    network: Version | None = None  # that answers; None: the bundled one
    shadow: Version | None = None  # that answers beside it, unseen
    collects_labels: bool = False


def claim_next(session: Session, context: WorkerContext) -> Job | None:
    """Claim the next job of the queue and load it in the same transaction; None if the queue is empty."""
    claim = claims.claim_next(session, context.name, context.lease)
    return None if claim is None else load(session, claim)


def load(session: Session, claim: Claim) -> Job:
    """Return a claimed job with what its registration needs, in one query."""
    return Job(claim, *jobs.to_register(session, claim.registration_id))


def run_job(job: Job, context: WorkerContext) -> None:
    """Finish or fail a claimed job, or queue it again for another attempt."""
    claim = job.claim
    try:
        with LeaseRenewer(context, claim) as lease:
            fixed, moving = _images(job.row, context)
            lease.check()
            settings = _settings(job.row, context)
            aligner = versions.aligner(job.row.network, job.network, context)
            registration = aligner.register(fixed, moving, **settings)
        if _finish(job, registration, context) and job.shadow is not None:
            shadow.compare(job.row, job.shadow, (fixed, moving), settings, registration, context)
    except ClaimLost:
        log.info("%s: the claim was lost", _name(claim), extra=_log_fields(claim))
    except NetworkUnknown as error:  # the API has this network: the worker is of another version
        _retry(claim, error, context)
    except RegistrationError as error:
        _fail(claim, error, context)
    except Exception as error:
        _retry(claim, error, context)


def error_code(error: Exception) -> str:
    """Return the code of an error class, as in the HTTP API: ImageUnusable becomes image-unusable."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(error).__name__).lower()


def describe(error: Exception) -> str:
    """Return an error for the user of the API: of a database error the reason, not the statement."""
    if isinstance(error, SQLAlchemyError):
        return "the database did not take the result; see the log of the worker"
    return str(error) or type(error).__name__


def _images(row: RegistrationRow, context: WorkerContext) -> tuple[Image, Image]:
    fixed = _read(row.fixed_image, row.fixed_channel, row.fixed_frame, context)
    return fixed, _read(row.moving_image, row.moving_channel, row.moving_frame, context)


def _read(row: ImageRow, channel: str | None, frame: int | None, context: WorkerContext) -> Image:
    """Return the image; a pixel spacing of the upload or the instrument overrides that of the file."""
    spacing = row.pixel_spacing_um if row.spacing_source in (GIVEN, INSTRUMENT) else None
    key = (row.id, row.sha256, row.name, spacing, channel, frame)
    return context.images.get(key, lambda: read_stored(row, spacing, context.store, channel, frame))


def _settings(row: RegistrationRow, context: WorkerContext) -> dict[str, Any]:
    """Return the arguments of ``xebra.register`` for a job."""
    return {
        "fixed_spacing": row.fixed_spacing_um,
        "moving_spacing": row.moving_spacing_um,
        "network": row.network,
        **arguments(row),
        **load_masks(row, context.store),
    }


def _finish(job: Job, registration: Registration, context: WorkerContext) -> bool:
    """Store the result; return False if the claim was lost."""
    claim, limits = job.claim, thresholds.for_instrument(job.instrument)
    body = thresholds.apply(registration.to_json(), limits)
    with context.database.writing() as session:
        finished = job_transitions.finish(session, claim, body)
    if finished and job.collects_labels and labels.is_certain(body):
        with context.database.writing() as session:
            labels.refresh(session, claim.registration_id, actor=claim.worker)
    if finished:
        drift_watch.store_features(claim.registration_id, registration, body, context)
    outcome = body["verdict"] if finished else "the claim was lost at the end"
    log.info("%s: %s", _name(claim), outcome, extra=_log_fields(claim))
    return finished


def _fail(claim: Claim, error: RegistrationError, context: WorkerContext) -> None:
    log.info("%s cannot be registered: %s", _name(claim), error, extra=_log_fields(claim))
    with context.database.writing() as session:
        job_transitions.fail(session, claim, "input", error_code(error), str(error))


def _retry(claim: Claim, error: Exception, context: WorkerContext) -> None:
    log.exception("%s failed", _name(claim), extra=_log_fields(claim))
    with context.database.writing() as session:
        job_transitions.retry(session, claim, error_code(error), describe(error))


def _name(claim: Claim) -> str:
    return f"registration={claim.registration_id} attempt={claim.attempt}"


def _log_fields(claim: Claim) -> dict[str, object]:
    """Return the fields of the claim for the JSON log."""
    fields = {"request_id": claim.request_id, "registration": claim.registration_id}
    return fields | {"attempt": claim.attempt, "worker": claim.worker}
