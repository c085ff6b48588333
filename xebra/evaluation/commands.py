"""``xebra evaluate``, ``xebra specimens`` and ``xebra sample``."""

from __future__ import annotations

import argparse
from pathlib import Path

from xebra.weights import DEFAULT


def evaluate(argv: list[str]) -> int:
    """Score a network on held-out simulated specimens and draw the figures."""
    from xebra.evaluation.report import report

    parser = argparse.ArgumentParser(prog="xebra evaluate", description=evaluate.__doc__)
    parser.add_argument("--network", help="name of the network (default: the most accurate one)")
    parser.add_argument("--pairs", type=int, default=400, help="number of pairs of each set (default 400)")
    parser.add_argument(
        "-o", "--output", type=Path, help="folder for figures and scores (default docs/NETWORK)"
    )
    arguments = parser.parse_args(argv)
    network = arguments.network or DEFAULT
    print(report(network, arguments.pairs, arguments.output or Path("docs", network)))
    return 0


def specimens(argv: list[str]) -> int:
    """Draw a contact sheet of simulated pairs."""
    from xebra.specimen.sheet import contact_sheet

    parser = argparse.ArgumentParser(prog="xebra specimens", description=specimens.__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=Path("specimens.png"))
    arguments = parser.parse_args(argv)
    contact_sheet(arguments.seed).savefig(arguments.output)
    print(arguments.output)
    return 0


def sample(argv: list[str]) -> int:
    """Draw the bundled sample pair again."""
    from xebra.evaluation.sample import write_sample

    argparse.ArgumentParser(prog="xebra sample", description=sample.__doc__).parse_args(argv)
    print(write_sample())
    return 0
