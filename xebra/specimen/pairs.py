"""Pairs of images of one specimen under two instruments, with the exact transform between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch.nn.functional import grid_sample

from xebra.specimen import blemishes, usable
from xebra.specimen.detector import expose, recorded
from xebra.specimen.draw import Draw, Replay
from xebra.specimen.instruments import CONTRASTS, FLUORESCENCE, Contrast, View
from xebra.specimen.recorded import RecordedPairs
from xebra.specimen.specimen import PHASES, draw_specimens

PHYSICS = 40  # random numbers that one instrument's response needs at most
RELATED = 0.4  # of the pairs of two contrasts: one physics for both images
MASKED = 0.45  # of the pairs with ``masked``: bars, field stops, padding, holes
GROUP = 4  # neighbours in a batch share their masks, so that masks do not identify a pair
LAID = 0.6  # of the moving images, where they were laid on the fixed one: those that do not lie as they were
MARGIN = 8  # px drawn around every view and cropped at the end, so that no filter meets a border


ViewMap = tuple[torch.Tensor, torch.Tensor]  # matrix and offset from centred view px to specimen px


@dataclass(frozen=True)
class Range:
    """Range of the transform between the two views of a pair."""

    angle_deg: float = 30.0  # up to, either way
    scale: float = 1.25  # up to, and down to its inverse
    shift: float = 0.15  # up to, in widths of the fixed image, along x and along y

    @property
    def spread(self) -> tuple[float, float, float, float]:
        """Return the deviations of the uniform angle (rad), log scale, shift x and y (widths)."""
        third = math.sqrt(3)
        return (
            math.radians(self.angle_deg) / third,
            math.log(self.scale) / third,
            self.shift / third,
            self.shift / third,
        )


@dataclass(frozen=True)
class Pairs:
    """A batch of pairs; the transform is fixed_from_moving in widths of the image, about the centres."""

    fixed: torch.Tensor  # (B, 1, N, N)
    moving: torch.Tensor  # (B, 1, N, N)
    parameters: torch.Tensor  # (B, 4): angle rad, log scale, shift x, shift y (centre to centre, in widths)
    fixed_usable: torch.Tensor | None = None  # (B, 1, N, N): where the images show the specimen; None: wholly
    moving_usable: torch.Tensor | None = None

    @property
    def views(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return fixed and moving view as the networks take them: values and usable area, (B, 2, N, N)."""
        return _masked(self.fixed, self.fixed_usable), _masked(self.moving, self.moving_usable)

    def __getitem__(self, members: slice) -> Pairs:
        """Return some of the pairs."""
        areas = (None if area is None else area[members] for area in (self.fixed_usable, self.moving_usable))
        return Pairs(self.fixed[members], self.moving[members], self.parameters[members], *areas)


