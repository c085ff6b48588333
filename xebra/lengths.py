"""Lengths as text: in micrometres with a suitable unit, and in px of the fixed image."""

from __future__ import annotations

UNITS = (("mm", 1e3), ("µm", 1.0), ("nm", 1e-3), ("pm", 1e-6))  # in micrometres, largest first


def length(um: float | None, sign: str = "-") -> str:
    """Return a length in um as three significant digits with a suitable unit; empty where it is unknown.

    >>> length(0.0123456), length(1234.5, "+")
    ('12.3 nm', '+1.23 mm')
    """
    if um is None:
        return ""
    unit, factor = next((u for u in UNITS if abs(um) >= 0.9995 * u[1]), UNITS[-1])
    value = um / factor
    decimals = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:{sign}.{decimals}f} {unit}"


def pixels_and_length(px: float, um_per_px: float | None, decimals: int = 1) -> str:
    """Return a length in px, with its length in um where the pixel spacing (um per px) is known.

    >>> pixels_and_length(9.04, None), pixels_and_length(9.04, 0.05), pixels_and_length(20, 0.05, 0)
    ('9.0 px', '9.0 px (452 nm)', '20 px (1.00 µm)')
    """
    text = f"{px:.{decimals}f} px"
    return text if um_per_px is None else f"{text} ({length(px * um_per_px)})"
