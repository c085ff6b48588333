"""The results of a batch as a ZIP archive, generated while it is sent."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy import select

from api.registrations import current
from db import jobs
from db.engine import Database
from db.rows import RegistrationRow
from db.store import ImageStore

CHUNK_BYTES = 256 << 10
ROWS_PER_QUERY = 200
COLUMNS = (
    *("registration_id", "state", "fixed_name", "moving_name", "verdict", "reason"),
    *("angle_deg", "scale", "shift_x_px", "shift_y_px", "mirror", "expected_corner_error_px"),
    *("corrected_by", "corrected_at", "failure_code", "failure_message", "files"),
)


def archive(batch_id: str, database: Database, store: ImageStore | None) -> Iterator[bytes]:
    """Generate the bytes of the ZIP archive; it includes the registered images if a store is given."""
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
            if store is not None:
                yield from _copy(store, name, current.registered_key(row, store), file, sink)
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


def _copy(
    store: ImageStore, name: str, key: str, file: zipfile.ZipFile, sink: ChunkBuffer
) -> Iterator[bytes]:
    info = zipfile.ZipInfo(f"{name}.tif")  # uncompressed: image values hardly compress
    with store.open(key) as image, file.open(info, "w", force_zip64=True) as copy:
        while chunk := image.read(CHUNK_BYTES):
            copy.write(chunk)
            yield sink.take()


def _rows(batch_id: str, database: Database) -> Iterator[RegistrationRow]:
    """Return all registrations of the batch, in short transactions, because a download may take long."""
    last = ""
    query = select(RegistrationRow).options(*jobs.WITH_RELATED).where(RegistrationRow.batch_id == batch_id)
    while True:
        with database.reading() as session:
            rows = session.scalars(
                query.where(RegistrationRow.id > last).order_by(RegistrationRow.id).limit(ROWS_PER_QUERY)
            ).all()
        yield from rows
        if len(rows) < ROWS_PER_QUERY:
            return
        last = rows[-1].id


def _table_row(row: RegistrationRow, name: str) -> dict[str, object]:
    values: dict[str, object] = {"registration_id": row.id, "state": row.state, "files": _escape(name)}
    values |= {"fixed_name": _escape(row.fixed_image.name), "moving_name": _escape(row.moving_image.name)}
    values |= {"failure_code": row.failure_code, "failure_message": row.failure_message}
    if row.result is not None:
        body = current.body(row)
        values |= {name: body[name] for name in COLUMNS if name in body}
        values |= {"shift_x_px": body["shift_px"][0], "shift_y_px": body["shift_px"][1]}
        if correction := body.get("correction"):
            values |= {"corrected_by": _escape(correction["by"]), "corrected_at": correction["at"]}
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
