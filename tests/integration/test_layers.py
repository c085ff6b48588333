"""Which room may know of which: serving needs no torch, and the science knows nothing of the service."""

import subprocess
import sys
from functools import cache

import pytest

SERVICE = ("fastapi", "celery", "sqlalchemy", "redis", "minio", "uvicorn")


@cache
def loaded_by(*modules: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds once it has imported these."""
    look = f"import sys, {', '.join(modules)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.check_output([sys.executable, "-c", look], text=True).split())


@pytest.mark.parametrize("room", ["worker.tasks", "api.main", "worker.relay", "worker.serve"])
def test_serving_leaves_torch_alone(room):
    loaded = loaded_by(room)
    assert "torch" not in loaded and "matplotlib" not in loaded


def test_the_science_knows_no_web_queue_or_database():
    loaded = loaded_by("xebra.align", "xebra.picture", "xebra.cli")
    assert loaded.isdisjoint({*SERVICE, "api", "worker", "db", "torch"})


def test_the_front_door_and_the_workers_do_not_know_each_other():
    assert "worker" not in loaded_by("api.main")
    assert "api" not in loaded_by("worker.tasks") | loaded_by("worker.relay") | loaded_by("worker.serve")
