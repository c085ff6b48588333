"""The figure of a registration: fixed, moving, registered, overlay, parameters and verdict."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal
from unicodedata import east_asian_width

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.patheffects import Normal, Stroke
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation
from matplotlib_scalebar.scalebar import ScaleBar

from xebra.arrays import Floats, Mask, Matrix, Pixels
from xebra.field.resampling import coverage_through, resample_through
from xebra.image import Image, gray
from xebra.picture_files import PictureFormat, style, write
from xebra.registration import Place, Registration
from xebra.resample import coverage, resample, shrunk
from xebra.summary import parameters
from xebra.transform import homogeneous_corners, map_points
from xebra.usable_area import UsableArea

DETAIL_SHARE, SURROUNDINGS = (
    0.5,
    1.4,
)  # of the fixed image's width: a smaller field is drawn larger, in 1.4 widths
OUTLINED_SHARE = 0.7  # of the other image's side: a smaller field of view is outlined there
OUTLINE_COLOR = "#ffd54a"
DRAWN_PROBABILITY = 0.05  # of the next best places of a detail: less probable ones are not drawn
LONGEST = 1024  # px of a panel: more than a slide shows
BLACK, WHITE = 0.5, 99.5  # percentiles of the gray values that are drawn black and white
SLIDE = 16 / 9
PANEL = 3.2  # inches along the side of a square panel; others have the same area
GAP, MARGIN, TITLE, FOOT = 0.16, 0.25, 0.32, 0.5  # inches
NAME_LINE = 0.15  # inches: height of a file name on a line of its own, where it does not fit beside the title
LETTERS_PER_INCH, TITLE_LETTERS, OWN_LINE = 15, 15, "own line"
VERDICT_SIZE = 8  # points
DPI = (100, 200)  # of notebooks and of files
FOOTER_SIZES = ((1, (8, 7.5, 7, 6.5, 6)), (2, (7, 6.5, 6, 5.5, 5)), (4, (5, 4.5, 4, 3.5, 3)))  # lines, points
LONGEST_ALONE, ALONE_INCHES = 2048, 10.24  # px and inches of an overlay without margins: 200 dpi
TEXT_COLOR, SECONDARY_COLOR, EMPTY_GRAY = "#202124", "#6b7076", 0.93
UNUSED_COLOR, UNUSED_ALPHA = "#f2a900", (0.55, 0.2)  # of the two kinds of stripes
MAGENTA, GREEN = "#b8138f", "#15803d"  # dark enough to read on white
Colors = Literal["magenta-green", "green-magenta", "cyan-red", "yellow-blue"]
OVERLAY_COLORS: dict[Colors, tuple[str, str]] = {
    "magenta-green": ("#ff00ff", "#00ff00"),
    "green-magenta": ("#00ff00", "#ff00ff"),
    "cyan-red": ("#00ffff", "#ff0000"),
    "yellow-blue": ("#ffff00", "#0000ff"),
}
LEGEND_COLORS: dict[Colors, tuple[str, str]] = {  # the same, dark enough to read on white
    "magenta-green": (MAGENTA, GREEN),
    "green-magenta": (GREEN, MAGENTA),
    "cyan-red": ("#0e7490", "#b3261e"),
    "yellow-blue": ("#8a6d00", "#1d4fd0"),
}
WORDS = {"corrected": "corrected by hand"}  # verdicts that are no word of their own
VERDICT_COLOR = {"accept": GREEN, "review": "#a15c00", "refuse": "#b3261e", "corrected": "#1d4f91"}


@dataclass(frozen=True)
class PictureOptions:
    """What a picture shows: all panels or one alone, in which colours, with scale bar and status line."""

    content: Literal["figure", "overlay", "registered"] = "figure"
    colors: Colors = "magenta-green"
    scale_bar: bool = True
    status: bool = True  # parameters and verdict below the panels of a figure


DEFAULT = PictureOptions()


class Picture(Figure):
    """A figure that notebooks show without pyplot."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        with style():
            self.savefig(file, format="png")
        return file.getvalue()


