"""The table of the service benchmark contains the measured figures, in its own section of the page."""

from __future__ import annotations

import json

import performance_page
import pytest
import service_figures as figures
import service_table as table

TIMES = {"p50_ms": 250.0, "p99_ms": 400.0}
DURATIONS = {f"{name}_{key}": value for name in ("submit", "list") for key, value in TIMES.items()}
STACK = {
    "load": {"bare": {"jobs_per_s": 8.0, **TIMES}, "8": {"jobs_per_s": 6.0, **TIMES}},
    "idle": {"in_process_p50_ms": 220.0, **TIMES},
    "synchronous": {"in_process_p50_ms": 240.0, **TIMES},
    "shares": {
        **{"api": 7.0, "worker": 50.2, "bare": 40.0},
        **{"beside_low": 15.0, "beside": 17.2, "beside_high": 19.0},
    },
    "download": TIMES,
    "fairness": {"queued": 1000, "workers": 2, "begun_before": 1},
    "queue": {
        "few": {"queued": 100, "batch_ms": 100, **DURATIONS},
        "many": {"queued": 10_000, "batch_ms": 2500, **DURATIONS},
    },
    "memory": {"jobs": [500, 5000], **{part: [100.5, 101.5] for part in ("api", "worker", "relay")}},
    "recovery": {"seconds": 6.5},
}
ABOUT = {"version": "1234567", "jobs": 100, "queued": 10_000, "many": 5000}
FOUND = {"about": ABOUT, "load_averages": [0.4, 2.5], "embedded": STACK}


def test_table_contains_figures_and_command():
    text = "\n".join(table.of(FOUND))
    assert "`./dev bench service --jobs 100 --queued 10000 --many 5000 --write`" in text
    assert "version 1234567" in text and "load 0.4 to 2.5 before steps" in text
    assert "| 8 clients, embedded | 6.0 | 75 % | 250.0 ms | 400.0 ms |" in text
    assert "| CPU time of a job, 8 clients | 57 ms (api 7, worker 50); bare 40 |" in text
    assert "| beside its registration, median (range) of 6 rounds | **17 ms** (15 to 19) |" in text
    idle = "POST to finished, idle, p50, beside the same in the process, alternately"
    assert f"| {idle} | +30.0 ms (250.0 / 220.0) |" in text
    assert "| submit a batch of 10,000 | 2.5 s |" in text
    assert "| api, all processes, after 500 / 5,000 jobs of the network `paper` | 100.5 / 101.5 MB |" in text


def test_steps_are_measured_one_after_the_other(tmp_path):
    file, options = tmp_path / "figures.json", {"jobs": 100, "queued": 10_000, "many": 5000}
    for step, of in STACK.items():
        found = figures.start(file, **options)
        assert f"embedded {step}" in figures.missing(found, ("embedded",), tuple(STACK))
        figures.add(found, "embedded", step, of, 1.5)
        file.write_text(json.dumps(found))
    found = figures.start(file, **options)
    assert figures.missing(found, ("embedded", "deployed"), ("load", "idle")) == [
        "deployed load",
        "deployed idle",
    ]
    assert found["load_averages"] == [1.5] * len(STACK)
    whole = {**FOUND, **{name: found[name] for name in ("about", "load_averages")}}
    assert table.of(found) == table.of(whole)


@pytest.mark.parametrize("changed", [{"jobs": 101}, {"version": "another"}])
def test_steps_of_another_version_or_with_other_options_are_not_mixed(tmp_path, changed):
    file, options = tmp_path / "figures.json", {"jobs": 100, "queued": 10_000, "many": 5000}
    found = figures.start(file, **options)
    file.write_text(json.dumps({**found, "about": {**found["about"], **changed}}))
    with pytest.raises(SystemExit, match="another file"):
        figures.start(file, **options)


def test_step_without_measurement_has_no_row():
    some = {**FOUND, "embedded": {"recovery": STACK["recovery"]}}
    text = "\n".join(table.of(some))
    assert "6.5 s" in text and "memory" not in text and "jobs of another instrument" not in text


def test_only_its_section_is_written(tmp_path, monkeypatch):
    page = tmp_path / "performance.md"
    monkeypatch.setattr(performance_page, "PAGE", page)
    page.write_text("# Costs\n\n## Load\n\nnot known\n\n## Large pairs\n\nsome\n")
    lines = table.of(FOUND)
    for _ in range(2):
        performance_page.write("Load", lines)
        text = "\n".join(lines)
        assert page.read_text() == f"# Costs\n\n## Load\n\n{text}\n\n## Large pairs\n\nsome\n"
