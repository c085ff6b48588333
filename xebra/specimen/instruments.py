"""The contrast of an instrument before detection.

A contrast takes phases (B, P, H, W), height and orientation (B, H, W), and returns a signal (B, H, W) of any
scale. Formulas after Reimer, Scanning Electron Microscopy (1998), and Goldstein et al. (2018), simplified to
what determines the appearance: bright phases, edges, inversion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.functional import pad

from xebra.specimen.draw import Replay


@dataclass(frozen=True)
class View:
    """The part of a specimen in the field of view, at the view's own pixels."""

    phases: torch.Tensor  # (B, P, H, W)
    height: torch.Tensor  # (B, H, W)
    orientation: torch.Tensor  # (B, H, W)

    def __getitem__(self, members: torch.Tensor) -> View:
        return View(self.phases[members], self.height[members], self.orientation[members])

    def seen_as(self, response: torch.Tensor) -> torch.Tensor:
        """Return the phases weighted by a response (B, P, 1, 1) of the instrument to each."""
        return (self.phases * response).sum(1)


def _slope(field: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return central differences along x and y."""
    wide = pad(field[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    return (wide[:, 1:-1, 2:] - wide[:, 1:-1, :-2]) / 2, (wide[:, 2:, 1:-1] - wide[:, :-2, 1:-1]) / 2


def _laplacian(field: torch.Tensor) -> torch.Tensor:
    wide = pad(field[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    around = wide[:, 1:-1, 2:] + wide[:, 1:-1, :-2] + wide[:, 2:, 1:-1] + wide[:, :-2, 1:-1]
    return around - 4 * field


def _response(draw: Replay, view: View, low: float, high: float) -> torch.Tensor:
    """Return a different response to each phase, (B, P, 1, 1)."""
    return low + (high - low) * draw.levels(view.phases.shape[1])


def secondary_electrons(draw: Replay, view: View) -> torch.Tensor:
    """Edges and slopes shine, the side towards the detector more; material matters little."""
    dx, dy = _slope(view.height)
    steep = torch.sqrt(1 + dx**2 + dy**2)
    angle = draw.uniform(-3.14, 3.14)
    lit = dx * angle.cos() + dy * angle.sin()
    material = view.seen_as(_response(draw, view, 0.6, 1.4))
    return material * steep.clamp(max=6) ** draw.uniform(0.5, 1.3) + lit.clamp(-2, 2) * draw.uniform(0, 0.5)


def backscattered_electrons(draw: Replay, view: View) -> torch.Tensor:
    """Mean atomic number, with channelling contrast of the crystals and a little relief."""
    yield_ = view.seen_as(_response(draw, view, 0.1, 0.6))
    channelling = 1 + draw.uniform(0, 0.3) * draw.chance(0.4) * (view.orientation - 0.5)
    dx, dy = _slope(view.height)
    return (
        yield_ * channelling
        + draw.uniform(0, 0.06) * dx.clamp(-2, 2)
        + draw.uniform(0, 0.06) * dy.clamp(-2, 2)
    )


def fluorescence(draw: Replay, view: View) -> torch.Tensor:
    """One element, rich in one or two phases and nearly absent elsewhere, shadowed by the relief."""
    rank = draw.levels(view.phases.shape[1])
    content = torch.where(rank > draw.uniform(0.4, 0.7)[..., None], 0.3 + 0.7 * rank, 0.2 * rank)
    dx, _ = _slope(view.height)
    return view.seen_as(content) * (1 - draw.uniform(0, 0.3) * dx.clamp(0, 2)) + 0.01


def absorption(draw: Replay, view: View) -> torch.Tensor:
    """X-ray transmission: Beer and Lambert through phases of different density and thickness."""
    thickness = 1 + 0.05 * draw.uniform(0, 1) * view.height
    return torch.exp(-view.seen_as(_response(draw, view, 0, 2.5)) * thickness.clamp(0.2, 3))


def phase_contrast(draw: Replay, view: View) -> torch.Tensor:
    """Transmission with the bright and dark fringes of free-space propagation (transport of intensity)."""
    density = view.seen_as(_response(draw, view, 0, 1))
    thickness = density * (1 + 0.05 * view.height.clamp(-15, 15))
    return torch.exp(-0.5 * thickness) * (1 + draw.uniform(0.3, 2.5) * _laplacian(thickness)).clamp(0.05, 4)


def dark_field(draw: Replay, view: View) -> torch.Tensor:
    """STEM at high angles: thickness times atomic number to a power of about 1.7."""
    number = view.seen_as(_response(draw, view, 0.2, 1)) ** 1.7
    return number * (1 + 0.06 * draw.uniform(0, 1) * view.height).clamp(0.1, 4)


def bright_field(draw: Replay, view: View) -> torch.Tensor:
    """TEM: mass-thickness absorption and diffraction, by which some crystals go dark."""
    mass = view.seen_as(_response(draw, view, 0.2, 1.5))
    tuned = draw.uniform(0, 1)
    diffracting = torch.exp(-(((view.orientation - tuned) / 0.12) ** 2)) * draw.uniform(0, 0.8)
    return torch.exp(-mass) * (1 - diffracting)


def relief(draw: Replay, view: View) -> torch.Tensor:
    """Slopes lit from one side, or steep places alone: a probe's deflection, light's interference."""
    surface = view.height + draw.uniform(0, 6) * view.seen_as(_response(draw, view, -1, 1))
    dx, dy = _slope(surface)
    angle = draw.uniform(-3.14, 3.14)
    lit = torch.tanh((dx * angle.cos() + dy * angle.sin()) * (draw.uniform(-1.5, 1.5)).exp())
    steep = torch.tanh((dx**2 + dy**2 + 1e-6).sqrt() * draw.uniform(-1, 1.5).exp())
    return torch.where(draw.chance(0.6), lit + draw.uniform(0, 0.3) * steep, steep)


def anything(draw: Replay, view: View) -> torch.Tensor:
    """No instrument in particular: phases bright or dark at will, edges and slopes that shine or not."""
    phases = view.seen_as(_response(draw, view, -1, 1))
    dx, dy = _slope(phases)
    edge = (dx**2 + dy**2 + 1e-6).sqrt() * draw.uniform(-6, 6) * draw.chance(0.35)
    angle = draw.uniform(-3.14, 3.14)
    lit = (dx * angle.cos() + dy * angle.sin()) * draw.uniform(0, 5) * draw.chance(0.3)
    grain = (view.orientation - 0.5) * draw.uniform(-1, 1) * draw.chance(0.4)
    return phases + edge + lit + grain


Contrast = Callable[[Replay, View], torch.Tensor]
CONTRASTS: tuple[Contrast, ...] = (
    secondary_electrons,
    backscattered_electrons,
    fluorescence,
    absorption,
    phase_contrast,
    dark_field,
    bright_field,
    relief,
    anything,
)
FLUORESCENCE = CONTRASTS.index(fluorescence)
