"""Checks of responses against the OpenAPI document, by schemathesis and by JSON schemas."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from jsonschema_rs import Draft202012Validator
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
EXAMPLES = int(os.environ.get("XEBRA_TEST_EXAMPLES", "15"))  # of each operation; 50 before a release
ENDLESS = "/api/v1/events"
COMMON: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "phases": [Phase.explicit, Phase.generate],  # no shrinking
    "suppress_health_check": list(HealthCheck),
}
SETTINGS = settings(max_examples=EXAMPLES, **COMMON)


def faults(case: Case, answer: Response) -> list[str]:
    """Return where a response is an internal error or differs from the document."""
    found: list[object] = []
    try:
        case.validate_response(answer, checks=CHECKS[missed_deadline(answer) :])
    except FailureGroup as group:
        found += group.exceptions
    found += schema_errors(answer, case)
    return [f"{fault}\n{case.as_curl_command()}" for fault in found]


def missed_deadline(answer: Response) -> bool:
    """Return whether the request has set a deadline that nobody can meet; its 504 is the right answer."""
    return answer.status_code == 504 and answer.json()["type"] == "/problems/deadline-missed"


def schema_errors(answer: Response, case: Case) -> list[str]:
    """Return the violations of the response's schema (schemathesis does not support tuples)."""
    document = case.operation.schema.raw_schema
    described = document["paths"][case.path][case.method.lower()]["responses"].get(
        str(answer.status_code), {}
    )
    kind = answer.headers.get("content-type", [""])[0].partition(";")[0]
    schema = described.get("content", {}).get(kind, {}).get("schema")
    if schema is None or not kind.endswith("json"):
        return []
    whole = Draft202012Validator(schema | {"components": document["components"]})
    return [f"{case.operation.label}: {error}" for error in whole.iter_errors(answer.json())]
