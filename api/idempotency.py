"""``Idempotency-Key``: requests that can be repeated without a second effect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.dependencies import DatabaseDep, OwnerDep
from db import idempotency
from db.engine import Database

Execute = Callable[[Session], BaseModel]


class IdempotentRequest:
    """Execute a request once, however often it is sent with the same key."""

    def __init__(self, database: Database, owner: str, key: str | None, path: str) -> None:
        self.database, self.owner, self.key, self.path = database, owner, key, path

    def run(self, body: BaseModel, execute: Execute) -> dict[str, Any]:
        """Return the response of ``execute``, called in a transaction, or the response to the first request.

        Raises:
            IdempotencyKeyReused: the key belongs to a request with another body or path.
            IdempotencyKeyInFlight: the first request has no response yet.
        """
        if self.key is None:
            with self.database.writing() as session:
                return execute(session).model_dump(mode="json")
        request_hash = hashlib.sha256(f"{self.path}\n{body.model_dump_json()}".encode()).hexdigest()
        with self.database.writing() as session:
            stored, token = idempotency.begin(session, self.owner, self.key, request_hash)
        return stored if stored is not None else self._run_first(self.key, token, execute)

    def _run_first(self, key: str, token: str, execute: Execute) -> dict[str, Any]:
        try:
            with self.database.writing() as session:
                response = execute(session).model_dump(mode="json")
                idempotency.complete(session, self.owner, key, token, response)
                return response
        except BaseException:
            with self.database.writing() as session:
                idempotency.release(session, self.owner, key, token)
            raise


async def _idempotent_request(
    request: Request,
    database: DatabaseDep,
    owner: OwnerDep,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="A unique text for each request. A repeated request with the same key has no second"
            " effect and returns the first response.",
        ),
    ] = None,
) -> IdempotentRequest:
    return IdempotentRequest(database, owner, idempotency_key, request.url.path)


IdempotencyDep = Annotated[IdempotentRequest, Depends(_idempotent_request)]
