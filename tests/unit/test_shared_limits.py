"""Limits that packages state for themselves, since they do not import each other, are the same."""

from __future__ import annotations

from db.admin import PIXEL_SPACING_UM
from xebra.pixel_spacing import MAX_UM, MIN_UM


def test_pixel_spacings_of_instruments_are_those_of_the_library() -> None:
    assert PIXEL_SPACING_UM == (MIN_UM, MAX_UM)
