"""Decide inequalities by machine: polynomial ones by z3, others on intervals and boxes by subdivision with balls."""

from .boxes import BoxInequality, decide_on_box
from .outcome import Decision, Outcome
from .smt import Implication, decide_implication
from .subdivide import Inequality, decide_inequality

__all__ = [
    "BoxInequality",
    "Decision",
    "Implication",
    "Inequality",
    "Outcome",
    "decide_implication",
    "decide_inequality",
    "decide_on_box",
]
