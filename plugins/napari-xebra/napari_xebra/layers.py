"""From layers to images and back. napari's points are (row, column), Xebra's are (x, y)."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image

import xebra
from xebra.apply import apply
from xebra.transform_files.pair import swapped

RESULT = "xebra"  # key of a layer's metadata: the canonical JSON of the registration
SQUARE_WITHIN = 1e-3


class LayerUnusable(ValueError):
    """A layer is not a single plane, or its pixels are not square; the message states the remedy."""


def image_of(layer: Image) -> xebra.Image:
    """Return a layer's pixels with their spacing in um, which is unknown where the unit is no length.

    Raises LayerUnusable.
    """
    pixels = np.asarray(layer.data[0] if layer.multiscale else layer.data)
    if pixels.ndim != 2 + bool(layer.rgb):
        shape = " x ".join(map(str, pixels.shape))
        raise LayerUnusable(f"{layer.name}: it has {shape} values. Choose one plane (Layer > Split Stack).")
    return xebra.Image(pixels, spacing_um(layer), name=layer.name)


def spacing_um(layer: Image) -> float | None:
    """Return the micrometres per pixel of a layer; None where its unit is no length."""
    units, scale = layer.units[-2:], np.abs(layer.scale[-2:])
    if not all(unit.is_compatible_with("um") for unit in units):
        return None
    y, x = (float((value * unit).to("um").magnitude) for value, unit in zip(scale, units, strict=True))
    if abs(y - x) > SQUARE_WITHIN * max(x, y):
        raise LayerUnusable(f"{layer.name}: its pixels are not square ({x:g} x {y:g} um). Resample it first.")
    return x


def registered_layer(fixed: Image, moving: Image, result: dict[str, Any], *, resampled: bool) -> tuple:
    """Return the moving layer on the fixed one as a layer tuple (data, options, type).

    ``result`` is the canonical JSON of a registration; the layer keeps it in its metadata. Not resampled, the
    layer has the data of the moving one and an affine.
    """
    pixels = moving.data if moving.multiscale or not resampled else np.asarray(moving.data)
    options = _shown(moving) | {
        "name": f"{moving.name} on {fixed.name} ({result['verdict']})",
        "metadata": {RESULT: result},
        "units": fixed.units[-2:],
    }
    if not resampled:
        matrix = _world_from_data(fixed) @ swapped(np.array(result["fixed_from_moving"]))
        return pixels, options | {"affine": matrix, "multiscale": moving.multiscale}, "image"
    return _resampled(moving, result), options | {"affine": _world_from_data(fixed)}, "image"


def channel_layer(registered: Image, channel: Image) -> tuple:
    """Return a further channel of the moving scan as a layer tuple that lies where ``registered`` lies.

    Raises LayerUnusable for a layer that is no result, or a channel of another size.
    """
    result = registered.metadata.get(RESULT)
    if not result:
        raise LayerUnusable(f"{registered.name}: it is no registered layer. Register two layers first.")
    shape = tuple((channel.data[0] if channel.multiscale else channel.data).shape[:2])
    if shape != tuple(result["moving"]["shape"][:2]):
        raise LayerUnusable(f"{channel.name}: it has another size than the moving image, {shape}.")
    options = _shown(channel) | {
        "name": f"{channel.name} on {result['fixed']['name']}",
        "metadata": {RESULT: result},
        "units": registered.units[-2:],
        "affine": _world_from_data(registered),
    }
    if tuple(registered.data.shape[:2]) == shape:  # it has an affine: nothing was resampled
        return channel.data, options | {"multiscale": channel.multiscale}, "image"
    return _resampled(channel, result), options, "image"


def _resampled(layer: Image, result: dict[str, Any]) -> np.ndarray:
    pixels = np.asarray(layer.data[0] if layer.multiscale else layer.data)
    shapes = result["moving"]["shape"], result["fixed"]["shape"]
    return apply(pixels, np.array(result["moving_from_fixed"]), *shapes, name=layer.name)


def _world_from_data(layer: Image) -> np.ndarray:
    """Return the 3 x 3 matrix from (row, column, 1) of a layer's data to its world."""
    origin, row, column = (np.array(layer.data_to_world(p))[-2:] for p in ((0, 0), (1, 0), (0, 1)))
    matrix = np.eye(3)
    matrix[:2] = np.column_stack([row - origin, column - origin, origin])
    return matrix


def _shown(layer: Image) -> dict[str, Any]:
    """Return the options of how a layer is shown, for one above it."""
    options: dict[str, Any] = {"rgb": layer.rgb, "blending": "additive"}
    return options if layer.rgb else options | {"colormap": "green", "contrast_limits": layer.contrast_limits}
