"""Checks and defaults of a submission that depend on its caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from api.authentication import Caller
from api.images import choice
from api.images.choice import Choice
from db import images
from db.jobs import RegistrationRequest
from db.rows import ImageRow
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


def check_choices(
    session: Session, requests: Sequence[RegistrationRequest], owner: str
) -> dict[str, ImageRow]:
    """Check that each request says which image of a file is meant, where the file holds several.

    Returns the images by id.

    Raises:
        ImageNotFound: an image does not exist or belongs to another owner.
        ImageChoiceNeeded: a channel or a frame must be named, or the file has none of this name.
        ImageUnreadable: the file has no such frame.
    """
    wanted: dict[tuple[str, Choice], None] = {}
    for request in requests:
        wanted[request.fixed_image_id, Choice(request.fixed_channel, request.fixed_frame)] = None
        wanted[request.moving_image_id, Choice(request.moving_channel, request.moving_frame)] = None
    rows = images.by_id(session, {image_id for image_id, _ in wanted}, owner)
    for image_id, chosen in wanted:
        choice.check(rows[image_id], chosen)
    return rows
