"""/api/v1/register: synchronous registration of a pair, without the queue, before a deadline."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, Json

from api import problems
from api.authentication import CallerDep
from api.dependencies import AppState, DatabaseDep, RequestIdDep
from api.errors import DeadlineMissed, UploadTooLarge
from api.fields import SpacingUm
from api.images.choice import ByName, FrameChoice
from api.images.uploads import sanitize_filename
from api.registrations.estimation import ModelField
from api.registrations.masks import Mask
from api.registrations.result import Result
from api.registrations.schemas import Mirror, MirrorField
from db import audit, networks, thresholds
from db.engine import Database
from db.settings import StorageSettings
from xebra.errors import (
    EngineFailed,
    ImageChoiceNeeded,
    ImageUnreadable,
    ImageUnusable,
    MaskInvalid,
    ModelUnsupported,
    NetworkUnknown,
    PixelSpacingInvalid,
)
from xebra.masks import PolygonMask
from xebra.mirror import MIRROR
from xebra.models import TransformModel
from xebra.readers.sandbox import Limits
from xebra.weights import DEFAULT

if TYPE_CHECKING:
    from xebra import Image
    from xebra.align import Aligner
    from xebra.network_versions import VersionedAligners

MIN_DECODE_S = 0.01
PATH = "/api/v1/register"
router = APIRouter(tags=["registrations"])


class PairUpload(BaseModel):
    """Two small images and a deadline."""

    model_config = ConfigDict(extra="forbid")

    fixed: UploadFile = Field(description="A PNG or TIFF file.")
    moving: UploadFile = Field(description="A PNG or TIFF file.")
    fixed_channel: ByName | None = Field(None, description="Number or name, of a file with several.")
    fixed_frame: FrameChoice = None
    moving_channel: ByName | None = Field(None, description="Number or name, of a file with several.")
    moving_frame: FrameChoice = None
    fixed_spacing_um: SpacingUm = None
    moving_spacing_um: SpacingUm = None
    network: str | None = Field(None, max_length=100, description="Default: the most accurate network.")
    mirror: Annotated[Mirror, MirrorField] = "no"
    model: Annotated[TransformModel, ModelField] = "similarity"
    fixed_mask: Json[Mask] | None = Field(None, description="What may be used of the fixed image, as JSON.")
    moving_mask: Json[Mask] | None = Field(None, description="The same of the moving image.")
    deadline_ms: int = Field(5000, ge=1, le=60_000, description="After the arrival of the request.")

    def masks(self) -> dict[str, Any]:
        """Return the masks that are given, as ``xebra.PolygonMask.from_json`` takes them."""
        return self.model_dump(include={"fixed_mask", "moving_mask"}, exclude_none=True)


class DirectRegistration:
    """A thread pool for synchronous registrations; the networks are loaded at the first one."""

    def __init__(self, state: AppState) -> None:
        self._inference_url, threads = state.settings.inference_url, state.settings.direct_threads
        self._database, self._store = state.database, state.store
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="direct")
        self._reading = ThreadPoolExecutor(threads, thread_name_prefix="direct-reading")  # second images

    @functools.cached_property
    def aligner(self) -> Aligner:
        """Return the networks, loaded at the first use."""
        from xebra.align import Aligner

        return Aligner(self._inference_url)

    @functools.cached_property
    def versions(self) -> VersionedAligners:
        """Return the adapted versions of the instruments' networks, each loaded at its first use."""
        from xebra.network_versions import VersionedAligners

        return VersionedAligners(self._inference_url, StorageSettings().state_dir / "networks")

    def _aligner(self, network: str | None, owner: str) -> Aligner:
        """Return the networks that answer for an instrument, as in the worker."""
        if network in (None, DEFAULT):
            with self._database.querying() as session:
                version = networks.active(session, owner)
            if version is not None:
                return self.versions.get(version, lambda: self._archive(version.store_key))
        return self.aligner

    def _archive(self, key: str) -> bytes:
        with self._store.open(key) as file:
            return file.read()

    def register(self, pair: PairUpload, deadline: float, owner: str) -> dict[str, Any]:
        """Return the result of a pair of an instrument as JSON.

        Raises:
            TimeoutError: the work was not started or not finished before the deadline.
            RegistrationError: an image cannot be registered.
        """
        _check_deadline(deadline)
        fixed, moving = self._images(pair, deadline)
        settings: dict[str, Any] = {
            "network": pair.network,
            "mirror": MIRROR[pair.mirror],
            "model": pair.model,
        }
        settings |= {name: PolygonMask.from_json(body) for name, body in pair.masks().items()}
        found = self._aligner(pair.network, owner).register(fixed, moving, **settings)
        _check_deadline(deadline)
        return found.to_json()

    def _images(self, pair: PairUpload, deadline: float) -> tuple[Image, Image]:
        """Return both images, decoded at the same time."""
        about = pair.moving_spacing_um, pair.moving_channel, pair.moving_frame
        moving = self._reading.submit(_read, pair.moving, *about, deadline)
        about = pair.fixed_spacing_um, pair.fixed_channel, pair.fixed_frame
        return _read(pair.fixed, *about, deadline), moving.result()


@router.post(
    PATH,
    summary="Register pair",
    response_model=Result,
    responses=problems.documented(
        *(UploadTooLarge, RequestValidationError, ImageChoiceNeeded, ImageUnreadable, ImageUnusable),
        *(MaskInvalid, PixelSpacingInvalid, ModelUnsupported, NetworkUnknown, EngineFailed, DeadlineMissed),
    ),
)
async def register_pair(
    request: Request,
    form: Annotated[PairUpload, Form(media_type="multipart/form-data")],
    database: DatabaseDep,
    caller: CallerDep,
    request_id: RequestIdDep,
) -> Response:
    """Register a pair of small images during data collection. Only an audit entry is stored."""
    caller.require("collect")
    deadline = request.state.arrived + form.deadline_ms / 1e3
    direct: DirectRegistration = request.app.state.direct
    traced = contextvars.copy_context().run  # the thread continues the trace of the request
    register = functools.partial(direct.register, form, deadline, caller.owner)
    work = asyncio.get_running_loop().run_in_executor(direct.threads, traced, register)
    try:
        async with asyncio.timeout(deadline - time.perf_counter()):
            found = thresholds.apply(await work, thresholds.for_instrument(caller.instrument))
            settings = {"mirror": form.mirror, "model": form.model, **form.masks()}
            payload = {"request": request_id, **settings, "result": found}
            recording = asyncio.create_task(asyncio.to_thread(_record, database, caller.actor, payload))
            body = Result.model_validate(found).model_dump_json()  # while the entry is written
            await recording
    except TimeoutError:
        detail = f"not finished within {form.deadline_ms} ms; use a later deadline, or submit a job"
        raise DeadlineMissed(detail) from None
    return Response(body, media_type="application/json")


def _read(
    file: UploadFile, spacing_um: float | None, channel: str | None, frame: int | None, deadline: float
) -> Image:
    """Return an image, decoded before the deadline or not at all."""
    from xebra.image import read_untrusted

    limits = Limits(wall_s=max(MIN_DECODE_S, deadline - time.perf_counter()))
    name = sanitize_filename(file.filename)
    return read_untrusted(file.file, name, spacing_um, channel=channel, frame=frame, limits=limits)


def _check_deadline(deadline: float) -> None:
    if time.perf_counter() > deadline:
        raise TimeoutError


def _record(database: Database, actor: str, payload: dict[str, Any]) -> None:
    with database.writing() as session:
        audit.record(session, "pair.registered", actor=actor, **payload)
