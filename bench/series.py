"""Measure the error of registered series and the flagged frames, with peers on the same frames.

./dev bench series [--cases DIR] [--limit N] [--peers NAMES] [--seed N] [--count N] [--out FILE]

--cases DIR  series NAME.npz: frames (N, H, W), first_from_frame (N, 3, 3), bad (number of the frame that
             shows nothing), source (specimen)
without      simulated series (--seed, --count): a random walk, one jump, a slow rotation, 20 counts a px
--peers      stackreg_previous, stackreg_first, phase_previous, phase_first, elastix_first; or none

The error of a frame is the mean over its corners; the bad frame has none. Milliseconds are CPU time a frame
on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from accuracy import ONE_THREAD
from series_peers import PEERS
from tables import markdown
from threadpoolctl import threadpool_limits

from xebra.arrays import Floats, Mask, Pixels
from xebra.transform import corner_error

SIDE, FRAMES, COUNTS, WALK_PX, JUMP_PX = 512, 60, 20, 1.5, 25  # of simulated series
LIMITS_PX = (0.1, 0.3)  # mean and worst error that are required


@dataclass(frozen=True)
class SeriesCase:
    """Frames with their poses; ``bad``: number of the frame that shows nothing."""

    name: str
    frames: Pixels
    first_from_frame: Floats
    bad: int


@dataclass(frozen=True)
class Measured:
    """Errors of one method on one series, px; ``flagged``: numbers of the frames that it reports."""

    name: str
    method: str
    mean: float
    worst: float
    flagged: list[int]
    bad: int
    milliseconds: float


def read(folder: Path) -> Iterator[SeriesCase]:
    """Yield the series of a folder."""
    for file in sorted(folder.glob("*.npz")):
        held = np.load(file)
        yield SeriesCase(str(held["source"]), held["frames"], held["first_from_frame"], int(held["bad"]))


def simulate(seed: int, count: int) -> Iterator[SeriesCase]:
    """Yield simulated series."""
    from support.series import counted, pose, specimen, view

    for number in range(seed, seed + count):
        rng = np.random.default_rng(number)
        image = specimen(number, SIDE + 256)
        drift = np.cumsum(rng.normal(0, WALK_PX, (FRAMES, 2)), 0)
        drift -= drift[0]
        drift[FRAMES // 2 :] += rng.choice([-JUMP_PX, JUMP_PX], 2)
        angles = np.linspace(0, rng.uniform(-1, 1), FRAMES)
        poses = [pose(shift, angle, 1, SIDE) for shift, angle in zip(drift, angles, strict=True)]
        frames = np.stack([counted(view(image, each, SIDE), COUNTS, rng) for each in poses])
        bad = int(rng.integers(3, FRAMES - 3))
        frames[bad] = rng.poisson(0.4 * COUNTS, frames[bad].shape)
        yield SeriesCase(f"simulated_{number}", frames, np.stack(poses), bad)


def xebra(frames: Pixels) -> tuple[Floats, Mask]:
    """Return first_from_frame and the frames that fit, by ``xebra.register_series``."""
    from xebra.series.register import register_series

    found = register_series(frames)
    return found.first_from_frame, found.fits


def measure(method: str, case: SeriesCase) -> Measured:
    """Return the errors of a method on a series."""
    run: Callable[[Pixels], tuple[Floats, Mask]] = xebra if method == "xebra" else PEERS[method]
    with threadpool_limits(1):
        started = time.process_time()
        poses, fits = run(case.frames)
        seconds = time.process_time() - started
    shape = case.frames.shape[1:]
    errors = [
        corner_error(poses[n], case.first_from_frame[n], shape) if fits[n] else np.inf
        for n in range(len(poses))
        if n != case.bad
    ]
    flagged = np.flatnonzero(~fits).tolist()
    mean, worst = float(np.mean(errors)), float(np.max(errors))
    return Measured(case.name, method, mean, worst, flagged, case.bad, 1e3 * seconds / len(poses))


def tables(measured: list[Measured]) -> str:
    """Return a row for each method, then one for each series of Xebra."""
    methods = list(dict.fromkeys(each.method for each in measured))
    head = [
        "method",
        "mean error, px",
        "worst frame, px",
        "series within the limits",
        "bad frame, and no other",
    ]
    rows = [_row(method, [m for m in measured if m.method == method]) for method in methods]
    own = [m for m in measured if m.method == "xebra"]
    each = [[m.name, f"{m.mean:.3f}", f"{m.worst:.3f}", "yes" if m.flagged == [m.bad] else "no"] for m in own]
    by_series = markdown(["series", "mean error, px", "worst frame, px", "bad frame, and no other"], each)
    return markdown([*head, "ms a frame"], rows) + "\n\n" + by_series


def _row(method: str, of: list[Measured]) -> list[str]:
    within = sum(m.mean <= LIMITS_PX[0] and m.worst <= LIMITS_PX[1] for m in of)
    flagged = sum(m.flagged == [m.bad] for m in of)
    mean, worst = np.mean([m.mean for m in of]), max(m.worst for m in of)
    milliseconds = np.median([m.milliseconds for m in of])
    return [
        method,
        f"{mean:.2f}",
        f"{worst:.2f}",
        f"{within} of {len(of)}",
        f"{flagged} of {len(of)}",
        f"{milliseconds:.0f}",
    ]


def main() -> None:
    """Run the bench and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--peers", default="stackreg_previous,stackreg_first,phase_previous,phase_first")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    methods = ["xebra", *(name for name in arguments.peers.split(",") if name in PEERS)]
    cases = read(arguments.cases) if arguments.cases else simulate(arguments.seed, arguments.count)
    measured = []
    for number, case in enumerate(cases):
        if arguments.limit is not None and number >= arguments.limit:
            break
        for method in methods:
            measured.append(measure(method, case))
            print(measured[-1], flush=True)
    print("\n" + tables(measured))
    if arguments.out:
        arguments.out.write_text(json.dumps([asdict(each) for each in measured], indent=1))


if __name__ == "__main__":
    main()
