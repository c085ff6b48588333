"""``xebra train`` and ``xebra export``.

With argparse: it also runs where only torch and numpy are installed (``python -m xebra.training.commands``).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from xebra.training.config import TrainingConfig
from xebra.weights import BUNDLED, DEFAULT

RUNS = Path("runs")
TASKS = ("search", "refine", "paper")
BOTH = {"search": 0.5, "refine": 0.5}  # of the default network; shares of the minutes


def train(argv: list[str]) -> int:
    """Train a network by the clock, on specimens drawn while it trains."""
    parser = argparse.ArgumentParser(prog="xebra train", description=train.__doc__)
    parser.add_argument(
        "task",
        nargs="?",
        choices=TASKS,
        help="the default network's search or refinement (default: both), or the paper's network",
    )
    parser.add_argument(
        "--minutes", type=float, default=60, help="in all, over every resumed run (default 60)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    about = "checkpoint and log (default runs/TASK); of both tasks: of the folders search and refine"
    parser.add_argument("--folder", type=Path, help=about)
    parser.add_argument("--device", help="default: cuda where there is one, else cpu")
    parser.add_argument("--batch", type=int, default=16, help="pairs a step (default 16)")
    about = f"specimens in memory, one renewed for each step (default {TrainingConfig.pool})"
    parser.add_argument("--pool", type=int, help=about, default=TrainingConfig.pool)
    about = f"held-out pairs scored with every checkpoint (default {TrainingConfig.validation})"
    parser.add_argument("--validation", type=int, help=about, default=TrainingConfig.validation)
    parser.add_argument("--seed", type=int, default=TrainingConfig.seed)
    about = f"learning rate at its highest (default {TrainingConfig.learning_rate:g})"
    parser.add_argument("--rate", type=float, default=TrainingConfig.learning_rate, help=about)
    about = "start from these weights: a checkpoint, or a folder with search.pt and refine.pt"
    parser.add_argument("--init-from", metavar="PATH", type=Path, help=about)
    about = "real images (.npy, .tif, .png) for a share of the specimens; pairs NAME_fixed, NAME_moving"
    parser.add_argument("--real", metavar="FOLDER", type=Path, help=about)
    about = "beginnings of file names not to train on (all of one specimen), or half: half of the specimens"
    parser.add_argument("--holdout", metavar="NAME", nargs="+", default=[], help=about)
    args = parser.parse_args(argv)
    import torch

    from xebra.training.run import Training
    from xebra.training.tasks import training_task

    device = args.device or ("cuda" if torch.cuda.is_available() else "cpu")
    real = str(args.real) if args.real else None
    for name, share in {args.task: 1.0}.items() if args.task else BOTH.items():
        init_from = args.init_from
        if init_from and init_from.is_dir():
            init_from = init_from / f"{name}.pt"
        config = TrainingConfig(
            share * args.minutes,
            args.batch,
            args.rate,
            pool=args.pool,
            validation=args.validation,
            seed=args.seed,
            init_from=str(init_from) if init_from else None,
            real=real,
            holdout=tuple(args.holdout),
        )
        folder = args.folder if args.folder and args.task else (args.folder or RUNS) / name
        torch.manual_seed(args.seed)  # of the first weights
        training = Training(folder, training_task(name), config, device, args.resume)
        training.run()
        print(f"\n{training.checkpoint}: {training.step} steps")
    print("`xebra export` makes them serve")
    return 0


def export(argv: list[str]) -> int:
    """Write trained checkpoints as ONNX with config and golden pairs, checked and calibrated."""
    parser = argparse.ArgumentParser(prog="xebra export", description=export.__doc__)
    parser.add_argument("--network", choices=(DEFAULT, "paper"), default=DEFAULT)
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the runs (default runs)")
    parser.add_argument("--folder", type=Path, help="named like the network (default: the bundled one)")
    parser.add_argument(
        "--pairs", type=int, default=400, help="held-out pairs for the error bar (default 400)"
    )
    about = "do not calibrate the default network: its calibration in config.json stays"
    parser.add_argument("--keep-calibration", action="store_true", help=about)
    about = "of the default network: export the mean of the refinement's weights and of these"
    parser.add_argument("--average-with", metavar="PATH", type=Path, help=about)
    args = parser.parse_args(argv)
    from xebra.engine import OnnxEngine
    from xebra.evaluation.export_and_calibrate import (
        export_paper_network,
        export_pyramid_network,
        golden_difference,
    )
    from xebra.training.average import average_checkpoints
    from xebra.training.export import export_keeping_calibration

    folder = args.folder or BUNDLED / args.network
    search, refine, paper = (args.runs / name / "checkpoint.pt" for name in TASKS)
    if args.average_with:
        refine = average_checkpoints(refine, args.average_with, refine.with_name("averaged.pt"))
    if args.keep_calibration and args.network == DEFAULT:
        graphs = export_keeping_calibration(search, refine, folder)
        difference = max(golden_difference(OnnxEngine(folder.parent), graph) for graph in graphs)
    elif args.network == "paper":
        difference = export_paper_network(paper, folder, args.pairs)
    else:
        difference = export_pyramid_network(search, refine, folder, args.pairs)
    print(f"{folder}: ONNX and torch differ by {difference:.1e} at most on the golden pairs")
    return 0


if __name__ == "__main__":
    sys.exit(train(sys.argv[1:]))
