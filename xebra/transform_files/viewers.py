"""Files of napari, MoBIE, QuPath and HyperSpy."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Any

import numpy as np

from xebra.transform_files.pair import Pair, Unit, swapped

DIRECTION = "fixed_from_moving: maps points of the moving image to the fixed one"
NOT_IN_NAMES = re.compile(r"[;/\\\s]")  # of sources in MoBIE, by its schema


def napari_layers(pair: Pair, unit: Unit) -> str:
    """Return the options of both layers: ``viewer.add_image(moving, **layers["moving"])``; (row, column)."""
    about = {"xebra": pair.provenance(DIRECTION, unit)}
    layers: dict[str, Any] = {}
    for side, name, spacing in zip(
        ("fixed", "moving"), (pair.fixed_name, pair.moving_name), pair.spacings(unit), strict=True
    ):
        units = "pixel" if pair.unit(unit) == "px" else unit
        layers[side] = {
            "name": name,
            "scale": spacing[::-1].tolist(),
            "units": [units] * 2,
            "metadata": about,
        }
    layers["moving"]["affine"] = swapped(pair.fixed_from_moving_in(unit)).tolist()
    return json.dumps(layers, indent=2) + "\n"


def mobie(pair: Pair, unit: Unit) -> str:
    """Return a view of MoBIE: an affine in BigDataViewer's convention, x, y, z, row by row, z as it is.

    Its source has the name of the moving image's file without suffix.
    """
    matrix = np.eye(4)
    matrix[np.ix_((0, 1, 3), (0, 1, 3))] = pair.fixed_from_moving_in(unit)
    stem = PurePath(pair.moving_name).stem
    source = NOT_IN_NAMES.sub("_", stem)
    affine = {"name": "fixed_from_moving", "parameters": matrix[:3].ravel().tolist(), "sources": [source]}
    view = {
        "isExclusive": False,
        "uiSelectionGroup": "xebra",
        "description": "; ".join(pair.provenance(DIRECTION, unit)),
        "sourceTransforms": [{"affine": affine}],
    }
    return json.dumps(view, indent=2) + "\n"


def qupath(pair: Pair) -> str:
    """Return a script of QuPath that copies the objects of the moving image into the fixed one.

    QuPath's points are in px from the corner of the top-left pixel, half a pixel from its centre.
    """
    to_corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    matrix = to_corner @ pair.fixed_from_moving @ np.linalg.inv(to_corner)
    numbers = ", ".join(map(repr, matrix[:2].T.ravel().tolist()))
    about = [
        *pair.provenance(DIRECTION, "px"),
        "the matrix below has QuPath's origin, the corner of that pixel",
    ]
    lines = [
        *(f"// {line}" for line in about),
        "// Open the fixed image in a project that holds both and run this script (Automate, Script editor).",
        "import java.awt.geom.AffineTransform",
        "import qupath.lib.objects.PathObjectTools",
        "",
        f"def transform = new AffineTransform({numbers}) // m00, m10, m01, m11, m02, m12",
        f"def name = {_groovy(pair.moving_name)}",
        "def moving = getProject().getImageList().find { it.getImageName() == name }",
        'if (moving == null) throw new IllegalArgumentException("The project has no image " + name)',
        "def objects = moving.readHierarchy().getRootObject().getChildObjects()",
        "addObjects(objects.collect { PathObjectTools.transformObjectRecursive(it, transform, true, true) })",
    ]
    return "\n".join(lines) + "\n"


def hyperspy(pair: Pair, unit: Unit) -> str:
    """Return the axes of the registered image, which lies on the fixed image's grid.

    ``hyperspy.api.signals.Signal2D(registered, axes=found["axes"])``; ``offset`` is the centre of a pixel.
    """
    spacing, _ = pair.spacings(unit)
    units = "px" if pair.unit(unit) == "px" else {"um": "µm"}.get(unit, unit)
    axes = [
        {"name": name, "size": size, "scale": scale, "offset": 0.0, "units": units, "navigate": False}
        for name, size, scale in zip("yx", pair.fixed_shape[:2], spacing[::-1].tolist(), strict=True)
    ]
    about = {
        "made_by": pair.provenance(DIRECTION, unit),
        "fixed_from_moving": pair.fixed_from_moving_in(unit).tolist(),
    }
    return json.dumps({"axes": axes, "original_metadata": {"xebra": about}}, indent=2) + "\n"


def _groovy(text: str) -> str:
    """Return a string literal of Groovy, which takes $ for a variable."""
    return json.dumps(text).replace("$", "\\$")
