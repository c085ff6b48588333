"""One attempt at one job: fetch the images, ask the network, record what it said."""

from __future__ import annotations

import hashlib
import logging
import re
from tempfile import NamedTemporaryFile

from db import endings, jobs, thresholds
from db.claims import Claim
from db.errors import ObjectAltered
from db.rows import GIVEN, INSTRUMENT, ImageRow, InstrumentRow, RegistrationRow
from worker.errors import ClaimLost
from worker.lease import HeldLease
from worker.workplace import Workplace
from xebra import Image, Registration, read_image
from xebra.errors import NetworkUnknown, RegistrationError
from xebra.image_files import write_tiff
from xebra.mirror import MIRROR

log = logging.getLogger(__name__)


def work_on(claim: Claim, place: Workplace) -> None:
    """Bring a claimed job to its end, or give it back for another attempt."""
    try:
        with HeldLease(place, claim) as lease:
            wish, fixed, moving = _fetch(claim, place)
            lease.check()
            registration = _align(wish, fixed, moving, place)
            lease.check()
            key = _store(claim, registration, place)
        _finish(claim, wish.owner, registration, key, place)
    except ClaimLost:
        log.info("%s was taken away", _name(claim), extra=_about(claim))
    except NetworkUnknown as error:  # the API knew it when it accepted the job: this worker has others
        _give_back(claim, error, place)
    except RegistrationError as error:
        _fail(claim, error, place)
    except Exception as error:
        _give_back(claim, error, place)


def _fetch(claim: Claim, place: Workplace) -> tuple[RegistrationRow, Image, Image]:
    with place.database.reading() as session:
        row = jobs.get(session, claim.registration_id)
    return row, _read(row.fixed_image, place), _read(row.moving_image, place)


def _read(row: ImageRow, place: Workplace) -> Image:
    """The image as it was uploaded, with the pixel spacing that was given for it then, if any."""
    given = row.pixel_spacing_um if row.spacing_source in (GIVEN, INSTRUMENT) else None
    with place.store.open(row.store_key) as file:
        # before it is decoded, so that what the store has damaged is not taken for a damaged upload
        if hashlib.file_digest(file, "sha256").hexdigest() != row.sha256:
            raise ObjectAltered(f"{row.name}: the stored file is not the one that was uploaded")
        return read_image(file, name=row.name, pixel_spacing=given)


def _align(wish: RegistrationRow, fixed: Image, moving: Image, place: Workplace) -> Registration:
    return place.aligner.register(
        fixed,
        moving,
        fixed_spacing=wish.fixed_spacing_um,
        moving_spacing=wish.moving_spacing_um,
        network=wish.network,
        mirror=MIRROR[wish.mirror],
    )


def _store(claim: Claim, registration: Registration, place: Workplace) -> str:
    """Write the registered image under a name that no other attempt uses."""
    key = claim.registered_key
    with NamedTemporaryFile(suffix=".tif") as file:
        write_tiff(file.name, registration.registered, registration.fixed.pixel_spacing)
        place.store.put(key, file)
    return key


def _finish(claim: Claim, owner: str, registration: Registration, key: str, place: Workplace) -> None:
    with place.database.writing() as session:
        limits = thresholds.of(session.get(InstrumentRow, owner))
        body = thresholds.applied(registration.to_json(), limits)
        finished = endings.finish(session, claim, body, key)
    said = body["verdict"] if finished else "was taken away at its end"
    log.info("%s %s", _name(claim), said, extra=_about(claim))
    if not finished:  # nothing points at the object
        place.store.delete(key)


def _fail(claim: Claim, error: RegistrationError, place: Workplace) -> None:
    log.info("%s cannot be done: %s", _name(claim), error, extra=_about(claim))
    with place.database.writing() as session:
        endings.fail(session, claim, "input", code_of(error), str(error))


def _give_back(claim: Claim, error: Exception, place: Workplace) -> None:
    log.exception("%s failed", _name(claim), extra=_about(claim))
    with place.database.writing() as session:
        endings.retry(session, claim, code_of(error), str(error) or type(error).__name__)


def _name(claim: Claim) -> str:
    """The attempt as the log names it."""
    return f"registration={claim.registration_id} attempt={claim.attempt}"


def _about(claim: Claim) -> dict[str, object]:
    """The same as fields of the log."""
    about = {"request_id": claim.request_id, "registration": claim.registration_id}
    return about | {"attempt": claim.attempt, "worker": claim.worker}


def code_of(error: Exception) -> str:
    """The name of what went wrong, as the HTTP API writes it: ImageUnusable is image-unusable."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(error).__name__).lower()
