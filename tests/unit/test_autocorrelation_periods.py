"""Periodic images are distinguished from others by their autocorrelation."""

import math

import numpy as np
import pytest
from scipy import ndimage

from xebra.estimate.autocorrelation_periods import autocorrelation_periods


def lattice(period, angle, side=128):
    """Return dots on a square lattice."""
    y, x = np.mgrid[:side, :side]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return np.exp(3 * (np.cos(2 * np.pi * along / period) + np.cos(2 * np.pi * across / period)) - 6)


def full_view(image):
    return np.stack([image, np.ones_like(image)]).astype(np.float32)


@pytest.mark.parametrize(("period", "angle"), [(6, 0.0), (11, 0.4), (22.5, -1.0)])
def test_the_period_of_a_lattice_is_found(period, angle):
    noise = np.random.default_rng(1).normal(size=(128, 128)) * 0.05
    shifts = autocorrelation_periods(full_view(lattice(period, angle) + noise))
    lengths = np.hypot(*shifts.T)
    assert len(shifts) == 4 and np.allclose(lengths, period, atol=0.3)
    steps = np.degrees(np.arctan2(*shifts.T[::-1]) - angle) % 90
    assert np.allclose(np.minimum(steps, 90 - steps), 0, atol=math.degrees(0.3 / period))


@pytest.mark.parametrize("grain", [1, 2.5, 6])
def test_a_random_image_has_no_period(grain):
    noise = np.random.default_rng(int(2 * grain)).normal(size=(128, 128))
    assert not len(autocorrelation_periods(full_view(ndimage.gaussian_filter(noise, grain))))


def test_shading_is_not_a_period():
    specimen = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=(128, 128)), 1.5)
    shading = 5 * specimen.std() * np.linspace(-1, 1, 128) ** 2
    assert not len(autocorrelation_periods(full_view(specimen + shading)))


def views_with_excluded_px(image):
    """Return views with a data bar, a field stop and padding of a turned scan excluded; 0 outside."""
    y, x = np.mgrid[:128, :128] - 63.5
    turned = np.cos(0.2) * x + np.sin(0.2) * y, np.cos(0.2) * y - np.sin(0.2) * x
    for inside in (y < 50, np.hypot(x, y) < 58, np.maximum(*np.abs(turned)) < 52):
        yield np.stack([image * inside, inside]).astype(np.float32)


@pytest.mark.parametrize("contrast", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_an_edge_of_the_usable_area_is_no_period(level, contrast):
    specimen = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(128, 128)), 1.5)
    for view in views_with_excluded_px(level + contrast * specimen / specimen.std()):
        assert not len(autocorrelation_periods(view))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_lattice_of_low_contrast_is_found_within_the_usable_area(level):
    noise = np.random.default_rng(4).normal(size=(128, 128)) * 0.05
    for view in views_with_excluded_px(level + 0.1 * (lattice(11, 0.4) + noise)):
        shifts = autocorrelation_periods(view)
        assert len(shifts) == 4 and np.allclose(np.hypot(*shifts.T), 11, atol=0.3)
