"""Fixtures: the backends, each on its real server."""

from collections.abc import Iterator

import pytest

from db.engine import Database
from db.migrate import migrate
from db.store import ImageStore, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'xebra.sqlite'}"
    return request.getfixturevalue("new_postgres_url")()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of either kind with its tables."""
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture(params=["folder", "rclone", "swift"])
def store(request: pytest.FixtureRequest, tmp_path) -> ImageStore:
    """An empty image store: a folder, or a bucket of a fast or of a strict S3 server."""
    if request.param == "folder":
        return open_store((tmp_path / "images").as_uri())
    new_url = "new_s3_url" if request.param == "rclone" else "new_swift_url"
    return open_store(request.getfixturevalue(new_url)())


@pytest.fixture
def sqlite_database(tmp_path) -> Iterator[Database]:
    """An SQLite database, for tests that do not depend on the backend."""
    database = Database(f"sqlite:///{tmp_path / 'state' / 'xebra.sqlite'}")
    migrate(database)
    yield database
    database.close()
