"""Statements on thousands of rows of one request.

psycopg sends a list of rows one by one, and PostgreSQL compares each row with each element of a long IN list
of parameters. An array is one parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, bindparam, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from db.engine import is_postgresql


def insert_rows(
    session: Session, table: Table, columns: Mapping[str, Sequence[Any]], common: dict[str, Any]
) -> None:
    """Insert rows with these columns, all of one length, and with the same values in the other ones."""
    if is_postgresql(session):
        session.connection().execute(_from_arrays(table, columns, common))
        return
    rows = [dict(zip(columns, row, strict=True)) | common for row in zip(*columns.values(), strict=True)]
    session.connection().execute(insert(table), rows)


def is_in(session: Session, column: ColumnElement[str], ids: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values."""
    if not is_postgresql(session):
        return column.in_(ids)
    array = bindparam(None, list(ids), type_=ARRAY(column.type))
    return column.in_(select(func.unnest(array)).scalar_subquery())


def _from_arrays(table: Table, columns: Mapping[str, Sequence[Any]], common: dict[str, Any]) -> Any:
    """Return an INSERT whose columns are arrays."""
    arrays = [bindparam(None, list(of), type_=ARRAY(table.c[name].type)) for name, of in columns.items()]
    given = func.unnest(*arrays).table_valued(*columns).render_derived("given")
    values = [literal(value, table.c[name].type) for name, value in common.items()]
    rows: Select[Any] = select(*(given.c[name] for name in columns), *values)
    return insert(table).from_select([*columns, *common], rows)
