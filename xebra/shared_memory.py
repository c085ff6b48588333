"""Inference on a Triton server of the same host, with inputs and outputs in shared memory.

The server keeps a region until it is unregistered, so that clients check periodically for regions of ended
processes. A region is unregistered at the second check, since the server may still be processing a request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype, triton_to_np_dtype

from xebra.arrays import Floats
from xebra.shared_region import Region, orphaned, translate_errors, unlink_orphaned_files

CLEANUP_INTERVAL_S = 60.0  # longer than the deadline of any request
MIN_REGION_BYTES = 1 << 20
UNKNOWN_REGION = "Unable to find"  # in the error of a server that was restarted since the registration


class SharedMemory:
    """Regions of this process, each used by one request at a time; thread-safe."""

    def __init__(
        self,
        client: InferenceServerClient,
        deadline_s: float,
        cleanup_interval_s: float = CLEANUP_INTERVAL_S,
    ) -> None:
        self._client, self._deadline_s, self._cleanup_interval_s = client, deadline_s, cleanup_interval_s
        self._free: list[Region] = []
        self._orphaned: set[str] = set()
        self._cleaned_at, self._lock = -cleanup_interval_s, threading.Lock()
        self._outputs: dict[str, dict[str, tuple[np.dtype, tuple[int, ...]]]] = {}

    def infer(self, model: str, inputs: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return the outputs by name; see ``Engine.run``."""
        self._unregister_orphaned()
        try:
            return self._infer(model, inputs)
        except InferenceServerException as error:
            if UNKNOWN_REGION not in str(error.message()):
                raise
        with self._lock:
            self._free.clear()
        return self._infer(model, inputs)

    def _infer(self, model: str, inputs: Mapping[str, Floats]) -> dict[str, Floats]:
        """Run one request in one region: inputs first, then outputs."""
        batch = len(next(iter(inputs.values())))
        shapes = {
            name: (dtype, (batch, *shape)) for name, (dtype, shape) in self._output_types(model).items()
        }
        size = sum(value.nbytes for value in inputs.values())
        size += sum(_nbytes(dtype, shape) for dtype, shape in shapes.values() if min(shape) >= 0)
        with self._acquire(size) as region:
            tensors, end = _write_inputs(region, inputs)
            requested, arrays = [], {}
            for name, (dtype, shape) in shapes.items():
                requested.append(InferRequestedOutput(name))
                if min(shape) < 0:  # known only afterwards: it comes in the response
                    continue
                arrays[name] = region.array(shape, dtype, end)
                requested[-1].set_shared_memory(region.name, arrays[name].nbytes, end)
                end += arrays[name].nbytes
            response = self._client.infer(model, tensors, outputs=requested, client_timeout=self._deadline_s)
            return {
                name: arrays[name].copy() if name in arrays else response.as_numpy(name) for name in shapes
            }

    def _output_types(self, model: str) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
        """Return dtype and shape of each output for one pair, -1 where a length varies; cached."""
        if model not in self._outputs:
            metadata = self._client.get_model_metadata(model, client_timeout=self._deadline_s)
            self._outputs[model] = {
                output.name: (np.dtype(triton_to_np_dtype(output.datatype)), tuple(output.shape[1:]))
                for output in metadata.outputs
            }
        return self._outputs[model]

    @contextmanager
    def _acquire(self, size: int) -> Iterator[Region]:
        """Yield a region of at least ``size`` bytes.

        After an error the region is not reused: the server may still write into it.
        """
        with self._lock:
            region = self._free.pop() if self._free else None
        if region is None or region.size < size:
            region = Region(
                self._client, max(MIN_REGION_BYTES, 1 << (size - 1).bit_length()), self._deadline_s
            )
        yield region
        with self._lock:
            self._free.append(region)

    def _unregister_orphaned(self) -> None:
        """Unregister regions whose owners had ended at the previous check, at most once per interval."""
        with self._lock:
            if time.monotonic() - self._cleaned_at < self._cleanup_interval_s:
                return
            self._cleaned_at = time.monotonic()
        with translate_errors():
            status = self._client.get_system_shared_memory_status(client_timeout=self._deadline_s)
        found = orphaned(status.regions)
        for name in found & self._orphaned:
            with suppress(InferenceServerException):  # unregistered by another client, or still in use
                self._client.unregister_system_shared_memory(name, client_timeout=self._deadline_s)
        self._orphaned = found
        unlink_orphaned_files()


def _write_inputs(region: Region, inputs: Mapping[str, Floats]) -> tuple[list[InferInput], int]:
    """Copy inputs into a region; return their tensors and the end of their bytes."""
    tensors, end = [], 0
    for name, value in inputs.items():
        region.array(value.shape, value.dtype, end)[...] = value
        tensors.append(InferInput(name, value.shape, np_to_triton_dtype(value.dtype)))
        tensors[-1].set_shared_memory(region.name, value.nbytes, end)
        end += value.nbytes
    return tensors, end


def _nbytes(dtype: np.dtype, shape: tuple[int, ...]) -> int:
    """Return the size of an array in bytes."""
    return dtype.itemsize * int(np.prod(shape))
