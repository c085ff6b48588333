"""The option ``--transform`` of several commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

from xebra.errors import FormatUnknown

if TYPE_CHECKING:
    from xebra.transform_files import Format

HELP = "also write the transform in this format (itk, slicer, bigwarp, ...); may be repeated"
Transforms = Annotated[list[str] | None, Option("--transform", metavar="FORMAT", help=HELP)]


def checked(names: list[str] | None) -> tuple[Format, ...]:
    """Return the names of formats without repetition. Raises FormatUnknown, which lists all formats."""
    from xebra.transform_files import FORMATS

    for name in names or ():
        if name not in FORMATS:
            raise FormatUnknown(f"There is no transform format {name!r}. Formats: {', '.join(FORMATS)}.")
    return tuple(name for name in FORMATS if name in (names or ()))
