"""Which networks can be trained, and how a checkpoint becomes one again."""

from __future__ import annotations

from xebra.network.model import NetworkConfig
from xebra.network.refine import RefineConfig
from xebra.network.search import SearchConfig
from xebra.specimen.pairs import Range
from xebra.training.refining import RefineLesson
from xebra.training.regressing import RegressionLesson
from xebra.training.run import Lesson
from xebra.training.searching import SearchLesson

LESSONS = ("search", "refine", "paper")


def lesson(name: str, values: dict | None = None) -> Lesson:
    """What to learn, for a new network or for one whose configuration a checkpoint holds."""
    values = dict(values or {})
    if "widths" in values:
        values["widths"] = tuple(values["widths"])
    if "reach" in values:
        values["reach"] = Range(**values["reach"])
    if name == "search":
        return SearchLesson(SearchConfig(**values))
    if name == "refine":
        return RefineLesson(RefineConfig(**values))
    return RegressionLesson(NetworkConfig(**values))


def trained(checkpoint: dict) -> Lesson:
    """The lesson of a checkpoint, with its network as it was trained."""
    learnt = lesson(checkpoint["lesson"], checkpoint["network_config"])
    learnt.network.load_state_dict(checkpoint["network"])
    learnt.network.eval()
    return learnt
