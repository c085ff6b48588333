"""The results of a batch as a ZIP archive, generated while it is sent."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import select

from api import previews
from api.registrations import current
from api.registrations.pictures import draw_picture
from db import jobs, pages, reviews
from db.engine import Database
from db.rows import RegistrationRow
from db.store import ImageStore
from xebra.transform_files import FORMATS, Format, Pair

CHUNK_BYTES = 256 << 10
ROWS_PER_QUERY = 200
COLUMNS = (
    *("registration_id", "state", "fixed_name", "moving_name", "verdict", "reason"),
    *("angle_deg", "scale", "shift_x_px", "shift_y_px", "mirror", "expected_corner_error_px"),
    *("corrected_by", "corrected_at", "review", "reviewed_by", "reviewed_at", "tags"),
    *("failure_code", "failure_message", "files"),
)


@dataclass(frozen=True)
class Contents:
    """What an archive holds of each result, beside its JSON."""

    images: bool = False
    pictures: bool = False
    transforms: Sequence[Format] = ()


NOTHING_ELSE = Contents()


def archive(
    batch_id: str, database: Database, store: ImageStore, contents: Contents = NOTHING_ELSE
) -> Iterator[bytes]:
    """Generate the bytes of the ZIP archive, file after file."""
    sink, table = ChunkBuffer(), io.StringIO(newline="")
    writer = csv.DictWriter(table, COLUMNS, restval="")
    writer.writeheader()
    names = Names()
    with zipfile.ZipFile(cast(Any, sink), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for row in _rows(batch_id, database):
            name = names.of(row)
            writer.writerow(_table_row(row, name))
            if row.result is None:
                continue
            file.writestr(f"{name}.json", json.dumps(_body(row), indent=2))
            for format in contents.transforms:
                kind = FORMATS[format]
                file.writestr(f"{name}.transform{kind.suffix}", kind.content(Pair.of(current.body(row))))
            if contents.images:
                key = current.registered_key(row, store)
                yield from _copy(store, f"{name}.tif", key, file, sink)
            if contents.pictures:
                yield from _copy(store, f"{name}.png", _picture_key(row, store), file, sink)
            yield sink.take()
        file.writestr("results.csv", table.getvalue())
    yield sink.take()


class Names:
    """Names of the files of each registration: those of its images, numbered where they repeat."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, row: RegistrationRow) -> str:
        """Return the name of the files of a registration, without suffix."""
        name = current.file_name(row, "")
        self._seen[name.casefold()] += 1
        number = self._seen[name.casefold()]
        return name if number == 1 else f"{name} ({number})"


def _body(row: RegistrationRow) -> dict[str, Any]:
    """Return the result that counts, with the prediction beside a correction by hand."""
    assert row.result is not None
    body = current.body(row) | {"registration_id": row.id}
    return body | {"prediction": row.result.body} if row.corrections else body


def _picture_key(row: RegistrationRow, store: ImageStore) -> str:
    """Return the key of the figure, which is drawn at the first request for it."""
    key = f"{current.folder(row)}.picture.png"
    previews.create_once(store, key, draw_picture(row, current.body(row), store))
    return key


def _copy(
    store: ImageStore, name: str, key: str, file: zipfile.ZipFile, sink: ChunkBuffer
) -> Iterator[bytes]:
    info = zipfile.ZipInfo(name)  # uncompressed: image values hardly compress
    with store.open(key) as image, file.open(info, "w", force_zip64=True) as copy:
        while chunk := image.read(CHUNK_BYTES):
            copy.write(chunk)
            yield sink.take()


def _rows(batch_id: str, database: Database) -> Iterator[RegistrationRow]:
    """Yield the registrations in the order of the batch, in short transactions: a download may take long."""
    after, more = None, True
    query = select(RegistrationRow).options(*jobs.WITH_RELATED).where(RegistrationRow.batch_id == batch_id)
    while more:
        with database.reading() as session:
            rows, more = pages.page(session, query, RegistrationRow, ROWS_PER_QUERY, after)
        yield from rows
        after = pages.Position(rows[-1].created_at, rows[-1].id) if rows else None


def _table_row(row: RegistrationRow, name: str) -> dict[str, object]:
    values: dict[str, object] = {"registration_id": row.id, "state": row.state, "files": _escape(name)}
    values |= {"fixed_name": _escape(row.fixed_image.name), "moving_name": _escape(row.moving_image.name)}
    values |= {"tags": _escape(", ".join(sorted(tag.name for tag in row.tags)))}
    values |= {"failure_code": row.failure_code, "failure_message": row.failure_message}
    if row.result is not None:
        body = current.body(row)
        values |= {name: body[name] for name in COLUMNS if name in body}
        values |= {"shift_x_px": body["shift_px"][0], "shift_y_px": body["shift_px"][1]}
        if correction := body.get("correction"):
            values |= {"corrected_by": _escape(correction["by"]), "corrected_at": correction["at"]}
    if review := reviews.applied(row):
        values |= {"review": review.decision, "reviewed_by": _escape(review.actor)}
        values |= {"reviewed_at": review.created_at.isoformat()}
    return values


def _escape(name: str) -> str:
    """Return a name that a spreadsheet does not evaluate as a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


class ChunkBuffer(io.RawIOBase):
    """A write-only buffer from which the written bytes are taken chunk by chunk."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        """Return True: zipfile writes to this stream."""
        return True

    def write(self, data: Any) -> int:
        """Keep bytes until ``take``; return their number."""
        self._chunks.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """Return and remove the bytes written since the last call."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)
