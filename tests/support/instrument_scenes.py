"""Images of specimens and overlays of instruments; each overlay returns the image and its mask."""

import numpy as np
from scipy import ndimage

LEVELS = {"black": 0.0, "grey": 0.5, "white": 1.0}


def texture(shape, seed=0, grain=3.0):
    """Return smooth grey values (H, W) in 0.1 to 0.9: a specimen that fills the field of view."""
    random = np.random.default_rng(seed)
    values = ndimage.gaussian_filter(random.standard_normal(shape), grain) * grain
    values = values + 0.4 * ndimage.gaussian_filter(random.standard_normal(shape), 4 * grain) * 4 * grain
    values += 0.02 * random.standard_normal(shape)
    low, high = values.min(), values.max()
    return (0.1 + 0.8 * (values - low) / (high - low)).astype(np.float32)


def counts(shape, seed=0, mean=0.3):
    """Return a sparse count map (H, W) uint16: most pixels have no count."""
    random = np.random.default_rng(seed)
    return random.poisson(mean * 2 * texture(shape, seed, grain=8)).astype(np.uint16)


def phases(shape, seed=0, count=5):
    """Return a label map (H, W) uint8 of constant areas."""
    values = texture(shape, seed, grain=10)
    return np.digitize(values, np.quantile(values, np.arange(1, count) / count)).astype(np.uint8)


def device(shape, seed=0, period=24):
    """Return a periodic device (H, W): pads and lines with edges along the image's, and noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]]
    pads = ((y % period) < period // 2) & ((x % (period + 8)) < period // 2)
    lines = (y % (4 * period)) < 3
    return (0.2 + 0.5 * pads + 0.2 * lines + 0.02 * random.standard_normal(shape)).astype(np.float32)


def particles(shape, seed=0, count=60, noise=0.0):
    """Return bright particles (H, W) on a black support."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    values = np.zeros(shape, np.float32)
    for _ in range(count):
        row, column = random.uniform(0, shape)
        radius = random.uniform(0.01, 0.05) * min(shape)
        shade = random.uniform(0.4, 1) * np.clip(1.2 - np.hypot(y - row, x - column) / radius, 0, 1)
        values = np.maximum(values, shade)
    return (values + noise * random.standard_normal(shape)).astype(np.float32)


def cells(shape, seed=0, count=400, empty=0.4):
    """Return bright cells (H, W) on a black ground, none within ``empty`` of the shorter side of one edge."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    values, gap = np.zeros(shape, np.float32), random.uniform(0, shape[1])
    for _ in range(count):
        row, column = random.uniform(0, shape)
        radius = random.uniform(0.02, 0.04) * min(shape)
        if np.hypot(row, column - gap) > empty * min(shape):
            values[np.hypot(y - row, x - column) < radius] = random.uniform(0.4, 1)
    return values * (0.8 + 0.2 * texture(shape, seed, 1.0))


def data_bar(image, side="bottom", share=0.1, level=0.0, *, text=True, separator=False, frame=0, seed=0):
    """Draw a data bar along a side, with a frame of the text's level; levels from 0 to 1 of the range."""
    turns = {"top": 0, "left": 3, "bottom": 2, "right": 1}[side]
    turned = np.rot90(image, turns).copy()
    low, high = float(image.min()), float(image.max())
    lines, pen = max(10, round(share * turned.shape[0])), _pen(image.shape)
    turned[:lines] = low + level * (high - low)
    ink = low + (1.0 if level < 0.6 else 0.0) * (high - low)
    if text:
        _write(turned[2 * pen : lines - 2 * pen], ink, pen, seed)
    if separator:
        turned[lines // 2] = ink
    if frame:
        turned[1 : 1 + frame] = turned[lines - frame : lines] = ink
        turned[:lines, :frame] = turned[:lines, turned.shape[1] - frame :] = ink
        turned[:lines, turned.shape[1] // 3 :][:, :frame] = ink
    mask = np.zeros(turned.shape, bool)
    mask[:lines] = True
    return np.rot90(turned, -turns).copy(), np.rot90(mask, -turns).copy()


def _pen(shape):
    """Return the width of a letter's strokes, px."""
    return max(2, min(shape) // 128)


def _write(area, ink, pen, seed):
    """Write letters of strokes of ``pen`` px over two thirds of an area."""
    random = np.random.default_rng(seed)
    height, width = area.shape
    cells = random.random((-(-height // pen), -(-width // pen))) < 0.45
    cells[:, ::4] = False
    letters = np.kron(cells, np.ones((pen, pen), bool))[:height, :width]
    letters[:, : width // 8] = letters[:, width - width // 5 :] = False
    area[letters] = ink


def field_stop(image, centre=(0.5, 0.5), radii=(0.45, 0.45), level=0.0, softness=0.0, angle=0.0):
    """Show an image through an elliptic aperture; ``softness`` in px."""
    height, width = image.shape
    y, x = np.mgrid[:height, :width].astype(np.float64)
    y, x = y - centre[0] * (height - 1), x - centre[1] * (width - 1)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    a, b = radii[1] * width, radii[0] * height
    distance = (np.hypot(u / a, v / b) - 1) * min(a, b)
    open_share = (
        1.0 * (distance <= 0) if softness == 0 else 1 / (1 + np.exp(np.clip(distance / softness, -50, 50)))
    )
    shade = float(image.min()) + level * float(image.max() - image.min())
    values = image * open_share + shade * (1 - open_share)
    return (np.rint(values) if image.dtype.kind != "f" else values).astype(image.dtype), distance > 0


def padding(image, degrees=11.0, share=0.8, level=0.0):
    """Show a square field, turned about the centre, on a constant ground."""
    height, width = image.shape
    y, x = np.mgrid[:height, :width] - np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    half = share * min(height, width) / 2
    inside = (np.abs(x * c + y * s) < half) & (np.abs(y * c - x * s) < half)
    shade = float(image.min()) + level * float(image.max() - image.min())
    return np.where(inside, image, shade).astype(image.dtype), ~inside


def wedge(image, share=0.4, level=0.0):
    """Cut a corner off: what a shift or a shear leaves empty."""
    height, width = image.shape
    y, x = np.mgrid[:height, :width]
    beyond = x / (share * width) + y / (share * height) < 1
    return np.where(beyond, image.dtype.type(level), image), beyond


def legend(image, corner=(0.03, 0.03), seed=0):
    """Draw a legend box with text and a scale bar at the lowest and the highest level."""
    height, width = image.shape
    drawn, mask = image.copy(), np.zeros(image.shape, bool)
    top, left = (round(c * s) for c, s in zip(corner, image.shape, strict=True))
    box = slice(top, top + max(18, height // 12)), slice(left, left + max(60, width // 3))
    drawn[box] = image.min()
    pen = _pen(image.shape)
    inside = (
        slice(box[0].start + 2 * pen, box[0].stop - 2 * pen),
        slice(box[1].start + 2 * pen, box[1].stop - 2 * pen),
    )
    _write(drawn[inside], image.max(), pen, seed)
    bar = slice(height - 8 * pen, height - 6 * pen), slice(width - 12 - width // 4, width - 12)
    drawn[bar] = image.max()
    mask[box] = mask[bar] = True
    return drawn, mask


def missed(area, part):
    """Return the share of a part (H, W) that an area does not exclude."""
    return float((area.mask & part).sum() / part.sum())


def lost(area, part, margin=7):
    """Return the share of what lies more than ``margin`` px beyond a part that an area excludes."""
    far = ~part if margin == 0 else ndimage.distance_transform_cdt(~part) > margin
    return float((~area.mask & far).sum() / max(far.sum(), 1))
