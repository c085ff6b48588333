"""Pairs are found by names and tables; a file without a partner changes no other pair."""

from pathlib import Path

import pytest

from xebra.batch.pairs import Rules, pairs, patterns
from xebra.batch.table import read
from xebra.batch.task import Settings
from xebra.errors import PairingInvalid


def found(folder: Path, *names: str, **rules):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith(".zarr") else path.write_bytes(b"x")
    tasks, unpaired = pairs(folder, Rules(**rules))
    return {t.name: (t.shown(t.fixed), t.shown(t.moving)) for t in tasks}, dict(unpaired)


def by(fixed: str, moving: str) -> dict:
    return dict(zip(("fixed", "moving"), patterns(fixed, moving), strict=True))


class TestFolder:
    def test_words_may_stand_anywhere_in_otherwise_equal_names(self, tmp_path):
        names = (
            "a_fixed.tif",
            "a_moving.png",
            "Fixed b.dm4",
            "Moving b.tif",
            "c-FIXED-2.tif",
            "c-moving-2.ome.tif",
        )
        paired, unpaired = found(
            tmp_path, *names, "fixed.zarr", "moving.zarr", "prefixed_d.tif", "removing_d.tif"
        )
        assert paired == {
            "a_moving": ("a_fixed.tif", "a_moving.png"),
            "c-moving-2": ("c-FIXED-2.tif", "c-moving-2.ome.tif"),
            "moving": ("fixed.zarr", "moving.zarr"),
            "Moving b": ("Fixed b.dm4", "Moving b.tif"),
        }
        assert unpaired == {}

    def test_a_stray_file_shifts_no_pair(self, tmp_path):
        names = [f"s{n}_{side}.tif" for n in (1, 2, 10) for side in ("fixed", "moving")]
        before, _ = found(tmp_path, *names)
        after, unpaired = found(tmp_path, "s1b_fixed.tif", "s0_moving.tif", "notes.txt", "overview.tif")
        assert after == before and list(after) == ["s1_moving", "s2_moving", "s10_moving"]
        assert unpaired == {
            "s1b_fixed.tif": "no moving image has its name",
            "s0_moving.tif": "no fixed image has its name",
        }

    def test_no_partner_is_guessed_where_there_are_several(self, tmp_path):
        paired, unpaired = found(
            tmp_path, "a_fixed.tif", "a_fixed.dm4", "a_moving.tif", "b_fixed.tif", "b_moving.tif"
        )
        assert list(paired) == ["b_moving"]
        assert "a_fixed.dm4, a_fixed.tif" in unpaired["a_moving.tif"]

    def test_several_moving_images_of_one_fixed_get_names_of_their_own(self, tmp_path):
        paired, _ = found(tmp_path, "a_fixed.tif", "a_moving.tif", "a_moving.png")
        assert set(paired) == {"a_moving.tif", "a_moving.png"}

    def test_text_temporary_and_result_files_are_no_images(self, tmp_path):
        paired, unpaired = found(
            tmp_path,
            "a_fixed.tif",
            "a_fixed.txt",
            ".a_moving.tif",
            "a_moving.tif.part",
            "a_moving-registered.tif",
        )
        assert (paired, unpaired) == ({}, {"a_fixed.tif": "no moving image has its name"})

    def test_patterns(self, tmp_path):
        names = "s1_SEM.tif", "s1_XRF_Fe.tif", "s1_XRF_Cu.tif", "s2_sem.tif", "s2_XRF_Fe.tif", "s3_SEM.tif"
        paired, unpaired = found(tmp_path, *names, **by("{name}_SEM.tif", "{name}_XRF_*.tif"))
        assert paired == {
            "s1_XRF_Cu": ("s1_SEM.tif", "s1_XRF_Cu.tif"),
            "s1_XRF_Fe": ("s1_SEM.tif", "s1_XRF_Fe.tif"),
            "s2_XRF_Fe": ("s2_sem.tif", "s2_XRF_Fe.tif"),
        }
        assert set(unpaired) == {"s3_SEM.tif"}

    def test_one_fixed_image_for_all(self, tmp_path):
        paired, unpaired = found(tmp_path, "map.tif", "a1.tif", "a2.tif", "a.txt", **by("map.tif", "*"))
        assert paired == {"a1": ("map.tif", "a1.tif"), "a2": ("map.tif", "a2.tif")} and not unpaired

    def test_special_characters_of_a_pattern_mean_themselves(self, tmp_path):
        paired, _ = found(tmp_path, "a+(1).tif", "b+(1).tif", "axx1y.tif", **by("a+(*).tif", "b+(*).tif"))
        assert list(paired) == ["b+(1)"]

    def test_folders_below_are_paired_by_themselves_and_results_are_left_out(self, tmp_path):
        names = [f"{day}/a_{side}.tif" for day in ("mon", "tue", "results") for side in ("fixed", "moving")]
        assert found(tmp_path, *names)[0] == {}
        paired, _ = found(tmp_path, *names, "wed/a_fixed.tif", recursive=True, excluded=tmp_path / "results")
        assert list(paired) == ["mon/a_moving", "tue/a_moving"]

    @pytest.mark.parametrize(
        "given", [("*.tif", None), (None, "*.tif"), ("*.tif", "m.tif"), ("{name}{name}", "*")]
    )
    def test_patterns_that_pair_nothing_are_an_error(self, given):
        with pytest.raises(PairingInvalid):
            patterns(*given)


class TestTable:
    def rows(self, folder, text, encoding="utf-8"):
        (folder / "table.csv").write_bytes(text.encode(encoding))
        return read(folder / "table.csv", Settings())

    def test_paths_are_relative_to_the_table_and_options_are_taken(self, tmp_path):
        [task] = self.rows(
            tmp_path, "Fixed,moving,fixed_spacing_um,moving_channel,moving_frame\nx/a.tif,b.tif,0.5,Fe,3\n\n"
        )
        assert (task.name, task.fixed.path, task.fixed.spacing) == ("b", tmp_path / "x/a.tif", 0.5)
        assert (task.moving.channel, task.moving.frame, task.moving.spacing) == ("Fe", 3, None)

    def test_tables_of_spreadsheets(self, tmp_path):
        text = "\ufefffixed;moving;moving_spacing_um\r\n\u00fc.tif;b.tif;0,25\r\n"
        [task] = self.rows(tmp_path, text)
        assert (task.fixed.path.name, task.moving.spacing) == ("\u00fc.tif", 0.25)
        [task] = self.rows(tmp_path, text[1:], "cp1252")
        assert task.fixed.path.name == "\u00fc.tif"

    def test_names_are_unique(self, tmp_path):
        tasks = self.rows(tmp_path, "fixed,moving\na.tif,m.tif\nb.tif,m.tif\nb.tif,n.tif\n")
        assert [task.name for task in tasks] == ["m-on-a", "m-on-b", "n"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("moving,other\na,b\n", "columns fixed and moving"),
            ("", "columns fixed and moving"),
            ("fixed,moving\na.tif,\n", "line 2: the moving image"),
            ("fixed,moving,moving_spacing_um\na.tif,b.tif,wide\n", "'wide' is no number"),
            ("fixed,moving\na.tif,b.tif\nc.tif,d.tif\na.tif,b.tif\n", "line 2: 'b-on-a' is twice"),
            ("fixed,moving,name\na.tif,b.tif,../x\n", "leads out"),
        ],
    )
    def test_errors_name_the_line(self, tmp_path, text, message):
        with pytest.raises(PairingInvalid, match=message):
            self.rows(tmp_path, text)
