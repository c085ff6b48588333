"""Adaptation of the default network to one instrument, from labelled pairs.

>>> from pathlib import Path
>>> from xebra.adaptation import adapt
>>> report = adapt(Path("labels"), Path("networks"), minutes=10)  # doctest: +SKIP
"""

from xebra.adaptation.adapt import AdaptationReport, adapt
from xebra.adaptation.labels import Label, read_labels, write_labels
from xebra.adaptation.single_images import add_images

__all__ = ["AdaptationReport", "Label", "adapt", "add_images", "read_labels", "write_labels"]
