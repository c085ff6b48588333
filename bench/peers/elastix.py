"""elastix: transforms by Mattes' mutual information and adaptive stochastic gradient descent."""

from __future__ import annotations

import tempfile

import itk
import numpy as np

from xebra.transform import SimilarityTransform

SETTINGS = {
    "Transform": "SimilarityTransform",
    "Registration": "MultiResolutionRegistration",
    "Metric": "AdvancedMattesMutualInformation",
    "NumberOfHistogramBins": "32",
    "NumberOfResolutions": "4",
    "FixedImagePyramid": "FixedSmoothingImagePyramid",
    "MovingImagePyramid": "MovingSmoothingImagePyramid",
    "Optimizer": "AdaptiveStochasticGradientDescent",
    "MaximumNumberOfIterations": "500",
    "AutomaticParameterEstimation": "true",
    "AutomaticScalesEstimation": "true",
    "ImageSampler": "RandomCoordinate",
    "NumberOfSpatialSamples": "3000",
    "NewSamplesEveryIteration": "true",
    "Interpolator": "LinearInterpolator",
    "RandomSeed": "1",
    "WriteResultImage": "false",
    "RequiredRatioOfValidSamples": "0.1",
}


# Of bent images: an affine transform, then a B-spline with knots as far apart as those of Xebra's field.
BENT = {
    "affine": SETTINGS | {"Transform": "AffineTransform"},
    "bspline": SETTINGS
    | {
        "Transform": "BSplineTransform",
        "FinalGridSpacingInPhysicalUnits": "32",
        "MaximumNumberOfIterations": "1000",
    },
}


def bent(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """Return the moving point (H, W, 2) of each px of the fixed image: affine, then B-splines."""
    settings = itk.ParameterObject.New()
    for number, (name, values) in enumerate(BENT.items()):
        settings.AddParameterMap(settings.GetDefaultParameterMap(name))
        for key, value in values.items():
            settings.SetParameter(number, key, value)
    first, second = (itk.image_view_from_array(np.float32(image)) for image in (fixed, moving))
    try:
        _, found = itk.elastix_registration_method(
            first, second, parameter_object=settings, log_to_console=False, number_of_threads=1
        )
    except RuntimeError:  # too few samples lie in both images
        return None
    with tempfile.TemporaryDirectory() as folder:  # it writes a file
        made = itk.transformix_deformation_field(second, found, output_directory=folder, log_to_console=False)
        displacement = np.array(itk.array_from_image(made))
    grid = np.stack(np.meshgrid(*(np.arange(side) for side in fixed.shape[::-1])), -1)
    return grid + displacement


def similarity(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """Return moving_from_fixed, started at the identity, by four levels of resolution."""
    settings = itk.ParameterObject.New()
    settings.AddParameterMap(settings.GetDefaultParameterMap("rigid"))
    for name, value in SETTINGS.items():
        settings.SetParameter(0, name, value)
    first, second = (itk.image_view_from_array(np.float32(image)) for image in (fixed, moving))
    try:
        _, found = itk.elastix_registration_method(
            first, second, parameter_object=settings, log_to_console=False, number_of_threads=1
        )
    except RuntimeError:  # too few samples lie in both images
        return None
    result = found.GetParameterMap(0)
    scale, angle, x, y = map(float, result["TransformParameters"])
    center = tuple(map(float, result["CenterOfRotationPoint"]))
    return SimilarityTransform(scale, angle, (x, y), center).matrix
