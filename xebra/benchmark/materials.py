"""Materials of the simulated specimens: density, elements, backscattering, X-ray attenuation.

>>> round(MATERIALS["iron"].backscattering, 2), round(MATERIALS["epoxy"].backscattering, 2)
(0.28, 0.07)
"""

from __future__ import annotations

from dataclasses import dataclass

# Atomic number, and mass attenuation at 10 keV in cm2/g (Hubbell and Seltzer, NISTIR 5632, 1995).
ELEMENTS = {
    "C": (6, 2.37),
    "O": (8, 5.95),
    "Al": (13, 26.2),
    "Si": (14, 33.9),
    "S": (16, 50.1),
    "Ca": (20, 93.4),
    "Ti": (22, 110.7),
    "Cr": (24, 138.6),
    "Fe": (26, 170.6),
    "Co": (27, 184.1),
    "Ni": (28, 209.0),
    "Cu": (29, 215.9),
    "Au": (79, 118.6),
    "Pb": (82, 130.6),
}


@dataclass(frozen=True)
class Material:
    """A homogeneous material: density in g/cm3 and mass fractions of its elements."""

    density: float
    fractions: dict[str, float]

    @property
    def atomic_number(self) -> float:
        """Return the mean atomic number, weighted by mass."""
        return sum(share * ELEMENTS[name][0] for name, share in self.fractions.items())

    @property
    def attenuation(self) -> float:
        """Return the linear attenuation coefficient at 10 keV, 1/cm."""
        return self.density * sum(share * ELEMENTS[name][1] for name, share in self.fractions.items())

    @property
    def backscattering(self) -> float:
        """Return the share of 20 keV electrons that are backscattered.

        Reuter's polynomial for elements and Castaing's rule for compounds: Goldstein et al., Scanning
        Electron Microscopy and X-Ray Microanalysis, 4th ed., 2018, ch. 2.
        """
        return sum(
            share * (-0.0254 + 0.016 * z - 1.86e-4 * z**2 + 8.3e-7 * z**3)
            for z, share in ((ELEMENTS[name][0], share) for name, share in self.fractions.items())
        )


MATERIALS = {
    "void": Material(0.0, {}),
    "epoxy": Material(1.2, {"C": 0.76, "O": 0.24}),
    "silica": Material(2.2, {"Si": 0.467, "O": 0.533}),
    "alumina": Material(3.95, {"Al": 0.529, "O": 0.471}),
    "calcite": Material(2.71, {"Ca": 0.4, "C": 0.12, "O": 0.48}),
    "rutile": Material(4.23, {"Ti": 0.599, "O": 0.401}),
    "hematite": Material(5.25, {"Fe": 0.699, "O": 0.301}),
    "chalcopyrite": Material(4.2, {"Cu": 0.346, "Fe": 0.304, "S": 0.35}),
    "cobalt oxide": Material(6.1, {"Co": 0.734, "O": 0.266}),
    "iron": Material(7.87, {"Fe": 1.0}),
    "stainless steel": Material(7.9, {"Fe": 0.74, "Cr": 0.18, "Ni": 0.08}),
    "nickel": Material(8.91, {"Ni": 1.0}),
    "copper": Material(8.96, {"Cu": 1.0}),
    "galena": Material(7.6, {"Pb": 0.866, "S": 0.134}),
    "gold": Material(19.3, {"Au": 1.0}),
}
MATRICES = ("epoxy", "silica", "alumina", "calcite", "iron", "stainless steel")
INCLUSIONS = tuple(name for name in MATERIALS if name != "void")
