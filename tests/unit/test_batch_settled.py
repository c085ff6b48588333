"""A file is complete when it has not changed for a while by our own clock."""

import os

from xebra.batch.settled import Settled


def test_each_change_starts_the_time_anew(tmp_path):
    now = [0.0]
    settled, file = Settled(3, lambda: now[0]), tmp_path / "a.tif"
    file.write_bytes(b"1")
    os.utime(file, (2e9, 2e9))  # the share's clock is ahead
    assert not settled(file)
    now[0] = 2.9
    assert not settled(file)
    file.write_bytes(b"12")
    assert not settled(file)
    now[0] = 5.8
    assert not settled(file)
    now[0] = 5.9
    assert settled(file)


def test_an_empty_file_is_never_complete(tmp_path):
    now = [0.0]
    settled, file = Settled(3, lambda: now[0]), tmp_path / "a.tif"
    file.touch()
    settled(file)
    now[0] = 100.0
    assert not settled(file)
