"""Fields that several requests have in common."""

from typing import Annotated

from pydantic import Field

from xebra.pixel_spacing import MAX_UM, MIN_UM

SpacingUm = Annotated[
    float | None, Field(ge=MIN_UM, le=MAX_UM, allow_inf_nan=False, description="Micrometres per pixel.")
]

# No NUL, which databases refuse; a pattern also refuses single surrogates, which UTF-8 has no bytes for.
Tag = Annotated[
    str,
    Field(min_length=1, max_length=50, pattern=r"^[^\x00-\x20,]([^\x00-\x1f,]*[^\x00-\x20,])?$"),
]
ImageId = Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]
