"""Run the benchmark on a method: ``python -m xebra.benchmark --method mymodule:my_method``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


def main(argv: list[str] | None = None) -> int:
    """Print the scores of a method; exit code 0, or 2 where it is not found or the pairs cannot be read."""
    args = _arguments(argv)
    os.environ.update(dict.fromkeys(THREADS, "1"))  # times are those of one thread
    from xebra.benchmark import cases_sha256, draw_cases, method_of, read_cases, run, score, table
    from xebra.errors import RegistrationError

    try:
        method = method_of(args.method)
        cases = read_cases(args.data) if args.data else list(draw_cases(args.per_cell, args.seed))
    except (ValueError, ImportError, RegistrationError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    answers = run(method, cases, lambda done: print(f"\r{done} of {len(cases)}", end="", file=sys.stderr))
    print(file=sys.stderr)
    figures = score(cases, answers)
    print(table({args.method: figures}))
    if args.out:
        held = {"cases_sha256": cases_sha256(cases), "methods": {args.method: figures}}
        args.out.write_text(json.dumps(held, indent=1) + "\n")
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    from xebra.benchmark import PER_CELL, SEED

    parser = argparse.ArgumentParser(prog="python -m xebra.benchmark", description=__doc__)
    about = "function of fixed and moving image that returns moving_from_fixed (3 x 3) or None"
    parser.add_argument("--method", metavar="MODULE:FUNCTION", required=True, help=about)
    parser.add_argument(
        "--per-cell", type=int, default=PER_CELL, help="cases of each cell (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of the cases (default %(default)s)")
    about = "folder with labels.json: pairs with known transforms, in place of simulated ones"
    parser.add_argument("--data", metavar="FOLDER", type=Path, help=about)
    parser.add_argument("--out", metavar="FILE", type=Path, help="also write the scores as JSON")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
