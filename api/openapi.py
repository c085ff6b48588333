"""The OpenAPI document: operation ids, links, and problem details as the format of every error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import links
from api.errors import UploadStalled, UploadTooLarge
from api.problem_kinds import FRAMEWORK, REQUEST_INVALID, TABLE, Kind
from api.problems import MEDIA_TYPE, Problem


def operation_id(route: APIRoute) -> str:
    """Return the name of the route's function in camel case: ``list_webhooks`` becomes ``listWebhooks``."""
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _response(kind: Kind) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": f"{kind.title} (`{kind.code}`)", "content": content}


BODY_ERRORS = {
    str(kind.status): _response(kind)
    for kind in (FRAMEWORK[HTTPStatus.BAD_REQUEST], TABLE[UploadStalled], TABLE[UploadTooLarge])
}


def install(app: FastAPI) -> None:
    """Adapt the document that FastAPI generates at the first request for it."""
    generate = app.openapi

    def generate_adapted() -> dict[str, Any]:
        if app.openapi_schema is None:
            _adapt(generate())
        return generate()

    # FastAPI documents this replacement, which mypy takes for a mistake.
    app.openapi = generate_adapted  # type: ignore[method-assign]


def _adapt(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in document["paths"].values():
        for operation in path.values():
            invalid = operation["responses"].get("422", {})
            if "application/json" in invalid.get("content", {}):  # FastAPI's own format
                operation["responses"]["422"] = _response(REQUEST_INVALID)
            stream = operation["responses"].get("200", {}).get("content", {}).get("text/event-stream", {})
            if "itemSchema" in stream:  # FastAPI adds that the whole body is a string
                stream.pop("schema", None)
            if "requestBody" in operation:
                operation["responses"] = BODY_ERRORS | operation["responses"]
    links.add(document)
