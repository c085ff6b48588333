"""Dependencies of the endpoints, created once when the app starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from api.authentication import CallerDep
from api.events.broadcaster import EventBroadcaster
from api.events.stream_limits import StreamLimits
from api.images.decoder import UploadDecoder
from api.requests import current_request_id
from api.settings import ApiSettings
from api.wake_ups import WakeUps
from db.engine import Database
from db.store import ImageStore


@dataclass(frozen=True)
class AppState:
    """The settings and backends of an app."""

    settings: ApiSettings
    database: Database
    store: ImageStore
    broadcaster: EventBroadcaster
    decoder: UploadDecoder
    streams: StreamLimits
    wake_ups: WakeUps


async def _state(request: Request) -> AppState:
    return cast(AppState, request.app.state.shared)


StateDep = Annotated[AppState, Depends(_state)]


async def _database(state: StateDep) -> Database:
    return state.database


async def _store(state: StateDep) -> ImageStore:
    return state.store


async def _settings(state: StateDep) -> ApiSettings:
    return state.settings


async def _broadcaster(state: StateDep) -> EventBroadcaster:
    return state.broadcaster


async def _decoder(state: StateDep) -> UploadDecoder:
    return state.decoder


async def _wake_ups(state: StateDep) -> WakeUps:
    return state.wake_ups


async def _owner(caller: CallerDep) -> str:
    return caller.owner


@dataclass(frozen=True)
class Identity:
    """The actor for the audit log, and the owner of the data."""

    actor: str
    owner: str


async def _identity(caller: CallerDep) -> Identity:
    return Identity(caller.actor, caller.owner)


async def _request_id() -> str:
    return current_request_id()


DatabaseDep = Annotated[Database, Depends(_database)]
StoreDep = Annotated[ImageStore, Depends(_store)]
SettingsDep = Annotated[ApiSettings, Depends(_settings)]
BroadcasterDep = Annotated[EventBroadcaster, Depends(_broadcaster)]
DecoderDep = Annotated[UploadDecoder, Depends(_decoder)]
WakeUpsDep = Annotated[WakeUps, Depends(_wake_ups)]
OwnerDep = Annotated[str, Depends(_owner)]
IdentityDep = Annotated[Identity, Depends(_identity)]
RequestIdDep = Annotated[str, Depends(_request_id)]