def save(
    registration: Registration,
    target: str | Path | BinaryIO,
    *,
    dpi: int = 200,
    format: PictureFormat = "png",
    options: PictureOptions = DEFAULT,
) -> None:
    """Write the picture of ``registration``."""
    write(draw(registration, options), target, format, dpi)


def draw(registration: Registration, options: PictureOptions = DEFAULT) -> Picture:
    """Draw fixed, moving, registered and overlay (white where equal) with a footer, or one of them alone."""
    with style():
        draw_content = _panels if options.content == "figure" else _alone
        return draw_content(registration, options)


def _alone(registration: Registration, options: PictureOptions) -> Picture:
    """Draw the overlay or the registered image on the grid of the fixed image, without any margin."""
    fixed, moving = registration.fixed, registration.moving
    shown, fixed_from_shown = shrunk(fixed.pixels, LONGEST_ALONE)
    moving_from_grid = registration.moving_from_fixed @ fixed_from_shown
    registered = resample(moving.pixels, moving_from_grid, shown.shape[:2])
    values = stretched(registered, coverage(moving.shape, moving_from_grid, shown.shape[:2]))
    if options.content == "overlay":
        values = coloured(stretched(shown), values, options.colors)
    height, width = shown.shape[:2]
    inches = ALONE_INCHES / max(height, width)
    figure = Picture(figsize=(width * inches, height * inches), facecolor="black")
    FigureCanvasAgg(figure)
    panel = figure.add_axes((0, 0, 1, 1))
    panel.imshow(values, cmap="gray", vmin=0, vmax=1)
    panel.set_axis_off()
    spacing = _spacing(fixed, fixed_from_shown)
    if options.scale_bar and spacing is not None:
        panel.add_artist(_scale_bar(spacing))
    return figure


def coloured(fixed: Floats, registered: Floats, colors: Colors) -> Floats:
    """Return the overlay (H, W, 3) of two gray images in two complementary colours; white where equal."""
    first, second = (np.array(to_rgb(color)) for color in OVERLAY_COLORS[colors])
    overlay: Floats = np.clip(fixed[..., None] * first + registered[..., None] * second, 0, 1)
    return overlay


def _panels(registration: Registration, options: PictureOptions) -> Picture:
    """Draw all four panels."""
    fixed, moving = registration.fixed, registration.moving
    fixed_shown, fixed_from_shown = shrunk(fixed.pixels, LONGEST)
    moving_shown, moving_from_shown = shrunk(moving.pixels, LONGEST)
    zoomed = _zoomed(registration, fixed_from_shown, fixed_shown.shape)
    fixed_from_grid = fixed_from_shown if zoomed is None else zoomed
    registered, reached = _registered(registration, fixed_from_grid, fixed_shown.shape[:2])

    figure, panels = _figure(fixed_shown.shape, (fixed.name, moving.name), options.status)
    magenta, green = stretched(fixed_shown), stretched(registered, reached)
    _show(panels[0], magenta, "Fixed", fixed.name, _spacing(fixed, fixed_from_shown))
    if zoomed is not None:
        magenta = stretched(resample(fixed.pixels, zoomed, fixed_shown.shape[:2]))
    on_fixed = _spacing(fixed, fixed_from_grid)
    enlarged = "" if zoomed is None else f", {fixed_from_shown[0, 0] / zoomed[0, 0]:.1f} times as large"
    _show(panels[1], stretched(moving_shown), "Moving", moving.name, _spacing(moving, moving_from_shown))
    _hatch(panels[0], registration.fixed_area, fixed_from_shown)
    _hatch(panels[1], registration.moving_area, moving_from_shown)
    _show(panels[2], np.where(reached, green, EMPTY_GRAY), f"Registered{enlarged}", "", on_fixed)
    _show(panels[3], coloured(magenta, green, options.colors), f"Overlay{enlarged}", "", on_fixed)
    _legend(panels[3], options.colors)
    _outline_fields(panels, registration, fixed_from_shown, moving_from_shown)
    if not options.scale_bar:
        for bar in [artist for panel in panels for artist in panel.artists if isinstance(artist, ScaleBar)]:
            bar.remove()
    if options.status:
        _footer(figure, registration)
    return figure


