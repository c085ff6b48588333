"""A full disk is reported, loses no data, and the service recovers when there is space again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from support.crashes import assert_each_ended_once, submit_some
from support.servers import LOOPBACK, free_port, s3, s3_url
from support.service import serving, speckle, tiff

SMALL = "32m"


def on_a_small_disk(folder: Path) -> list[str]:
    """Return a command prefix that mounts a small file system at this folder, in a private namespace."""
    root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    mounted = f'mount -t tmpfs -o size={SMALL} none "$0" && exec "$@"'
    return ["unshare", *root, "--mount", "sh", "-c", mounted, str(folder)]


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with pytest.raises(OSError) as full, file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(1 << 16))
    assert full.value.errno == errno.ENOSPC


def test_full_disk_of_the_s3_store_loses_no_job(tmp_path):
    folder, port = tmp_path / "s3", free_port()
    folder.mkdir()
    images = s3_url(f"{LOOPBACK}:{port}", "images")
    with (
        s3(folder, port, *on_a_small_disk(folder)) as store,
        serving(tmp_path / "state", IMAGES_URL=images) as service,
    ):
        jobs = submit_some(service)
        filler = Path(f"/proc/{store.pid}/root{folder}/filler")
        fill(filler)
        assert {service.wait(job)["state"] for job in jobs} == {"succeeded"}  # a job writes no file
        refused = service.client.post("/api/v1/images", files={"file": ("a.tif", tiff(speckle()))})
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/image-store-unavailable")
        assert "a.tif" not in {image["name"] for image in service.get("/api/v1/images")["items"]}
        filler.unlink()
        assert_each_ended_once(service, jobs)
        for job in jobs:
            registered = service.get(job["links"]["self"])["links"]["registered"]
            assert service.client.get(registered).content[:2] == b"II"
