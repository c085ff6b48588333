"""Other registration methods, each with the settings that an experienced user would choose.

A peer takes (fixed, moving), float arrays (H, W) in 0..1, and returns the 3 x 3 moving_from_fixed of pixels
(x, y, 1), or None without an estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

Peer = Callable[[np.ndarray, np.ndarray], np.ndarray | None]

PEERS = {  # name: (module:function, label)
    "sift": ("features:sift", "SIFT + RANSAC"),
    "orb": ("features:orb", "ORB + RANSAC"),
    "akaze": ("features:akaze", "AKAZE + RANSAC"),
    "fourier": ("fourier:fourier_mellin", "Fourier-Mellin (imreg_dft)"),
    "mi": ("mutual_information:single", "SimpleITK MI"),
    "mi36": ("mutual_information:multi_start", "SimpleITK MI, 36 starts"),
    "elastix": ("elastix:similarity", "elastix, similarity"),
    "turboreg": ("intensity:turboreg", "TurboReg (pystackreg)"),
    "ecc": ("intensity:ecc", "ECC, 3 levels"),
    "aliked": ("deep:aliked", "ALIKED + LightGlue"),
    "disk": ("deep:disk", "DISK + LightGlue"),
    "xfeat": ("deep:xfeat", "XFeat + LighterGlue"),
}
DEEP = ("aliked", "disk", "xfeat")  # need the extra deep
HINT = ", then ./dev deep"


def peer(name: str) -> Peer:
    """Return the peer of this name; exit with a hint where its package is missing."""
    module, function = PEERS[name][0].split(":")
    try:
        return getattr(import_module(f"peers.{module}"), function)
    except ModuleNotFoundError as missing:
        raise SystemExit(
            f"{PEERS[name][1]} needs the package {missing.name!r}: "
            f"pip install '.[bench]'{HINT if name in DEEP else ''}, or leave it out with --methods"
        ) from missing
