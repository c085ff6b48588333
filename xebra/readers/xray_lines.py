"""Energies of the strongest X-ray line of each shell, in keV: Ka1, La1 and Ma (Elam, Ravel, Sieber 2002)."""

from __future__ import annotations

import re

TABLE = """
Be 0.108 - -; B 0.183 - -; C 0.277 - -; N 0.392 - -; O 0.525 - -; F 0.677 - -; Ne 0.849 - -;
Na 1.040 - -; Mg 1.254 - -; Al 1.486 - -; Si 1.740 - -; P 2.010 - -; S 2.309 - -; Cl 2.622 - -;
Ar 2.958 - -; K 3.314 - -; Ca 3.692 - -; Sc 4.093 - -; Ti 4.512 0.452 -; V 4.953 0.510 -;
Cr 5.415 0.572 -; Mn 5.900 0.637 -; Fe 6.405 0.705 -; Co 6.931 0.775 -; Ni 7.480 0.849 -;
Cu 8.046 0.928 -; Zn 8.637 1.012 -; Ga 9.251 1.098 -; Ge 9.886 1.188 -; As 10.543 1.282 -;
Se 11.224 1.379 -; Br 11.924 1.481 -; Kr 12.648 1.585 -; Rb 13.396 1.692 -; Sr 14.165 1.806 -;
Y 14.958 1.924 -; Zr 15.775 2.044 -; Nb 16.615 2.169 -; Mo 17.480 2.292 -; Tc 18.367 2.423 -;
Ru 19.279 2.558 -; Rh 20.216 2.697 -; Pd 21.177 2.838 -; Ag 22.163 2.983 -; Cd 23.173 3.133 -;
In 24.210 3.286 -; Sn 25.271 3.444 -; Sb 26.359 3.604 0.528; Te 27.473 3.768 0.573;
I 28.612 3.938 0.619; Xe 29.775 4.110 0.676; Cs 30.973 4.285 0.727; Ba 32.194 4.466 0.780;
La 33.442 4.647 0.836; Ce 34.720 4.839 0.884; Pr 36.027 5.035 0.927; Nd 37.361 5.228 0.979;
Pm 38.725 5.432 1.023; Sm 40.118 5.633 1.078; Eu 41.542 5.849 1.121; Gd 42.996 6.053 1.181;
Tb 44.482 6.273 1.233; Dy 45.999 6.498 1.284; Ho 47.547 6.720 1.342; Er 49.128 6.949 1.404;
Tm 50.742 7.180 1.463; Yb 52.388 7.416 1.526; Lu 54.070 7.655 1.580; Hf 55.790 7.899 1.646;
Ta 57.535 8.146 1.712; W 59.318 8.398 1.775; Re 61.141 8.652 1.840; Os 63.000 8.911 1.907;
Ir 64.896 9.175 1.976; Pt 66.831 9.442 2.047; Au 68.806 9.713 2.118; Hg 70.818 9.989 2.191;
Tl 72.872 10.269 2.267; Pb 74.970 10.551 2.342; Bi 77.107 10.839 2.418; Po 79.291 11.131 2.499;
At 81.516 11.427 2.577; Rn 83.785 11.727 2.654; Fr 86.106 12.031 2.732; Ra 88.478 12.339 2.806;
Ac 90.884 12.652 2.900; Th 93.351 12.968 2.990; Pa 95.868 13.291 3.071; U 98.440 13.614 3.164
"""
SHELLS = "KLM"


def energy_kev(line: str) -> float | None:
    """Return the energy of "Fe_Ka", "Fe Ka", "Au-M" or "Fe" (its Ka line); None where it is not known.

    >>> energy_kev("Fe_Ka"), energy_kev("Au M"), energy_kev("SE")
    (6.405, 2.118, None)
    """
    found = re.fullmatch(r"([A-Z][a-z]?)(?:[ _-]?([KLM])[a\u03b1]?1?)?", line.strip())
    if found is None:
        return None
    shell = SHELLS.index(found[2] or "K")
    energies = (entry.split() for entry in TABLE.split(";"))
    text = next((e[1 + shell] for e in energies if e[0] == found[1]), "-")
    return None if text == "-" else float(text)


def symbols() -> list[str]:
    """Return the symbols of all elements in the table."""
    return [entry.split()[0] for entry in TABLE.split(";")]
