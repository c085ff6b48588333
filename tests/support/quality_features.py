"""Quality features of right, wrong and doubtful estimates, and the bundled calibration."""

from __future__ import annotations

from xebra.estimate.block_agreement import BlockAgreement
from xebra.estimate.confidence import Confidence
from xebra.estimate.quality_features import QualityFeatures
from xebra.weights import weights

BUNDLED = Confidence.from_config(weights().config["confidence"])


def features(correlation=10.0, margin=4.0, halves=1.0, uncertainty=1.5, independent=1.0, **others):
    """Return quality features of an estimate that is neither clearly right nor wrong."""
    agreement = others.pop("agreement", BlockAgreement(40, 0.6, 12.0))
    others = {"coverage": 0.7, "final_uncertainty_px": uncertainty, **others}
    return QualityFeatures(correlation, margin, halves, uncertainty, independent, agreement, **others)


SURE = features(60.0, 20.0, 0.1, 0.3, 0.2, agreement=BlockAgreement(64, 0.98, 30.0), coverage=0.95)
HOPELESS = features(0.2, 0.0, 9.0, 9.0, 9.0, agreement=BlockAgreement(20, 0.2, 1.0), coverage=0.3)
