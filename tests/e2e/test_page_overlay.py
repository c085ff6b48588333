"""The overlay: the browser draws the moving image where ``xebra.resample`` puts it."""

from __future__ import annotations

import numpy as np
import pytest
from support.browser import canvas_pixels, set_display_mode
from support.drawn import (
    GREY_LEVELS,
    image_from_canvas,
    mean_difference,
    resampled,
    unclipped,
    with_contrast_of,
)

COLOURS = "Magenta\N{EN DASH}green"


@pytest.mark.parametrize("percent", [0, 30, 100])
def test_blend_goes_from_the_fixed_image_to_the_moving_one_through_the_transform(shown, percent):
    set_display_mode(shown.page, "Blend", percent)
    fixed, on_fixed = resampled(shown.picture("fixed_preview"), image_from_canvas(shown, "fixed"), shown)
    moving, on_moving = resampled(shown.picture("moving_preview"), image_from_canvas(shown, "moving"), shown)
    expected = fixed + percent / 100 * (moving - fixed)
    assert mean_difference(canvas_pixels(shown.page)[..., 0], expected, on_fixed & on_moving) < GREY_LEVELS


def test_fixed_is_magenta_and_moving_is_green(shown):
    set_display_mode(shown.page, COLOURS, 50)
    fixed, on_fixed = resampled(shown.picture("fixed_preview"), image_from_canvas(shown, "fixed"), shown)
    moving, on_moving = resampled(shown.picture("moving_preview"), image_from_canvas(shown, "moving"), shown)
    red, green, blue, _ = np.moveaxis(canvas_pixels(shown.page), -1, 0)
    for drawn, expected in ((red, fixed), (green, moving), (blue, fixed)):
        assert mean_difference(drawn, expected, on_fixed & on_moving) < GREY_LEVELS


def test_what_is_drawn_is_the_registered_image(shown):
    set_display_mode(shown.page, "Blend", 100)
    drawn = canvas_pixels(shown.page)[..., 0]
    image, inside = resampled(shown.picture("registered_preview"), image_from_canvas(shown, "fixed"), shown)
    _, on_moving = resampled(shown.picture("moving_preview"), image_from_canvas(shown, "moving"), shown)
    where = inside & on_moving & unclipped(drawn, image)
    assert mean_difference(drawn, with_contrast_of(drawn, image, where), where) < 2 * GREY_LEVELS
