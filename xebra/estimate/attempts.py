"""Attempts at a pair by the default network: a quick one, then one that takes more pains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from xebra.engine import Engine
from xebra.estimate.confidence import AHEAD
from xebra.estimate.hypotheses import SearchGrid
from xebra.estimate.opinions import Opinions
from xebra.estimate.polish import polished
from xebra.estimate.pyramid import (
    Candidate,
    Level,
    Pair,
    Searched,
    apart_px,
    as_they_lie,
    look,
    refined,
    searched,
)
from xebra.estimate.signs import PIXELS, VIEW, WINDOWS, Signs, disagreement_px, spread_px
from xebra.estimate.windows import closer

OTHER_PX = 20.0  # at 256: hypotheses that end further apart than this are two
SAME_PX = 12.0  # at 256: of hypotheses that lie nearer than this one is followed up
MOST = 24  # of the search's best, either way round, that the second attempt looks at
CLEAR = 4.0  # log odds: hypotheses as far behind the search's best are not looked at first
TORN = 1.0  # log odds: with another as little behind, the quick attempt would be a guess
FOLLOWED = 4  # of those that the second attempt looks at, as they are and mended


@dataclass(frozen=True)
class Stage:
    """A graph that searches, and what its scores stand for."""

    graph: str
    grid: SearchGrid


@dataclass(frozen=True)
class Stages:
    """The network's graphs, what they are asked, and where they run."""

    engine: Engine
    glance: Stage
    search: Stage  # the same with finer cells
    first: Level  # looks at hypotheses
    fine: Level  # the closest view of the whole

    def searched(self, stage: Stage, pair: Pair) -> Searched:
        """What a stage says of a pair."""
        return searched(self.engine, stage.graph, stage.grid, pair)


@dataclass(frozen=True)
class Attempt:
    """An answer with its signs, and the way to it."""

    best: Candidate
    signs: Signs
    way: tuple[Candidate, ...]  # the best after the first looks, and after the closest of the whole
    closest: Candidate | None = None


class Attempts:
    """At one pair; each that is asked for takes more time."""

    def __init__(self, stages: Stages, pair: Pair, scale_within: float | None = None):
        """``scale_within``: search only log scales as near to none as this.

        ``search`` is what was searched last, ``hypotheses`` the best of it, best first.
        """
        self._stages, self._pair, self._scale_within = stages, pair, scale_within
        self.search = stages.searched(stages.glance, pair)
        glanced = stages.first.kept - 1  # beside them, the images as they lie
        self.hypotheses = self.search.best(glanced, scale_within)
        self._opinions = Opinions(pair, self.search)

    def __iter__(self) -> Iterator[Attempt]:
        unturned, *turned = as_they_lie(self._pair, self._stages.first.size)
        best, *others = self.hypotheses
        rivals = [other for other in others if best.score - other.score < CLEAR]
        looked = self._looked([best, *rivals, unturned] if rivals else [best])
        if not rivals or best.score - rivals[0].score > TORN:
            yield self._followed(looked, looked)
        self.search = self._opinions.search = self._stages.searched(self._stages.search, self._pair)
        self.hypotheses = self.search.best(MOST, self._scale_within)
        unseen = turned if rivals else [unturned, *turned]
        looked += self._looked([*unseen, *self.hypotheses, *self._asked_back()])
        likely = self._distinct(looked, FOLLOWED)
        mended = self._looked([self._opinions.mended(candidate) for candidate in likely])
        yield self._followed(self._looked(likely + mended), looked, thorough=True)

    def _asked_back(self) -> list[Candidate]:
        """What the search finds with the images exchanged."""
        found = self._stages.searched(self._stages.search, self._pair.exchanged())
        best = found.best(MOST, self._scale_within)
        return [replace(c, moving_from_fixed=np.linalg.inv(c.moving_from_fixed)) for c in best]

    def _looked(self, candidates: list[Candidate]) -> list[Candidate]:
        return look(self._stages.engine, self._stages.first, self._pair, candidates)

    def _distinct(self, candidates: list[Candidate], count: int) -> list[Candidate]:
        """The most plausible, none of them where a better one lies."""
        kept: list[Candidate] = []
        for candidate in self._opinions.ranked(candidates):
            if len(kept) < count and all(apart_px(self._pair, candidate, c) > SAME_PX for c in kept):
                kept.append(candidate)
        return kept

    def _followed(self, likely: list[Candidate], looked: list[Candidate], thorough: bool = False) -> Attempt:
        """The most plausible of some candidates, followed up to the images' own px."""
        engine, pair, fine = self._stages.engine, self._pair, self._stages.fine
        most = FOLLOWED if thorough else 1
        ways = [(refined(engine, fine, pair, c), c) for c in self._distinct(likely, most)]
        best = self._opinions.ranked([end for end, _ in ways])[0]
        chosen = next(start for end, start in ways if end is best)
        if thorough:
            settled = look(engine, fine, pair, [self._opinions.settled(best)])
            best = self._opinions.ranked([best, *settled])[0]
        step = max(pair.fixed.shape) / fine.size
        closest = closer(engine, self._stages.first.graph, pair, best, step)
        last, word, witness_px = self._last_word(closest, WINDOWS if closest is not best else VIEW)
        others = [c for c in likely + looked if apart_px(pair, c, chosen) > OTHER_PX]
        lead = chosen.score - self._rival_score(chosen.score, others, last, word)
        left_px = spread_px(last) if word == PIXELS else None
        apart, spread = disagreement_px(closest), spread_px(closest)
        signs = Signs(chosen.score, lead, apart, spread, witness_px, thorough, word, left_px)
        return Attempt(last, signs, (chosen, best), closest)

    def _rival_score(self, score: float, others: list[Candidate], last: Candidate, word: str) -> float:
        """Of the best of other candidates; where px had the last word, of those that they do not rule out."""
        for other in sorted(others, key=lambda c: c.score, reverse=True):
            if word != PIXELS or score - other.score >= AHEAD or self._fits_elsewhere(other, last):
                return other.score
        return 0.0

    def _fits_elsewhere(self, candidate: Candidate, answer: Candidate) -> bool:
        """Whether px bear a candidate out, once it is followed, and not by bringing it to the answer."""
        end = polished(self._pair, refined(self._stages.engine, self._stages.fine, self._pair, candidate))
        return end is not None and apart_px(self._pair, end, answer) > OTHER_PX

    def _last_word(self, closest: Candidate, word: str) -> tuple[Candidate, str, float]:
        """The answer, who says so, and how far the network's own answer and a witness are apart, px at 256.

        The witness is no network: the px, where both images show one contrast, else mutual information, which
        starts from the answer. Of two answers that err each in its own way the middle errs least.
        """
        by_pixels = polished(self._pair, closest) if word == VIEW else None
        if by_pixels is not None:
            return by_pixels, PIXELS, apart_px(self._pair, closest, by_pixels)
        witness = self._opinions.settled(closest)
        apart = apart_px(self._pair, closest, witness)
        if word == WINDOWS or apart > SAME_PX:
            return closest, word, apart
        middle = (closest.moving_from_fixed + witness.moving_from_fixed) / 2
        return replace(closest, moving_from_fixed=middle), word, apart
