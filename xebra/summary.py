"""Text summary of a registration, for the console and the picture."""

from __future__ import annotations

from typing import Any, NamedTuple

from xebra.image import Image
from xebra.lengths import length
from xebra.registration import Registration


class Parameter(NamedTuple):
    """A quantity as text; ``metric`` is empty where the pixel spacing is unknown."""

    name: str
    value: str
    metric: str = ""


def parameters(registration: Registration) -> list[Parameter]:
    """Return the parameters with the half widths of their 95 % intervals, and the expected corner error."""
    angle_interval, scale_interval, x_interval, y_interval = _half_widths(registration.intervals)
    (x, y), um = registration.shift_px, registration.shift_um
    error, error_um = registration.expected_corner_error_px, registration.expected_corner_error_um
    mirrored = [Parameter("mirrored", "yes")] if registration.transform.mirror else []
    return [
        Parameter("angle", f"{registration.angle_deg:+.3f}°{angle_interval}"),
        Parameter("scale", f"{registration.scale:.4f}{scale_interval}"),
        *_stretch(registration),
        *mirrored,
        Parameter("shift x", f"{x:+.2f}{x_interval} px", length(um and um[0], "+")),
        Parameter("shift y", f"{y:+.2f}{y_interval} px", length(um and um[1], "+")),
        *_bend(registration),
        *([] if error is None else [Parameter("expected corner error", f"{error:.2f} px", length(error_um))]),
    ]


def _stretch(registration: Registration) -> list[Parameter]:
    """Return the stretch of an affine transform, as "1.624 along 90°" and the tilt that it may come from."""
    stretch = registration.stretch
    if stretch is None:
        return []
    value = f"{stretch['ratio']:.4f} along {stretch['axis_deg'] % 180:.0f}°"
    return [Parameter("stretch", value, f"tilt of {stretch['tilt_deg']:.1f}°")]


def _bend(registration: Registration) -> list[Parameter]:
    """Return the size of the field of bent images with its standard error."""
    field, um = registration.field, registration.fixed.pixel_spacing
    if field is None:
        return []
    metric = length(None if um is None else field.rms_px * um)
    return [Parameter("field", f"{field.rms_px:.2f} ± {1.96 * field.error_px:.2f} px RMS", metric)]


def _half_widths(intervals: dict[str, Any] | None) -> list[str]:
    """Return the half widths of angle, scale, shift x and y as text; empty where unknown."""
    if intervals is None:
        return [""] * 4
    x, y = intervals["shift_px"]
    return [
        f" ± {intervals['angle_deg']:.3f}°",
        f" ± {intervals['scale']:.4f}",
        f" ± {x:.2f}",
        f" ± {y:.2f}",
    ]


def table(registration: Registration) -> str:
    """Return images, parameters and verdict as an aligned table."""
    found = parameters(registration)
    name, value, metric = (max(len(p[column]) for p in found) for column in range(3))
    rows = [f"{p.name:{name}}  {p.value:>{value}}  {p.metric:>{metric}}".rstrip() for p in found]
    return "\n".join(
        [
            f"{'fixed':{name}}  {_image_summary(registration.fixed)}",
            f"{'moving':{name}}  {_image_summary(registration.moving)}",
            *rows,
            *(f"{'not used':{name}}  {line}" for line in not_used(registration)),
            *([f"{'model':{name}}  {registration.model_reason}"] if registration.model_reason else []),
            f"{'verdict':{name}}  {registration.verdict}: {registration.reason}",
        ]
    )


def not_used(registration: Registration) -> list[str]:
    """Return what was excluded from both images, as "data bar (10 % of the fixed image)"."""
    areas = (("fixed", registration.fixed_area), ("moving", registration.moving_area))
    return [
        f"{what} ({_percent(share)} of the {name} image)"
        for name, area in areas
        if area is not None
        for what, share in area.shares.items()
    ]


def _percent(share: float) -> str:
    """Return a share as text; the smallest are not rounded to nothing.

    >>> _percent(0.104), _percent(0.0071), _percent(0.0000002)
    ('10 %', '0.7 %', '< 0.1 %')
    """
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.1f} %" if percent >= 0.05 else "< 0.1 %"


def _image_summary(image: Image) -> str:
    """Return name, choice within the file, size and pixel spacing of an image."""
    spacing = image.pixel_spacing
    size = "pixel spacing unknown" if spacing is None else f"{length(spacing)}/px ({image.spacing_source})"
    chosen = f": {image.selected}" if image.selected and str(image.selected) else ""
    return f"{image.name}{chosen}, {image.shape[1]} x {image.shape[0]} px, {size}"
