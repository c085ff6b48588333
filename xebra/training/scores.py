"""Errors of predicted parameters: R2, MAE, corner error."""

from __future__ import annotations

from typing import Any

import torch

from xebra.specimen.pairs import rotation_scale

PARAMETERS = ("angle", "log_scale", "shift_x", "shift_y")


def corner_errors(estimate: torch.Tensor, truth: torch.Tensor, side: int = 256) -> torch.Tensor:
    """Return mean corner errors (B,) in px of an image of ``side`` px, for parameters (B, 4) of ``Pairs``."""
    half = (side - 1) / 2 / side
    corners = torch.tensor([[-half, -half], [half, -half], [-half, half], [half, half]], dtype=truth.dtype)
    distances: torch.Tensor = (_map(estimate, corners) - _map(truth, corners)).norm(dim=-1)
    return distances.mean(1) * side


def _map(parameters: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    matrix = rotation_scale(parameters[:, 0], parameters[:, 1])
    return points @ matrix.transpose(1, 2) + parameters[:, None, 2:]


def r2(estimate: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the coefficient of determination of each column."""
    rest = ((estimate - truth) ** 2).sum(0)
    return 1 - rest / ((truth - truth.mean(0)) ** 2).sum(0)


def inverse(parameters: torch.Tensor) -> torch.Tensor:
    """Return the parameters of moving_from_fixed, given those of fixed_from_moving; (B, 4)."""
    back = rotation_scale(-parameters[:, 0], -parameters[:, 1])
    shift = -(back @ parameters[:, 2:, None])[..., 0]
    return torch.cat([-parameters[:, :2], shift], 1)


def summary(estimate: torch.Tensor, truth: torch.Tensor, spread: torch.Tensor) -> dict[str, Any]:
    """Return R2 and MAE of the standardised parameters, corner errors at 256 px."""
    errors = corner_errors(estimate, truth)
    standard, true = estimate / spread, truth / spread
    return {
        "pairs": len(truth),
        "r2": dict(zip(PARAMETERS, [round(v, 4) for v in r2(standard, true).tolist()], strict=True)),
        "mae_standardised": dict(
            zip(PARAMETERS, [round(v, 4) for v in (standard - true).abs().mean(0).tolist()], strict=True)
        ),
        "median_corner_error_px_at_256": round(float(errors.median()), 3),
        "share_under_px_at_256": {
            str(px): round(float((errors < px).float().mean()), 4) for px in (1, 2, 5, 10)
        },
    }
