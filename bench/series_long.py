"""Measure memory and time of a long series of large frames that is read from one file.

./dev bench series_long [--frames 1000] [--side 2048] [--folder DIR] [--seed N]

A file is written (a random walk of whole px of a simulated specimen, noise of 20 counts a px) and registered
by `xebra series --no-aligned` in a process of its own. Printed are its peak memory (resident set), its time,
the error of the drift, and how long another run takes to end after SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
from accuracy import ONE_THREAD
from support.series import specimen

from xebra.arrays import Floats, Integers

COUNTS, WALK_PX, MARGIN_PX = 20, 2.0, 300
NOISE_PX = 700  # shift of the noise from frame to frame
CANCEL_AFTER_S = 20


def write(path: Path, count: int, side: int, seed: int) -> Integers:
    """Write the series; return the drift (count, 2) in px."""
    rng = np.random.default_rng(seed)
    image = COUNTS * np.kron(specimen(seed, (side + 2 * MARGIN_PX) // 2), np.ones((2, 2), np.float32))
    drift = np.rint(np.cumsum(rng.normal(0, WALK_PX, (count, 2)), 0)).astype(int)
    drift = np.clip(drift - drift[0], -MARGIN_PX, MARGIN_PX)

    noise = rng.normal(size=(side + NOISE_PX, side + NOISE_PX)).astype(np.float32)  # Poisson takes minutes

    def frames():
        for x, y in drift + MARGIN_PX:
            rows, columns = rng.integers(0, NOISE_PX, 2)
            shown = image[y : y + side, x : x + side]
            view = np.sqrt(shown) * noise[rows : rows + side, columns : columns + side]
            yield np.clip(np.rint(shown + view), 0, 255).astype(np.uint8)

    with tifffile.TiffWriter(path, bigtiff=True) as file:
        shape = (count, side, side)
        file.write(frames(), shape=shape, dtype=np.uint8, metadata={"axes": "TYX"})
    return drift


def started(path: Path, folder: Path) -> subprocess.Popen:
    """Start the command on one thread."""
    command = [sys.executable, "-m", "xebra.cli", "series", path, "-o", folder, "--no-aligned"]
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
    return subprocess.Popen([*map(str, command)], env=environment)


def error(folder: Path, drift: Integers) -> Floats:
    """Return the errors of the shifts, px; NaN where a frame does not fit."""
    frames = json.loads((folder / "series.json").read_text())["frames"]
    center = np.array([*drift.shape, 1.0])
    result = np.full(len(drift), np.nan)
    for each, truth in zip(frames, drift, strict=True):
        if each["reference_from_frame"]:
            matrix = np.array(each["reference_from_frame"])
            result[each["number"]] = np.hypot(*((matrix @ center - center)[:2] - truth))
    return result


def main() -> None:
    """Run the bench and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        path, output = Path(name, "long.tif"), Path(name, "registered")
        drift = write(path, arguments.frames, arguments.side, arguments.seed)
        print(f"{path.stat().st_size / 2**30:.1f} GiB written", flush=True)
        begin = time.perf_counter()
        code = started(path, output).wait()
        seconds = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        errors = error(output, drift)
        print(
            f"exit {code}, peak {peak:.2f} GiB, {seconds:.0f} s, {1e3 * seconds / len(drift):.0f} ms a frame"
        )
        print(
            f"{np.isnan(errors).sum()} do not fit, error {np.nanmean(errors):.3f}, {np.nanmax(errors):.3f} px"
        )
        running = started(path, Path(name, "cancelled"))
        time.sleep(CANCEL_AFTER_S)
        begin = time.perf_counter()
        running.send_signal(signal.SIGTERM)
        code = running.wait()
        print(f"cancelled: exit {code} after {time.perf_counter() - begin:.2f} s")


if __name__ == "__main__":
    main()
