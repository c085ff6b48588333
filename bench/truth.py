"""Verify the truth of pairs of two modalities by mutual information: ./dev bench truth --data DIR [--write]

Pairs "registered by construction" may be off by some px between the recordings. Mattes mutual information
(Mattes et al., IEEE Trans. Med. Imaging 22, 120, 2003) in SimpleITK, which shares nothing with the network,
measures at the recording's own resolution how far: mean corner distance of its similarity from the truth, in
px of the recording. --write stores the distances in bench/truth.json beside those of other folders, where
``./dev bench certify`` and ``accuracy --known-to`` read which pairs have a truth that is surely known.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import SimpleITK
from cases import MAKE_CASES
from real_pairs import read_half
from tables import markdown

from xebra.specimen.split import CERTIFY, CHOOSE
from xebra.transform import corner_error, image_center

FILE = Path(__file__).with_name("truth.json")
SMOOTHINGS = (4.0, 2.0)  # px, standard deviations, one after the other
BINS, STEPS = 32, 200


def given_truth(name: str, shape: tuple[int, ...], data: Path) -> SimpleITK.Similarity2DTransform:
    """Return moving_from_fixed as ``make_cases.py`` takes it: the identity, or a measured offset."""
    file = data / "offsets.json"
    offsets = json.loads(file.read_text()) if file.is_file() else {}
    known = next((o for prefix, o in offsets.items() if name.startswith(prefix)), {})
    truth = SimpleITK.Similarity2DTransform()
    truth.SetCenter(image_center(shape))
    truth.SetScale(known.get("scale", 1.0))
    truth.SetAngle(np.radians(known.get("rot_deg", 0.0)))
    truth.SetTranslation((known.get("dx", 0.0), known.get("dy", 0.0)))
    return truth


def by_mutual_information(
    fixed: np.ndarray, moving: np.ndarray, start: SimpleITK.Similarity2DTransform
) -> SimpleITK.Similarity2DTransform:
    """Return the similarity at the maximum of mutual information near ``start``."""
    found = SimpleITK.Similarity2DTransform(start)
    for smoothing in SMOOTHINGS:
        method = SimpleITK.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(BINS)
        method.SetMetricSamplingStrategy(method.NONE)
        method.SetInterpolator(SimpleITK.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(0.5, 1e-3, STEPS)
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetShrinkFactorsPerLevel([1])
        method.SetSmoothingSigmasPerLevel([smoothing])
        method.SetInitialTransform(found, inPlace=True)
        method.Execute(*(SimpleITK.GetImageFromArray(image.astype(np.float32)) for image in (fixed, moving)))
    return found


def matrix_of(transform: SimpleITK.Similarity2DTransform) -> np.ndarray:
    """Return the 3 x 3 matrix of a transform."""
    linear = np.reshape(transform.GetMatrix(), (2, 2))
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    center = np.array(transform.GetCenter())
    matrix[:2, 2] = np.array(transform.GetTranslation()) + center - linear @ center
    return matrix


def distances(data: Path) -> dict[str, float]:
    """Return the mean corner distance in px of the recording, by pair."""
    found = {}
    for half in (CHOOSE, CERTIFY):
        for name, (fixed, moving) in read_half(data, half, trained=True).pairs.items():
            truth = given_truth(name, fixed.shape, data)
            measured = by_mutual_information(fixed, moving, truth)
            found[name] = round(corner_error(matrix_of(measured), matrix_of(truth), fixed.shape), 2)
    return dict(sorted(found.items()))


def store(file: Path, found: dict[str, float]) -> None:
    """Write the distances into ``file``; recordings of other folders keep theirs."""
    before = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps(dict(sorted({**before, **found}.items())), indent=2) + "\n")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=MAKE_CASES.parents[1] / "data")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    found = distances(chosen.data)
    print(markdown(["pair", "px of the recording"], [[name, f"{px:.2f}"] for name, px in found.items()]))
    if chosen.write:
        store(FILE, found)


if __name__ == "__main__":
    main()
