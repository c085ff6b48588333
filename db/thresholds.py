"""How far an instrument's answers may be off: its own limits make a verdict stricter, never milder."""

from __future__ import annotations

from typing import Any

from db.rows import InstrumentRow

ORDER = ("accept", "review", "refuse")
LIMITS = {"review": "review_beyond_px", "refuse": "refuse_beyond_px"}


def of(instrument: InstrumentRow | None) -> dict[str, float]:
    """Those that the instrument has, px of the fixed image."""
    said = {name: getattr(instrument, name, None) for name in LIMITS.values()}
    return {name: value for name, value in said.items() if value is not None}


def applied(body: dict[str, Any], limits: dict[str, float]) -> dict[str, Any]:
    """The result as it is judged with these limits, which it records, so that it can be replayed."""
    if not limits:
        return body
    body = body | {"thresholds": limits}
    error = body["expected_corner_error_px"]
    for verdict, name in LIMITS.items():
        limit = limits.get(name)
        if limit is not None and error > limit and ORDER.index(verdict) > ORDER.index(body["verdict"]):
            reason = f"expected to be {error:.2f} px off, beyond this instrument's {limit:g} px"
            body |= {"verdict": verdict, "reason": f"{reason}; without that: {body['reason']}"}
    return body
