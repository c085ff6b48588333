"""Inference on a Triton Inference Server over gRPC."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from xebra.arrays import Floats
from xebra.engine import expanded
from xebra.errors import EngineFailed
from xebra.shared_memory import SharedMemory
from xebra.shared_region import SharedMemoryUnavailable
from xebra.weights import BUNDLED

log = logging.getLogger(__name__)

LOOPBACK, WITHOUT_SHARED_MEMORY = ("127.0.0.1", "localhost", "::1"), "shared_memory=0"
WEIGHTS_VALID_S = 5.0  # after which the weights that the server has are looked up again
CHANNEL = [  # larger messages than gRPC's default of 4 MB; reconnects within 2 s
    ("grpc.max_send_message_length", 2**31 - 1),
    ("grpc.max_receive_message_length", 2**31 - 1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_http_proxy", 0),  # the server is in the local network
]


class TritonEngine:
    """Runs networks on the server at ``grpc://host:port``. Connects on first use; thread-safe."""

    folder: Path = BUNDLED  # the calibration comes from this package, not from the server

    def __init__(self, url: str, deadline_s: float = 30.0) -> None:
        """Check the URL; raise ValueError where it names no server.

        Arrays are passed in shared memory where the server is at a loopback address and can map it, unless
        the URL ends in ``?shared_memory=0``. ``deadline_s`` is the timeout of a request in seconds.
        """
        parts = urlsplit(url)
        if (
            parts.scheme != "grpc"
            or not parts.hostname
            or parts.path not in ("", "/")
            or parts.query not in ("", WITHOUT_SHARED_MEMORY)
        ):
            raise ValueError(
                f"XEBRA_INFERENCE_URL: {url!r} is not the URL of a Triton server; write grpc://host:port"
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.address = f"{host}:{parts.port or 8001}"
        self.deadline_s = deadline_s
        self._served: dict[str, tuple[float, str]] = {}  # by model: time of the look-up, hash
        self._may_share = parts.hostname in LOOPBACK and parts.query != WITHOUT_SHARED_MEMORY

    @cached_property
    def name(self) -> str:
        """Name and version as recorded in results: "triton 2.51.0 grpc"."""
        with self._translate_errors():
            metadata = self._client.get_server_metadata(client_timeout=self.deadline_s)
        return f"triton {metadata.version} grpc"

    def weights_sha256(self, model: str) -> str:
        """Return the hash of a model's weights in the server's configuration; "" where it has none.

        It is looked up every ``WEIGHTS_VALID_S``, and after a failed request: a registration would cost six
        more requests.
        """
        looked_up, served = self._served.get(model, (0.0, ""))
        if not looked_up or time.monotonic() > looked_up + WEIGHTS_VALID_S:
            looked_up = time.monotonic()
            with self._translate_errors(model):
                served = self._look_up(model)
            self._served[model] = looked_up, served
        return served

    def _look_up(self, model: str) -> str:
        """Return the hash of a model's weights in the server's configuration."""
        response = self._client.get_model_config(self.served_name(model), client_timeout=self.deadline_s)
        return str(response.config.parameters["weights_sha256"].string_value)

    def served_name(self, model: str) -> str:
        """Return the name under which the server has a graph."""
        return model

    def run(self, model: str, **inputs: Floats) -> dict[str, Floats]:
        """Return the outputs of ``model`` by name; see ``Engine.run``."""
        inputs = expanded(inputs)  # the server takes one batch dimension
        with self._translate_errors(model):
            if self._memory is not None:
                try:
                    return self._memory.infer(self.served_name(model), inputs)
                except SharedMemoryUnavailable as error:
                    log.info(
                        "%s cannot map shared memory, arrays are sent over gRPC: %s", self.address, error
                    )
                    self._memory = None
            return self._infer_over_grpc(model, inputs)

    def _infer_over_grpc(self, model: str, inputs: dict[str, Floats]) -> dict[str, Floats]:
        """Run one request with the arrays in the messages."""
        tensors: list[InferInput] = []
        for key, value in inputs.items():
            tensor = InferInput(key, value.shape, np_to_triton_dtype(value.dtype))
            tensors.append(tensor.set_data_from_numpy(np.ascontiguousarray(value)))
        name = self.served_name(model)
        response = self._client.infer(name, tensors, client_timeout=self.deadline_s)
        return {output.name: response.as_numpy(output.name) for output in response.get_response().outputs}

    @cached_property
    def _memory(self) -> SharedMemory | None:
        """Shared memory; None where the server is on another host or cannot map it."""
        return SharedMemory(self._client, self.deadline_s) if self._may_share else None

    @cached_property
    def _client(self) -> InferenceServerClient:
        """The gRPC client."""
        return InferenceServerClient(self.address, channel_args=CHANNEL)

    @contextmanager
    def _translate_errors(self, model: str = "") -> Iterator[None]:
        """Raise EngineFailed with an explanation for errors of the server."""
        try:
            yield
        except InferenceServerException as error:
            self._served.clear()  # another server may answer the next request
            raise EngineFailed(self._explain(model, error)) from error
        except ValueError as error:
            raise EngineFailed(
                f"The Triton server at {self.address} sent an invalid response: {error}"
            ) from error

    def _explain(self, model: str, error: InferenceServerException) -> str:
        """Return a message with the failure and its remedy."""
        where = f"The Triton server at {self.address}"
        match error.status():
            case "StatusCode.UNAVAILABLE":
                return f"{where} is unreachable; start it or choose another engine ({error.message()})"
            case "StatusCode.DEADLINE_EXCEEDED":
                return f"{where} did not respond within {self.deadline_s:g} s"
        return f"{where} did not run the network {model!r}: {error.message()}"
