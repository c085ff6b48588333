"""The napari plugin registers two layers by the service."""

import numpy as np
from napari.layers import Image
from napari_xebra import layers, results
from support.service import Service, speckle


def test_two_layers_are_registered_by_the_service(service: Service):
    pixels = speckle(seed=43)
    fixed = Image(pixels, name="fixed", scale=(0.5, 0.5), units=("um", "um"))
    moving = Image(pixels[:, ::-1], name="moving", scale=(0.5, 0.5), units=("um", "um"))
    pair = layers.image_of(fixed), layers.image_of(moving)
    result = results.by_service(service.url, "", *pair, mirror="try")
    assert (result["fixed"]["name"], result["fixed"]["pixel_spacing_um"]) == ("fixed.tif", 0.5)
    _, options, _ = layers.registered_layer(fixed, moving, result, resampled=False)
    added = Image(moving.data, **options)
    mirrored = fixed.data_to_world((10, 245))
    np.testing.assert_allclose(added.data_to_world((10, 10)), mirrored, atol=3 * 0.5)
