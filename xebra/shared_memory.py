"""Arrays to a Triton server on this host and back without passing through gRPC.

The server holds its part of a region until somebody unregisters it, so whoever uses the server looks now and
then for regions of dead owners. It needs two looks, since the server may still be at a dead owner's request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype, triton_to_np_dtype

from xebra.shared_region import Region, left_by_the_dead, refusals_in_words, remove_names_of_the_dead

LOOK_EVERY_S = 60.0  # for regions of the dead; longer than any request is waited for
SMALLEST = 1 << 20  # bytes
UNKNOWN = "Unable to find"  # a region, says a server that was started anew in the meantime


class SharedMemory:
    """Regions of this process, each lent to one request at a time; safe in threads."""

    def __init__(
        self, client: InferenceServerClient, deadline_s: float, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._client, self._deadline_s, self._look_every_s = client, deadline_s, look_every_s
        self._free: list[Region] = []
        self._dead: set[str] = set()
        self._looked, self._lock = -look_every_s, threading.Lock()
        self._outputs: dict[str, dict[str, tuple[np.dtype, tuple[int, ...]]]] = {}

    def infer(self, model: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name, as the engine's ``run``."""
        self._look()
        try:
            return self._infer(model, inputs)
        except InferenceServerException as error:
            if UNKNOWN not in str(error.message()):
                raise
        with self._lock:
            self._free.clear()
        return self._infer(model, inputs)

    def _infer(self, model: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        batch = len(next(iter(inputs.values())))
        wanted = {name: (dtype, (batch, *shape)) for name, (dtype, shape) in self._known(model).items()}
        size = sum(value.nbytes for value in inputs.values())
        size += sum(_size(dtype, shape) for dtype, shape in wanted.values())
        with self._lent(size) as region:
            tensors, end = _written(region, inputs)
            asked, places = [], {}
            for name, (dtype, shape) in wanted.items():
                places[name] = region.array(shape, dtype, end)
                asked.append(InferRequestedOutput(name))
                asked[-1].set_shared_memory(region.name, places[name].nbytes, end)
                end += places[name].nbytes
            self._client.infer(model, tensors, outputs=asked, client_timeout=self._deadline_s)
            return {name: place.copy() for name, place in places.items()}

    def _known(self, model: str) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
        """Type and shape of each output, for one pair."""
        if model not in self._outputs:
            answer = self._client.get_model_metadata(model, client_timeout=self._deadline_s)
            self._outputs[model] = {
                output.name: (np.dtype(triton_to_np_dtype(output.datatype)), tuple(output.shape[1:]))
                for output in answer.outputs
            }
        return self._outputs[model]

    @contextmanager
    def _lent(self, size: int) -> Iterator[Region]:
        """After an error the region is not used again: the server may still write into it."""
        with self._lock:
            region = self._free.pop() if self._free else None
        if region is None or region.size < size:
            region = Region(self._client, max(SMALLEST, 1 << (size - 1).bit_length()), self._deadline_s)
        yield region
        with self._lock:
            self._free.append(region)

    def _look(self) -> None:
        """Have the server forget regions whose owners were dead at the last look as well."""
        with self._lock:
            if time.monotonic() - self._looked < self._look_every_s:
                return
            self._looked = time.monotonic()
        with refusals_in_words():
            status = self._client.get_system_shared_memory_status(client_timeout=self._deadline_s)
        dead = left_by_the_dead(status.regions)
        for name in dead & self._dead:
            with suppress(InferenceServerException):  # another was faster, or it is in use to this moment
                self._client.unregister_system_shared_memory(name, client_timeout=self._deadline_s)
        self._dead = dead
        remove_names_of_the_dead()


def _written(region: Region, inputs: Mapping[str, np.ndarray]) -> tuple[list[InferInput], int]:
    """The inputs, copied into the region, and where their bytes end."""
    tensors, end = [], 0
    for name, value in inputs.items():
        region.array(value.shape, value.dtype, end)[...] = value
        tensors.append(InferInput(name, value.shape, np_to_triton_dtype(value.dtype)))
        tensors[-1].set_shared_memory(region.name, value.nbytes, end)
        end += value.nbytes
    return tensors, end


def _size(dtype: np.dtype, shape: tuple[int, ...]) -> int:
    return dtype.itemsize * int(np.prod(shape))
