"""What the service says no to."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The service refused a request; ``problem`` is what it said (RFC 9457)."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status}: {problem.get('detail') or problem.get('title') or problem}")
        self.status, self.problem = status, problem

    @property
    def code(self) -> str:
        """The kind of problem: ``image-not-found`` for instance."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


class Failed(Exception):
    """The registration has ended without a result."""


class TookTooLong(Exception):
    """The registration has not ended in the time that it was given; it goes on."""
