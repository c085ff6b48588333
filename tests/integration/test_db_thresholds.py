"""Thresholds of an instrument make a verdict stricter, never milder."""

from __future__ import annotations

import pytest

from db import thresholds
from db.rows import InstrumentRow


@pytest.mark.parametrize(
    ("verdict", "limits", "expected"),
    [
        ("accept", {}, "accept"),
        ("accept", {"review_beyond_px": 4.0}, "accept"),
        ("accept", {"review_beyond_px": 2.0}, "review"),
        ("accept", {"refuse_beyond_px": 2.0}, "refuse"),
        ("accept", {"review_beyond_px": 1.0, "refuse_beyond_px": 2.0}, "refuse"),
        ("review", {"review_beyond_px": 4.0, "refuse_beyond_px": 5.0}, "review"),
        ("refuse", {"review_beyond_px": 2.0, "refuse_beyond_px": 9.0}, "refuse"),
    ],
)
def test_verdict_becomes_only_stricter(verdict, limits, expected):
    body = {"expected_corner_error_px": 3.0, "verdict": verdict, "reason": "of the network"}
    judged = thresholds.apply(body, limits)
    assert judged["verdict"] == expected
    assert "of the network" in judged["reason"]
    assert judged.get("thresholds", {}) == limits
    assert body["verdict"] == verdict


def test_thresholds_that_are_not_set_do_not_apply():
    assert thresholds.for_instrument(None) == {}
    assert thresholds.for_instrument(InstrumentRow(name="sem", refuse_beyond_px=2.0)) == {
        "refuse_beyond_px": 2.0
    }
