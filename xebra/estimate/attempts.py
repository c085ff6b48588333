"""Attempts at a pair by the default network: a quick one, then one that takes more pains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from xebra.engine import Engine
from xebra.estimate.hypotheses import SearchGrid
from xebra.estimate.opinions import Opinions
from xebra.estimate.pyramid import Candidate, Level, Pair, apart_px, as_they_lie, look, refined, searched
from xebra.estimate.signs import Signs, read_signs
from xebra.estimate.windows import closer

OTHER_PX = 20.0  # at 256: hypotheses that end further apart than this are two
SAME_PX = 12.0  # at 256: of hypotheses that lie nearer than this one is followed up
MOST = 24  # of the search's best that the second attempt looks at, asked either way round
FOLLOWED = 4  # of them, as they are and mended


@dataclass(frozen=True)
class Stages:
    """The network's graphs, what they are asked, and where they run."""

    engine: Engine
    search: str
    grid: SearchGrid
    levels: list[Level]  # first looks, second looks, the closest view of the whole

    def searched(self, pair: Pair, scale_within: float | None) -> tuple[list[Candidate], np.ndarray]:
        """The search's best, and the scores over scale and angle."""
        return searched(self.engine, self.search, self.grid, pair, MOST, scale_within)


@dataclass(frozen=True)
class Attempt:
    """An answer with its signs, and the way to it."""

    best: Candidate
    signs: Signs
    way: tuple[Candidate, ...]  # the best after the first looks, the second, and the closest of the whole


class Attempts:
    """At one pair; each that is asked for takes more time."""

    def __init__(self, stages: Stages, pair: Pair, scale_within: float | None = None):
        """``scale_within``: search only log scales as near to none as this."""
        self._stages, self._pair, self._scale_within = stages, pair, scale_within
        self._opinions = Opinions(pair)
        self.hypotheses, self.table = stages.searched(pair, scale_within)

    def __iter__(self) -> Iterator[Attempt]:
        first, again, _ = self._stages.levels
        unturned, *turned = as_they_lie(self._pair, first.size)
        looked = self._looked([unturned, *self.hypotheses[: first.kept - 1]])
        yield self._followed(self._distinct(looked, again.kept), looked)
        looked += self._looked([*turned, *self.hypotheses[first.kept - 1 :], *self._asked_back()])
        likely = self._distinct(looked, FOLLOWED)
        mended = self._looked([self._opinions.mended(candidate) for candidate in likely])
        yield self._followed(likely + mended, looked, settle=True)

    def _asked_back(self) -> list[Candidate]:
        """What the search finds with the images exchanged."""
        found, _ = self._stages.searched(self._pair.exchanged(), self._scale_within)
        return [replace(c, moving_from_fixed=np.linalg.inv(c.moving_from_fixed)) for c in found]

    def _looked(self, candidates: list[Candidate]) -> list[Candidate]:
        return look(self._stages.engine, self._stages.levels[0], self._pair, candidates)

    def _distinct(self, candidates: list[Candidate], count: int) -> list[Candidate]:
        """The most plausible, none of them where a better one lies."""
        kept: list[Candidate] = []
        for candidate in self._opinions.ranked(candidates):
            if len(kept) < count and all(apart_px(self._pair, candidate, c) > SAME_PX for c in kept):
                kept.append(candidate)
        return kept

    def _followed(self, likely: list[Candidate], looked: list[Candidate], settle: bool = False) -> Attempt:
        """The most plausible of some candidates, followed up to the images' own px."""
        engine, pair = self._stages.engine, self._pair
        first, again, fine = self._stages.levels
        ranked = self._opinions.ranked(look(engine, again, pair, likely))
        chosen = ranked[0]
        others = [c for c in ranked[1:] + looked if apart_px(pair, c, chosen) > OTHER_PX]
        lead = chosen.score - max((c.score for c in others), default=0.0)
        best = refined(engine, fine, pair, chosen)
        if settle:
            settled = look(engine, fine, pair, [self._opinions.settled(best)])
            best = self._opinions.ranked([best, *settled])[0]
        way = (likely[0], chosen, best)
        last = closer(engine, first.graph, pair, best, max(pair.fixed.shape) / fine.size)
        return Attempt(last, read_signs(last, chosen.score, lead, by_windows=last is not best), way)
