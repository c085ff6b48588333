"""Errors as RFC 9457 problem details, after the table of ``api.problem_kinds``."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from api.errors import (
    KeyMissing,
    NothingMore,
    OtherSite,
    RateExceeded,
    ScopeMissing,
)
from api.problem_kinds import FRAMEWORK, INTERNAL_ERROR, REQUEST_INVALID, TABLE, TRY_AGAIN, Kind
from db.errors import KeyUnknown, QuotaExceeded, SessionUnknown, StoreUnavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Problem details after RFC 9457."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "/problems/image-not-found",
                "title": "There is no such image",
                "status": 404,
                "detail": "there is no image 2c1743a3-91d5-4b9c-a8f8-5ab7c6c2e1d0; upload it first",
                "instance": "/api/v1/images/2c1743a3-91d5-4b9c-a8f8-5ab7c6c2e1d0",
            }
        },
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str


_SCHEMA = {"$ref": "#/components/schemas/Problem"}


ALWAYS = (
    *(OperationalError, StoreUnavailable),
    *(KeyMissing, KeyUnknown, SessionUnknown, OtherSite, ScopeMissing, RateExceeded, QuotaExceeded),
)


def documented(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for the problems that an endpoint may answer with."""
    always = [INTERNAL_ERROR, *(TABLE[error] for error in ALWAYS)]
    kinds = list(dict.fromkeys([TABLE[error] for error in errors] + always))
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        titles.setdefault(kind.status, []).append(f"{kind.title} (`{kind.code}`)")
    content = {MEDIA_TYPE: {"schema": _SCHEMA}}
    return {status: {"description": "; ".join(said), "content": content} for status, said in titles.items()}


NO_SUCH_PAGE = {404: {"description": "Not Found", "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}}


def answer(kind: Kind, detail: str, instance: str, **more: Any) -> JSONResponse:
    """The response for a kind of problem."""
    about = {"type": f"/problems/{kind.code}", "title": kind.title, "status": kind.status}
    body = about | {"detail": detail, "instance": instance} | more
    return JSONResponse(body, kind.status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the table, and every error of the framework, as a problem."""
    for error in TABLE:
        app.add_exception_handler(error, _from_table)
    app.add_exception_handler(RequestValidationError, _from_validation)
    app.add_exception_handler(OperationalError, _from_database)
    app.add_exception_handler(HTTPException, _from_framework)
    app.add_exception_handler(NothingMore, _no_content)


def unexpected(path: str, request_id: str) -> JSONResponse:
    """The answer to an error that nobody foresaw; its traceback is in the log under the request's id."""
    return answer(INTERNAL_ERROR, f"look for request {request_id} in the log of the API", path)


async def _from_table(request: Request, error: Exception) -> JSONResponse:
    kind = next(TABLE[base] for base in type(error).__mro__ if base in TABLE)
    response = answer(kind, str(error), request.url.path, **getattr(error, "more", {}))
    response.headers.update(getattr(error, "headers", None) or TRY_AGAIN.get(kind.status, {}))
    return response


async def _from_validation(request: Request, error: RequestValidationError) -> JSONResponse:
    errors = [{"where": ".".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
    detail = "; ".join(f"{e['where']}: {e['what']}" for e in errors)
    return answer(REQUEST_INVALID, detail, request.url.path, errors=errors)


async def _from_database(request: Request, error: OperationalError) -> JSONResponse:
    log.error("the database does not answer: %s", error)
    response = answer(TABLE[OperationalError], "try again in a moment", request.url.path)
    response.headers.update(TRY_AGAIN[503])
    return response


async def _no_content(request: Request, error: NothingMore) -> Response:
    return Response(status_code=204)


async def _from_framework(request: Request, error: HTTPException) -> JSONResponse:
    response = answer(FRAMEWORK[HTTPStatus(error.status_code)], str(error.detail), request.url.path)
    response.headers.update(error.headers or {})
    return response
