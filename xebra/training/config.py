"""Hyperparameters of a training run and seeds of its data; without torch, for the help of the command."""

from __future__ import annotations

from dataclasses import dataclass

# Streams that share no specimen: each draws its own, and a training run uses seeds below VALIDATION_SEED.
TRAIN_SEED, VALIDATION_SEED, CALIBRATION_SEED, TEST_SEED = 1_000, 2_000_000, 3_000_000, 4_000_000
GOLDEN_SEED, SAMPLE_SEED = 5_000_000, 6_000_000


@dataclass(frozen=True)
class TrainingConfig:
    """Hyperparameters of a training run, stored in the checkpoint."""

    minutes: float = 60.0
    batch: int = 32
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-3
    pool: int = 192  # specimens in memory, one renewed for each step
    validation: int = 256  # pairs, each of a specimen of its own
    seed: int = TRAIN_SEED
    init_from: str | None = None  # checkpoint to take the initial weights from
    real: str | None = None  # folder of real images that a share of the specimens and pairs is made of
    holdout: tuple[str, ...] = ()  # beginnings of the names of those not to train on, or "half"
