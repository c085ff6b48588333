"""Keypoints: SIFT, ORB and AKAZE of OpenCV, matched by the ratio test, joined by a RANSAC similarity."""

from __future__ import annotations

import cv2
import numpy as np

from peers.eight_bit import equalised

INLIER_PX = 3.0
MATCHES = 3  # two matches always fit a similarity


def sift(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """Low contrast threshold: micrographs are soft and noisy."""
    return _aligned(cv2.SIFT_create(4000, contrastThreshold=0.02), cv2.NORM_L2, 0.8, fixed, moving)


def orb(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """Many levels and a low corner threshold, for scale and for soft images."""
    detector = cv2.ORB_create(4000, nlevels=10, edgeThreshold=15, patchSize=31, fastThreshold=5)
    return _aligned(detector, cv2.NORM_HAMMING, 0.85, fixed, moving)


def akaze(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """A tenth of the usual response threshold, for soft images."""
    return _aligned(cv2.AKAZE_create(threshold=1e-4), cv2.NORM_HAMMING, 0.85, fixed, moving)


def _aligned(
    detector: cv2.Feature2D, norm: int, ratio: float, fixed: np.ndarray, moving: np.ndarray
) -> np.ndarray | None:
    (first, theirs), (second, others) = (
        detector.detectAndCompute(equalised(i), None) for i in (fixed, moving)
    )
    if theirs is None or others is None or len(others) < 2:
        return None
    pairs = cv2.BFMatcher(norm).knnMatch(theirs, others, k=2)
    good = [best for best, next_best in pairs if best.distance < ratio * next_best.distance]
    if len(good) < MATCHES:
        return None
    here = np.float32([first[m.queryIdx].pt for m in good])
    there = np.float32([second[m.trainIdx].pt for m in good])
    return similarity(here, there)


def similarity(here: np.ndarray, there: np.ndarray) -> np.ndarray | None:
    """RANSAC, then least squares on the inliers."""
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.estimateAffinePartial2D(
        here, there, ransacReprojThreshold=INLIER_PX, maxIters=10000, confidence=0.999, refineIters=20
    )
    return None if matrix is None or inliers.sum() < MATCHES else np.vstack([matrix, [0, 0, 1]])
