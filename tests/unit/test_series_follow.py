"""A folder is followed while frames are written into it."""

from __future__ import annotations

import csv
import threading

import numpy as np
import pytest
import tifffile
from support.series import empty, pose, recorded

from xebra.cli import main
from xebra.series.follow import Following

PLACES = np.array([[0.0, 0], [2, 1], [4, 2], [6, 3]])


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return recorded([pose(place) for place in PLACES])


def test_files_come_in_the_order_of_their_numbers_each_once_it_is_complete(tmp_path, frames):
    following = Following(tmp_path, settle_s=0)
    for number in (9, 10):
        tifffile.imwrite(tmp_path / f"{number}.tif", frames[number - 9])
    (tmp_path / "notes.txt").write_text("no frame")
    found = following.frames()
    first = [next(found).name for _ in range(2)]
    (tmp_path / "11.tif").touch()  # empty: it is being written, and the next one waits for it
    tifffile.imwrite(tmp_path / "12.tif", frames[3])
    timer = threading.Timer(0.5, tifffile.imwrite, (tmp_path / "11.tif", frames[2]))
    timer.start()
    rest = [next(found) for _ in range(2)]
    following.stop.set()
    assert list(found) == []
    assert first == ["9.tif", "10.tif"] and [each.name for each in rest] == ["11.tif", "12.tif"]
    assert np.allclose([each.position.shift_px for each in rest], PLACES[2:], atol=0.3)


def test_the_command_writes_a_row_for_each_file(tmp_path, frames, capsys):
    folder = tmp_path / "recording"
    folder.mkdir()
    for number, frame in enumerate([frames[0], frames[1], empty(10)]):
        tifffile.imwrite(folder / f"frame{number}.tif", frame)
    (folder / "frame3.tif").write_bytes(b"no image")
    options = ["--idle", "1", "--settle", "0", "--model", "translation", "-o", str(tmp_path / "out")]
    assert main(["series", str(folder), "--follow", *options]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("frame1.tif: x 2") and lines[2] == "frame2.tif: does not fit"
    rows = list(csv.DictReader((tmp_path / "out" / "live.csv").open()))
    assert [row["fits"] for row in rows] == ["True", "True", "False", ""]
    assert np.isclose(float(rows[1]["x_px"]), 2, atol=0.3) and rows[2]["error_px"] == ""


def test_only_a_folder_is_followed(tmp_path):
    for wrong in (["a.tif", "b.tif"], [str(tmp_path / "none")]):
        assert main(["series", *wrong, "--follow"]) == 2
