"""Polynomial inequalities over the reals, decided by z3 on the negation of "hypotheses imply conclusion".

The translation is our own, node by node, with exact rationals. A reciprocal 1/b becomes a new variable y with
b·y = 1, after b ≠ 0 has been shown from the hypotheses that hold no reciprocal. The resource limit counts z3's own
steps, not seconds, so that the answer does not depend on the machine.
"""

import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import sympy as sp

from ..errors import TheoryError
from .outcome import HOLDS, Decision, fails, left_open, refuse_settled

RLIMIT = 1_000_000  # about a second
DIGITS = 12
NOT_INSTALLED = "z3 is not installed: pip install 'lemmaflow[proof]'"
GAVE_UP = "z3 gave up within its resource limit"

RELATIONS: dict[Any, Any] = {
    sp.Ge: operator.ge,
    sp.Gt: operator.gt,
    sp.Le: operator.le,
    sp.Lt: operator.lt,
    sp.Eq: operator.eq,
    sp.Ne: operator.ne,
}
SIGNS: tuple[tuple[str, Any], ...] = (
    ("is_positive", operator.gt),
    ("is_negative", operator.lt),
    ("is_nonnegative", operator.ge),
    ("is_nonpositive", operator.le),
    ("is_nonzero", operator.ne),
)


class Implication(NamedTuple):
    """For all real values of the symbols: the hypotheses, and the symbols' declared signs, imply the conclusion."""

    conclusion: Any
    hypotheses: Sequence[Any] = ()


class Translation:
    """Sympy formulas as formulas of one z3 context; remembers variables and reciprocals."""

    def __init__(self, z3: Any):
        self.z3, self.context = z3, z3.Context()
        self.variables: dict[sp.Symbol, Any] = {}
        self.reciprocals: dict[Any, tuple[Any, Any]] = {}  # b: (b translated, 1/b)

    def term(self, node: Any) -> Any:
        if isinstance(node, sp.Rational):
            return self.z3.Q(int(node.p), int(node.q), self.context)
        if isinstance(node, sp.Symbol):
            return self._variable(node)
        if isinstance(node, sp.Add | sp.Mul):
            join = operator.add if isinstance(node, sp.Add) else operator.mul
            return reduce(join, [self.term(a) for a in node.args])
        if isinstance(node, sp.Pow) and isinstance(node.exp, sp.Integer):
            base = self.term(node.base) if node.exp > 0 else self._reciprocal(node.base)
            return reduce(operator.mul, [base] * abs(int(node.exp)))
        raise TheoryError(
            f"{type(node).__name__} in {node}: z3 steps take rationals, real symbols, +, ·, integer powers, relations; "
            "for √x declare a symbol s ≥ 0 with the hypothesis s² = x"
        )

    def _variable(self, symbol: sp.Symbol) -> Any:
        if not symbol.is_real or symbol.is_integer:
            raise TheoryError(f"symbol {symbol}: z3 steps are about real numbers; declare it real, not integer")
        if any(other.name == symbol.name for other in self.variables if other != symbol):
            raise TheoryError(f"two different symbols are named {symbol}; declare it once")
        return self.variables.setdefault(symbol, self.z3.Real(symbol.name, self.context))

    def _reciprocal(self, base: Any) -> Any:
        if base not in self.reciprocals:
            below = self.term(base)
            self.reciprocals[base] = below, self.z3.Real(f"1/({base})", self.context)
        return self.reciprocals[base][1]

    def formula(self, node: Any) -> Any:
        refuse_settled(node)
        if isinstance(node, sp.And | sp.Or):
            join = self.z3.And if isinstance(node, sp.And) else self.z3.Or
            return join([self.formula(a) for a in sorted(node.args, key=sp.default_sort_key)])
        if isinstance(node, sp.Not):
            return self.z3.Not(self.formula(node.args[0]))
        if type(node) not in RELATIONS:
            raise TheoryError(f"{type(node).__name__} in {node}: expected a relation, And, Or or Not")
        return RELATIONS[type(node)](self.term(node.lhs), self.term(node.rhs))

    def signs(self) -> list[Any]:
        """What the symbols are declared to be."""
        return [compare(var, 0) for s, var in self.variables.items() for name, compare in SIGNS if getattr(s, name)]


