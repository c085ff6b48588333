"""Every response conforms to the OpenAPI document, and none is an internal error."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema_rs import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from support.service import PATIENCE_S, Service, serving, speckle

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
EXAMPLES = int(os.environ.get("XEBRA_TEST_EXAMPLES", "15"))  # 50 before a release
ENDLESS = "/api/v1/events"
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # no shrinking
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, because of the data that these tests leave."""
    with serving(tmp_path_factory.mktemp("state")) as service:
        yield service


@pytest.fixture(scope="module")
def known(service: Service) -> dict[str, str]:
    """Ids of existing objects."""
    image = service.upload(speckle())
    job = service.wait(service.submit(image, image))
    batch = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"]]}
    answers = {
        "batch_id": service.client.post("/api/v1/batches", json=batch),
        "webhook_id": service.client.post("/api/v1/webhooks", json={"url": "https://127.0.0.1/none"}),
    }
    ids = {name: answer.raise_for_status().json()["id"] for name, answer in answers.items()}
    return ids | {"image_id": image["id"], "registration_id": job["id"]}


@pytest.fixture(scope="module")
def operations(service: Service, known: dict[str, str]) -> list[APIOperation]:
    """The operations of the document; ``known`` comes first, since generated webhooks use up their number."""
    whole = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    return [found.ok() for found in whole.exclude(path=ENDLESS).get_all_operations()]


def faults(operation: APIOperation, mode: GenerationMode, **given_parts: dict) -> list[str]:
    """Return the faults of the responses to generated requests."""
    found: list[str] = []

    @SETTINGS
    @given(case=operation.as_strategy(generation_mode=mode, **given_parts))
    def send(case: Case) -> None:
        answer = case.call(timeout=PATIENCE_S)
        try:
            case.validate_response(answer, checks=CHECKS[missed_deadline(answer) :])
        except FailureGroup as group:
            found.extend(f"{fault}\n{case.as_curl_command()}" for fault in group.exceptions)
        found.extend(f"{fault}\n{case.as_curl_command()}" for fault in schema_errors(answer, case))

    with contextlib.suppress(Unsatisfiable):  # an operation without parameters has no invalid requests
        send()
    return found


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


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_response_conforms_to_the_document(operations, mode):
    found = [fault for operation in operations for fault in faults(operation, mode)]
    assert not found, "\n\n".join(found)


def test_every_response_about_existing_objects_conforms_to_the_document(operations, known):
    about = [operation for operation in operations if set(names(operation)) & set(known)]
    assert len(about) > 10
    found = []
    for operation in about:
        ids = {name: known[name] for name in names(operation) if name in known}
        found += faults(operation, GenerationMode.POSITIVE, path_parameters=ids)
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("path", ["/api/v1/images", "/api/v1/batches/x", "/api/v1/session", "/health/live"])
def test_refused_method_lists_all_methods_of_the_path(service, path):
    document = service.get("/openapi.json")["paths"]
    template = "/api/v1/batches/{batch_id}" if path.endswith("/x") else path
    answer = service.client.options(path)
    assert answer.status_code == 405
    assert answer.headers["Allow"].lower().split(", ") == sorted(document[template])


def test_number_is_no_date(service, known):
    for since in (0, "0.5", "yesterday"):
        answer = service.client.post(f"/api/v1/webhooks/{known['webhook_id']}/replay", json={"since": since})
        assert answer.status_code == 422, since
    assert service.client.get("/api/v1/registrations", params={"created_after": "0"}).status_code == 422


def names(operation: APIOperation) -> list[str]:
    return [parameter.name for parameter in operation.path_parameters]
