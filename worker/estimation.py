"""What a registration's row asks of the estimator."""

from __future__ import annotations

from typing import Any

from db.rows import RegistrationRow
from xebra.mirror import MIRROR
from xebra.prior import Prior


def arguments(row: RegistrationRow) -> dict[str, Any]:
    """Return the arguments of ``Aligner.register`` besides images, spacings and network."""
    return {
        "mirror": MIRROR[row.mirror],
        "model": row.model,
        "prior": None if row.prior is None else Prior(**row.prior),
        "fixed_tilt": _tilt(row.fixed_tilt),
        "moving_tilt": _tilt(row.moving_tilt),
    }


def _tilt(tilt: dict[str, float] | None) -> tuple[float, float] | None:
    """Return degrees and axis of a stored tilt."""
    return None if tilt is None else (tilt["degrees"], tilt["axis_deg"])
