"""Files of ITK and elastix: both map points of the fixed image to the moving one, for images of spacing 1."""

from __future__ import annotations

from xebra.transform_files.pair import Pair


def tfm(pair: Pair) -> str:
    """ITK's text format: the 2 x 2 part row by row, then the translation."""
    lines = [
        "#Insight Transform File V1.0",
        "#Transform 0",
        "Transform: AffineTransform_double_2_2",
        f"Parameters: {_parameters(pair)}",
        "FixedParameters: 0 0",
    ]
    return "\n".join(lines) + "\n"


def elastix(pair: Pair) -> str:
    """A parameter file of transformix, which resamples the moving image onto the fixed one's grid."""
    rows, columns = pair.fixed_shape[:2]
    lines = [
        ("Transform", '"AffineTransform"'),
        ("NumberOfParameters", "6"),
        ("TransformParameters", _parameters(pair)),
        ("CenterOfRotationPoint", "0 0"),
        ("InitialTransformParametersFileName", '"NoInitialTransform"'),
        ("HowToCombineTransforms", '"Compose"'),
        ("FixedImageDimension", "2"),
        ("MovingImageDimension", "2"),
        ("FixedInternalImagePixelType", '"float"'),
        ("MovingInternalImagePixelType", '"float"'),
        ("Size", f"{columns} {rows}"),
        ("Index", "0 0"),
        ("Spacing", "1 1"),
        ("Origin", "0 0"),
        ("Direction", "1 0 0 1"),
        ("UseDirectionCosines", '"true"'),
        ("ResampleInterpolator", '"FinalLinearInterpolator"'),
        ("Resampler", '"DefaultResampler"'),
        ("DefaultPixelValue", "0"),
        ("ResultImageFormat", '"tif"'),
        ("ResultImagePixelType", '"float"'),
    ]
    return "".join(f"({name} {value})\n" for name, value in lines)


def _parameters(pair: Pair) -> str:
    matrix = pair.moving_from_fixed
    return " ".join(map(repr, [*matrix[:2, :2].ravel().tolist(), *matrix[:2, 2].tolist()]))
