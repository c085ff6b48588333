"""``xebra batch`` and ``xebra watch``: results by name, a summary, resuming, exit codes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from xebra import cli, sample
from xebra.commands.stop_signals import REPEAT_S, on_stop_signal
from xebra.image import read_image
from xebra.image_files import write_tiff

BATCH = [sys.executable, "-m", "xebra.cli", "batch", "in", "-o", "out", "--network", "paper"]
WATCH = [
    sys.executable,
    "-m",
    "xebra.cli",
    "watch",
    "in",
    "-o",
    "out",
    "--network",
    "paper",
    "--settle",
    "0.3",
]
FIXED, MOVING = sample.FIXED.read_bytes(), sample.MOVING.read_bytes()
PATIENCE_S = 60


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    return tmp_path


def drop(*names: str) -> None:
    """Write pairs s_fixed.tif and s_moving.tif into the folder ``in``."""
    for name in names:
        Path(f"in/{name}_fixed.tif").write_bytes(FIXED)
        Path(f"in/{name}_moving.tif").write_bytes(MOVING)


def rows() -> dict[str, dict[str, str]]:
    with open("out/summary.csv", newline="", encoding="utf-8-sig") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def journal() -> list[dict]:
    file = Path("out/pairs.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def until(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)


class TestBatch:
    def test_files_carry_the_names_and_one_bad_file_is_one_row(self, here, capsys):
        drop("s1", "s2")
        Path("in/s2_moving.tif").write_bytes(MOVING[:3000])
        Path("in/s10_fixed.tif").write_bytes(FIXED)
        arguments = ["batch", "in", "-o", "out", "--network", "paper", "--transform", "itk", "-j", "2"]
        arguments += ["--moving-spacing", "0.06"]
        assert cli.main(arguments) == cli.FAULT
        printed = capsys.readouterr()
        assert "2 pairs: " in printed.out and "1 file not paired" in printed.out
        assert "[2/2] s" in printed.err and "s10_fixed.tif is not paired" in printed.err

        found = rows()
        assert list(found) == ["s1_moving", "s2_moving", "s10_fixed.tif"]
        assert (found["s2_moving"]["status"], found["s10_fixed.tif"]["status"]) == ("error", "not paired")
        assert "truncated" in found["s2_moving"]["reason"]
        names = {path.name for path in Path("out").glob("s*_*")}
        ends = "-registered.tif", "-picture.png", "-registration.json", ".tfm"
        assert names == {f"s1_moving{end}" for end in ends}
        body = json.loads(Path("out/s1_moving-registration.json").read_text())
        assert float(found["s1_moving"]["scale"]) == body["scale"]
        assert read_image(f"out/{found['s1_moving']['registered']}").shape == read_image(sample.FIXED).shape
        fixed_mm, moving_mm = (body[side]["pixel_spacing_um"] * 1e-3 for side in ("fixed", "moving"))
        found_mm = SimpleITK.ReadTransform("out/s1_moving.tfm").TransformPoint([5 * fixed_mm, 7 * fixed_mm])
        expected = np.array(body["moving_from_fixed"]) @ [5, 7, 1]
        np.testing.assert_allclose(np.array(found_mm) / moving_mm, expected[:2], atol=1e-6)
        assert 'src="s1_moving-picture.png"' in Path("out/summary.html").read_text()

    def test_the_same_command_registers_what_has_no_result_or_has_changed(self, here, capsys):
        drop("s1")
        first = cli.main(BATCH[3:])
        assert first in (cli.ACCEPTED, cli.REFUSED) and len(journal()) == 1
        drop("s2")
        cli.main(BATCH[3:])
        assert [entry["name"] for entry in journal()] == ["s1_moving", "s2_moving"]
        Path("out/s1_moving-registered.tif").unlink()
        write_tiff("in/s2_moving.tif", read_image(sample.MOVING).pixels[:, ::-1])
        cli.main(BATCH[3:])
        assert [entry["name"] for entry in journal()[2:]] == ["s1_moving", "s2_moving"]
        assert list(rows()) == ["s1_moving", "s2_moving"]

    def test_interrupted_and_continued_it_does_no_pair_twice(self, here):
        drop(*(f"s{number}" for number in range(4)))
        with subprocess.Popen(BATCH, stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr.readline().startswith("[1/4] s0_moving: ")
            run.send_signal(signal.SIGTERM)
            assert run.stderr.read().endswith("stopped. The same command continues.\n")
            assert run.wait(PATIENCE_S) == cli.INTERRUPTED
        before = len(journal())
        assert 1 <= before < 4 and not list(Path("out").glob(".partial-*"))
        ran = subprocess.run(BATCH, stderr=subprocess.PIPE, text=True)
        assert ran.returncode in (cli.ACCEPTED, cli.REFUSED)
        assert sorted(entry["name"] for entry in journal()) == [f"s{n}_moving" for n in range(4)]
        assert f"[{4 - before}/{4 - before}]" in ran.stderr
        assert len(rows()) == 4

    def test_model_and_tolerance_are_those_of_the_command(self, here):
        drop("a")
        arguments = ["batch", "in", "-o", "out", "--model", "rigid", "--tolerance", "0.001"]
        assert cli.main([*arguments, "--fixed-spacing", "1", "--moving-spacing", "1.19"]) == 0
        (file,) = Path("out").rglob("*.json")
        found = json.loads(file.read_text())
        assert found["transform_model"] == "rigid" and found["verdict"] == "review"
        assert "above the tolerance of 0.0 px" in found["reason"]

    def test_dry_run_lists_and_writes_nothing(self, here, capsys):
        drop("s1")
        assert cli.main([*BATCH[3:], "--dry-run"]) == cli.ACCEPTED
        assert capsys.readouterr().out == "s1_moving: s1_moving.tif on s1_fixed.tif\n"
        assert not Path("out").exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["in"], "no pair was found"),
            (["in", "--fixed", "a*"], "Give both patterns"),
            (["in", "--transform", "paper"], "no transform format 'paper'"),
            (["gone"], "No such file"),
            (["in", "--network", "flux"], "no network 'flux'"),
        ],
    )
    def test_wrong_use_is_one_line(self, here, capsys, arguments, message):
        assert cli.main(["batch", *arguments]) == cli.FAULT
        assert message in capsys.readouterr().err


class TestWatch:
    def started(self, *options: str) -> subprocess.Popen:
        return subprocess.Popen([*WATCH, *options], stdout=subprocess.PIPE, text=True)

    def stopped(self, run: subprocess.Popen) -> str:
        run.send_signal(signal.SIGTERM)
        printed, _ = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 0 and printed.endswith("stopped\n")
        return printed

    def test_a_pair_is_taken_when_both_files_are_complete_and_never_twice(self, here):
        run = self.started()
        Path("in/s1_fixed.tif").write_bytes(FIXED)
        with Path("in/s1_moving.tif").open("wb") as file:
            for start in range(0, len(MOVING), len(MOVING) // 8):  # longer than it takes to settle
                file.write(MOVING[start : start + len(MOVING) // 8])
                file.flush()
                time.sleep(0.15)
        until(lambda: len(journal()) == 1)
        assert journal()[0]["status"] != "error"
        assert "at each change" in self.stopped(run)

        drop("s2")  # while nobody watches
        run = self.started("--poll", "0.2")
        until(lambda: len(journal()) == 2)
        time.sleep(1)
        assert "s1_moving" not in self.stopped(run)
        assert [entry["name"] for entry in journal()] == ["s1_moving", "s2_moving"]
        assert set(rows()) == {"s1_moving", "s2_moving"}

    @pytest.mark.parametrize("command", [BATCH, WATCH])
    def test_a_signal_to_process_and_group_is_one_request(self, here, command):
        """As ``timeout`` and systemd send it; the pair that runs is no error."""
        drop(*(f"s{number}" for number in range(3)))
        run = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
        until(lambda: len(journal()) >= 1)
        for send in (os.kill, os.killpg, os.killpg):
            send(run.pid, signal.SIGTERM)
            time.sleep(0.02)
        _, errors = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == (cli.INTERRUPTED if command is BATCH else 0)
        assert all(entry["status"] != "error" for entry in journal())
        assert b"Traceback" not in errors

    def test_a_later_signal_interrupts(self, request):
        for number in (signal.SIGINT, signal.SIGTERM):
            request.addfinalizer(partial(signal.signal, number, signal.getsignal(number)))
        requests = []
        with pytest.raises(KeyboardInterrupt), on_stop_signal(lambda: requests.append(1)):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            assert requests == [1]
            time.sleep(1.1 * REPEAT_S)
            signal.raise_signal(signal.SIGTERM)

    def test_killed_and_started_again_every_pair_has_one_result(self, here):
        drop(*(f"s{number}" for number in range(3)))
        run = self.started()
        until(lambda: len(journal()) == 1)
        run.kill()
        run.wait()
        run.stdout.close()
        run = self.started()
        until(lambda: len(journal()) == 3)
        self.stopped(run)
        assert sorted(entry["name"] for entry in journal()) == [f"s{n}_moving" for n in range(3)]

    def test_a_file_that_was_cut_is_taken_again_when_it_is_whole(self, here):
        drop("s1")
        Path("in/s1_moving.tif").write_bytes(MOVING[:3000])
        run = self.started()
        until(lambda: len(journal()) == 1)
        assert journal()[0]["status"] == "error"
        Path("in/s1_moving.tif").write_bytes(MOVING)
        until(lambda: len(journal()) == 2)
        self.stopped(run)
        assert rows()["s1_moving"]["status"] != "error"
