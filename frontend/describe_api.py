"""Writes openapi.json, from which the page's types are made; to be run whenever the API has changed.

.venv/bin/python frontend/describe_api.py
"""

import json
import os
import tempfile
from pathlib import Path

DOCUMENT = Path(__file__).parent / "openapi.json"


def main() -> None:
    """Ask the application itself; it needs no server for that, only a place for its state."""
    with tempfile.TemporaryDirectory() as state:
        os.environ["XEBRA_STATE_DIR"] = state
        from api.main import create_app  # settings are read when it starts

        document = create_app().openapi()
    told = {part: document[part] for part in ("openapi", "info", "paths", "components")}
    told["info"] = {"title": document["info"]["title"], "version": ""}  # a release alone changes no type
    DOCUMENT.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
