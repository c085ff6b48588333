"""The paper's network's way to an answer: asked forth and back, and again on what it has aligned so far."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import sqrtm

from xebra.engine import Engine
from xebra.estimate.estimate import Estimate
from xebra.estimate.frame import frame_pair
from xebra.estimate.judge import WIDTH, Calibration, judge
from xebra.image import Image
from xebra.transform import SimilarityTransform, corner_error, image_center
from xebra.weights import Stage, Weights


@dataclass(frozen=True)
class BothWays:
    """Two estimates of one transform, in px of the images: asked forth, and asked with both exchanged."""

    fixed_from_moving: np.ndarray  # 3 x 3
    moving_from_fixed: np.ndarray  # 3 x 3, not quite its inverse

    @property
    def half_way(self) -> np.ndarray:
        """The fixed_from_moving half way between both; exchanging the images gives its inverse."""
        apart = self.moving_from_fixed @ self.fixed_from_moving
        return self.fixed_from_moving @ sqrtm(np.linalg.inv(apart)).real

    def disagreement_px(self, fixed_shape: tuple[int, ...]) -> float:
        """Mean corner distance between both, in px of a fixed image of 256 px."""
        distance = corner_error(self.fixed_from_moving, np.linalg.inv(self.moving_from_fixed), fixed_shape)
        return distance * WIDTH / max(fixed_shape[:2])


class RegressedEstimator:
    """A network that says all four parameters at once, within a small range."""

    def __init__(self, weights: Weights, engine: Engine):
        self.engine, self.stages = engine, weights.stages
        reach = weights.config["network"]["reach"]
        limits = [math.radians(reach["angle_deg"]), math.log(reach["scale"]), reach["shift"], reach["shift"]]
        self.limits = np.array(limits)  # angle (rad), log scale, shift x, shift y (widths), either way
        self.spread = self.limits / math.sqrt(3)  # standard deviations of uniform distributions
        self.calibration = Calibration(**weights.config["calibration"])

    def estimate(self, fixed: Image, moving: Image) -> Estimate:
        """Align two images and judge the answer."""
        both = self.both_ways(fixed, moving)
        disagreement = both.disagreement_px(fixed.shape)
        expected = self.calibration.expected(disagreement)
        verdict, reason = judge(expected, disagreement)
        if verdict == "accept" and self._is_beyond(both.half_way, fixed, moving):
            verdict, reason = "review", "the answer lies beyond the range that this network was trained for"
        transform = SimilarityTransform.from_matrix(both.half_way, image_center(moving.shape))
        return Estimate(transform, expected * max(fixed.shape[:2]) / WIDTH, verdict, reason)

    def _is_beyond(self, fixed_from_moving: np.ndarray, fixed: Image, moving: Image) -> bool:
        """True where a transform is a tenth further than any that the network was trained on."""
        size = self.stages[0].size
        first, second = frame_pair(fixed, moving, size)
        seen = np.linalg.inv(first.image_from_network) @ fixed_from_moving @ second.image_from_network
        found = SimilarityTransform.from_matrix(seen, image_center((size, size)))
        shift = np.divide(found.translation, size)
        return bool((np.abs([found.angle, math.log(found.scale), *shift]) > 1.1 * self.limits).any())

    def both_ways(self, fixed: Image, moving: Image) -> BothWays:
        """Two chains of passes through all stages, from the two images centre on centre."""
        first, second = frame_pair(fixed, moving, self.stages[0].size)
        start = first.image_from_network @ np.linalg.inv(second.image_from_network)
        both = BothWays(start, np.linalg.inv(start))
        for stage in self.stages:
            both = self._ask(stage, fixed, moving, both)
        return both

    def _ask(self, stage: Stage, fixed: Image, moving: Image, both: BothWays) -> BothWays:
        """Go on from what is known, with the images as one stage sees them."""
        first, second = frame_pair(fixed, moving, stage.size)
        to_fixed, to_moving = first.image_from_network, second.image_from_network
        forth = np.linalg.inv(to_fixed) @ both.fixed_from_moving @ to_moving
        back = np.linalg.inv(to_moving) @ both.moving_from_fixed @ to_fixed
        for _ in range(stage.passes):
            here = np.concatenate([first.view(), second.view()])
            there = np.concatenate([second.view(np.linalg.inv(forth)), first.view(np.linalg.inv(back))])
            answers = self.engine.run(stage.graph, fixed=here, moving=there)["parameters"]
            forth, back = self._matrix(answers[0], stage) @ forth, self._matrix(answers[1], stage) @ back
        return BothWays(
            to_fixed @ forth @ np.linalg.inv(to_moving), to_moving @ back @ np.linalg.inv(to_fixed)
        )

    def _matrix(self, standardised: np.ndarray, stage: Stage) -> np.ndarray:
        """A graph's answer as a 3 x 3 matrix in its px."""
        angle, log_scale, x, y = np.asarray(standardised, float) * self.spread
        middle = image_center((stage.size, stage.size))
        scale = math.exp(np.clip(log_scale, -3, 3))
        return SimilarityTransform(scale, angle, (x * stage.size, y * stage.size), middle).matrix