def _masked(image: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    mask = torch.ones_like(image) if mask is None else mask
    return torch.cat([image * mask, mask], 1)


def rotation_scale(angle: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """Return 2 x 2 matrices (..., 2, 2); positive angles turn +x towards +y."""
    c, s = log_scale.exp() * angle.cos(), log_scale.exp() * angle.sin()
    return torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)


class PairImages(Protocol):
    """Real images that a share of the specimens is made of, and recorded pairs for a share of the pairs."""

    specimen_share: float
    pair_share: float
    pairs: RecordedPairs

    def draw(self, draw: Draw, size: int) -> torch.Tensor:
        """Return the fields of a specimen (1, PHASES + 2, S, S)."""


class PairSource:
    """An endless, seeded stream of pairs from a pool of specimens that is renewed as it is used.

    Streams of different seeds never share a specimen: each draws its own.
    """

    def __init__(
        self,
        seed: int,
        *,
        size: int = 128,
        pool: int = 128,
        device: str = "cpu",
        renew: bool = True,
        real: PairImages | None = None,
    ):
        """``real``: a share of the specimens is made of these images, and a share of the pairs is theirs."""
        self.size, self.renew, self.device, self.real = size, renew, device, real
        self.specimen_size = 3 * size
        self._specimens = Draw(seed, 1, device)
        self._views = Draw(seed + 1, 1, device)
        self._pool = torch.cat([self._draw_specimen() for _ in range(pool)])
        self._oldest = 0

    def _draw_specimen(self) -> torch.Tensor:
        if self.real and bool(self._specimens.chance(self.real.specimen_share, 1)):
            return self.real.draw(self._specimens, self.specimen_size)
        return draw_specimens(self._specimens, self.specimen_size).fields

    def _replace_oldest(self) -> None:
        self._pool[self._oldest] = self._draw_specimen()[0]
        self._oldest = (self._oldest + 1) % len(self._pool)

    def batch(
        self,
        count: int,
        reach: Range,
        *,
        near: float = 0.0,
        same: float = 0.35,
        contrasts: tuple[Contrast, Contrast] | None = None,
        masked: float = 0.0,
        laid: bool = False,
    ) -> Pairs:
        """Return ``count`` pairs within ``reach``.

        ``near``: share of pairs within a fifth of the range. ``same``: share of pairs of one modality.
        ``contrasts`` fixes the contrasts of the two images; by default they are random. ``masked``: share
        of the pairs with a usable area that is not the whole frame. ``laid``: the moving image was laid on
        the fixed one before, so that its detector's frame lies in the view at random.
        """
        if self.renew:
            self._replace_oldest()
        self._views.batch = count
        parameters = self._draw_parameters(reach, near)
        fixed_view, moving_view = self._draw_views(parameters)
        members = self._views.integer(len(self._pool), count)
        alike = self._views.chance(same, count)
        first, second = self._draw_contrasts(alike) if contrasts is None else _numbers(contrasts, count)
        # With one table the response to each phase is the same or follows from it in the other contrast; with
        # two tables the contrasts are unrelated.
        physics = self._views.uniform(0, 1, count, PHYSICS)
        related = alike | self._views.chance(RELATED, count)
        other_physics = torch.where(related[:, None], physics, self._views.uniform(0, 1, count, PHYSICS))
        fixed = self._render(members, fixed_view, first, physics)
        moving = self._render(members, moving_view, second, other_physics)
        pairs = Pairs(fixed, moving, parameters)
        if self.real and self.real.pairs.names:
            pairs = self._with_recorded(pairs, alike, self.real)
        return self._in_frames(pairs, masked, laid) if masked or laid else pairs

    def _with_recorded(self, pairs: Pairs, alike: torch.Tensor, real: PairImages) -> Pairs:
        """Return the pairs with a share of them replaced by views of recorded ones."""
        images = [pairs.fixed.clone(), pairs.moving.clone()]
        areas = [torch.ones_like(pairs.fixed), torch.ones_like(pairs.moving)]
        chosen = self._views.chance(real.pair_share, len(pairs.parameters)).nonzero()[:, 0].tolist()
        for member in chosen:
            angle, log_scale, *shift = pairs.parameters[member].cpu()
            matrix = rotation_scale(angle, log_scale)
            between = torch.cat([matrix, torch.stack(shift)[:, None] * self.size], 1)
            drawn = real.pairs.draw(self._views, self.size, between, bool(alike[member]))
            for side in (0, 1):
                images[side][member, 0], areas[side][member, 0] = drawn[2 * side], drawn[2 * side + 1]
        if chosen:
            self._views.batch = len(chosen)
            for image in images:
                image[chosen] = recorded(self._views, image[chosen, 0])[:, None]
            self._views.batch = len(pairs.parameters)
        return Pairs(images[0], images[1], pairs.parameters, areas[0], areas[1])

    def _in_frames(self, pairs: Pairs, masked: float, laid: bool) -> Pairs:
        """Return the pairs with what their detectors add: dust and shading, and areas that are masked."""
        count = len(pairs.parameters)
        own = usable.own_frame(count, self.size, self.device)
        other, width = self._laid(own) if laid else (own, torch.ones(count, device=self.device))
        shared = self._per_group(1)[:, :1] < 0.5
        tables = []
        for columns in (usable.COLUMNS, blemishes.COLUMNS):
            first, second = self._per_group(columns), self._per_group(columns)
            tables.append((first, torch.where(shared, first, second)))
        whole = self._per_group(1) >= masked
        images, areas = [], []
        for side, (frame, wide) in enumerate(((own, torch.ones_like(width)), (other, width))):
            image = (pairs.fixed, pairs.moving)[side]
            area = (pairs.fixed_usable, pairs.moving_usable)[side]
            images.append(blemishes.blemished(tables[1][side], frame, image[:, 0])[:, None])
            mask = torch.where(whole, 1.0, tables[0][side])  # no mask is drawn at 1
            shown = usable.usable(mask, frame, self.size * wide[:, None, None])[:, None]
            areas.append(shown if area is None else shown * area)
        return Pairs(images[0], images[1], pairs.parameters, areas[0], areas[1])

    def _per_group(self, columns: int) -> torch.Tensor:
        """Return uniform numbers (B, columns), the same for each GROUP of neighbours."""
        count = self._views.batch
        drawn = self._views.uniform(0, 1, -(-count // GROUP), columns)
        return drawn.repeat_interleave(GROUP, 0)[:count]

    def _laid(self, own: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return frames (B, N, N, 2) of moving detectors as a search lays them, and their widths (B,)."""
        draw, count = self._views, len(own)
        angle, shift = draw.uniform(-math.pi, math.pi, count), draw.uniform(-0.3, 0.3, count, 2)
        width = draw.log_uniform(0.6, 2.0, count)
        moved = draw.chance(LAID, count)
        angle, width = angle * moved, torch.where(moved, width, 1.0)
        return usable.laid_frame(angle, width, shift * moved[:, None], own), width

    def _draw_parameters(self, reach: Range, near: float) -> torch.Tensor:
        unit = self._views.uniform(-1, 1, self._views.batch, 4)
        unit = torch.where(self._views.chance(near, self._views.batch, 1), unit / 5, unit)
        return unit * torch.tensor(reach.spread, device=self.device) * math.sqrt(3)

    def _draw_views(self, parameters: torch.Tensor) -> tuple[ViewMap, ViewMap]:
        """Return (matrix, offset) from centred view px to centred specimen px, for both views."""
        draw, count = self._views, len(parameters)
        step = draw.log_uniform(0.5, 1.8, count).log()
        fixed_matrix = rotation_scale(draw.uniform(-math.pi, math.pi, count), step)
        fixed_offset = draw.uniform(-0.35, 0.35, count, 2) * self.size
        between = rotation_scale(parameters[:, 0], parameters[:, 1])
        moving_matrix = fixed_matrix @ between
        moving_offset = fixed_offset + (fixed_matrix @ parameters[:, 2:, None])[..., 0] * self.size
        return (fixed_matrix, fixed_offset), (moving_matrix, moving_offset)

    def _draw_contrasts(self, alike: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first, second = (self._views.integer(len(CONTRASTS), len(alike)) for _ in range(2))
        return first, torch.where(alike, first, second)

    def _render(
        self, members: torch.Tensor, view: ViewMap, contrast: torch.Tensor, physics: torch.Tensor
    ) -> torch.Tensor:
        """Return images (B, 1, N, N) of pool members in their views, each by its contrast."""
        seen = _sample_view(self._pool, members, *view, self.size + 2 * MARGIN)
        signal = torch.empty_like(seen.height)
        for number, contrast_of in enumerate(CONTRASTS):
            mine = contrast == number
            signal[mine] = contrast_of(Replay(physics[mine]), seen[mine])
        few = (contrast == FLUORESCENCE)[:, None, None]
        image = expose(self._views, signal, few)
        return image[:, None, MARGIN:-MARGIN, MARGIN:-MARGIN].contiguous()


def _numbers(contrasts: tuple[Contrast, Contrast], count: int) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = (torch.full((count,), CONTRASTS.index(contrast)) for contrast in contrasts)
    return first, second


def _sample_view(
    pool: torch.Tensor, members: torch.Tensor, matrix: torch.Tensor, offset: torch.Tensor, size: int
) -> View:
    """Return the fields of the members in views of ``size`` px."""
    line = torch.arange(size, device=pool.device, dtype=torch.float32) - (size - 1) / 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y], -1).view(1, -1, 2) @ matrix.transpose(1, 2) + offset[:, None]
    where = (points * 2 / pool.shape[-1]).view(-1, size, size, 2)
    fields = _sampled(pool, members, where)
    # Heights are px of the specimen; a slope must not depend on the magnification of the view.
    per_px = matrix[:, :, 0].norm(dim=1)[:, None, None]
    return View(fields[:, :PHASES], fields[:, PHASES] / per_px, fields[:, PHASES + 1])


def _sampled(pool: torch.Tensor, members: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Return the fields of members (B,) of a pool at points (B, N, N, 2); a CPU copies no whole specimens."""
    sampled = partial(grid_sample, padding_mode="reflection", align_corners=False)
    if pool.is_cuda:
        return sampled(pool[members], where)
    each = zip(members.tolist(), where.split(1), strict=True)
    return torch.cat([sampled(pool[member : member + 1], points) for member, points in each])
