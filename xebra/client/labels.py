"""Labels of an instrument through the service: list, export, import."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xebra.client.requests import Requests
from xebra.label_archive import image_path, read_entries

LABELS = "/api/v1/labels"


class Labels:
    """The labels of the instrument whose API key is used.

    Args:
        url: Address of the service.
        api_key: Key with the scope ``networks``, or ``read`` to list and export; None where none is needed.

    Examples:
        >>> from xebra.client import Labels
        >>> with Labels("http://127.0.0.1:8000") as labels:  # doctest: +SKIP
        ...     labels.export(Path("labels"))
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", api_key: str | None = None) -> None:
        self._requests = Requests(url, api_key, timeout_s=600.0, tries=5)

    def __enter__(self) -> Labels:
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.close()

    def collect(self, enabled: bool) -> None:
        """Enable or disable that results of the instrument become labels."""
        self._requests.send("PUT", f"{LABELS}/collection", json={"enabled": enabled})

    def all(self) -> Iterator[dict[str, Any]]:
        """Return every label, newest first, as the service describes it."""
        cursor: str | None = None
        while True:
            page = self._requests.send("GET", LABELS, params={"cursor": cursor} if cursor else {}).json()
            yield from page["items"]
            if (cursor := page["next_cursor"]) is None:
                return

    def export(self, folder: Path) -> int:
        """Write labels.json and the images of all labels that are not excluded; return their number.

        Args:
            folder: Is created; files of an earlier export in it are replaced.
        """
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / "labels.zip"
        archive.write_bytes(self._requests.send("GET", f"{LABELS}/export").content)
        with zipfile.ZipFile(archive) as files:
            files.extractall(folder)
        archive.unlink()
        return len(read_entries(folder))

    def add(self, folder: Path) -> list[str]:
        """Add the pairs and single images of a folder as labels of the instrument; return their ids.

        Each image is uploaded once. The transforms must be known: nothing is registered.

        Args:
            folder: Holds ``labels.json`` and the images that it names.

        Raises:
            LabelsInvalid: The list cannot be read, or names a file outside of the folder.
            Refused: The service does not accept an image or a transform.
        """
        entries, uploaded = read_entries(folder), dict[str, str]()
        for name in (entry[side] for entry in entries for side in ("fixed", "moving")):
            if name not in uploaded:
                files = {"file": (Path(name).name, image_path(folder, name).read_bytes())}
                answer = self._requests.send("POST", "/api/v1/images", files=files)
                uploaded[name] = answer.json()["id"]
        bodies = [_body(entry, uploaded) for entry in entries]
        return [self._requests.send("POST", LABELS, json=body).json()["id"] for body in bodies]


def _body(entry: dict[str, Any], uploaded: dict[str, str]) -> dict[str, Any]:
    body = {f"{side}_image_id": uploaded[entry[side]] for side in ("fixed", "moving")}
    for side in ("fixed", "moving"):
        spacing = entry.get(f"{side}_spacing")
        if spacing and spacing[0] == spacing[-1]:  # square pixels; others are in the file
            body[f"{side}_spacing_um"] = spacing[0]
    group = {"group": entry["group"]} if entry.get("group") else {}
    return body | group | {"moving_from_fixed": entry["moving_from_fixed"]}
