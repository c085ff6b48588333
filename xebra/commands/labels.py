"""``xebra labels``: the labels of an instrument, through the service and in folders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

if TYPE_CHECKING:
    from xebra.client import Labels

Url = Annotated[str, Option("--url", envvar="XEBRA_URL", metavar="URL", help="address of the service")]
Key = Annotated[
    str | None, Option("--api-key", envvar="XEBRA_API_KEY", metavar="KEY", help="API key of the instrument")
]
Folder = Annotated[Path, Argument(metavar="FOLDER", help="folder with labels.json and the images")]
DEFAULT_URL = "http://127.0.0.1:8000"
app = typer.Typer(help="List, export and import the labels of an instrument.", rich_markup_mode=None)


@app.command("list")
def list_labels(url: Url = DEFAULT_URL, api_key: Key = None) -> None:
    """List the labels, newest first: id, source, registration or images, whether it is excluded."""
    with _labels(url, api_key) as labels:
        for label in labels.all():
            about = label["registration_id"] or f"{label['fixed_image_id']} {label['moving_image_id']}"
            print(label["id"], label["source"], about, "excluded" if label["excluded"] else "")


@app.command("export")
def export_labels(folder: Folder, url: Url = DEFAULT_URL, api_key: Key = None) -> None:
    """Write the labels that are not excluded and their images into a folder, for `xebra adapt`."""
    with _labels(url, api_key) as labels:
        print(f"{labels.export(folder)} labels in {folder}")


@app.command("import")
def import_labels(folder: Folder, url: Url = DEFAULT_URL, api_key: Key = None) -> None:
    """Add the pairs of a folder, whose transforms are known, and its single images as labels."""
    with _labels(url, api_key) as labels:
        print(f"{len(labels.add(folder))} labels were added")


@app.command("add-images")
def add_single_images(
    folder: Folder,
    images: Annotated[list[Path], Argument(metavar="IMAGE...", help="files from which pairs are made")],
    group: Annotated[
        str | None, Option("--group", help="region or acquisition of all images (default: each its own)")
    ] = None,
) -> None:
    """Add single images to a folder of labels, for `xebra adapt` or `xebra labels import`.

    Pairs are made from them: two views of one image, whose appearance is changed.
    """
    from xebra.adaptation.single_images import add_images

    print(f"{add_images(folder, images, group)} labels in {folder}")


@app.command("collect")
def collect_labels(
    state: Annotated[str, Argument(metavar="on|off", help="on: results become labels")],
    url: Url = DEFAULT_URL,
    api_key: Key = None,
) -> None:
    """Have corrections, accepting reviews and certain results become labels, or stop that (default: off)."""
    if state not in ("on", "off"):
        raise typer.BadParameter("give on or off")
    with _labels(url, api_key) as labels:
        labels.collect(state == "on")


@contextmanager
def _labels(url: str, api_key: str | None) -> Iterator[Labels]:
    """Return the client, whose import takes time; raise ``OSError`` for what the service refuses."""
    import httpx

    from xebra.client import Labels, Refused

    try:
        with Labels(url, api_key) as labels:
            yield labels
    except Refused as error:
        raise OSError(str(error)) from error
    except httpx.HTTPError as error:
        raise OSError(f"{url} does not answer: {error}") from error
