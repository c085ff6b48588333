"""Second versions of the bundled network: real graphs whose weights were changed slightly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from xebra.weights import BUNDLED, DEFAULT, read_weights

GOOD = {"parent": {"pairs": 96, "right": 90}, "candidate": {"pairs": 96, "right": 91}}


def changed_version(
    folder: Path, seed: int = 1, certificate: dict[str, Any] | None = None, **report: Any
) -> Path:
    """Write a networks folder with other weights in each graph than the bundled one; return it.

    Args:
        folder: Does not exist yet.
        seed: Of the change; another seed is another version.
        certificate: Of the network; default: that of the bundled one.
        **report: Replaces entries of ``adaptation.json``.
    """
    shutil.copytree(BUNDLED / DEFAULT, folder / DEFAULT)
    for name in read_weights(BUNDLED / DEFAULT).graphs:
        shutil.copytree(BUNDLED / name, folder / name)
        change_weights(folder / name / "model.onnx", seed)
    if certificate is not None:
        config = folder / DEFAULT / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"certificate": certificate}))
    network = read_weights(folder / DEFAULT)
    found = {"weights_sha256": network.sha256, "parent_sha256": read_weights(BUNDLED / DEFAULT).sha256}
    found |= {"labels_sha256": "0" * 64, "seed": seed, "minutes": 1.0, "certificate": network.certificate}
    found |= {"scores": {"held_out": {"parent": 0.4, "candidate": 0.8}, "benchmark": GOOD}}
    found |= {"acceptable": True, "reasons": []} | report
    (folder / "adaptation.json").write_text(json.dumps(found))
    return folder


def fingerprint(body: dict[str, Any]) -> np.ndarray:
    """Return what the graphs of the search and of the refinement have put into a result."""
    search, covariance = np.array(body["search"]["scores"]), np.array(body["covariance"])
    return np.concatenate([search.ravel() / np.abs(search).max(), np.log(np.diagonal(covariance))])


def is_of(body: dict[str, Any], known: dict[str | None, np.ndarray]) -> bool:
    """Return whether a result is that of the version that it names, search and refinement alike.

    Args:
        body: The JSON of a result.
        known: Fingerprint of the answer of each version, None for the bundled network.
    """
    found, named = fingerprint(body), known[body["model"]["version"]]
    others = [value for version, value in known.items() if version != body["model"]["version"]]
    parts = (slice(None, -4), slice(-4, None))  # the search, the refinement

    def far(one: np.ndarray, part: slice) -> float:
        return float(np.abs(found[part] - one[part]).max())

    return all(far(named, part) < 0.2 * far(other, part) for other in others for part in parts)


def change_weights(path: Path, seed: int) -> None:
    """Multiply the convolution weights of a graph by factors near 1."""
    model, rng = onnx.load(path), np.random.default_rng(seed)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim == 4:
            factors = rng.uniform(0.97, 1.03, values.shape).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values * factors, tensor.name))
    onnx.save(model, path)
