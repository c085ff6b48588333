"""Fields that several requests have in common."""

from typing import Annotated

from pydantic import Field

from xebra.pixel_spacing import MAX_UM, MIN_UM

SpacingUm = Annotated[
    float | None, Field(ge=MIN_UM, le=MAX_UM, allow_inf_nan=False, description="Micrometres per pixel.")
]