def _registered(
    registration: Registration, fixed_from_grid: Matrix, shape: tuple[int, ...]
) -> tuple[Pixels, Mask]:
    """Return the moving image on a grid of the fixed one, and where it covers the grid."""
    moving, field = registration.moving, registration.field
    if field is None:
        moving_from_grid = registration.moving_from_fixed @ fixed_from_grid
        return resample(moving.pixels, moving_from_grid, shape), coverage(
            moving.shape, moving_from_grid, shape
        )
    of_grid = field.of_image(np.linalg.inv(fixed_from_grid))
    return resample_through(moving.pixels, of_grid, shape), coverage_through(moving.shape, of_grid, shape)


def _zoomed(registration: Registration, fixed_from_shown: Matrix, shape: tuple[int, ...]) -> Matrix | None:
    """Return the 3 x 3 from px of a panel to the fixed image where only the detail's surroundings are drawn.

    None where the moving image covers more than a part of the fixed one.
    """
    corners = _corners(registration.fixed_from_moving, registration.moving.shape)
    sides = np.ptp(corners, axis=0)
    width = SURROUNDINGS * max(
        sides[0], sides[1] * shape[1] / shape[0]
    )  # fixed px, of the panel's proportions
    step = width / shape[1]
    if step > DETAIL_SHARE * fixed_from_shown[0, 0]:
        return None
    start = corners.mean(0) - step * (np.array(shape[1::-1]) - 1) / 2
    return np.array([[step, 0, start[0]], [0, step, start[1]], [0, 0, 1.0]])


def _outline_fields(
    panels: list[Axes], registration: Registration, fixed_from_shown: Matrix, moving_from_shown: Matrix
) -> None:
    """Draw the outline of one image's field of view on the other one where it is a small part of that.

    The next best places that are not improbable are drawn thinly.
    """
    fixed, moving, found = registration.fixed, registration.moving, registration.fixed_from_moving
    others = [place.fixed_from_moving for place in _probable(registration)]
    ends = (
        (panels[0], [found, *others], moving, fixed, fixed_from_shown),
        (panels[1], [np.linalg.inv(each) for each in (found, *others)], fixed, moving, moving_from_shown),
    )
    for panel, matrices, detail, overview, overview_from_shown in ends:
        corners = [_corners(overview_from_detail, detail.shape) for overview_from_detail in matrices]
        if np.ptp(corners[0], axis=0).max() < OUTLINED_SHARE * max(overview.shape[:2]):
            shown = [map_points(np.linalg.inv(overview_from_shown), each) for each in corners]
            for other in shown[1:]:
                _outline(panel, other, 0.7, (0, (4, 2)))
            _outline(panel, shown[0], 1.4, "-")


def _probable(registration: Registration) -> tuple[Place, ...]:
    """Return the next best places of a detail that are drawn; none for a refused result."""
    if registration.verdict == "refuse":
        return ()
    return tuple(place for place in registration.places[1:] if place.probability > DRAWN_PROBABILITY)


def _outline(panel: Axes, corners: Floats, width: float, style: str | tuple[int, tuple[int, int]]) -> None:
    """Draw an outline with a dark halo; ``width`` in points."""
    halo = [Stroke(linewidth=width + 1.2, foreground="black", alpha=0.6), Normal()]
    panel.add_patch(
        Polygon(
            corners,
            fill=False,
            edgecolor=OUTLINE_COLOR,
            linewidth=width,
            linestyle=style,
            path_effects=halo,
        )
    )


def _corners(overview_from_detail: Matrix, shape: tuple[int, ...]) -> Floats:
    """Return the corners (4, 2) of an image in px of the other one, in order around it."""
    corners = homogeneous_corners(shape)[[0, 1, 3, 2], :2]
    return map_points(overview_from_detail, corners)


