"""The result of the API has exactly the fields of the library's JSON."""

import json

import pytest

from api.registrations.example import RESULT
from api.registrations.result import Result


@pytest.mark.parametrize("spacing", [None, 0.5])
def test_schema_and_library_have_the_same_fields(registration, spacing):
    body = json.loads(json.dumps(registration(fixed_spacing=spacing, angle=0.1).to_json()))
    assert Result.model_validate(body).model_dump(mode="json") == body


def test_every_field_is_required():
    assert all(field.is_required() for field in Result.model_fields.values())


def test_results_of_earlier_versions_are_read():
    earlier = {name: value for name, value in RESULT.items() if name not in ("search", "covariance")}
    assert Result.model_validate(earlier).search is None


def test_example_is_valid():
    assert Result.model_validate(RESULT).model_dump(mode="json") == RESULT
