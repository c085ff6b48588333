"""What endpoints ask for, opened once when the app starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.access import CallerDep
from api.events.bulletin import Bulletin
from api.requests import request_id
from api.settings import ApiSettings
from db.engine import Database
from db.store import ImageStore


@dataclass(frozen=True)
class House:
    """The rooms behind the front door."""

    settings: ApiSettings
    database: Database
    store: ImageStore
    bulletin: Bulletin


async def _database(request: Request) -> Database:
    return request.app.state.house.database


async def _store(request: Request) -> ImageStore:
    return request.app.state.house.store


async def _settings(request: Request) -> ApiSettings:
    return request.app.state.house.settings


async def _bulletin(request: Request) -> Bulletin:
    return request.app.state.house.bulletin


async def _owner(caller: CallerDep) -> str:
    """Whose images and jobs these are."""
    return caller.owner


OwnerDep = Annotated[str, Depends(_owner)]


@dataclass(frozen=True)
class Who:
    """Who is asking, and whose things are meant."""

    actor: str
    owner: str


async def _who(caller: CallerDep) -> Who:
    return Who(caller.actor, caller.owner)


async def _request_id() -> str:
    return request_id.get()


DatabaseDep = Annotated[Database, Depends(_database)]
StoreDep = Annotated[ImageStore, Depends(_store)]
SettingsDep = Annotated[ApiSettings, Depends(_settings)]
WhoDep = Annotated[Who, Depends(_who)]
BulletinDep = Annotated[Bulletin, Depends(_bulletin)]
RequestIdDep = Annotated[str, Depends(_request_id)]
