"""Measure the time and the error of `xebra.Tracker` on a simulated acquisition of frames of 512 x 512 px.

./dev bench tracker [--frames N] [--side N] [--seed N] [--deadline S]

The specimen drifts; every 100 frames it jumps by a quarter of the field, once in 50 frames a frame shows
nothing. Frames follow each other without a pause, on one thread. Printed are percentiles of the time of an
answer, by the clock and in CPU time, beside those of a fixed task (a Fourier transform of the frame), the
errors, and how often the specimen is found in the first frame after a jump.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np
from scipy import fft
from support.series import counted, pose, specimen, view
from threadpoolctl import threadpool_limits

import xebra
from xebra.arrays import Matrix, Pixels
from xebra.transform import corner_error

COUNTS, WALK_PX, JUMP_EVERY, EMPTY_EVERY, FRAME_S = 20, 0.7, 100, 50, 0.05


def acquisition(count: int, side: int, seed: int) -> Iterator[tuple[Pixels, Matrix | None]]:
    """Yield frames and their reference_from_frame; None for one that shows nothing."""
    rng = np.random.default_rng(seed)
    image = specimen(seed, 2 * side)
    place, home = np.zeros(2), np.zeros(2)
    for number in range(count):
        if number % JUMP_EVERY == JUMP_EVERY - 1:
            angle = rng.uniform(0, 2 * np.pi)
            home = side / 4 * np.array([np.cos(angle), np.sin(angle)]) if not home.any() else np.zeros(2)
            place = home.copy()
        place = place + rng.normal(0, WALK_PX, 2) + 0.02 * (home - place)
        truth = pose(place, 0.3 * np.sin(number / 200), 1, side)
        if number % EMPTY_EVERY == EMPTY_EVERY // 2:
            yield rng.poisson(0.4 * COUNTS, (side, side)).astype(np.uint16), None
        else:
            yield counted(view(image, truth, side), COUNTS, rng), truth


def main() -> None:
    """Run the bench and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deadline", type=float, default=0.03)
    arguments = parser.parse_args()
    side = arguments.side
    reference = counted(
        view(specimen(arguments.seed, 2 * side), np.eye(3), side), COUNTS, np.random.default_rng(0)
    )
    tracker = xebra.Tracker(reference, deadline_s=arguments.deadline)
    durations, cpu, tasks, errors, wrong, late, lost, found_after = [], [], [], [], 0, 0, 0, []
    for number, (frame, truth) in enumerate(acquisition(arguments.frames, side, arguments.seed)):
        begin = time.perf_counter(), time.thread_time()
        with threadpool_limits(1):
            fft.rfft2(frame.astype(np.float32), workers=1)
        between = time.perf_counter(), time.thread_time()
        position = tracker.update(frame, time_s=number * FRAME_S)
        durations.append(position.duration_s)
        cpu.append(time.thread_time() - between[1])
        tasks.append(np.subtract(between, begin))
        late += position.late
        if truth is None or not position.fits:
            wrong += position.fits != (truth is not None)
            lost += truth is not None
            continue
        errors.append(corner_error(position.reference_from_frame, truth, frame.shape))
        if number % JUMP_EVERY == JUMP_EVERY - 1 and number:
            found_after.append(errors[-1])
    task = 1e3 * np.median(tasks, axis=0)
    for name, times, fixed in (("clock", durations, task[0]), ("CPU", cpu, task[1])):
        median, late_one, longest = 1e3 * np.percentile(times, [50, 99, 100])
        print(f"{name}: median {median:.1f}, p99 {late_one:.1f}, longest {longest:.1f}; task {fixed:.2f} ms")
    print(f"late: {late} of {len(durations)}; frames judged wrongly: {wrong}, of them not found: {lost}")
    print(
        f"error: mean {np.mean(errors):.3f}, p99 {np.percentile(errors, 99):.3f}, worst {max(errors):.3f} px"
    )
    print(f"found in the first frame after a jump: {len(found_after)} of {arguments.frames // JUMP_EVERY}")


if __name__ == "__main__":
    main()
