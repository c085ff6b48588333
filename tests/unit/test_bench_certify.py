"""The certificate counts no specimen that the network was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from certify import check_never_trained_on
from real_pairs import read_half

from xebra.specimen.split import CERTIFY, CHOOSE, HALF, Split, specimen_of


def test_a_network_trained_on_a_specimen_of_the_certificate_is_not_certified(tmp_path: Path) -> None:
    (tmp_path / "single").mkdir()
    for name in ("alpha_1", "beta_1", "gamma_1", "delta_1"):
        tifffile.imwrite(tmp_path / "single" / f"{name}.tif", np.zeros((128, 128), np.uint8))
    halves = {half: read_half(tmp_path, half).singles for half in (CHOOSE, CERTIFY)}
    assert all(halves.values()) and not set(halves[CHOOSE]) & set(halves[CERTIFY])
    split = Split((HALF,), (*halves[CHOOSE], *halves[CERTIFY]))
    assert split.specimens()["trained"] == sorted(specimen_of(name) for name in halves[CHOOSE])
    for name in (*halves[CHOOSE], *halves[CERTIFY]):
        config = {"training": {"search": {}, "refine": {"specimens": {"trained": [specimen_of(name)]}}}}
        if name in halves[CHOOSE]:
            check_never_trained_on(config, tmp_path)
            continue
        with pytest.raises(SystemExit, match=f"trained on {specimen_of(name)}"):
            check_never_trained_on(config, tmp_path)
