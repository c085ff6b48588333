"""One transform in the format of every program: points in px, origin at the centre of the top-left pixel."""

from xebra.transform_files.formats import FORMATS, Format, Kind
from xebra.transform_files.pair import Pair

__all__ = ["FORMATS", "Format", "Kind", "Pair"]
