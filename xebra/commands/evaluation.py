"""``xebra evaluate``, ``xebra specimens`` and ``xebra sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from xebra.weights import DEFAULT


def evaluate(
    network: Annotated[
        str | None, Option(metavar="NAME", help="name of the network (default: the most accurate one)")
    ] = None,
    pairs: Annotated[int, Option(help="number of pairs of each set")] = 400,
    output: Annotated[
        Path | None,
        Option("-o", "--output", metavar="DIR", help="folder for figures and scores (default: docs/NETWORK)"),
    ] = None,
) -> None:
    """Score a network on held-out simulated specimens and draw the figures."""
    from xebra.evaluation.report import report

    name = network or DEFAULT
    print(report(name, pairs, output or Path("docs", name)))


def specimens(
    seed: Annotated[int, Option(help="seed of the specimens")] = 0,
    output: Annotated[Path, Option("-o", "--output", metavar="FILE", help="the picture")] = Path(
        "specimens.png"
    ),
) -> None:
    """Draw a contact sheet of simulated pairs."""
    from xebra.specimen.sheet import contact_sheet

    contact_sheet(seed).savefig(output)
    print(output)


def sample() -> None:
    """Draw the bundled sample pair again."""
    from xebra.evaluation.sample import write_sample

    print(write_sample())
