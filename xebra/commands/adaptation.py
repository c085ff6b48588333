"""``xebra adapt --from LABELS --out FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from xebra.errors import RegistrationError

ACCEPTABLE, NOT_ACCEPTABLE, FAILED = 0, 1, 2


def adapt(argv: list[str]) -> int:
    """Adapt the default network to labelled pairs; compare it with the network it comes from.

    Exit code: 0 the adapted network is acceptable, 1 it is not (the reasons are printed), 2 error.
    """
    parser = argparse.ArgumentParser(
        prog="xebra adapt",
        description="Adapt the default network to labelled pairs; compare it with the network it comes from.",
        epilog="exit code: 0 acceptable, 1 not acceptable (the reasons are printed), 2 error",
    )
    about = "folder with labels.json, as `xebra labels export` writes it"
    parser.add_argument("--from", dest="labels", metavar="LABELS", type=Path, required=True, help=about)
    about = "folder of networks to write: use it with XEBRA_INFERENCE_URL=file://FOLDER"
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help=about)
    parser.add_argument(
        "--base", metavar="FOLDER", type=Path, help="networks to start from (default: bundled)"
    )
    about = "processor time of each of two processes (default 10)"
    parser.add_argument("--minutes", type=float, default=10.0, help=about)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    from xebra.adaptation import adapt as run

    try:
        report = run(
            args.labels, args.out, base=args.base, minutes=args.minutes, seed=args.seed, progress=_show
        )
    except RegistrationError as error:
        print(f"xebra: {error}", file=sys.stderr)
        return FAILED
    print(file=sys.stderr)
    print("acceptable" if report.acceptable else "not acceptable")
    for reason in report.reasons:
        print(f"  {reason}")
    return ACCEPTABLE if report.acceptable else NOT_ACCEPTABLE


def _show(share: float, about: str) -> None:
    print(f"\r{100 * share:5.1f} %  {about:<30}", end="", file=sys.stderr, flush=True)
