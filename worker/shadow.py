"""Shadow mode: a version answers beside the active one, after the result of a job is stored."""

from __future__ import annotations

import logging
from typing import Any

from db import comparisons
from db.networks import Version
from db.rows import RegistrationRow
from worker import versions
from worker.context import WorkerContext
from xebra import Image, Registration
from xebra.transform import corner_error
from xebra.weights import DEFAULT

log = logging.getLogger(__name__)

AGREES_WITHIN = 0.02  # share of the fixed image's longer side, as the default tolerance of a result


def compare(
    row: RegistrationRow,
    version: Version,
    pair: tuple[Image, Image],
    settings: dict[str, Any],
    shown: Registration,
    context: WorkerContext,
) -> None:
    """Register the pair of a finished job with a version and store how its answer compares.

    It never affects the job: whatever goes wrong is only in the log.
    """
    if row.network not in (None, DEFAULT):
        return
    try:
        found = versions.opened(version, context).register(*pair, **settings)
        distance = corner_error(found.fixed_from_moving, shown.fixed_from_moving, shown.fixed.shape)
        agrees = distance <= AGREES_WITHIN * max(shown.fixed.shape[:2])
        verdicts = (shown.verdict, found.verdict)
        with context.database.writing_relaxed() as session:
            comparisons.add(session, version.id, row.id, verdicts, float(distance), agrees=bool(agrees))
    except Exception:
        log.exception("registration=%s: version %s did not answer in shadow mode", row.id, version.id)
