"""One interface to the readers of all formats: ``opened(source)`` lists a file's channels and decodes one.

A reader is a module with a context manager ``opened(source)`` that yields ``Opened``: the format's name
and, for each channel, its metadata and a function that decodes a frame.
Nothing else decodes pixels.
"""

from xebra.readers.channel import Channel, Opened, Stage
from xebra.readers.source import Source

__all__ = ["Channel", "Opened", "Source", "Stage"]
