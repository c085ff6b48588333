"""Links of the OpenAPI document: which responses hold the identifiers that other operations take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

IDENTIFIES = {  # operation whose response has an ``id``, and the path parameter that takes it
    "uploadImage": "image_id",
    "completeUpload": "image_id",
    "createUpload": "upload_id",
    "createRegistration": "registration_id",
    "createBatch": "batch_id",
    "createWebhook": "webhook_id",
    "createNetwork": "network_id",
    "createLabel": "label_id",
}
ID, CURSOR = "$response.body#/id", "$response.body#/next_cursor"
PAIR = {"fixed_image_id": ID, "moving_image_id": ID}  # of one image with itself; a client replaces either id
BODIES = {
    "uploadImage": {
        "createRegistration": PAIR,
        "createBatch": {"fixed_image_id": ID, "moving_image_ids": [ID]},
    }
}
Operation = dict[str, Any]


def add(document: dict[str, Any]) -> None:
    """Add links to the responses: from a new object to its operations, and from a page to the next one."""
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        links = dict(_links(operation, operations))
        for status, response in operation["responses"].items():
            if links and status.startswith("2") and "application/json" in response.get("content", {}):
                response["links"] = links


def _links(operation: Operation, operations: list[Operation]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = operation["operationId"]
    parameter = IDENTIFIES.get(name)
    for other in operations:
        if parameter in _parameters(other, "path"):
            target = other["operationId"]
            yield target, {"operationId": target, "parameters": {parameter: ID}}
    for target, body in BODIES.get(name, {}).items():
        yield target, {"operationId": target, "requestBody": body}
    if "cursor" in _parameters(operation, "query"):
        kept = {given: f"$request.path.{given}" for given in _parameters(operation, "path")}
        yield "nextPage", {"operationId": name, "parameters": kept | {"cursor": CURSOR}}


def _parameters(operation: Operation, place: str) -> list[str]:
    return [given["name"] for given in operation.get("parameters", []) if given["in"] == place]
