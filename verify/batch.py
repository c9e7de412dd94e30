"""What a search hands to those who look on: one batch of trained networks, with the claim's own judgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from theory import Claim

from .checks import Judgement
from .experiment import Instances, Measured

WITNESS, AIMED = "witness", "aimed at little slack"
LOCAL_SEARCH, GRADIENT_ASCENT = "local search", "gradient ascent"
SEARCHED = (WITNESS, AIMED, LOCAL_SEARCH, GRADIENT_ASCENT)
"""How instances came about that the generators did not draw: a share of them says nothing about the generators."""


@dataclass(frozen=True)
class Batch:
    """Instances within the assumptions, none of which violates the claim. `closely(indices)` measures some of them
    again, tighter and by another engine; `how` says how they were found."""

    instances: Instances
    measured: Measured
    judgements: list[Judgement]
    closely: Callable[[list[int]], Measured]
    how: str


class Observer(Protocol):
    """Looks at every batch of a search; `rows` is what it saw, as plain data for the store."""

    name: str
    claim: Claim

    def observe(self, batch: Batch) -> None: ...

    def rows(self) -> Any: ...
