"""The command registers a pair, writes what it found, and answers bad input in one line."""

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from xebra import cli, output, sample
from xebra.image import read_image
from xebra.image_files import write_tiff

FIXED, MOVING = str(sample.FIXED), str(sample.MOVING)
RANDOM = np.random.default_rng(4)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fault(capsys, *argv):
    """The line on stderr of a command that fails; nothing is on stdout."""
    assert cli.main(list(argv)) == cli.FAULT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


class TestRegister:
    def test_prints_the_parameters_and_writes_the_files(self, here, capsys):
        code = cli.main(["register", FIXED, MOVING])
        printed = capsys.readouterr()
        folder = here / "xebra-moving"
        found = json.loads((folder / output.JSON).read_text())
        assert code == (cli.REFUSED if found["verdict"] == "refuse" else cli.ACCEPTED)
        assert printed.err == ""
        for part in (
            f"{found['angle_deg']:+.3f}°",
            f"{found['scale']:.4f}",
            f"{found['shift_px'][0]:+.2f} ± {found['intervals']['shift_px'][0]:.2f} px",
        ):
            assert part in printed.out
        assert f"{found['verdict']}: {found['reason']}" in printed.out
        assert printed.out.endswith(
            "written to xebra-moving/: registered.tif, registration.json, picture.png\n"
        )
        registered, fixed = read_image(folder / output.REGISTERED), read_image(FIXED)
        assert registered.shape == fixed.shape
        assert registered.pixels.dtype == read_image(MOVING).pixels.dtype
        assert registered.pixel_spacing == pytest.approx(fixed.pixel_spacing)
        assert read_image(folder / output.PICTURE).shape[2] == 4

    def test_json_is_alone_on_stdout_and_the_same_as_in_the_file(self, here, capsys):
        cli.main(["register", FIXED, MOVING, "--json", "-o", "out/of/iron"])
        printed = capsys.readouterr()
        assert json.loads(printed.out) == json.loads((here / "out/of/iron" / output.JSON).read_text())
        assert printed.err == ""

    def test_a_given_spacing_is_used_for_the_image_it_is_given_for(self, here, capsys):
        cli.main(["register", FIXED, MOVING, "--fixed-spacing", "0.5", "--moving-spacing", "0.25", "--json"])
        found = json.loads(capsys.readouterr().out)
        assert (found["fixed"]["pixel_spacing_um"], found["moving"]["pixel_spacing_um"]) == (0.5, 0.25)
        assert read_image(here / "xebra-moving" / output.REGISTERED).pixel_spacing == pytest.approx(0.5)

    def test_the_same_pair_again_takes_the_same_folder(self, here):
        cli.main(["register", FIXED, MOVING])
        cli.main(["register", FIXED, MOVING])
        assert [path.name for path in here.iterdir()] == ["xebra-moving"]

    def test_another_pair_of_the_same_name_takes_a_numbered_folder(self, here):
        cli.main(["register", FIXED, MOVING])
        cli.main(["register", MOVING, MOVING])
        cli.main(["register", FIXED, MOVING, "--moving-spacing", "0.25"])
        assert sorted(path.name for path in here.iterdir()) == [
            "xebra-moving",
            "xebra-moving-2",
            "xebra-moving-3",
        ]

    def test_a_given_folder_is_never_overwritten_by_another_pair(self, here, capsys):
        cli.main(["register", FIXED, MOVING, "-o", "iron"])
        before = (here / "iron" / output.JSON).read_bytes()
        capsys.readouterr()
        printed = fault(capsys, "register", MOVING, FIXED, "-o", "iron")
        assert printed == "xebra: iron contains the files of another registration. Choose another folder.\n"
        assert (here / "iron" / output.JSON).read_bytes() == before

    def test_files_that_are_not_ours_are_left_alone(self, here, capsys):
        (here / output.PICTURE).write_text("mine")
        assert "another registration" in fault(capsys, "register", FIXED, MOVING, "-o", ".")
        assert (here / output.PICTURE).read_text() == "mine"

    def test_a_pair_that_has_nothing_in_common_is_refused_with_its_own_exit_code(self, here, capsys):
        random = np.random.default_rng(11)
        for name in ("one.tif", "other.tif"):
            write_tiff(name, ndimage.gaussian_filter(random.normal(size=(256, 256)), 2).astype(np.float32))
        assert cli.main(["register", "one.tif", "other.tif"]) == cli.REFUSED
        assert "refuse: " in capsys.readouterr().out
        assert (here / "xebra-other" / output.JSON).exists()


