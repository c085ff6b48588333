"""A smooth displacement field between two images whose linear transform is known, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.engine import Engine
from xebra.estimate.field_measurement import (
    Measurement,
    WarpedView,
    by_joint_density,
    compared_features,
    compared_intensities,
    measured,
)
from xebra.estimate.field_parameters import FieldParameters, Smoothness
from xebra.estimate.field_search import MARGIN, POOL, fit_shifts, shift_maps
from xebra.estimate.field_selection import BENDING, DRIFT, Candidate, candidates, smoothest
from xebra.estimate.field_view import FieldView
from xebra.estimate.image_pair import ImagePair
from xebra.estimate.joint_density import GreyLevels
from xebra.estimate.posterior import Posterior
from xebra.field.displacement_field import DisplacementField

SEARCH_KNOTS = 48.0, 256.0  # px between the knots of the field and of the drift, in the search
PASS_KNOTS = 48.0, 8.0  # in the first passes
KNOTS = 32.0, 4.0  # px, at least: in the result
MOST_KNOTS = 16, 128  # intervals along the longer side: larger views have wider ones
SEARCH_BENDING = 0.3
SMOOTHNESS = Smoothness(BENDING, DRIFT)
JOINT_SMOOTHNESS = 1 / 3  # of that, where the joint density of grey levels is measured too
SAME_CONTRAST = 0.75  # correlation of intensities from which on they refine further
MIN_JACOBIAN, MAX_STRAIN = 0.1, 0.8  # of a field that is used: it has an inverse
STIFFER, STIFFENED = 3.0, 6  # factor of the smoothness where a field folds, and how often
ERROR_GRID = 33  # points along each side at which the standard error is held
# Of the standard error, so that 95 % intervals held at 95 % of the points of bent development images.
ERROR_SCALE = {"features": 1.12, "intensity": 0.72}


@dataclass(frozen=True)
class FieldLevel:
    """The graph of the feature maps, and the sharpness of their correlation."""

    graph: str
    cell: int
    sharpness: float


@dataclass(frozen=True)
class Evidence:
    """What models are compared by, what the field is fitted to, and how smooth it is in proportion."""

    compared: Measurement
    fitted: Measurement
    smoothness: float
    kind: str  # "features" or "intensity"


@dataclass(frozen=True)
class FieldEstimate:
    """A field with the candidates that were compared by held-out blocks."""

    field: DisplacementField
    candidates: list[Candidate]
    chosen: Candidate
    correlation: float  # of what was compared last
    measured: str  # "features" or "intensity"
    area: float  # px of the view that were compared


def refine_field(engine: Engine, level: FieldLevel, pair: ImagePair, linear: Matrix) -> FieldEstimate | None:
    """Return the field about a linear transform, 3 x 3 moving_from_fixed; None where the overlap is small."""
    view = FieldView.of(pair, linear)
    if view is None:
        return None
    fixed = engine.run(level.graph, view=np.stack([view.fixed, view.inside])[None])["maps"][0]
    parameters = _searched(engine, level, view, fixed)
    if parameters is None:
        return None
    found = _measured(engine, level, view, fixed, parameters)
    compared = candidates(view.shape, view.moving_from_view, found.compared)
    best = _chosen(compared)
    smoothness = (best.smoothness or SMOOTHNESS).scaled(found.smoothness)
    scale = ERROR_SCALE[found.kind]
    field = field_without_folds(_parameters(view, KNOTS), found.fitted, smoothness, scale)
    if field is None:
        return None
    of_image = replace(field.of_image(view.fixed_from_view), moving_from_fixed=linear)
    area = float(view.whole.sum())
    return FieldEstimate(of_image, compared, best, found.compared.correlation, found.kind, area)


def _chosen(compared: list[Candidate]) -> Candidate:
    """Return the field that is used: with a drift of the rows unless that gains nothing."""
    fields = [each for each in compared if each.smoothness is not None]
    drifting = smoothest([each for each in fields if each.smoothness and each.smoothness.drift is not None])
    still = fields[-1]
    return still if still.gain > drifting.gain else drifting


def _measured(
    engine: Engine, level: FieldLevel, view: FieldView, fixed: Floats, parameters: FieldParameters
) -> Evidence:
    """Return the last measurements, about a field that is refined from pass to pass.

    Models are compared by the feature maps alone: what looks like a displacement to the joint density may
    be a difference of the contrasts that follows the structure.
    """

    def by_features(warped: WarpedView) -> Measurement:
        return measured(warped, compared_features(engine, level.graph, warped, view, fixed))

    first = by_features(WarpedView.of(parameters, view))
    warped = WarpedView.of(_solved(view, first, PASS_KNOTS), view)
    intensities = compared_intensities(warped, view)
    if intensities.correlation >= SAME_CONTRAST:
        warped = WarpedView.of(_solved(view, measured(warped, intensities), KNOTS), view)
        last = measured(warped, compared_intensities(warped, view))
        return Evidence(last, last, 1.0, "intensity")
    levels = GreyLevels.of(view.fixed, view.whole)
    for knots in (PASS_KNOTS, KNOTS):
        found = by_features(warped) if levels is None else by_joint_density(warped, view, levels, first)
        warped = WarpedView.of(_solved(view, found, knots, JOINT_SMOOTHNESS), view)
    last = by_features(warped)
    joint = last if levels is None else by_joint_density(warped, view, levels, last)
    return Evidence(last, joint, JOINT_SMOOTHNESS, "features")


def _searched(engine: Engine, level: FieldLevel, view: FieldView, fixed: Floats) -> FieldParameters | None:
    """Return the coefficients that the blocks of both views support; None where there is no block."""
    margin = MARGIN * POOL * level.cell
    rows, columns = (side + 2 * margin for side in view.shape)
    xs, ys = np.arange(columns) - float(margin), np.arange(rows)[:, None] - float(margin)
    x, y = (each[0] * xs + each[1] * ys + each[2] for each in view.moving_from_view[:2])
    moving = engine.run(level.graph, view=np.stack(view.sampled(x, y))[None])["maps"][0]
    found = shift_maps(fixed, moving, level.cell, level.sharpness)
    if found is None:
        return None
    parameters = FieldParameters(view.shape, view.moving_from_view, *SEARCH_KNOTS)
    fit_shifts(parameters, found, Smoothness(SEARCH_BENDING, None))
    return parameters


def _parameters(view: FieldView, knots: tuple[float, float]) -> FieldParameters:
    """Return coefficients with at most as many knots as determine them in little time."""
    spacing, rows = (
        max(least, max(view.shape) / most) for least, most in zip(knots, MOST_KNOTS, strict=True)
    )
    return FieldParameters(view.shape, view.moving_from_view, spacing, rows)


def _solved(
    view: FieldView, found: Measurement, knots: tuple[float, float], smoothness: float = 1.0
) -> FieldParameters:
    """Return the coefficients that a measurement supports, ``smoothness`` times as smooth as usual."""
    parameters = _parameters(view, knots)
    prior = SMOOTHNESS.scaled(smoothness)
    parameters.vector = parameters.solve(*parameters.normal_equations(found.tiles), prior)
    return parameters


def field_without_folds(
    parameters: FieldParameters, found: Measurement, smoothness: Smoothness, scale: float
) -> DisplacementField | None:
    """Return the field with its standard error, as smooth as it must be to have an inverse; None: never."""
    information, right = parameters.normal_equations(found.tiles)
    for _ in range(STIFFENED):
        posterior = parameters.posterior(information, smoothness)
        parameters.vector = posterior.solve(right)
        field = parameters.field()
        if field.min_jacobian > MIN_JACOBIAN and field.max_strain < MAX_STRAIN:
            return replace(field, error=scale * _standard_error(parameters, posterior))
        smoothness = smoothness.scaled(STIFFER)
    return None


def _standard_error(parameters: FieldParameters, posterior: Posterior) -> Floats:
    """Return the posterior standard deviation (2, R, C) of both displacements on a grid over the view."""
    xs, ys = (np.linspace(each.low, each.high, ERROR_GRID) for each in (parameters.x, parameters.y))
    across = parameters.moving_from_view[1]
    rows = across[0] * xs + across[1] * ys[:, None] + across[2]
    variance = parameters.variance(parameters.basis((xs, ys), rows.ravel()), posterior.covariance())
    errors: Floats = np.sqrt(np.maximum(variance, 0)).reshape(2, ERROR_GRID, ERROR_GRID)
    return errors
