"""Every response conforms to the OpenAPI document, and none is an internal error."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import given, seed, settings
from hypothesis.errors import Flaky, Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from support import contract
from support.contract import COMMON, ENDLESS, EXAMPLES, SETTINGS
from support.service import PATIENCE_S, Service, serving, speckle, tiff

STEPS = 12  # of a sequence
SEQUENCES = 3  # that begin alike
MOST = 60  # rounds: ids differ from run to run, so no number is sure to reach an operation
NEEDED = ("uploadImage", "getImage", "createWebhook", "listWebhookDeliveries")
FILES = ("file", "fixed", "moving")  # form fields that take an image
IDS = ("fixed_image_id", "moving_image_id", "moving_image_ids")


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
    series = {"reference_image_id": image["id"]}
    batch = {"fixed_image_id": image["id"], "moving_image_ids": [image["id"]]}
    answers = {
        "batch_id": service.client.post("/api/v1/batches", json=batch),
        "series_id": service.client.post("/api/v1/series", json=series),
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
        found.extend(contract.faults(case, case.call(timeout=PATIENCE_S)))

    with contextlib.suppress(Unsatisfiable):  # an operation without parameters has no invalid requests
        send()
    return found


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


def test_every_response_in_a_sequence_of_linked_requests_conforms_to_the_document(service):
    whole = schemathesis.openapi.from_url(f"{service.url}/openapi.json").exclude(path=ENDLESS)
    images = itertools.cycle([tiff(speckle(64, seed)) for seed in range(3)])
    plain = itertools.cycle([True, True, False])
    found: list[str] = []
    reached: Counter[str] = Counter()

    class Sequences(whole.as_state_machine()):
        def before_call(self, case: Case) -> None:
            """Send real images, and most pairs without options: few generated ones are possible."""
            if isinstance(case.body, dict):
                case.body.update({name: next(images) for name in FILES if name in case.body})
                if set(IDS) & set(case.body) and next(plain):
                    case.body = {name: case.body[name] for name in IDS if name in case.body}
                    case.headers = {"prefer": "wait=30"}  # so that links lead to its results

        def get_call_kwargs(self, case: Case) -> dict:
            return {"timeout": PATIENCE_S}

        def validate_response(self, response: Response, case: Case, **_: object) -> None:
            found.extend(contract.faults(case, response))
            reached[case.operation.definition.raw["operationId"]] += response.status_code < 300

    few = settings(max_examples=SEQUENCES, stateful_step_count=STEPS, **COMMON)
    for number in range(MOST):
        with contextlib.suppress(Flaky):  # the state of the service differs from sequence to sequence
            seed(number)(Sequences).run(settings=few)
        if number + 1 >= EXAMPLES // 2 and all(reached[name] for name in NEEDED):
            break
    assert not found, "\n\n".join(found)
    assert all(reached[name] for name in NEEDED), dict(reached)


@pytest.mark.parametrize(
    "path", ["/api/v1/images", "/api/v1/batches/x", "/api/v1/session", "/api/v1/uploads", "/health/live"]
)
def test_refused_method_lists_all_methods_of_the_path(service, path):
    document = service.get("/openapi.json")["paths"]
    template = "/api/v1/batches/{batch_id}" if path.endswith("/x") else path
    for method in {"OPTIONS", "GET", "PUT", "PATCH"} - {name.upper() for name in document[template]}:
        answer = service.client.request(method, path)
        assert answer.status_code == 405, method
        assert answer.headers["Allow"].lower().split(", ") == sorted(document[template])


def test_number_is_no_date(service, known):
    for since in (0, "0.5", "yesterday"):
        answer = service.client.post(f"/api/v1/webhooks/{known['webhook_id']}/replay", json={"since": since})
        assert answer.status_code == 422, since
    assert service.client.get("/api/v1/registrations", params={"created_after": "0"}).status_code == 422


def names(operation: APIOperation) -> list[str]:
    return [parameter.name for parameter in operation.path_parameters]
