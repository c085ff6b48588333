"""The paper's second figure: fixed, moving and registered side by side, with a scale bar."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib_scalebar.scalebar import ScaleBar

from xebra.registration import Registration


def triptych(registrations: list[Registration], errors_px: list[float]) -> Figure:
    """Draw one row for each pair, with a scale bar where the fixed image's pixel spacing is known."""
    figure = Figure(figsize=(8.1, 2.75 * len(registrations)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(registrations), 3, squeeze=False)
    for axes, found, error in zip(rows, registrations, errors_px, strict=True):
        for axis, pixels in zip(axes, (found.fixed.gray, found.moving.gray, found.registered), strict=True):
            axis.imshow(pixels, cmap="gray")
            axis.set_axis_off()
        axes[2].set_title(
            f"registered, error {error:.1f} px (expected {found.expected_corner_error_px:.1f})", fontsize=9
        )
        if found.fixed.pixel_spacing:
            axes[0].add_artist(
                ScaleBar(found.fixed.pixel_spacing, "um", location="lower right", box_alpha=0.6)
            )
    rows[0][0].set_title("fixed", fontsize=9)
    rows[0][1].set_title("moving", fontsize=9)
    return figure
