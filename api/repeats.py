"""``Idempotency-Key`` and ``Prefer: wait``: requests that may be repeated, and answers worth waiting for."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.dependencies import DatabaseDep, OwnerDep
from api.events.bulletin import Bulletin
from db import answers
from db.engine import Database
from db.rows import ENDED

LONGEST_WAIT_S = 60
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,6})")


class Repeats:
    """Does a thing once, however often it is asked for under one key."""

    def __init__(self, database: Database, owner: str, key: str | None, path: str) -> None:
        self.database, self.owner, self.key, self.path = database, owner, key, path

    def once(self, asked: BaseModel, do: Callable[[Session], BaseModel]) -> dict[str, Any]:
        """What ``do`` answers in its transaction, or what it answered the first time."""
        if self.key is None:
            with self.database.writing() as session:
                return do(session).model_dump(mode="json")
        said = hashlib.sha256(f"{self.path}\n{asked.model_dump_json()}".encode()).hexdigest()
        with self.database.writing() as session:
            before, token = answers.begin(session, self.owner, self.key, said)
        return before if before is not None else self._first(do, token)

    def _first(self, do: Callable[[Session], BaseModel], token: str) -> dict[str, Any]:
        try:
            with self.database.writing() as session:
                answer = do(session).model_dump(mode="json")
                answers.finish(session, self.owner, self.key, token, answer)
                return answer
        except BaseException:
            with self.database.writing() as session:
                answers.forget(session, self.owner, self.key, token)
            raise


async def _repeats(
    request: Request,
    database: DatabaseDep,
    owner: OwnerDep,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="Any text of yours, new for each request: repeated under it, nothing is done twice.",
        ),
    ] = None,
) -> Repeats:
    return Repeats(database, owner, idempotency_key, request.url.path)


async def _wait(
    prefer: Annotated[
        str | None,
        Header(max_length=200, description="`wait=N`: answer at its end, or after N s."),
    ] = None,
) -> float:
    found = _WAIT.search(prefer or "")
    return min(float(found[1]), LONGEST_WAIT_S) if found else 0.0


RepeatsDep = Annotated[Repeats, Depends(_repeats)]
WaitDep = Annotated[float, Depends(_wait)]


async def until_ended(
    bulletin: Bulletin, registration_id: str, wait_s: float, ended: Callable[[], Any]
) -> None:
    """Return once the registration has ended, or after ``wait_s``; ``ended`` looks whether it has already."""
    async with bulletin.reading(registration_id=registration_id) as news:
        try:
            async with asyncio.timeout(wait_s):
                if await ended():
                    return
                while (await news.get()).state not in ENDED:
                    pass
        except TimeoutError:
            pass
