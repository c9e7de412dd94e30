"""What a decision procedure may answer; only `HOLDS` is a proof."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import sympy as sp

from ..errors import TheoryError


class Outcome(Enum):
    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "not decided"


@dataclass(frozen=True)
class Decision:
    """An answer; `detail` is the point where the statement fails, or why it stayed open."""

    outcome: Outcome
    detail: str = ""


HOLDS = Decision(Outcome.HOLDS)


def fails(detail: str) -> Decision:
    return Decision(Outcome.FAILS, detail)


def left_open(detail: str) -> Decision:
    return Decision(Outcome.OPEN, detail)


def refuse_settled(statement: Any) -> None:
    """Raise where sympy has evaluated a relation to true or false, so that nothing is left to decide."""
    if statement in (sp.true, sp.false, True, False):
        raise TheoryError(f"the relation is already {statement} for sympy: nothing to decide; write it evaluate=False")
