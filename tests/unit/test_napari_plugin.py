"""The napari plugin on napari's own layers, and its widgets on Qt without a screen."""

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("NAPARI_CONFIG", os.path.join(tempfile.gettempdir(), "xebra-tests-napari.yaml"))

from napari.components import ViewerModel
from napari.layers import Image
from napari_xebra import layers, results
from npe2 import PluginManifest
from PySide6.QtWidgets import QApplication

from xebra import sample
from xebra.image import read_image
from xebra.transform import map_points
from xebra.transform_files import FORMATS, Pair

MANIFEST = Path(layers.__file__).with_name("napari.yaml")
POINTS = np.array([[0.0, 0.0], [159.0, 119.0], [12.5, 80.25]])  # (x, y) of the moving image


@pytest.fixture
def result(registration) -> dict:
    found = registration((200, 300), (120, 160), scale=1.3, angle=0.6, translation=(7, -4), mirror=True)
    return found.to_json()


def layer(shape=(120, 160), name="moving", **options) -> Image:
    pixels = np.random.default_rng(len(name)).integers(0, 4000, shape, np.uint16)
    return Image(pixels, name=name, **options)


class TestSpacing:
    @pytest.mark.parametrize(
        ("options", "um"),
        [
            ({"scale": (0.2, 0.2), "units": ("um", "um")}, 0.2),
            ({"scale": (50, 50), "units": ("nm", "nm")}, 0.05),
            ({"scale": (2, 2)}, None),
        ],
    )
    def test_it_comes_from_a_scale_whose_unit_is_a_length(self, options, um):
        assert layers.image_of(layer(**options)).pixel_spacing == (um and pytest.approx(um))

    def test_what_cannot_be_registered_is_refused_with_the_remedy(self):
        with pytest.raises(layers.LayerUnusable, match="not square"):
            layers.image_of(layer(scale=(0.2, 0.3), units=("um", "um")))
        with pytest.raises(layers.LayerUnusable, match="one plane"):
            layers.image_of(layer((3, 120, 160)))

    def test_the_largest_level_and_colours_are_taken(self):
        levels = [np.eye(128), np.eye(64)]
        assert layers.image_of(Image(levels, multiscale=True)).shape == (128, 128)
        assert layers.image_of(layer((120, 160, 3), rgb=True)).shape == (120, 160, 3)


@pytest.mark.parametrize("resampled", [False, True])
def test_the_new_layer_lies_on_the_fixed_one_in_its_world(result, resampled):
    placed = {"scale": (0.2, 0.2), "units": ("um", "um"), "translate": (30, 40), "rotate": 20}
    fixed = layer((200, 300), "fixed", **placed)
    moving = layer(scale=(100, 100), units=("nm", "nm"))
    data, options, kind = layers.registered_layer(fixed, moving, result, resampled=resampled)
    model = ViewerModel()
    model.add_layer(fixed)
    added = model._add_layer_from_data(data, options, kind)[0]
    in_fixed = map_points(np.array(result["fixed_from_moving"]), POINTS)
    points = in_fixed if resampled else POINTS
    found = [added.data_to_world(p) for p in points[:, ::-1]]
    expected = [fixed.data_to_world(p) for p in in_fixed[:, ::-1]]
    np.testing.assert_allclose(found, expected, atol=1e-6 * 0.2)
    assert added.units == fixed.units and added.data.dtype == moving.data.dtype
    assert added.name == "moving on fixed (accept)"
    assert added.data.shape == ((200, 300) if resampled else (120, 160))


@pytest.mark.parametrize("resampled", [False, True])
def test_another_channel_lies_where_the_registered_layer_lies(result, resampled):
    fixed = layer((200, 300), "fixed", scale=(0.2, 0.2), units=("um", "um"))
    placed = layers.registered_layer(fixed, layer(), result, resampled=resampled)
    registered = Image(placed[0], **placed[1])
    data, options, _ = layers.channel_layer(registered, layer(name="Fe"))
    assert data.shape == registered.data.shape
    np.testing.assert_allclose(options["affine"], registered.affine.affine_matrix @ np.eye(3))
    with pytest.raises(layers.LayerUnusable, match="another size"):
        layers.channel_layer(registered, layer((60, 80)))
    with pytest.raises(layers.LayerUnusable, match="no registered layer"):
        layers.channel_layer(fixed, layer())


@pytest.mark.parametrize("calibrated", [False, True])
def test_napari_reads_its_transform_files(result, calibrated):
    if calibrated:
        result["fixed"]["pixel_spacing_um"], result["moving"]["pixel_spacing_um"] = 0.2, 0.1
    found = json.loads(FORMATS["napari-layers"].write(Pair.of(result)))
    fixed, moving = (Image(np.zeros((120, 160)), **found[side]) for side in ("fixed", "moving"))
    world = [moving.data_to_world(p) for p in POINTS[:, ::-1]]
    landed = np.array([fixed.world_to_data(p) for p in world])[:, ::-1]
    np.testing.assert_allclose(landed, map_points(np.array(result["fixed_from_moving"]), POINTS), atol=1e-6)


def test_the_manifest_is_valid_and_its_commands_can_be_imported():
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    titles = {widget.display_name for widget in manifest.contributions.widgets}
    assert titles == {"Register two layers", "Apply to another channel"}


def test_the_widget_registers_the_sample_in_a_thread(monkeypatch):
    from napari_xebra.widgets import apply_to_channel, register_layers

    application = QApplication.instance() or QApplication([])
    fixed, moving = (read_image(p) for p in (sample.FIXED, sample.MOVING))
    placed = Image(fixed.pixels, name="fixed", scale=(0.05, 0.05), units=("um", "um"))
    other = Image(moving.pixels, name="moving")
    form = register_layers()
    for field in (form.fixed, form.moving):
        field.choices = [placed, other]
    form.fixed.value, form.moving.value = placed, other
    returned = []
    worker = form()
    worker.returned.connect(returned.append)
    end = time.monotonic() + 60
    while not returned and time.monotonic() < end:
        application.processEvents()
        time.sleep(0.01)
    [(data, options, _)] = returned
    found = results.local(layers.image_of(placed), layers.image_of(other), "no")
    assert options["metadata"][layers.RESULT]["fixed_from_moving"] == found["fixed_from_moving"]
    assert options["metadata"][layers.RESULT]["fixed"]["pixel_spacing_um"] == pytest.approx(0.05)

    form = apply_to_channel()
    registered = Image(data, **options)
    form.registered.choices, form.channel.choices = [registered], [other]
    form.registered.value, form.channel.value = registered, other
    assert form()[1]["name"] == "moving on fixed"
