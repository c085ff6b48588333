"""The graphs of the default network, and the engine that runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xebra.engine import Engine
from xebra.estimate.coarse_search import SearchLevel
from xebra.estimate.detail_search import DetailSearchLevel
from xebra.estimate.refinement import RefineLevel


@dataclass(frozen=True)
class Stages:
    """The stages of the pipeline."""

    engine: Engine
    coarse_search: SearchLevel
    fine_search: SearchLevel  # the same grid of angles and scales with smaller cells
    detail_search: DetailSearchLevel  # of a small field of view in a larger one
    coarse: RefineLevel  # refines many candidates
    fine: RefineLevel  # refines the best ones

    @classmethod
    def from_config(cls, config: dict[str, Any], engine: Engine) -> Stages:
        """Return the stages that a network's config.json describes."""
        coarse, fine = (RefineLevel(**level) for level in config["refine_levels"])
        return cls(
            engine,
            SearchLevel.from_config(config["coarse_search"]),
            SearchLevel.from_config(config["fine_search"]),
            DetailSearchLevel(**config["detail_search"]),
            coarse,
            fine,
        )
