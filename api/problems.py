"""Errors as RFC 9457 problem details, according to the table of ``api.problem_kinds``."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeVar, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from api.errors import (
    ApiKeyMissing,
    ClientLeft,
    CrossSiteRequest,
    HostUnknown,
    RateLimitExceeded,
    ScopeMissing,
    StreamEnded,
)
from api.problem_kinds import FRAMEWORK, HEADERS, INTERNAL_ERROR, REQUEST_INVALID, TABLE, Kind
from db.errors import ApiKeyUnknown, QuotaExceeded, SessionUnknown, StoreUnavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
CLIENT_LEFT = 499  # as nginx logs it
E = TypeVar("E", bound=Exception)


class Problem(BaseModel):
    """Problem details as defined in RFC 9457."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "/problems/image-not-found",
                "title": "The image does not exist",
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


_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
COMMON = (
    *(OperationalError, StoreUnavailable),
    *(ApiKeyMissing, ApiKeyUnknown, SessionUnknown, CrossSiteRequest, ScopeMissing, HostUnknown),
    *(RateLimitExceeded, QuotaExceeded),
)


def documented(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for these errors and for those common to all endpoints."""
    common = [INTERNAL_ERROR, *(TABLE[error] for error in COMMON)]
    titles: dict[int, list[str]] = {}
    for kind in dict.fromkeys([TABLE[error] for error in errors] + common):
        titles.setdefault(kind.status, []).append(f"{kind.title} (`{kind.code}`)")
    return {
        status: {"description": "; ".join(texts), "content": _CONTENT} for status, texts in titles.items()
    }


NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "Not Found", "content": _CONTENT}}


def response(kind: Kind, detail: str, instance: str, **fields: Any) -> JSONResponse:
    """Return the response for a kind of problem."""
    problem = {"type": f"/problems/{kind.code}", "title": kind.title, "status": kind.status}
    body = problem | {"detail": detail, "instance": instance} | fields
    return JSONResponse(body, kind.status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Return every error of the table and of the framework as a problem."""
    for error in TABLE:
        app.add_exception_handler(error, from_table)
    _handle(app, RequestValidationError, _from_validation)
    _handle(app, OperationalError, from_database)
    _handle(app, HTTPException, _from_framework)
    _handle(app, StreamEnded, _no_content)
    _handle(app, ClientLeft, _no_reader)


def unexpected(path: str, request_id: str) -> JSONResponse:
    """Return the response to an unexpected error, whose traceback is in the log under the request id."""
    return response(INTERNAL_ERROR, f"see request {request_id} in the log of the API", path)


def _handle(app: FastAPI, error: type[E], handler: Callable[[Request, E], Awaitable[Response]]) -> None:
    app.add_exception_handler(error, cast(Any, handler))


async def from_table(request: Request, error: Exception) -> Response:
    """Return an error of the table as a problem."""
    kind = next(TABLE[base] for base in type(error).__mro__ if base in TABLE)
    answer = response(kind, str(error), request.url.path, **getattr(error, "fields", {}))
    answer.headers.update(getattr(error, "headers", None) or HEADERS.get(kind.status, {}))
    return answer


async def _from_validation(request: Request, error: RequestValidationError) -> Response:
    errors = [{"where": ".".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
    detail = "; ".join(f"{e['where']}: {e['what']}" for e in errors)
    return response(REQUEST_INVALID, detail, request.url.path, errors=errors)


async def from_database(request: Request, error: OperationalError) -> Response:
    """Return the problem of a database that is not available."""
    log.error("the database is not available: %s", error)
    answer = response(TABLE[OperationalError], "retry in a few seconds", request.url.path)
    answer.headers.update(HEADERS[503])
    return answer


async def _no_content(request: Request, error: StreamEnded) -> Response:
    return Response(status_code=204)


async def _no_reader(request: Request, error: ClientLeft) -> Response:
    return Response(status_code=CLIENT_LEFT)  # for the log


async def _from_framework(request: Request, error: HTTPException) -> Response:
    status, detail, methods = error.status_code, str(error.detail), _methods(request)
    if status == HTTPStatus.NOT_FOUND and methods and request.method not in methods:  # from the page's files
        status, detail = HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.METHOD_NOT_ALLOWED.phrase
    answer = response(FRAMEWORK[HTTPStatus(status)], detail, request.url.path)
    answer.headers.update(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED and methods:
        answer.headers["Allow"] = ", ".join(methods)
    return answer


def _methods(request: Request) -> list[str]:
    """Return the methods of the path in the API's document; the framework states those of one route."""
    for path, operations in request.app.openapi()["paths"].items():
        if compile_path(path)[0].fullmatch(request.url.path):
            return sorted(method.upper() for method in operations)
    return []
