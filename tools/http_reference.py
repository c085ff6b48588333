"""Write docs/reference/http.md from the OpenAPI document of the service, frontend/openapi.json.

.venv/bin/python tools/http_reference.py    (./dev docs does it)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parent.parent
DOCUMENT = CHECKOUT / "frontend" / "openapi.json"
TARGET = CHECKOUT / "docs" / "reference" / "http.md"
METHODS = ("get", "post", "put", "patch", "delete")
HEAD = """# HTTP API

Made from the OpenAPI document, which a running service offers at `/openapi.json` and, to try it, at `/docs`.
Errors are problem details (RFC 9457, `application/problem+json`) with the codes listed for each operation.
"""


def main() -> None:
    """Write the page."""
    document = json.loads(DOCUMENT.read_text())
    TARGET.write_text(page(document))


def page(document: dict[str, Any]) -> str:
    """Return the page as Markdown: the operations by tag, then the schemas."""
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                by_tag.setdefault(operations[method]["tags"][0], []).append(
                    operation(method, path, operations[method])
                )
    parts = [HEAD]
    parts += [f"## {tag.capitalize()}\n\n" + "\n".join(by_tag[tag]) for tag in sorted(by_tag)]
    schemas = document["components"]["schemas"]
    parts.append("## Schemas\n\n" + "\n".join(schema(name, schemas[name]) for name in sorted(schemas)))
    return "\n".join(parts)


def operation(method: str, path: str, about: dict[str, Any]) -> str:
    """Return one operation: summary, path, description, parameters, body, responses."""
    parts = [f"### {about['summary']}\n", f"`{method.upper()} {path}`\n"]
    if about.get("description"):
        parts.append(about["description"] + "\n")
    if about.get("parameters"):
        given = [
            (f"`{p['name']}`", p["in"], kind(p["schema"]), p.get("description", ""))
            for p in about["parameters"]
        ]
        parts.append(table(("parameter", "in", "type", "meaning"), given))
    for media, content in about.get("requestBody", {}).get("content", {}).items():
        parts.append(f"Body: {kind(content['schema'])} as `{media}`.\n")
    rows = [(status, body(r), r["description"]) for status, r in about["responses"].items()]
    parts.append(table(("status", "body", "meaning"), rows))
    return "\n".join(parts)


def schema(name: str, about: dict[str, Any]) -> str:
    """Return one schema: its description and its fields."""
    required = about.get("required", ())
    rows = [
        (f"`{field}`", kind(value), "yes" if field in required else "", value.get("description", ""))
        for field, value in about.get("properties", {}).items()
    ]
    text = f"### {name} {{ #{anchor(name)} }}\n\n{about.get('description', '')}\n"
    return text + ("\n" + table(("field", "type", "required", "meaning"), rows) if rows else "")


def body(response: dict[str, Any]) -> str:
    """Return the types of a response's bodies."""
    contents = response.get("content", {}).items()
    return ", ".join(
        kind(about["schema"]) if about.get("schema") else f"`{media}`" for media, about in contents
    )


def kind(about: dict[str, Any]) -> str:
    """Return the type that a JSON schema describes, with links to the named ones."""
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return f"[{name}](#{anchor(name)})"
    if "anyOf" in about:
        return " or ".join(kind(option) for option in about["anyOf"])
    if "enum" in about:
        return " or ".join(f"`{value}`" for value in about["enum"])
    if "const" in about:
        return f"`{about['const']}`"
    if about.get("type") == "array":
        items = about.get("prefixItems", [about.get("items", {})])
        return f"array of {', '.join(dict.fromkeys(map(kind, items)))}"
    return about.get("format") or about.get("type") or "any"


def anchor(name: str) -> str:
    """Return the anchor of a schema."""
    return f"schema-{name.lower()}"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table; cells in one line, with | escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell(c) for c in line)} |\n" for line in lines)


def cell(text: str) -> str:
    """Return a text as a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
