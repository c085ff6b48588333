"""Networks served by a Triton Inference Server, spoken to over gRPC."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from urllib.parse import urlsplit

import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from xebra.errors import EngineFailed
from xebra.shared_memory import SharedMemory
from xebra.shared_region import NotShared
from xebra.weights import BUNDLED

log = logging.getLogger(__name__)

LOOPBACK, COPIED = ("127.0.0.1", "localhost", "::1"), "shared_memory=0"
CHANNEL = [  # images are larger than gRPC's usual 4 MB; a server that comes back is found within 2 s
    ("grpc.max_send_message_length", 2**31 - 1),
    ("grpc.max_receive_message_length", 2**31 - 1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_http_proxy", 0),  # a proxy for the web is no way to a server beside us
]


class TritonEngine:
    """Runs networks on the server at ``grpc://host:port``; connects when first used, is safe in threads."""

    folder = BUNDLED  # how far to trust a network is not the server's to say

    def __init__(self, url: str, deadline_s: float = 30.0) -> None:
        """Raises ValueError where ``url`` names no server. An answer later than ``deadline_s`` is none.

        Arrays cross in shared memory where the server is at a loopback address and sees ours, unless the URL
        ends in ``?shared_memory=0``.
        """
        parts = urlsplit(url)
        if (
            parts.scheme != "grpc"
            or not parts.hostname
            or parts.path not in ("", "/")
            or parts.query not in ("", COPIED)
        ):
            raise ValueError(f"XEBRA_INFERENCE_URL: {url!r} names no Triton server; write grpc://host:port")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.address = f"{host}:{parts.port or 8001}"
        self.deadline_s = deadline_s
        self._may_share = parts.hostname in LOOPBACK and parts.query != COPIED

    @cached_property
    def name(self) -> str:
        """What answers, as a result records it: "triton 2.51.0 grpc"."""
        with self._failures_in_words():
            about = self._client.get_server_metadata(client_timeout=self.deadline_s)
        return f"triton {about.version} grpc"

    def weights_sha256(self, model: str) -> str:
        """Of the weights that the server has, as its configuration says; "" where it does not say."""
        with self._failures_in_words(model):
            answer = self._client.get_model_config(model, client_timeout=self.deadline_s)
        return answer.config.parameters["weights_sha256"].string_value

    def run(self, model: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Outputs of ``model`` by name; every input and output is a batch (B, ...)."""
        with self._failures_in_words(model):
            if self._memory is not None:
                try:
                    return self._memory.infer(model, inputs)
                except NotShared as error:
                    log.info("%s sees no memory of ours, arrays go over gRPC: %s", self.address, error)
                    self._memory = None
            return self._over_grpc(model, inputs)

    def _over_grpc(self, model: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        tensors = []
        for key, value in inputs.items():
            tensor = InferInput(key, value.shape, np_to_triton_dtype(value.dtype))
            tensors.append(tensor.set_data_from_numpy(np.ascontiguousarray(value)))
        answer = self._client.infer(model, tensors, client_timeout=self.deadline_s)
        return {output.name: answer.as_numpy(output.name) for output in answer.get_response().outputs}

    @cached_property
    def _memory(self) -> SharedMemory | None:
        return SharedMemory(self._client, self.deadline_s) if self._may_share else None

    @cached_property
    def _client(self) -> InferenceServerClient:
        return InferenceServerClient(self.address, channel_args=CHANNEL)

    @contextmanager
    def _failures_in_words(self, model: str = "") -> Iterator[None]:
        try:
            yield
        except InferenceServerException as error:
            raise EngineFailed(self._explain(model, error)) from error
        except ValueError as error:
            raise EngineFailed(f"The Triton server at {self.address} answered nonsense: {error}") from error

    def _explain(self, model: str, error: InferenceServerException) -> str:
        where = f"The Triton server at {self.address}"
        match error.status():
            case "StatusCode.UNAVAILABLE":
                return f"{where} is not there; start it or choose another engine ({error.message()})"
            case "StatusCode.DEADLINE_EXCEEDED":
                return f"{where} gave no answer within {self.deadline_s:g} s"
        return f"{where} did not run the network {model!r}: {error.message()}"
