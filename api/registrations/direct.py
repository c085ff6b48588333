"""/api/v1/register: a pair in, its parameters out, with no queue between, by a deadline or not at all."""

from __future__ import annotations

import asyncio
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from api import problems
from api.access import CallerDep
from api.dependencies import DatabaseDep, House, RequestIdDep
from api.errors import DeadlineMissed, UploadTooLarge
from api.images.uploads import harmless
from api.registrations.result import Result
from api.registrations.schemas import Mirror, MirrorField
from db import audit, thresholds
from db.engine import Database
from xebra.errors import EngineFailed, ImageUnreadable, ImageUnusable, NetworkUnknown, PixelSpacingInvalid
from xebra.mirror import MIRROR

if TYPE_CHECKING:
    from xebra.align import Aligner

PATH = "/api/v1/register"
router = APIRouter(tags=["registrations"])


class Pair(BaseModel):
    """Two small images, and when the answer is due."""

    model_config = ConfigDict(extra="forbid")

    fixed: UploadFile = Field(description="A PNG or TIFF file.")
    moving: UploadFile = Field(description="A PNG or TIFF file.")
    fixed_spacing_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    moving_spacing_um: float | None = Field(None, gt=0, allow_inf_nan=False)
    network: str | None = Field(None, max_length=100, description="Empty: the best there is.")
    mirror: Mirror = MirrorField
    deadline_ms: int = Field(5000, ge=1, le=60_000, description="From the request's arrival.")


class Direct:
    """A few threads that register at once; opened by the first who asks, since networks take memory."""

    def __init__(self, house: House) -> None:
        self._url = house.settings.inference_url
        self.threads = ThreadPoolExecutor(house.settings.direct_threads, thread_name_prefix="direct")

    @functools.cached_property
    def aligner(self) -> Aligner:
        from xebra.align import Aligner

        return Aligner(self._url)

    def register(self, pair: Pair, late_at: float) -> dict:
        """Raises ``DeadlineMissed`` where the work is not begun or not done in time."""
        from xebra import read_image

        _check(late_at)
        images = [
            read_image(file.file, name=harmless(file.filename), pixel_spacing=spacing)
            for file, spacing in ((pair.fixed, pair.fixed_spacing_um), (pair.moving, pair.moving_spacing_um))
        ]
        found = self.aligner.register(*images, network=pair.network, mirror=MIRROR[pair.mirror])
        _check(late_at)
        return found.to_json()


@router.post(
    PATH,
    summary="Register a pair at once",
    responses=problems.documented(
        UploadTooLarge,
        RequestValidationError,
        ImageUnreadable,
        ImageUnusable,
        PixelSpacingInvalid,
        NetworkUnknown,
        EngineFailed,
        DeadlineMissed,
    ),
)
async def register(
    request: Request,
    form: Annotated[Pair, Form(media_type="multipart/form-data")],
    database: DatabaseDep,
    caller: CallerDep,
    request_id: RequestIdDep,
) -> Result:
    """For data collection: nothing is kept but an entry in the audit. Small images; few at a time."""
    caller.may("collect")
    late_at = request.state.arrived + form.deadline_ms / 1e3
    direct: Direct = request.app.state.direct
    work = asyncio.get_running_loop().run_in_executor(direct.threads, direct.register, form, late_at)
    try:
        async with asyncio.timeout(late_at - time.perf_counter()):
            found = thresholds.applied(await work, thresholds.of(caller.instrument))
            asked = {"request": request_id, "mirror": form.mirror}
            await asyncio.to_thread(_remember, database, found, caller.actor, asked)
    except TimeoutError:
        raise DeadlineMissed(f"not done within {form.deadline_ms} ms; give it longer, or queue it") from None
    return Result.model_validate(found)


def _check(late_at: float) -> None:
    if time.perf_counter() > late_at:
        raise TimeoutError


def _remember(database: Database, found: dict, actor: str, asked: dict) -> None:
    with database.writing() as session:
        audit.record(session, "pair.registered", actor=actor, **asked, result=found)
