"""Decide inequalities by machine: polynomial ones by z3, one-variable ones by adaptive subdivision with balls."""

from .outcome import Decision, Outcome
from .smt import Implication, decide_implication
from .subdivide import Inequality, decide_inequality

__all__ = ["Decision", "Implication", "Inequality", "Outcome", "decide_implication", "decide_inequality"]
