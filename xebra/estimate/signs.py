"""What an answer looks like from inside: the signs by which a right one is told from a wrong one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.estimate.displacement import CELL, at_points, corner_points, jacobians, units
from xebra.estimate.pyramid import WIDTH, Candidate
from xebra.transform import image_center

VIEW, WINDOWS, PIXELS = "view", "windows", "pixels"  # who may have the last word
FAINT = 1e-3  # of the mean information, below which a direction counts as unknown


@dataclass(frozen=True)
class Signs:
    """Of one answer; lengths in px at 256."""

    likeness: float  # score of the refinement
    lead: float  # how far ahead of the next hypothesis that is another
    disagreement_px: float  # mean corner distance between the answers of black and white blocks
    spread_px: float  # mean corner distance that the information leaves open, before calibration
    witness_px: float  # mean corner distance between the network's answer and that of a witness that is none
    thorough: bool = False  # of the second attempt?
    last_word: str = VIEW  # who said where the answer lies
    left_px: float | None = None  # the spread that the last word leaves, where that is not the network's

    @property
    def open_px(self) -> float:
        """Mean corner distance that is left open in the end, before calibration."""
        return self.spread_px if self.left_px is None else self.left_px

    @property
    def features(self) -> np.ndarray:
        """For the calibration, (6,)."""
        return np.array(
            [
                np.log(max(self.likeness, 0.1)),
                np.clip(self.lead, 0, 20) ** 0.5,
                np.log(self.disagreement_px + 0.1),
                np.log(np.clip(self.spread_px, 0.01, 100)),
                np.log(self.witness_px + 0.1),
                float(self.thorough),
            ]
        )


def disagreement_px(candidate: Candidate) -> float:
    """Mean corner distance between the answers of black and white blocks at the last look, px at 256."""
    evidence, corners = candidate.evidence, corner_points(round(candidate.size))
    apart = evidence.step(candidate.size, 0) - evidence.step(candidate.size, 1)
    return float(np.hypot(*at_points(apart, corners).T).mean() * CELL * WIDTH / candidate.size)


def spread_px(candidate: Candidate) -> float:
    """Mean corner distance that a candidate's evidence leaves open, px at 256, before calibration."""
    jacobian = jacobians(corner_points(round(candidate.size)))
    left = jacobian @ covariance(candidate) @ jacobian.transpose(0, 2, 1)
    return float(np.sqrt(np.trace(left, axis1=1, axis2=2)).mean() * CELL * WIDTH / candidate.size)


def covariance(candidate: Candidate) -> np.ndarray:
    """(4, 4) of the displacement's parameters, by the curvature of the evidence, before calibration."""
    unit = units(candidate.size)
    information = candidate.evidence.information.sum(0) * unit[:, None] * unit
    values, vectors = np.linalg.eigh((information + information.T) / 2)
    values = np.clip(values, FAINT * max(np.abs(values).mean(), 1e-6), None)
    return (vectors / values) @ vectors.T * unit[:, None] * unit


def parameter_covariance(candidate: Candidate, fixed: tuple[int, int], moving: tuple[int, int]) -> np.ndarray:
    """(4, 4) of log scale, angle (rad) and shift of the moving centre (fixed px), before calibration.

    ``fixed`` and ``moving`` are the images' shapes.
    """
    px = CELL * max(fixed) / candidate.size
    centre = np.linalg.inv(candidate.moving_from_fixed) @ [*image_center(moving), 1]
    place = (centre[:2] - image_center(fixed)) / px
    to_parameters = np.zeros((4, 4))
    to_parameters[:2, :2] = np.eye(2)
    to_parameters[2:] = px * jacobians(place[None])[0]
    return to_parameters @ covariance(candidate) @ to_parameters.T
