"""The functions of ``xebra admin``, without a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from db.engine import Database
from support.service import Service


def admin(service: Service, step: Callable, *args: Any) -> Any:
    """Call a function of ``db.keys`` on the database of a running service."""
    database = Database(f"sqlite:///{service.state_dir}/xebra.sqlite")
    try:
        with database.writing() as session:
            return step(session, *args, "test")
    finally:
        database.close()