class TestBadInput:
    @pytest.fixture(autouse=True)
    def _files(self, here):
        write_tiff("good.tif", RANDOM.integers(0, 256, (64, 64), dtype=np.uint8))
        whole = (here / "good.tif").read_bytes()
        (here / "cut.tif").write_bytes(whole[: len(whole) // 2])
        (here / "empty.tif").touch()
        (here / "text.tif").write_text("not an image")
        write_tiff("tiny.tif", RANDOM.integers(0, 256, (8, 8), dtype=np.uint8))
        write_tiff("flat.tif", np.ones((64, 64), np.uint8))
        write_tiff("nan.tif", np.full((64, 64), np.nan, np.float32))

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("gone.tif", "there is no such file"),
            ("cut.tif", "truncated or damaged"),
            ("empty.tif", "empty (0 bytes)"),
            ("text.tif", "of no format that Xebra reads"),
            ("tiny.tif", "too small"),
            ("flat.tif", "every pixel has the value 1"),
            ("nan.tif", "no value is finite"),
            (".", "cannot be opened"),
        ],
    )
    def test_is_one_line_that_names_the_file_and_the_reason(self, capsys, name, reason):
        printed = fault(capsys, "register", "good.tif", name)
        assert printed.startswith(f"xebra: {name}: ")
        assert reason in printed

    def test_unknown_network_is_one_line(self, capsys):
        assert "no network 'flux'" in fault(capsys, "register", FIXED, MOVING, "--network", "flux")

    def test_impossible_spacing_is_one_line(self, capsys):
        assert "positive number" in fault(capsys, "register", FIXED, MOVING, "--fixed-spacing", "-1")

    def test_a_folder_that_cannot_be_made_is_one_line(self, capsys):
        assert "good.tif" in fault(capsys, "register", FIXED, MOVING, "-o", "good.tif/below")

    @pytest.mark.parametrize(
        "argv", [["register", "good.tif"], ["align"], ["register", "a", "b", "--fixed-spacing", "wide"]]
    )
    def test_wrong_usage_is_one_line(self, capsys, argv):
        assert cli.main(argv) == cli.FAULT
        printed = capsys.readouterr().err
        assert printed.count("\n") == 1
        assert printed.endswith("--help.\n")


class TestPlugins:
    @pytest.fixture
    def room(self, tmp_path, monkeypatch):
        """An installed package that adds two commands, of which the second cannot be imported."""
        info = tmp_path / "garden-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: garden\nVersion: 1\n")
        (info / "entry_points.txt").write_text(
            "[xebra.commands]\nwater = garden:water\nweed = gone.far:weed\n"
        )
        (tmp_path / "garden.py").write_text(
            "from xebra.errors import ImageUnreadable\n"
            'def water(argv):\n    """Water the plants.\n\n    Twice."""\n'
            "    if argv == ['dry']:\n        raise ImageUnreadable('the well is\\nempty')\n"
            "    print(*argv)\n    return 7\n"
        )
        monkeypatch.syspath_prepend(tmp_path)

    def test_are_listed_with_their_summary(self, room, capsys):
        assert cli.main(["--help"]) == 0
        listed = capsys.readouterr().out
        assert "water       Water the plants.\n" in listed
        assert "weed        (not installed)\n" in listed

    def test_get_their_own_arguments_and_give_the_exit_code(self, room, capsys):
        assert cli.main(["water", "--help", "-x"]) == 7
        assert capsys.readouterr().out == "--help -x\n"

    def test_may_fail_in_one_line_too(self, room, capsys):
        assert fault(capsys, "water", "dry") == "xebra: the well is empty\n"

    def test_that_are_not_installed_fail_in_one_line(self, room, capsys):
        assert "weed" in fault(capsys, "weed")


@pytest.mark.parametrize("argv", [["version"], ["--version"]])
def test_the_version_is_printed(argv):
    command = [sys.executable, "-m", "xebra.cli", *argv]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith("xebra 0.")


def test_a_console_without_greek_letters_shows_no_traceback(here):
    command = [sys.executable, "-m", "xebra.cli", "register", FIXED, MOVING]
    environment = {"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (ran.returncode in (cli.ACCEPTED, cli.REFUSED), ran.stderr) == (True, "")


def test_help_imports_nothing_heavy():
    heavy = ["numpy", "scipy", "matplotlib", "tifffile", "onnxruntime", "torch", "fastapi", "celery"]
    heavy += ["sqlalchemy", "pydantic_settings"]
    code = (
        "import sys, xebra.cli\n"
        "xebra.cli.main(['--help'])\n"
        f"sys.exit(', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


WITHOUT_TORCH = (
    "import sys; sys.modules['torch'] = None; import xebra.cli as c; sys.exit(c.main(sys.argv[1:]))"
)


@pytest.mark.parametrize(
    "command",
    [
        "register",
        "batch",
        "watch",
        "inspect",
        "evaluate",
        "specimens",
        "sample",
        "version",
        "train",
        "export",
        "apply",
    ],
)
def test_help_of_each_command_needs_no_torch(command):
    call = [sys.executable, "-c", WITHOUT_TORCH, command, "--help"]
    ran = subprocess.run(call, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.lower().startswith(f"usage: xebra {command}")


class TestChoices:
    def test_channels_of_both_files_are_chosen_and_named_in_the_result(self, here, capsys):
        import tifffile

        fixed, moving = read_image(FIXED).pixels, read_image(MOVING).pixels
        blank = np.zeros_like(moving)
        metadata = {"axes": "CYX", "Channel": {"Name": ["empty", "signal"]}}
        tifffile.imwrite("fixed.tif", fixed)
        tifffile.imwrite("moving.ome.tif", np.stack([blank, moving]), metadata=metadata)
        printed = fault(capsys, "register", "fixed.tif", "moving.ome.tif")
        assert "holds 2 images" in printed and "--channel" in printed
        for option in ("--channel", "--moving-channel"):
            arguments = ["register", "fixed.tif", "moving.ome.tif", option, "signal", "-o", option.strip("-")]
            assert cli.main(arguments) == cli.ACCEPTED
            assert "moving.ome.tif: signal, " in capsys.readouterr().out
