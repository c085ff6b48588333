"""The estimator of the paper's network, which regresses the four parameters in both directions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import sqrtm

from xebra.arrays import Floats, Matrix
from xebra.engine import Engine
from xebra.errors import ModelUnsupported
from xebra.estimate.disagreement_verdict import DisagreementCalibration, decide_verdict
from xebra.estimate.estimate import REFERENCE_WIDTH, Estimate
from xebra.estimate.network_frame import frame_pair
from xebra.estimate.verdict import imprecise
from xebra.image import Image
from xebra.models import TransformModel
from xebra.prior import Prior
from xebra.transform import SimilarityTransform, corner_error, image_center
from xebra.weights import Stage, Weights

RANGE_MARGIN = 1.1  # ratio to the training range beyond which an estimate is not accepted


@dataclass(frozen=True)
class BidirectionalEstimate:
    """Two estimates of one transform in image px: from the pair, and from the pair exchanged."""

    fixed_from_moving: Matrix  # 3 x 3
    moving_from_fixed: Matrix  # 3 x 3, only approximately the inverse

    @property
    def symmetric_mean(self) -> Matrix:
        """Mean fixed_from_moving (3 x 3) of both; exchanging the images gives its inverse."""
        round_trip = self.moving_from_fixed @ self.fixed_from_moving
        half: Matrix = sqrtm(np.linalg.inv(round_trip)).real
        return self.fixed_from_moving @ half

    def disagreement_px(self, fixed_shape: tuple[int, ...]) -> float:
        """Return the mean corner distance between both, in px of a fixed image of 256 px."""
        distance = corner_error(self.fixed_from_moving, np.linalg.inv(self.moving_from_fixed), fixed_shape)
        return distance * REFERENCE_WIDTH / max(fixed_shape[:2])


class RegressionEstimator:
    """Estimates all four parameters in one pass, within the small range of the training."""

    def __init__(self, weights: Weights, engine: Engine):
        self.engine, self.stages = engine, weights.stages
        reach = weights.config["network"]["reach"]
        limits = [math.radians(reach["angle_deg"]), math.log(reach["scale"]), reach["shift"], reach["shift"]]
        self.limits = np.array(limits)  # +- of angle (rad), log scale, shift x, shift y (widths)
        self.spread = self.limits / math.sqrt(3)  # standard deviations of the uniform distributions
        self.calibration = DisagreementCalibration(**weights.config["calibration"])

    def estimate(
        self,
        fixed: Image,
        moving: Image,
        tolerance_px: float | None = None,
        check_mirror: bool = True,
        model: TransformModel = "similarity",
        prior: Prior | None = None,
    ) -> Estimate:
        """Return the transform, its expected error and the verdict; mirrored images are not detected.

        A prior is not used. Raises ModelUnsupported for another model than a similarity.
        """
        if model != "similarity":
            raise ModelUnsupported("The network 'paper' finds similarities only. Choose another network.")
        both = self.estimate_both(fixed, moving)
        disagreement = both.disagreement_px(fixed.shape)
        expected = self.calibration.expected_error_px(disagreement)
        width, um_per_px = max(fixed.shape[:2]), fixed.pixel_spacing
        verdict, reason = decide_verdict(expected, disagreement, width, um_per_px)
        if verdict == "accept" and self._is_out_of_range(both.symmetric_mean, fixed, moving):
            verdict = "review"
            reason = "the transform is outside the range that this network was trained for"
        transform = SimilarityTransform.from_matrix(both.symmetric_mean, image_center(moving.shape))
        expected_px = expected * width / REFERENCE_WIDTH
        if verdict == "accept" and tolerance_px is not None and expected_px > tolerance_px:
            verdict, reason = "review", imprecise(expected_px, tolerance_px, um_per_px)
        return Estimate(transform, expected_px, verdict, reason)

    def _is_out_of_range(self, fixed_from_moving: Matrix, fixed: Image, moving: Image) -> bool:
        """Return True where a transform exceeds the training range by more than a tenth."""
        size = self.stages[0].size
        fixed_frame, moving_frame = frame_pair(fixed, moving, size)
        in_network = (
            np.linalg.inv(fixed_frame.image_from_network)
            @ fixed_from_moving
            @ moving_frame.image_from_network
        )
        found = SimilarityTransform.from_matrix(in_network, image_center((size, size)))
        shift = np.divide(found.translation, size)
        parameters = [found.angle, math.log(found.scale), *shift]
        return bool((np.abs(parameters) > RANGE_MARGIN * self.limits).any())

    def estimate_both(self, fixed: Image, moving: Image) -> BidirectionalEstimate:
        """Return the estimates of both directions after all stages, started with the centres aligned."""
        fixed_frame, moving_frame = frame_pair(fixed, moving, self.stages[0].size)
        start = fixed_frame.image_from_network @ np.linalg.inv(moving_frame.image_from_network)
        both = BidirectionalEstimate(start, np.linalg.inv(start))
        for stage in self.stages:
            both = self._run_stage(stage, fixed, moving, both)
        return both

    def _run_stage(
        self, stage: Stage, fixed: Image, moving: Image, both: BidirectionalEstimate
    ) -> BidirectionalEstimate:
        """Return both estimates after the passes of one stage."""
        fixed_frame, moving_frame = frame_pair(fixed, moving, stage.size)
        to_fixed, to_moving = fixed_frame.image_from_network, moving_frame.image_from_network
        forward = np.linalg.inv(to_fixed) @ both.fixed_from_moving @ to_moving
        backward = np.linalg.inv(to_moving) @ both.moving_from_fixed @ to_fixed
        for _ in range(stage.passes):
            references = np.concatenate([fixed_frame.view(), moving_frame.view()])
            warped = np.concatenate(
                [moving_frame.view(np.linalg.inv(forward)), fixed_frame.view(np.linalg.inv(backward))]
            )
            outputs = self.engine.run(stage.graph, fixed=references, moving=warped)["parameters"]
            forward = self._matrix(outputs[0], stage) @ forward
            backward = self._matrix(outputs[1], stage) @ backward
        return BidirectionalEstimate(
            to_fixed @ forward @ np.linalg.inv(to_moving), to_moving @ backward @ np.linalg.inv(to_fixed)
        )

    def _matrix(self, standardised: Floats, stage: Stage) -> Matrix:
        """Return the 3 x 3 in network px of standardised parameters (4,): angle, log scale, shift x, y."""
        angle, log_scale, x, y = np.asarray(standardised, float) * self.spread
        center = image_center((stage.size, stage.size))
        scale = math.exp(np.clip(log_scale, -3, 3))
        return SimilarityTransform(scale, angle, (x * stage.size, y * stage.size), center).matrix
