"""The usable area of an image: the pixels that show the specimen and not what the instrument adds to it.

Data bars, legends, field stops, padding, detector gaps, hot pixels and values that are not finite are found
without a model of any instrument. ``usable_areas`` examines both images of a pair: what stays at one detector
position in both is no evidence for an alignment.
"""

from xebra.usable_area.area import UsableArea, usable_area
from xebra.usable_area.fixed_lines import without_fixed_lines
from xebra.usable_area.fixed_pattern import fixed_pattern
from xebra.usable_area.fixed_rings import without_fixed_rings
from xebra.usable_area.pair import usable_areas
from xebra.usable_area.shading import without_shading

__all__ = [
    "UsableArea",
    "fixed_pattern",
    "usable_area",
    "usable_areas",
    "without_fixed_lines",
    "without_fixed_rings",
    "without_shading",
]
