"""One transform in the format of every program, in pixels and in physical units.

The origin is the centre of the top-left pixel in every file, as in ITK and OME-NGFF.
"""

from xebra.transform_files.formats import FORMATS, Format, Kind
from xebra.transform_files.pair import Pair

__all__ = ["FORMATS", "Format", "Kind", "Pair"]
