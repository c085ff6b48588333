"""Mutated image files over all readers: no crash, no hang, no error but those that Xebra documents.

    ./dev bench fuzz --count 100000 --seed 1 [--files FOLDER]

Each file is one of the corpus (made here, a few kilobytes each, and those under 1 MB of FOLDER) with up to
eight changes, mostly near its start, where the headers are. File n of a seed is always the same: `--only N`
reads it again. The
files are read by a process with 2 GiB of address space; one that ends, or takes over 10 s of processor
time for a file, is started anew behind it. Where that happens, or memory runs out, the file is read again as
the service reads uploads: an error in time then is "contained" (HDF5's library loops on some files), anything
else a fault.
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
LARGEST = 1 << 20  # bytes of a file of the corpus


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
    return found | electron_microscopes(deep)


def electron_microscopes(pixels: np.ndarray) -> dict[str, bytes]:
    """Return files of RosettaSciIO's formats, by its own writers, and a Velox file with an EDS stream."""
    from importlib import import_module

    from support import instrument_files as files

    counts = np.random.default_rng(1).poisson(0.3, (12, 14, 40)).astype(np.uint16)
    patterns = np.arange(4 * 5 * 12 * 12, dtype=np.uint8).reshape(4, 5, 12, 12)
    kinds = {
        "image.hspy": ("hspy", pixels),
        "eds.hspy": ("hspy", counts),
        "ncem.emd": ("emd", pixels),
        "a.blo": ("blockfile", patterns),
        "a.unf": ("semper", pixels.astype(np.float32)),
        "a.sur": ("digitalsurf", pixels),
        "a_0.tvips": ("tvips", patterns.astype(np.uint16)),
    }
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (module, data) in kinds.items():
            path = Path(folder, name)
            import_module(f"rsciio.{module}").file_writer(str(path), signal_of(data))
            found[name] = next(Path(folder).glob(f"{path.stem.partition('_')[0]}*{path.suffix}")).read_bytes()
        velox = files.velox(Path(folder, "velox.emd"), files.image("uint16", (64, 66)), counts)
        found["velox.emd"] = velox.read_bytes()
    return found


def signal_of(data: np.ndarray) -> dict[str, object]:
    """Return the dictionary that RosettaSciIO's writers take; the axes before the last two are navigated."""
    axes = [
        {
            "name": "zyxwv"[-data.ndim :][number],
            "size": size,
            "scale": 0.5,
            "offset": 0.0,
            "units": "nm" if number < 2 else "cm",
            "navigate": number < data.ndim - 2,
            "index_in_array": number,
            "_type": "UniformDataAxis",
            "is_binned": False,
        }
        for number, size in enumerate(data.shape)
    ]
    about = {"General": {"title": "a"}, "Signal": {"signal_type": ""}}
    empty = ("original_metadata", "learning_results", "models", "package_info", "tmp_parameters")
    signal = {"data": data, "axes": axes, "metadata": about, "attributes": {"_lazy": False}}
    return signal | {name: {} for name in empty}


def files_of(folder: Path | None) -> dict[str, bytes]:
    """Return the corpus with the files of a folder that are not too large."""
    paths = sorted(folder.iterdir()) if folder else []
    small = [path for path in paths if path.is_file() and 0 < path.stat().st_size <= LARGEST]
    return corpus() | {path.name: path.read_bytes() for path in small if path.suffix != ".json"}


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Return ``data`` with a few changes."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 9))):
        at = int(min(len(changed), 4096 if random.random() < 0.5 else LARGEST) * random.random() ** 3)
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


def worker(seed: int, first: int, last: int, folder: Path | None) -> None:
    """Read files ``first`` to ``last``; print one line of JSON before and after each."""
    import logging
    import resource
    import signal
    import warnings

    from xebra import inspect, read_image
    from xebra.errors import RegistrationError

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    files = list(files_of(folder).items())
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


def contained(name: str, data: bytes) -> bool:
    """Return whether reading in a process with limits, as the service does, ends with a documented error."""
    from xebra.errors import RegistrationError
    from xebra.image import HEADERS_CHECKED, read_image
    from xebra.image_files import media_type_of
    from xebra.readers.sandbox import Limits

    if media_type_of(data[:8]) in HEADERS_CHECKED:  # decoded in the process of the service
        return False
    try:
        limits = Limits(memory_bytes=MEMORY, cpu_s=CPU_S, wall_s=10.0 * CPU_S)
        read_image(io.BytesIO(data), name=name, channel=0, frame=0, limits=limits)
    except RegistrationError:
        pass
    return True


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", metavar="FOLDER", type=Path, help="further files to mutate")
    parser.add_argument("--only", type=int, help="number of one file")
    parser.add_argument("--worker", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.seed, *arguments.worker, arguments.files)
        return 0
    first, last = (arguments.only, arguments.only + 1) if arguments.only is not None else (0, arguments.count)
    files = files_of(arguments.files)
    started, ended, faults = time.monotonic(), Counter(), []

    def failed(number: int, name: str, how: str) -> None:
        random = np.random.default_rng((arguments.seed, number))
        inside = contained(name, mutated(files[name], random))
        ended["contained" if inside else "FAULT"] += 1
        faults.append((number, name, how, "contained" if inside else ""))

    while first < last:
        command = [sys.executable, __file__, "--seed", str(arguments.seed), "--worker", str(first), str(last)]
        command += ["--files", str(arguments.files)] if arguments.files else []
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            number, name = first - 1, "start"
            for line in process.stdout:
                number, outcome = json.loads(line)
                if outcome in files:
                    name, open_one = outcome, True
                    continue
                open_one = False
                if outcome.startswith("WRONG"):
                    faults.append((number, name, outcome, ""))
                if outcome == "MemoryError":
                    failed(number, name, outcome)
                else:
                    ended[outcome.partition(":")[0]] += 1
        if process.returncode and number >= first and open_one:
            failed(number, name, f"the process ended with {process.returncode}")
        elif process.returncode:
            faults.append((number, name, "the worker does not start", ""))
            break
        first = number + 1
    took = time.monotonic() - started
    print(f"{sum(ended.values())} files, seed {arguments.seed}, {took:.0f} s: {dict(ended)}")
    for fault in faults:
        print(*fault)
    return any(not inside for *_, inside in faults)


if __name__ == "__main__":
    sys.exit(main())
