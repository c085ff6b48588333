"""Files of ITK, 3D Slicer and elastix: they map points of the fixed image to the moving one.

Points are in mm where both pixel spacings are known: ITK takes a file's resolution tags as mm per pixel.
"""

from __future__ import annotations

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.transform import map_points
from xebra.transform_files.pair import Pair, Unit

FIELD_STEP = 2  # px between the displacements: the drift has knots every 4 rows
DIRECTION = "moving_from_fixed: maps points of the fixed image to the moving one"


def tfm(pair: Pair, unit: Unit) -> str:
    """Return ITK's text format in 2-D: the 2 x 2 part row by row, then the translation."""
    matrix = pair.moving_from_fixed_in(unit)
    return _insight(pair, unit, "AffineTransform_double_2_2", matrix[:2, :2], matrix[:2, 2])


def slicer(pair: Pair, unit: Unit) -> str:
    """Return ITK's text format in 3-D, which 3D Slicer reads: z stays as it is."""
    matrix = pair.moving_from_fixed_in(unit)
    linear, shift = np.eye(3), np.zeros(3)
    linear[:2, :2], shift[:2] = matrix[:2, :2], matrix[:2, 2]
    return _insight(pair, unit, "AffineTransform_double_3_3", linear, shift)


def displacements(pair: Pair, unit: Unit) -> str:
    """Return ITK's text format of a displacement field: moving minus fixed point on every second pixel.

    ITK interpolates linearly between them and displaces nothing outside the fixed image.
    """
    fixed, moving = pair.spacings(unit)
    rows, columns = pair.fixed_shape[:2]
    xs, ys = (np.arange(0, length + FIELD_STEP - 1, FIELD_STEP, dtype=float) for length in (columns, rows))
    grid = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    whole = pair.field
    there = map_points(pair.moving_from_fixed, grid) if whole is None else whole.to_moving(grid)
    values = (there * moving - grid * fixed).round(12).ravel().tolist()
    size, step = f"{len(xs)} {len(ys)}", " ".join(map(repr, (FIELD_STEP * fixed).tolist()))
    lines = [
        "#Insight Transform File V1.0",
        *(f"# {line}" for line in pair.provenance(DIRECTION, unit)),
        "#Transform 0",
        "Transform: DisplacementFieldTransform_double_2_2",
        f"Parameters: {' '.join(map(repr, values))}",
        f"FixedParameters: {size} 0 0 {step} 1 0 0 1",
    ]
    return "\n".join(lines) + "\n"


def elastix(pair: Pair, unit: Unit) -> str:
    """Return a parameter file of transformix, which resamples the moving image onto the fixed one's grid."""
    matrix = pair.moving_from_fixed_in(unit)
    lines = [
        ("NumberOfParameters", "6"),
        ("TransformParameters", _numbers(matrix[:2, :2], matrix[:2, 2])),
        ("CenterOfRotationPoint", "0 0"),
    ]
    return parameter_file(pair, unit, "AffineTransform", lines)


def parameter_file(pair: Pair, unit: Unit, transform: str, parameters: list[tuple[str, str]]) -> str:
    """Return a parameter file of transformix with these parameters of a transform."""
    rows, columns = pair.fixed_shape[:2]
    spacing = " ".join(map(repr, pair.spacings(unit)[0].tolist()))
    lines = [
        ("Transform", f'"{transform}"'),
        *parameters,
        ("InitialTransformParametersFileName", '"NoInitialTransform"'),
        ("HowToCombineTransforms", '"Compose"'),
        ("FixedImageDimension", "2"),
        ("MovingImageDimension", "2"),
        ("FixedInternalImagePixelType", '"float"'),
        ("MovingInternalImagePixelType", '"float"'),
        ("Size", f"{columns} {rows}"),
        ("Index", "0 0"),
        ("Spacing", spacing),
        ("Origin", "0 0"),
        ("Direction", "1 0 0 1"),
        ("UseDirectionCosines", '"true"'),
        ("ResampleInterpolator", '"FinalLinearInterpolator"'),
        ("Resampler", '"DefaultResampler"'),
        ("DefaultPixelValue", "0"),
        ("ResultImageFormat", '"tif"'),
        ("ResultImagePixelType", '"float"'),
    ]
    about = "".join(f"// {line}\n" for line in pair.provenance(DIRECTION, unit))
    return about + "".join(f"({name} {value})\n" for name, value in lines)


def _insight(pair: Pair, unit: Unit, kind: str, linear: Matrix, shift: Floats) -> str:
    lines = [
        "#Insight Transform File V1.0",
        *(f"# {line}" for line in pair.provenance(DIRECTION, unit)),
        "#Transform 0",
        f"Transform: {kind}",
        f"Parameters: {_numbers(linear, shift)}",
        f"FixedParameters: {' '.join('0' * len(shift))}",
    ]
    return "\n".join(lines) + "\n"


def _numbers(linear: Matrix, shift: Floats) -> str:
    return " ".join(map(repr, [*linear.ravel().tolist(), *shift.tolist()]))
