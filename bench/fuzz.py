"""Mutated image files over all readers: no crash, no hang, no error but those that Xebra documents.

    ./dev bench fuzz --count 100000 --seed 1

Each file is one of the corpus (made here, a few kilobytes each) with up to eight changes, mostly near
its start, where the headers are. File n of a seed is always the same: `--only N` reads it again. The
files are read by a process with 2 GiB of address space; one that ends, or takes over 10 s of processor
time for a file, is reported and started anew behind it.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
MEMORY, CPU_S = 2 << 30, 10


def corpus() -> dict[str, bytes]:
    """Return files of every reader, by name."""
    import h5py
    import tifffile
    from PIL import Image
    from support import instrument_files as files

    gray, deep = files.image(), files.image("uint16")
    found: dict[str, bytes] = {}

    def tiff(name: str, pixels: np.ndarray = deep, **options: object) -> None:
        file = io.BytesIO()
        tifffile.imwrite(file, pixels, **options)
        found[name] = file.getvalue()

    stack = files.image("uint16", (2, 3, 70, 90))
    for compression in ("zlib", "lzw", "zstd", "packbits", "lzma"):
        tiff(f"{compression}.tif", compression=compression, tile=(32, 32))
    for compression in ("jpeg", "jpeg2000"):
        tiff(f"{compression}.tif", gray, compression=compression)
    tiff("big.tif", bigtiff=True, byteorder=">")
    tiff("ome.ome.tif", stack, metadata={"axes": "ZCYX", "PhysicalSizeX": 1.5}, compression="zlib")
    tiff("imagej.tif", stack, imagej=True, metadata={"axes": "ZCYX", "unit": "nm"}, resolution=(5, 5))
    tiff("palette.tif", gray, photometric="palette", colormap=np.zeros((3, 256), np.uint16))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.tif")
        for name, write in (
            ("zeiss", lambda: files.zeiss(path, deep, ("AP_IMAGE_PIXEL_SIZE", "Image Pixel Size = 12.5 nm"))),
            ("fei", lambda: files.fei(path, deep)),
            ("tvips", lambda: files.tvips(path, deep, 1.5)),
            ("olympus", lambda: files.olympus(path, deep, 1e-9)),
        ):
            write()
            found[f"{name}.tif"] = path.read_bytes()
    for kind in ("PNG", "JPEG", "BMP", "GIF"):
        file = io.BytesIO()
        Image.fromarray(gray).convert("P" if kind == "GIF" else "L").save(file, kind)
        found[f"a.{kind.lower()}"] = file.getvalue()
    for version in (3, 4):
        found[f"a.dm{version}"] = files.DigitalMicrograph(version).file(deep, 2.5, "nm")
    found["a.ser"] = files.ser(deep[None], 1e-9)
    found["a.mrc"] = files.mrc(4.0, deep[None].astype(np.float32))
    file = io.BytesIO()
    with h5py.File(file, "w") as target:
        target.create_dataset("entry/data/data", data=deep, chunks=(32, 32), compression="gzip")
        target["entry/data/y"], target["entry/data/x"] = np.arange(70.0), np.arange(90.0)
        target["entry/data"].attrs["axes"] = ["y", "x"]
    found["a.h5"] = file.getvalue()
    return found


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Return ``data`` with a few changes."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 9))):
        at = int(len(changed) * random.random() ** 3)
        match int(random.integers(8)):
            case 0:
                del changed[at : at + int(random.integers(1, 16))]
            case 1:
                changed[at:at] = changed[at : at + int(random.integers(1, 64))]
            case 2:
                value = int(random.choice([0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1]))
                changed[at : at + 4] = value.to_bytes(4, "little" if random.random() < 0.5 else "big")
            case _:
                changed[at : at + 1] = bytes([int(random.integers(256))])
    return bytes(changed[: int(len(changed) * random.random())] if random.random() < 0.1 else changed)


def worker(seed: int, first: int, last: int) -> None:
    """Read files ``first`` to ``last``; print one line of JSON before and after each."""
    import logging
    import resource
    import signal
    import warnings

    from xebra import inspect, read_image
    from xebra.errors import RegistrationError

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    files = list(corpus().items())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)  # ends the process: a decoder in C cannot be interrupted
    for number in range(first, last):
        random = np.random.default_rng((seed, number))
        name, data = files[number % len(files)]
        data = mutated(data, random)
        print(json.dumps([number, name]), flush=True)
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_S)
        try:
            info = inspect(io.BytesIO(data), name=name)
            chosen = {"channel": 0, "frame": 0} if info.channels else {}
            read_image(io.BytesIO(data), name=name, **chosen)
            ended = "read"
        except RegistrationError as error:
            ended = type(error).__name__
        except MemoryError:
            ended = "MemoryError"
        except Exception as error:
            ended = f"WRONG {type(error).__name__}: {error}"[:200]
        print(json.dumps([number, ended]), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="number of one file")
    parser.add_argument("--worker", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.seed, *arguments.worker)
        return 0
    first, last = (arguments.only, arguments.only + 1) if arguments.only is not None else (0, arguments.count)
    started, ended, faults = time.monotonic(), Counter(), []
    while first < last:
        command = [sys.executable, __file__, "--seed", str(arguments.seed), "--worker", str(first), str(last)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            number, name = first - 1, "start"
            for line in process.stdout:
                number, outcome = json.loads(line)
                if outcome in NAMES:
                    name, open_one = outcome, True
                    continue
                open_one = False
                ended[outcome.partition(":")[0]] += 1
                if outcome.startswith("WRONG"):
                    faults.append((number, name, outcome))
        if process.returncode and number >= first and open_one:
            faults.append((number, name, f"the process ended with {process.returncode}"))
            ended["CRASH"] += 1
        elif process.returncode:
            faults.append((number, name, "the worker does not start"))
            break
        first = number + 1
    took = time.monotonic() - started
    print(f"{sum(ended.values())} files, seed {arguments.seed}, {took:.0f} s: {dict(ended)}")
    for fault in faults:
        print(*fault)
    return bool(faults)


NAMES = frozenset(corpus())

if __name__ == "__main__":
    sys.exit(main())
