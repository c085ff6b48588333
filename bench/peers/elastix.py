"""elastix: a similarity by Mattes' mutual information and adaptive stochastic gradient descent."""

from __future__ import annotations

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