def stretched(pixels: Pixels, where: Mask | None = None) -> Floats:
    """Return gray values (H, W) scaled to 0..1 by percentiles within the mask ``where``; 0 outside it."""
    values = gray(pixels)
    shown = values if where is None else values[where]
    if shown.size == 0:
        return np.zeros_like(values)
    low, high = np.percentile(shown, [BLACK, WHITE])
    result: Floats = np.clip((values - low) / ((high - low) or 1), 0, 1)
    return result if where is None else result * where


def _figure(shape: tuple[int, ...], names: tuple[str, str], status: bool) -> tuple[Picture, list[Axes]]:
    """Return a figure with four panels of the fixed image's proportions, arranged for a slide."""
    ratio = min(max(shape[1] / shape[0], 1 / 3), 4)
    rows, columns = min([(1, 4), (2, 2), (4, 1)], key=lambda rc: abs(math.log(rc[1] / rc[0] * ratio / SLIDE)))
    width, height = PANEL * math.sqrt(ratio), PANEL / math.sqrt(ratio)
    beside = all(_extent(name) <= _letters_beside(width) for name in names)
    title, foot = TITLE if beside else TITLE + NAME_LINE, FOOT if status else MARGIN
    inches = (
        2 * MARGIN + columns * width + (columns - 1) * GAP,
        MARGIN / 2 + rows * (height + title) + (rows - 1) * GAP / 2 + foot,
    )
    figure = Picture(figsize=inches, facecolor="white")
    FigureCanvasAgg(figure)
    panels = []
    for index in range(4):
        row, column = divmod(index, columns)
        left = MARGIN + column * (width + GAP)
        bottom = foot + (rows - 1 - row) * (height + title + GAP / 2)
        box = left / inches[0], bottom / inches[1], width / inches[0], height / inches[1]
        panels.append(figure.add_axes(box, label="" if beside else OWN_LINE))
    return figure, panels


