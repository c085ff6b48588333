"""The reference image of a series, read from the store."""

from __future__ import annotations

from api.images.choice import Choice
from db.errors import ObjectAltered
from db.rows import ImageRow
from db.store import ImageStore
from xebra import Image
from xebra.errors import ImageUnusable
from xebra.image import luminance, read_untrusted
from xebra.series.frame import Levels, working_frame


def read(row: ImageRow, chosen: Choice, store: ImageStore) -> Image:
    """Return the image.

    Raises:
        ObjectAltered: the stored file differs from the uploaded one.
        RegistrationError: it cannot be read, or frames cannot be compared with it.
    """
    with store.open(row.store_key) as file:
        image = read_untrusted(file, row.name, channel=chosen.channel, frame=chosen.frame)
    if image.sha256 != row.sha256:
        raise ObjectAltered(f"{row.name}: the stored file differs from the uploaded one; restore it")
    rows, columns = image.shape[:2]
    problem = working_frame(luminance(image.pixels), Levels.of((rows, columns))).problem
    if problem is not None:
        raise ImageUnusable(f"{row.name} {problem}; frames cannot be compared with it")
    return image
