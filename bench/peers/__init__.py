"""The methods that users have today, each with the settings that one who knows it would choose.

A peer takes (fixed, moving), float arrays (H, W) in 0..1, and returns the 3 x 3 matrix that takes a fixed
pixel (x, y, 1) to the moving one, or None where it has no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

Peer = Callable[[np.ndarray, np.ndarray], np.ndarray | None]

PEERS = {  # name: where it is, what it is in words
    "sift": ("features:sift", "SIFT + RANSAC"),
    "orb": ("features:orb", "ORB + RANSAC"),
    "akaze": ("features:akaze", "AKAZE + RANSAC"),
    "fourier": ("fourier:fourier_mellin", "Fourier-Mellin (imreg_dft)"),
    "mi": ("mutual_information:single", "SimpleITK MI"),
    "mi36": ("mutual_information:multi_start", "SimpleITK MI, 36 starts"),
    "elastix": ("elastix:similarity", "elastix, similarity"),
    "turboreg": ("intensity:turboreg", "TurboReg (pystackreg)"),
    "ecc": ("intensity:ecc", "ECC, 3 levels"),
}


def peer(name: str) -> Peer:
    """The peer of this name; ends in words where its package is missing."""
    module, function = PEERS[name][0].split(":")
    try:
        return getattr(import_module(f"peers.{module}"), function)
    except ModuleNotFoundError as missing:
        raise SystemExit(
            f"{PEERS[name][1]} needs the package {missing.name!r}: "
            "pip install '.[bench]', or leave it out with --methods"
        ) from missing
