"""Other methods that align the frames of a series: first_from_frame (N, 3, 3), and which frames fit (all)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xebra.arrays import Floats, Mask, Pixels

UPSAMPLING = 20  # of phase_cross_correlation: steps of 0.05 px
Peer = Callable[[Pixels], tuple[Floats, Mask]]


def stackreg(frames: Pixels, reference: str) -> tuple[Floats, Mask]:
    """Align by TurboReg (pystackreg) with a rigid model."""
    from pystackreg import StackReg

    # pystackreg's matrices map points (x, y) of the first frame to each frame.
    found = StackReg(StackReg.RIGID_BODY).register_stack(frames.astype(float), reference=reference)
    return np.linalg.inv(found), np.ones(len(frames), bool)


def phase(frames: Pixels, reference: str) -> tuple[Floats, Mask]:
    """Align by scikit-image's phase_cross_correlation; shifts only."""
    from skimage.registration import phase_cross_correlation

    result = np.tile(np.eye(3), (len(frames), 1, 1))
    for n in range(1, len(frames)):
        before = n - 1 if reference == "previous" else 0
        shift = phase_cross_correlation(
            frames[before].astype(float), frames[n].astype(float), upsample_factor=UPSAMPLING
        )[0]
        result[n, :2, 2] = shift[::-1]
        if reference == "previous":
            result[n] = result[n - 1] @ result[n]
    return result, np.ones(len(frames), bool)


def elastix(frames: Pixels) -> tuple[Floats, Mask]:
    """Align each frame with the first one by elastix, rigid, with its default parameters."""
    from peers import peer

    method = peer("elastix")
    found = [method(frames[0].astype(np.float32), frame.astype(np.float32)) for frame in frames]
    matrices = [np.eye(3) if each is None else np.linalg.inv(each) for each in found]
    return np.stack(matrices), np.ones(len(frames), bool)


PEERS: dict[str, Peer] = {
    "stackreg_previous": lambda frames: stackreg(frames, "previous"),
    "stackreg_first": lambda frames: stackreg(frames, "first"),
    "phase_previous": lambda frames: phase(frames, "previous"),
    "phase_first": lambda frames: phase(frames, "first"),
    "elastix_first": elastix,
}