class Query:
    """One implication in z3, with its resource limit."""

    def __init__(self, z3: Any, implication: Implication, rlimit: int):
        self.z3, self.rlimit, self.go = z3, rlimit, Translation(z3)
        self.implication = implication
        hypotheses = [(h, self.go.formula(h)) for h in implication.hypotheses]
        self.plain = [formula for h, formula in hypotheses if not _has_reciprocal(h)]
        self.hypotheses = [formula for _, formula in hypotheses]
        self.conclusion = self.go.formula(implication.conclusion)
        self.signs = self.go.signs()
        self.defined = [below * inverse == 1 for below, inverse in self.go.reciprocals.values()]

    def decide(self) -> Decision:
        for k, (base, (below, _)) in enumerate(self.go.reciprocals.items()):
            shown = self._refute([*self.plain, *self.defined[:k], below == 0], f"the denominator {base} is 0 at ")
            if shown is not HOLDS:
                return shown
        given = [*self.hypotheses, *self.defined]
        possible, _ = self._solve(given)
        if possible == self.z3.unsat:
            return fails("the hypotheses contradict each other: nothing is stated")
        if possible == self.z3.unknown:
            return left_open(f"{GAVE_UP} before it found a point that satisfies the hypotheses")
        return self._refute([*given, self.z3.Not(self.conclusion)], "false at ")

    def _solve(self, constraints: list[Any]) -> tuple[Any, Any]:
        """z3's answer and the solver; the same on every run."""
        solver = self.z3.Tactic("qfnra-nlsat", self.go.context).solver()
        solver.set("rlimit", self.rlimit)
        solver.add(*self.signs, *constraints)
        return solver.check(), solver

    def _refute(self, constraints: list[Any], what: str) -> Decision:
        """HOLDS when the constraints have no solution; else the solution, checked again."""
        answer, solver = self._solve(constraints)
        if answer == self.z3.unsat:
            return HOLDS
        if answer == self.z3.unknown:
            return left_open(GAVE_UP)
        model = solver.model()
        if not self._confirmed(model, constraints):
            return left_open("z3 returned a point that does not violate the statement")
        values = {s: model.eval(v, model_completion=True) for s, v in self.go.variables.items()}
        return fails(what + ", ".join(f"{s} = {self._text(v)}" for s, v in values.items()))

    def _confirmed(self, model: Any, constraints: list[Any]) -> bool:
        """Rational points are put into the sympy relations; others are evaluated by z3, exactly."""
        values = {s: model.eval(v, model_completion=True) for s, v in self.go.variables.items()}
        if not all(self.z3.is_rational_value(v) for v in values.values()):
            return all(self.z3.is_true(model.eval(c, model_completion=True)) for c in (*self.signs, *constraints))
        point = {s: sp.Rational(v.numerator_as_long(), v.denominator_as_long()) for s, v in values.items()}
        if any(base.subs(point) == 0 for base in self.go.reciprocals):
            return True  # the question was whether a denominator can be 0
        conclusion = self.implication.conclusion.subs(point)
        return conclusion == sp.false and all(h.subs(point) == sp.true for h in self.implication.hypotheses)

    def _text(self, value: Any) -> str:
        if self.z3.is_rational_value(value):
            return str(sp.Rational(value.numerator_as_long(), value.denominator_as_long()))
        near = value.approx(DIGITS)
        return f"≈{near.numerator_as_long() / near.denominator_as_long():.10g}"


def _has_reciprocal(formula: Any) -> bool:
    return any(power.exp.is_negative for power in formula.atoms(sp.Pow))


def decide_implication(implication: Implication, *, rlimit: int = RLIMIT) -> Decision:
    """Decide a polynomial implication. Without z3, or beyond the resource limit, the answer stays open."""
    try:
        import z3
    except ImportError:
        return left_open(NOT_INSTALLED)
    return Query(z3, implication, rlimit).decide()
