"""The types of the page are those of the OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path

from support.browser import ask

DOCUMENT = Path(__file__).parents[2] / "frontend" / "openapi.json"
REMEDY = "the API has changed: run .venv/bin/python frontend/describe_api.py, then build the page"


def test_types_of_the_page_match_the_document_of_the_service(service_url: str) -> None:
    stated = ask("GET", f"{service_url}/openapi.json").json()
    read = json.loads(DOCUMENT.read_text())
    for part in ("paths", "components"):
        assert read[part] == stated[part], REMEDY