def _show(panel: Axes, values: Floats, title: str, name: str, spacing: float | None) -> None:
    """Draw an image with its title, file name and scale bar."""
    panel.imshow(values, cmap="gray", vmin=0, vmax=1)
    panel.set(adjustable="datalim", facecolor=str(EMPTY_GRAY), xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
    figure = panel.get_figure(root=True)
    assert figure is not None
    inches = panel.get_position().width * figure.get_figwidth()
    # A name may contain "$".
    small: dict[str, Any] = {"fontsize": 7.5, "color": SECONDARY_COLOR, "parse_math": False}
    if panel.get_label() == OWN_LINE:
        above = panel.transAxes + ScaledTranslation(0, 4 / 72, figure.dpi_scale_trans)
        panel.text(0, 1, _shorten(name, round(LETTERS_PER_INCH * inches)), transform=above, **small)
        panel.set_title(title, loc="left", fontsize=11, color=TEXT_COLOR, pad=5 + 72 * NAME_LINE)
    else:
        panel.set_title(title, loc="left", fontsize=11, color=TEXT_COLOR, pad=5)
        panel.set_title(_shorten(name, _letters_beside(inches)), loc="right", pad=5, **small)
    if spacing is not None:
        panel.add_artist(_scale_bar(spacing))


def _letters_beside(inches: float) -> int:
    """Return how many letters of a file name fit beside the title of a panel."""
    return round(LETTERS_PER_INCH * inches) - TITLE_LETTERS


def _hatch(panel: Axes, area: UsableArea | None, image_from_shown: Floats) -> None:
    """Tint and hatch what was not used of the image in a panel, and name it."""
    if area is None or area.mask.all():
        return
    shape = panel.images[0].get_size()
    points = [
        np.rint(image_from_shown[axis, axis] * np.arange(side) + image_from_shown[axis, 2]).astype(int)
        for axis, side in ((1, shape[0]), (0, shape[1]))
    ]
    rows, columns = (np.clip(p, 0, side - 1) for p, side in zip(points, area.mask.shape, strict=True))
    unused = ~area.mask[np.ix_(rows, columns)]
    stripe = max(2, max(shape) // 80)
    stripes = np.add.outer(*map(np.arange, shape)) // stripe % 2
    tint = np.zeros((*shape, 4), np.float32)
    tint[unused] = [*to_rgb(UNUSED_COLOR), 0.0]
    tint[..., 3] = unused * np.where(stripes, *UNUSED_ALPHA)
    panel.imshow(tint, interpolation="nearest")
    text = "not used: " + ", ".join(area.excluded)
    box = {"facecolor": "black", "edgecolor": "none", "pad": 2}
    panel.text(
        0.985,
        0.985,
        text,
        transform=panel.transAxes,
        va="top",
        ha="right",
        color="white",
        fontsize=6.5,
        bbox=box,
    )


def _scale_bar(spacing: float) -> ScaleBar:
    """Return a scale bar for a pixel spacing in um."""
    return ScaleBar(
        spacing,
        "um",
        location="lower left",
        color="white",
        box_color="black",
        box_alpha=1.0,
        length_fraction=0.3,
        width_fraction=0.015,
        border_pad=0.5,
        pad=0.3,
        sep=3,
        font_properties={"size": 9},
    )


def _legend(panel: Axes, colors: Colors) -> None:
    """Draw the legend of the overlay's colours beside its title."""
    first, second = LEGEND_COLORS[colors]
    for text, color, x in (("fixed", first, -50), ("registered", second, 0)):
        panel.annotate(
            text,
            (1, 1),
            (x, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            color=color,
            fontsize=8,
            ha="right",
        )


def _footer(figure: Picture, registration: Registration) -> None:
    """Draw parameters and verdict in one line or more, in the largest font size that fits."""
    inches = figure.get_size_inches()
    at = {"va": "center", "y": 0.2 / inches[1]}
    verdict = figure.text(
        1 - MARGIN / inches[0],
        s=WORDS.get(registration.verdict, registration.verdict),
        ha="right",
        weight="bold",
        **at,
    )
    verdict.set(color=VERDICT_COLOR[registration.verdict], fontsize=VERDICT_SIZE)
    found = [f"{p.name} {p.value}" + (f" ({p.metric})" if p.metric else "") for p in parameters(registration)]
    line = figure.text(MARGIN / inches[0], s="", color=SECONDARY_COLOR, linespacing=1.3, **at)
    for rows, size in ((rows, size) for rows, sizes in FOOTER_SIZES for size in sizes):
        line.set(text=_in_rows(found, rows).replace("-", "\u2212"), fontsize=size)
        if all(_distance(figure, line, verdict, dpi) >= GAP for dpi in DPI):
            break


def _distance(figure: Picture, left: Text, right: Text, dpi: int) -> float:
    """Return the inches between two texts; hinting makes their widths depend on the resolution."""
    before = figure.dpi
    figure.set_dpi(dpi)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]  # of matplotlib
    ends = left.get_window_extent(renderer).x1, right.get_window_extent(renderer).x0
    figure.set_dpi(before)
    return float(ends[1] - ends[0]) / dpi


def _in_rows(parts: list[str], rows: int) -> str:
    """Return texts in rows of about the same number."""
    count = -(-len(parts) // rows)
    return "\n".join("  ·  ".join(parts[start : start + count]) for start in range(0, len(parts), count))


def _spacing(image: Image, image_from_shown: Floats) -> float | None:
    """Return the pixel spacing of the reduced image."""
    return None if image.pixel_spacing is None else image.pixel_spacing * image_from_shown[0, 0]


def _shorten(name: str, max_length: int) -> str:
    """Return ``name``, with its middle replaced by an ellipsis where it is too long."""
    half, short = max(2, max_length // 2 - 1), name
    while _extent(short) > max_length and half > 1:
        short, half = f"{name[:half]}…{name[-half:]}", half - 1
    return short


def _extent(name: str) -> int:
    """Return the length of a name in Latin letters; East Asian ones are twice as wide."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in name)
