"""Modules loaded at run time: the service does not load torch, the library does not load the service."""

import subprocess
import sys
from functools import cache

import pytest

SERVICE = ("fastapi", "celery", "sqlalchemy", "redis", "minio", "uvicorn")


@cache
def loaded_by(*modules: str) -> set[str]:
    """Return the top-level modules that a new interpreter has loaded after these imports."""
    script = f"import sys, {', '.join(modules)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.check_output([sys.executable, "-c", script], text=True).split())


@pytest.mark.parametrize("module", ["worker.tasks", "api.main", "worker.relay", "worker.serve"])
def test_service_does_not_load_torch(module):
    loaded = loaded_by(module)
    assert "torch" not in loaded and "matplotlib" not in loaded


def test_library_loads_no_web_framework_queue_or_database():
    loaded = loaded_by("xebra.align", "xebra.picture", "xebra.cli")
    assert loaded.isdisjoint({*SERVICE, "api", "worker", "db", "torch"})


def test_api_and_worker_do_not_load_each_other():
    assert "worker" not in loaded_by("api.main")
    assert "api" not in loaded_by("worker.tasks") | loaded_by("worker.relay") | loaded_by("worker.serve")
