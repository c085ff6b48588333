"""Checks and defaults of a submission that depend on its caller."""

from __future__ import annotations

from typing import Protocol

from api.authentication import Caller
from xebra.weights import weights


class Submission(Protocol):
    """The fields that a registration and a batch have in common."""

    @property
    def network(self) -> str | None:
        """Return the name of the network, if any."""
        ...

    @property
    def priority(self) -> str:
        """Return the priority."""
        ...


def apply_defaults(body: Submission, caller: Caller) -> str | None:
    """Return the network of the submission, by default the instrument's.

    Raises:
        NetworkUnknown: there is no such network.
        ScopeMissing: the caller may not use this priority.
    """
    network = body.network
    if network is None and caller.instrument is not None:
        network = caller.instrument.network
    weights(network)
    if body.priority == "collection":
        caller.require("collect")
    return network
