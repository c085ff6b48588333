"""``xebra train`` and ``xebra export``."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from xebra.weights import BUNDLED, DEFAULT

RUNS = Path("runs")
LESSONS = ("search", "refine", "paper")


def train(argv: list[str]) -> int:
    """Train a network by the clock, on specimens drawn while it trains."""
    import torch

    from xebra.training.lessons import lesson
    from xebra.training.run import Training, TrainingConfig

    parser = argparse.ArgumentParser(prog="xebra train", description=train.__doc__)
    parser.add_argument(
        "lesson",
        nargs="?",
        choices=LESSONS,
        default="search",
        help="the default network's search or refinement, or the paper's network (default search)",
    )
    parser.add_argument(
        "--minutes", type=float, default=60, help="in all, over every resumed run (default 60)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    parser.add_argument("--folder", type=Path, help="checkpoint and log (default runs/LESSON)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batch", type=int, default=16, help="pairs a step (default 16)")
    parser.add_argument("--seed", type=int, default=TrainingConfig.seed)
    about = f"learning rate at its highest (default {TrainingConfig.learning_rate:g})"
    parser.add_argument("--rate", type=float, default=TrainingConfig.learning_rate, help=about)
    parser.add_argument("--start", metavar="CHECKPOINT", help="begin with these weights, e.g. a search.pt")
    about = "micrographs (.npy, .tif, .png) that a share of the specimens is made of"
    parser.add_argument("--real", metavar="FOLDER", type=Path, help=about)
    about = "names of files in FOLDER that begin so are kept apart, for judging: all of one specimen"
    parser.add_argument("--apart", metavar="NAME", nargs="+", default=[], help=about)
    asked = parser.parse_args(argv)
    torch.manual_seed(asked.seed)  # of the first weights
    config = TrainingConfig(asked.minutes, asked.batch, asked.rate, seed=asked.seed, start=asked.start)
    real = str(asked.real) if asked.real else None
    config = dataclasses.replace(config, real=real, apart=tuple(asked.apart))
    folder = asked.folder or RUNS / asked.lesson
    training = Training(folder, lesson(asked.lesson), config, asked.device, asked.resume)
    training.run()
    print(f"\n{training.checkpoint}: {training.step} steps; `xebra export` makes it serve")
    return 0


def export(argv: list[str]) -> int:
    """Write trained checkpoints as ONNX with config and golden pairs, checked and calibrated."""
    from xebra.evaluation.release import release_paper, release_pyramid

    parser = argparse.ArgumentParser(prog="xebra export", description=export.__doc__)
    parser.add_argument("--network", choices=(DEFAULT, "paper"), default=DEFAULT)
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the runs (default runs)")
    parser.add_argument("--folder", type=Path, help="named like the network (default: the bundled one)")
    parser.add_argument(
        "--pairs", type=int, default=400, help="held-out pairs for the error bar (default 400)"
    )
    asked = parser.parse_args(argv)
    folder = asked.folder or BUNDLED / asked.network
    search, refine, paper = (asked.runs / name / "checkpoint.pt" for name in LESSONS)
    if asked.network == "paper":
        difference = release_paper(paper, folder, asked.pairs)
    else:
        difference = release_pyramid(search, refine, folder, asked.pairs)
    print(f"{folder}: ONNX and torch differ by {difference:.1e} at most on the golden pairs")
    return 0
