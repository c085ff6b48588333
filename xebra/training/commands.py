"""``xebra train`` and ``xebra export``."""

from __future__ import annotations

import argparse
from pathlib import Path

from xebra.weights import BUNDLED, DEFAULT

RUNS = Path("runs")
LESSONS = ("search", "refine", "paper")
BOTH = {"search": 0.5, "refine": 0.5}  # of the default network; shares of the minutes


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
        help="the default network's search or refinement (default: both), or the paper's network",
    )
    parser.add_argument(
        "--minutes", type=float, default=60, help="in all, over every resumed run (default 60)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    about = "checkpoint and log (default runs/LESSON); of both lessons: of the folders search and refine"
    parser.add_argument("--folder", type=Path, help=about)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batch", type=int, default=16, help="pairs a step (default 16)")
    about = f"specimens in memory, one renewed for each step (default {TrainingConfig.pool})"
    parser.add_argument("--pool", type=int, help=about, default=TrainingConfig.pool)
    about = f"held-out pairs scored with every checkpoint (default {TrainingConfig.validation})"
    parser.add_argument("--validation", type=int, help=about, default=TrainingConfig.validation)
    parser.add_argument("--seed", type=int, default=TrainingConfig.seed)
    about = f"learning rate at its highest (default {TrainingConfig.learning_rate:g})"
    parser.add_argument("--rate", type=float, default=TrainingConfig.learning_rate, help=about)
    about = "begin with these weights: a checkpoint, or a folder with search.pt and refine.pt"
    parser.add_argument("--start", metavar="PATH", type=Path, help=about)
    about = "micrographs (.npy, .tif, .png) that a share of the specimens is made of"
    parser.add_argument("--real", metavar="FOLDER", type=Path, help=about)
    about = "names of files in FOLDER that begin so are kept apart, for judging: all of one specimen"
    parser.add_argument("--apart", metavar="NAME", nargs="+", default=[], help=about)
    about = "pairs NAME_fixed, NAME_moving that a share of the pairs is cut from; half the specimens are held out"
    parser.add_argument("--recorded", metavar="FOLDER", type=Path, help=about)
    asked = parser.parse_args(argv)
    real = str(asked.real) if asked.real else None
    for name, share in {asked.lesson: 1.0}.items() if asked.lesson else BOTH.items():
        start = asked.start / f"{name}.pt" if asked.start and asked.start.is_dir() else asked.start
        config = TrainingConfig(
            share * asked.minutes,
            asked.batch,
            asked.rate,
            pool=asked.pool,
            validation=asked.validation,
            seed=asked.seed,
            start=str(start) if start else None,
            real=real,
            apart=tuple(asked.apart),
            recorded=str(asked.recorded) if asked.recorded else None,
        )
        folder = asked.folder if asked.folder and asked.lesson else (asked.folder or RUNS) / name
        torch.manual_seed(asked.seed)  # of the first weights
        training = Training(folder, lesson(name), config, asked.device, asked.resume)
        training.run()
        print(f"\n{training.checkpoint}: {training.step} steps")
    print("`xebra export` makes them serve")
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
