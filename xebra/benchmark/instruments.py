"""How instruments see a specimen: three signals of electron microscopes and three of X-ray microscopes.

>>> from xebra.benchmark.specimens import draw_specimen
>>> random = np.random.default_rng(0)
>>> specimen = draw_specimen(random, 128)
>>> {name: signal(random, specimen).shape for name, signal in ELECTRON.items()}
{'se': (128, 128), 'bse': (128, 128), 'haadf': (128, 128)}
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_laplace, sobel

from xebra.arrays import Floats
from xebra.benchmark.materials import ELEMENTS, MATERIALS, Material
from xebra.benchmark.specimens import Random, Specimen

Signal = Callable[[Random, Specimen], Floats]
LEAST_SHARE = 0.08  # of the specimen that an element must cover, or leave uncovered, to be mapped
ABSORBED = (0.4, 1.6)  # mean optical depth of a transmission image


def secondary_electrons(random: Random, specimen: Specimen) -> Floats:
    """Return the secondary electron signal: slope, shadow of a side detector, a little composition."""
    x, y = (sobel(specimen.height, axis) / 8 for axis in (1, 0))
    steepness = np.sqrt(1 + x**2 + y**2)  # 1/cos of the tilt: Goldstein et al., ch. 3
    angle = random.uniform(0, 2 * np.pi)
    shadow = x * np.cos(angle) + y * np.sin(angle)
    composition = _of_materials(specimen, lambda material: material.backscattering)
    found: Floats = steepness + random.uniform(0.1, 0.5) * shadow + random.uniform(0.1, 0.6) * composition
    return found


def backscattered_electrons(random: Random, specimen: Specimen) -> Floats:
    """Return the backscattered electron signal: composition, with a little relief."""
    x, y = (sobel(specimen.height, axis) / 8 for axis in (1, 0))
    composition = _of_materials(specimen, lambda material: material.backscattering)
    angle = random.uniform(0, 2 * np.pi)
    relief = x * np.cos(angle) + y * np.sin(angle)
    found: Floats = composition + random.uniform(0, 0.05) * relief
    return found


def annular_dark_field(random: Random, specimen: Specimen) -> Floats:
    """Return the high-angle annular dark field signal of a foil: mass thickness times Z^0.7."""
    thickness = _thickness(random, specimen)
    return thickness * _of_materials(specimen, lambda m: m.density * m.atomic_number**0.7)


def element_map(random: Random, specimen: Specimen) -> Floats:
    """Return the X-ray fluorescence of one element: its mass in the probed depth, less what is absorbed."""
    shares = np.bincount(specimen.materials.ravel(), minlength=len(specimen.names)) / specimen.materials.size
    covered = {
        element: sum(
            share
            for name, share in zip(specimen.names, shares, strict=True)
            if MATERIALS[name].fractions.get(element, 0) > 0.05
        )
        for element in ELEMENTS
    }
    mapped = [name for name, share in covered.items() if LEAST_SHARE < share < 1 - LEAST_SHARE]
    chosen = str(
        random.choice(mapped or [max(covered, key=lambda name: covered[name] * (1 - covered[name]))])
    )
    depth = float(random.uniform(2, 20)) * 1e-4  # cm
    return _of_materials(
        specimen,
        lambda material: (
            material.density * material.fractions.get(chosen, 0.0) / (1 + material.attenuation * depth)
        ),
    )


def transmission(random: Random, specimen: Specimen) -> Floats:
    """Return the transmitted share of 10 keV X-rays."""
    optical = _of_materials(specimen, lambda material: material.attenuation) * _thickness(random, specimen)
    optical *= random.uniform(*ABSORBED) / max(float(optical.mean()), 1e-9)
    found: Floats = np.exp(-optical)
    return found


def phase_contrast(random: Random, specimen: Specimen) -> Floats:
    """Return a transmission image with the edges that propagation adds: Wilkins et al., Nature 384, 1996."""
    projected = _of_materials(specimen, lambda material: material.density) * _thickness(random, specimen)
    projected /= max(float(projected.std()), 1e-9)
    edges = gaussian_laplace(projected, float(random.uniform(1.2, 2.5)))
    return transmission(random, specimen) + random.uniform(0.3, 1.2) * edges


ELECTRON: dict[str, Signal] = {
    "se": secondary_electrons,
    "bse": backscattered_electrons,
    "haadf": annular_dark_field,
}
X_RAY: dict[str, Signal] = {
    "element map": element_map,
    "transmission": transmission,
    "phase contrast": phase_contrast,
}
COUNTS = {"element map": (4, 60), "transmission": (200, 4000), "phase contrast": (200, 4000)}
ELECTRON_COUNTS = (30, 1500)


def record(random: Random, signal: Floats, modality: str) -> Floats:
    """Return an image (H, W) in 0..1 of a signal in its view: blur of the probe, counts, shading, 16 bit.

    Args:
        random: draws blur, dose and shading.
        signal: (H, W), any units.
        modality: a name of ``ELECTRON`` or ``X_RAY``.
    """
    blurred = gaussian_filter(signal, float(random.uniform(0.4, 1.4)))
    low, high = np.percentile(blurred, [0.5, 99.5])
    bright = np.clip((blurred - low) / max(float(high - low), 1e-9), 0, 1.2)
    least, most = np.log(COUNTS.get(modality, ELECTRON_COUNTS))
    counts = float(np.exp(random.uniform(least, most)))
    dark = float(random.uniform(0.02, 0.3))  # background, of the brightest
    image = random.poisson(counts * (dark + bright)) / counts
    rows, columns = (np.linspace(-1, 1, size) for size in image.shape)
    tilt = random.uniform(-0.15, 0.15, 2)
    image = image * (1 + tilt[0] * rows[:, None] + tilt[1] * columns)
    low, high = np.percentile(image, [0.2, 99.8])
    image = np.clip((image - low) / max(float(high - low), 1e-9), 0, 1)
    found: Floats = (np.round(image * 65535) / 65535).astype(np.float32)
    return found


def _of_materials(specimen: Specimen, value: Callable[[Material], float]) -> Floats:
    table = np.array([value(MATERIALS[name]) for name in specimen.names])
    found: Floats = table[specimen.materials]
    return found


def _thickness(random: Random, specimen: Specimen) -> Floats:
    """Return the thickness of a section, about 1: a wedge, and the relief of its surface."""
    rows, columns = (np.linspace(-1, 1, size) for size in specimen.height.shape)
    tilt = random.uniform(-0.3, 0.3, 2)
    found: Floats = np.maximum(1 + tilt[0] * rows[:, None] + tilt[1] * columns + 0.02 * specimen.height, 0.05)
    return found
