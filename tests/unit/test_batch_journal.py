"""The journal survives what interrupts a run."""

import subprocess
import sys

import pytest

from xebra.batch.journal import JOURNAL, Journal

ENTRY = {"key": "k", "status": "accept", "files": ["a.tif"]}


def test_an_entry_counts_while_its_files_are_there(tmp_path):
    with Journal(tmp_path) as journal:
        journal.add(ENTRY)
        journal.add(ENTRY | {"key": "e", "status": "error", "files": []})
        assert journal.done("k") is None
        (tmp_path / "a.tif").touch()
        assert journal.done("k") == ENTRY
    with Journal(tmp_path) as journal:
        assert journal.done("k") == ENTRY and journal.done("e") is None and journal.done("other") is None


def test_a_line_that_was_cut_short_is_ignored_and_the_next_one_is_whole(tmp_path):
    with Journal(tmp_path) as journal:
        journal.add(ENTRY)
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"key": "cut", "sta')
    with Journal(tmp_path) as journal:
        assert set(journal.entries) == {"k"}
        journal.add(ENTRY | {"key": "next"})
    with Journal(tmp_path) as journal:
        assert set(journal.entries) == {"k", "next"}


def test_one_process_at_a_time_writes_it_and_a_killed_one_blocks_nobody(tmp_path):
    code = (
        "import os, sys, pathlib, xebra.batch.journal as j\n"
        f"journal = j.Journal(pathlib.Path({str(tmp_path)!r})); print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(FileExistsError, match="Choose another folder"):
            Journal(tmp_path)
        other.kill()
        other.wait()
        with Journal(tmp_path) as journal:
            assert journal.entries == {}
