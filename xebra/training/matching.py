"""Dense supervision: the true displacement of each cell of the fixed image."""

from __future__ import annotations

import torch

from xebra.network.joins import Correlation
from xebra.specimen.pairs import rotation_scale


def matching_loss(join: Correlation, correlation: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
    """Return the cross entropy of the displacements, over the cells whose counterpart is in view.

    ``parameters`` (B, 4) are those of fixed_from_moving, as in ``Pairs``.
    """
    target, known = true_displacements(join, parameters)
    log_share = join.logits(correlation).log_softmax(2)
    entropy = -(log_share.gather(2, target.index) * target.weight).sum(2)
    return (entropy * known).sum() / known.sum().clamp(min=1)


class Target:
    """The four displacements around a true one, which lies between cells, and their bilinear weights."""

    def __init__(self, displacement: torch.Tensor, radius: int):
        """``displacement`` (B, fixed cell, 2) in cells, within the radius."""
        self.displacement = displacement
        side = 2 * radius + 1
        low = displacement.floor().clamp(-radius, radius - 1)
        part = displacement - low
        column, row = (low + radius).long().unbind(-1)
        x, y = part.unbind(-1)
        first = row * side + column
        self.index = torch.stack([first, first + 1, first + side, first + side + 1], -1)
        self.weight = torch.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], -1)


def true_displacements(join: Correlation, parameters: torch.Tensor) -> tuple[Target, torch.Tensor]:
    """Return the true displacement of each fixed cell, and whether it is in view and in reach."""
    cells = join.cells
    fixed = (
        join.place.flatten(2).transpose(1, 2) * (cells - 1) / 2
    )  # (1, fixed cell, 2), cells from the centre
    back = rotation_scale(-parameters[:, 0], -parameters[:, 1])
    moving = (fixed - parameters[:, None, 2:] * cells) @ back.transpose(1, 2)
    displacement = moving - fixed
    known = (moving.abs().amax(2) <= (cells - 1) / 2) & (displacement.abs().amax(2) <= join.radius)
    return Target(displacement.clamp(-join.radius, join.radius), join.radius), known.float()
