"""Error thresholds of an instrument: they can make a verdict stricter, never milder."""

from __future__ import annotations

from typing import Any

from db.rows import InstrumentRow

VERDICTS = ("accept", "review", "refuse")  # from mild to strict
LIMITS = {"review": "review_beyond_px", "refuse": "refuse_beyond_px"}


def for_instrument(instrument: InstrumentRow | None) -> dict[str, float]:
    """Return the thresholds that are set for the instrument, in px of the fixed image."""
    values = {name: getattr(instrument, name, None) for name in LIMITS.values()}
    return {name: value for name, value in values.items() if value is not None}


def apply(body: dict[str, Any], limits: dict[str, float]) -> dict[str, Any]:
    """Return the result with its verdict under these thresholds, which it records for a later replay."""
    if not limits:
        return body
    body = body | {"thresholds": limits}
    error = body["expected_corner_error_px"]
    for verdict, name in LIMITS.items():
        limit = limits.get(name)
        if limit is not None and error > limit and VERDICTS.index(verdict) > VERDICTS.index(body["verdict"]):
            reason = f"expected corner error {error:.2f} px exceeds this instrument's limit of {limit:g} px"
            body |= {"verdict": verdict, "reason": f"{reason}; otherwise: {body['reason']}"}
    return body
