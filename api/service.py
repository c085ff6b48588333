"""/api/v1/service: what this service is and takes; /problems: what its errors mean."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api import problems
from api.dependencies import SettingsDep
from api.problem_kinds import KINDS
from xebra import weights
from xebra.image import MAX_SIDE, MIN_SIDE

router = APIRouter(tags=["service"])


class Network(BaseModel):
    """A network that can be asked for by name."""

    name: str
    weights_sha256: str
    description: str


class Limits(BaseModel):
    """What an image may be."""

    max_upload_bytes: int
    min_side_px: int
    max_side_px: int


class Service(BaseModel):
    """What answers here."""

    version: str
    access: Literal["open", "keys"]
    networks: list[Network]
    limits: Limits


class ProblemKind(BaseModel):
    """What a problem's ``type`` points at."""

    type: str
    title: str
    status: int


@router.get("/api/v1/service", summary="What is this service?")
def service(settings: SettingsDep) -> Service:
    """Its version, networks and limits."""
    limits = Limits(max_upload_bytes=settings.max_upload_bytes, min_side_px=MIN_SIDE, max_side_px=MAX_SIDE)
    about = {"version": version("xebra"), "access": settings.access}
    return Service(**about, networks=_networks(), limits=limits)


@router.get("/problems/{code}", summary="What does this problem mean?", responses=problems.NO_SUCH_PAGE)
def problem(code: str) -> ProblemKind:
    """The entry of the table of problems."""
    if code not in KINDS:
        raise HTTPException(404, f"there is no problem called {code}")
    kind = KINDS[code]
    return ProblemKind(type=f"/problems/{code}", title=kind.title, status=kind.status)


def _networks() -> list[Network]:
    known = [weights.weights(name) for name in weights.names()]
    return [Network(name=n.name, weights_sha256=n.sha256, description=n.description) for n in known]
