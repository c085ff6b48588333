"""/api/v1/service: version, networks and limits; /problems: explanations of the problem types."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api import problems
from api.dependencies import SettingsDep
from api.problem_kinds import KINDS
from xebra import weights
from xebra.image import MAX_SIDE, MIN_SIDE

router = APIRouter(tags=["service"])


class CertifiedGroup(BaseModel):
    """Counts of verdicts on one group of pairs of specimens that no threshold was chosen on."""

    pairs: int
    accepted: int
    accepted_wrong: int = Field(description="Accepted with a corner error of 5 px or more at 256 px.")
    right: int
    refused: int
    wrong_upper_bound: float = Field(description="Largest share of wrong ones, with 95 % confidence.")
    certified: bool = Field(description="Is that share 1 % at most?")


class Certificate(BaseModel):
    """How often accepted results are wrong, measured on held-out specimens."""

    statement: str
    specimens: list[str]
    seed: int
    groups: dict[str, CertifiedGroup]


class Network(BaseModel):
    """A network that can be selected by its name."""

    name: str
    weights_sha256: str
    description: str
    certificate: Certificate | None


class Limits(BaseModel):
    """Limits of the image files."""

    max_upload_bytes: int
    min_side_px: int
    max_side_px: int


class Service(BaseModel):
    """A description of this service."""

    version: str
    access: Literal["open", "keys"]
    networks: list[Network]
    limits: Limits
    retention_days: float | None = Field(
        description="Ended registrations and unused images are deleted after this time; null: never."
    )


class ProblemType(BaseModel):
    """The explanation of a problem's ``type``."""

    type: str
    title: str
    status: int


@router.get("/api/v1/service", summary="Get service information")
def get_service(settings: SettingsDep) -> Service:
    """Return version, access mode, networks and limits."""
    limits = Limits(max_upload_bytes=settings.max_upload_bytes, min_side_px=MIN_SIDE, max_side_px=MAX_SIDE)
    return Service(
        version=version("xebra"),
        access=settings.access,
        networks=_networks(),
        limits=limits,
        retention_days=settings.keep_days or None,
    )


@router.get("/problems/{code}", summary="Get problem type", responses=problems.NOT_FOUND)
def get_problem_type(code: str) -> ProblemType:
    """Return the title and the HTTP status of a problem type."""
    if code not in KINDS:
        raise HTTPException(404, f"there is no problem type {code}")
    kind = KINDS[code]
    return ProblemType(type=f"/problems/{code}", title=kind.title, status=kind.status)


def _networks() -> list[Network]:
    known = [weights.weights(name) for name in weights.names()]
    return [
        Network(
            name=network.name,
            weights_sha256=network.sha256,
            description=network.description,
            certificate=Certificate(**network.certificate) if network.certificate else None,
        )
        for network in known
    ]
