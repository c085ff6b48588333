"""Requests that wait for a drawing do not take all threads of the API."""

from __future__ import annotations

import threading

import pytest
from support.servers import wait_until

from api import previews
from api.errors import DrawingBusy
from db.store import open_store


def test_number_of_requests_that_wait_for_a_drawing_is_limited(tmp_path, monkeypatch):
    store, released = open_store((tmp_path / "images").as_uri()), threading.Event()
    monkeypatch.setattr(previews, "_waiting", threading.BoundedSemaphore(3))
    drawn = []

    def draw(target) -> None:
        released.wait()
        drawn.append(target.write(b"picture"))

    threads = [threading.Thread(target=previews.create_once, args=(store, "a/b", draw)) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: previews._waiting._value == 0, "the waiting requests")
    with pytest.raises(DrawingBusy):
        previews.create_once(store, "a/c", draw)
    released.set()
    for thread in threads:
        thread.join()
    assert len(drawn) == 1  # the others found the picture
    previews.create_once(store, "a/c", draw)
    assert len(drawn) == 2
