"""Power of signal and noise by frequency, and the filters that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

from xebra.arrays import Complexes, Floats, Integers

RINGS = 64  # of the radial average
NOISE_FROM = 0.42  # cycles per px from which a spectrum is taken to be noise
SHADING_PERIODS = 3.0  # over the frame: slower changes are shading
OTHER_CONTENT = 0.05  # of the signal: what one of two frames shows and the other one does not


@lru_cache(maxsize=8)
def frequencies(shape: tuple[int, int]) -> tuple[Floats, Floats, Integers]:
    """Return the frequencies along x and y in cycles per px, and the ring of each bin of ``rfft2``."""
    y = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None]
    x = np.fft.rfftfreq(shape[1]).astype(np.float32)[None]
    ring = np.minimum((np.hypot(x, y) * (2 * RINGS)).astype(int), RINGS - 1)
    return x, y, ring


@lru_cache(maxsize=8)
def without_shading(shape: tuple[int, int]) -> Floats:
    """Return the high-pass filter (rfft2 bins) that removes what changes slower than ``SHADING_PERIODS``."""
    x, y, _ = frequencies(shape)
    periods2 = (x * shape[1]) ** 2 + (y * shape[0]) ** 2
    result: Floats = (1 - np.exp(-periods2 / SHADING_PERIODS**2)).astype(np.float32)
    return result


@lru_cache(maxsize=8)
def blur(shape: tuple[int, int], sigma: float) -> Floats:
    """Return the low-pass filter (rfft2 bins) of a Gaussian of ``sigma`` px."""
    x, y, _ = frequencies(shape)
    result: Floats = np.exp(-2 * np.pi**2 * sigma**2 * (x**2 + y**2)).astype(np.float32)
    return result


@dataclass(frozen=True)
class Power:
    """Power of signal and noise at each bin of ``rfft2``, from one frame."""

    signal: Floats
    noise: float

    @classmethod
    def of(cls, spectrum: Complexes, shape: tuple[int, int]) -> Power:
        """Return the power of a spectrum; noise is white and alone at the highest frequencies."""
        x, y, ring = frequencies(shape)
        power = spectrum.real**2 + spectrum.imag**2
        counts = np.bincount(ring.ravel(), minlength=RINGS)
        radial = np.bincount(ring.ravel(), power.ravel(), RINGS) / np.maximum(counts, 1)
        corners = (np.abs(x) > NOISE_FROM) & (np.abs(y) > NOISE_FROM)
        noise = float(np.median(power[corners]) / np.log(2)) + 1e-12 * float(radial.max()) + 1e-30
        signal = np.maximum(radial - noise, 1e-3 * noise).astype(np.float32)
        return cls(signal[ring], noise)

    def wiener(self) -> Floats:
        """Return the filter that recovers the signal with the least squared error."""
        result: Floats = self.signal / (self.signal + np.float32(self.noise))
        return result

    def correlation_weight(self, other_noise: float | None = None) -> Floats:
        """Return the weight of each bin of a cross spectrum for the most certain shift.

        That of Hannan and Thomson (1973) for two frames, where content that only one frame shows counts
        as noise. ``other_noise``: noise of the other frame; by default that of this one.
        """
        unshared = np.float32(OTHER_CONTENT) * self.signal
        first = unshared + np.float32(self.noise)
        second = unshared + np.float32(self.noise if other_noise is None else other_noise)
        result: Floats = 1 / (self.signal * (first + second) + first * second)
        result *= self.signal
        return result


def forward(values: Floats) -> Complexes:
    """Return the spectrum of real values (h, w), on one thread."""
    result: Complexes = fft.rfft2(values, workers=1)
    return result


def backward(spectrum: Complexes, shape: tuple[int, int]) -> Floats:
    """Return the real values (h, w) of a spectrum, on one thread."""
    result: Floats = fft.irfft2(spectrum, shape, workers=1)
    return result
