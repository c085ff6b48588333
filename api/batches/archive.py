"""All results of a batch in one ZIP, made while it is sent."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator

from sqlalchemy import select

from db import jobs
from db.engine import Database
from db.rows import RegistrationRow
from db.store import ImageStore

PIECE = 256 << 10
AT_A_TIME = 200
COLUMNS = (
    *("registration_id", "state", "fixed_name", "moving_name", "verdict", "reason"),
    *("angle_deg", "scale", "shift_x_px", "shift_y_px", "mirror", "expected_corner_error_px"),
    *("failure_code", "failure_message"),
)


def archive(batch_id: str, database: Database, store: ImageStore | None) -> Iterator[bytes]:
    """The bytes of the ZIP; registered images are in it where a store is given."""
    sink, table = _Sink(), io.StringIO(newline="")
    lines = csv.DictWriter(table, COLUMNS, restval="")
    lines.writeheader()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for row in _rows(batch_id, database):
            lines.writerow(_line(row))
            if row.result is None:
                continue
            file.writestr(f"{row.id}.json", json.dumps(row.result.body, indent=2))
            if store is not None:
                yield from _copy(store, row, file, sink)
            yield sink.taken()
        file.writestr("results.csv", table.getvalue())
    yield sink.taken()


def _copy(store: ImageStore, row: RegistrationRow, file: zipfile.ZipFile, sink: _Sink) -> Iterator[bytes]:
    name = zipfile.ZipInfo(f"{row.id}.tif")  # stored as it is: image values hardly compress
    with store.open(row.result.registered_key) as image, file.open(name, "w", force_zip64=True) as copy:
        while piece := image.read(PIECE):
            copy.write(piece)
            yield sink.taken()


def _rows(batch_id: str, database: Database) -> Iterator[RegistrationRow]:
    """All registrations of the batch, a few at a time, so that no transaction lasts as long as a download."""
    last = ""
    query = select(RegistrationRow).options(*jobs.WHOLE).where(RegistrationRow.batch_id == batch_id)
    while True:
        with database.reading() as session:
            rows = session.scalars(
                query.where(RegistrationRow.id > last).order_by(RegistrationRow.id).limit(AT_A_TIME)
            ).all()
        yield from rows
        if len(rows) < AT_A_TIME:
            return
        last = rows[-1].id


def _line(row: RegistrationRow) -> dict[str, object]:
    said = {"registration_id": row.id, "state": row.state}
    said |= {"fixed_name": _plain(row.fixed_image.name), "moving_name": _plain(row.moving_image.name)}
    said |= {"failure_code": row.failure_code, "failure_message": row.failure_message}
    if row.result is not None:
        body = row.result.body
        said |= {name: body[name] for name in COLUMNS if name in body}
        said |= {"shift_x_px": body["shift_px"][0], "shift_y_px": body["shift_px"][1]}
    return said


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


class _Sink(io.RawIOBase):
    """Where the ZIP is written to and taken from, piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since this was last asked."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
