"""The OpenAPI document says of every error what it really is: problem details."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.errors import UploadStalled, UploadTooLarge
from api.problem_kinds import FRAMEWORK, REQUEST_INVALID, TABLE, Kind
from api.problems import MEDIA_TYPE, Problem


def _said(kind: Kind) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": f"{kind.title} (`{kind.code}`)", "content": content}


OF_ANY_BODY = {
    str(kind.status): _said(kind) for kind in (FRAMEWORK[400], TABLE[UploadStalled], TABLE[UploadTooLarge])
}


def install(app: FastAPI) -> None:
    """Mend the document that FastAPI makes when it is first asked for."""
    make = app.openapi

    def mended() -> dict[str, Any]:
        if app.openapi_schema is None:
            _mend(make())
        return app.openapi_schema

    app.openapi = mended


def _mend(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in document["paths"].values():
        for operation in path.values():
            refused = operation["responses"].get("422", {})
            if "application/json" in refused.get("content", {}):  # FastAPI's own form of it
                operation["responses"]["422"] = _said(REQUEST_INVALID)
            if "requestBody" in operation:
                operation["responses"] = OF_ANY_BODY | operation["responses"]
