"""The table of sizes follows from the measured costs, and the page has that of the present costs."""

from __future__ import annotations

import performance_page
import pytest
import sizing

EMBEDDED = "100 ms (api 20, worker 75, relay 5, Redis 0); bare 60"
DEPLOYED = "200 ms (api 20, worker 50, Triton 130); bare 60"
PAGE = f"| CPU time of a job, 8 clients | {EMBEDDED} | {DEPLOYED} |"


def test_costs_are_those_of_the_page():
    found = sizing.costs(PAGE)
    assert found["embedded"] == {"api": 20, "worker": 75, "relay": 5, "Redis": 0}
    assert found["deployed"] == {"api": 20, "worker": 50, "Triton": 130}


def test_shared_cores_carry_the_sum_of_the_parts():
    rate, _ = sizing.jobs_per_s(sizing.Size("", "embedded", shared=4), {"api": 20, "worker": 80})
    assert rate == pytest.approx(sizing.UTILISATION * 40)


def test_slowest_part_limits():
    size = sizing.Size("", "deployed", cores={"api": 1, "worker": 10})
    rate, limit = sizing.jobs_per_s(size, {"api": 20, "worker": 100, "Triton": 130})
    assert (rate, limit) == (pytest.approx(sizing.UTILISATION * 50), "api")  # Triton has a GPU


def test_page_has_the_table_of_the_measured_costs():
    lines = sizing.table(performance_page.PAGE.read_text(), 60)
    assert "\n".join(lines) in sizing.PAGE.read_text(), "./dev bench sizing --write"
