"""An instrument's own limits make a verdict stricter, never milder."""

from __future__ import annotations

import pytest

from db import thresholds
from db.rows import InstrumentRow


@pytest.mark.parametrize(
    ("verdict", "limits", "then"),
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
def test_a_verdict_is_only_ever_made_stricter(verdict, limits, then):
    body = {"expected_corner_error_px": 3.0, "verdict": verdict, "reason": "as the network says"}
    judged = thresholds.apply(body, limits)
    assert judged["verdict"] == then
    assert "as the network says" in judged["reason"]
    assert judged.get("thresholds", {}) == limits
    assert body["verdict"] == verdict


def test_an_instrument_without_limits_and_a_service_without_instruments_have_none():
    assert thresholds.for_instrument(None) == {}
    assert thresholds.for_instrument(InstrumentRow(name="sem", refuse_beyond_px=2.0)) == {"refuse_beyond_px": 2.0}
