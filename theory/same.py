"""Which altered statements of a claim are one and the same, however they were come by.

Only what is certain counts: definitions are put in, the order of terms and factors, the sign under an even power and a
number on both sides of a relation do not matter. Statements that are told apart here may still be equivalent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from .claim import Claim, Mutant, Part, atoms_of, mutated

UNORDERED = (sp.Add, sp.Mul, sp.MatAdd, sp.Max, sp.Min)
TURNED = {sp.Le: sp.Ge, sp.Ge: sp.Le, sp.Lt: sp.Gt, sp.Gt: sp.Lt}
Known = dict[Any, int]


def affected(symbols: Iterable[Any], definitions: Mapping[Any, Any]) -> set[Any]:
    """The symbols, and those that are defined by them, directly or through others."""
    found = set(symbols)
    while more := {s for s, d in definitions.items() if s not in found and atoms_of(sp.sympify(d)) & found}:
        found |= more
    return found


def _coefficient(side: Any) -> tuple[Any, Any]:
    """The number in front, and what follows it."""
    return side.as_coeff_mmul() if isinstance(side, sp.MatMul) else side.as_coeff_Mul()


class Statements:
    """The statements of one claim and its mutants. Expressions that are the same get the same number."""

    def __init__(self, claim: Claim):
        self.claim = claim
        self._numbers: dict[Any, int] = {}
        self._known: Known = {}
        self._own = {self._part(p, claim.defined, self._known) for p in claim.parts}

    def altered(self, mutant: Mutant) -> frozenset[Any]:
        """What a mutant states otherwise than the claim; empty if that is nothing."""
        parts, definitions = mutated(self.claim, mutant)
        known = self._known
        if mutant.definitions:
            changed = affected(mutant.definitions, definitions)
            known = {s: n for s, n in self._known.items() if s in definitions and s not in changed}
        return frozenset({self._part(p, definitions, known) for p in parts} - self._own)

    def _part(self, part: Part, definitions: Mapping[Any, Any], known: Known) -> tuple[Any, ...]:
        relation, (factor, left), right = type(part.relation), _coefficient(part.relation.lhs), part.relation.rhs
        if factor not in (0, 1):
            relation, right = TURNED.get(relation, relation) if factor.is_negative else relation, 1 / factor * right
        numbers = [self._number(x, definitions, known) for x in (left, right, sp.sympify(part.when))]
        return (part.name, relation, *numbers)

    def _number(self, expr: Any, definitions: Mapping[Any, Any], known: Known) -> int:
        if expr not in known:
            known[expr] = self._new_number(expr, definitions, known)
        return known[expr]

    def _new_number(self, expr: Any, definitions: Mapping[Any, Any], known: Known) -> int:
        if expr in definitions:
            return self._number(sp.sympify(definitions[expr]), definitions, known)
        if not expr.args or isinstance(expr, sp.MatrixSymbol):
            return self._numbered(expr)
        if isinstance(expr, sp.Pow) and expr.exp.is_even:
            args = sorted(self._number(x, definitions, known) for x in (expr.base, -expr.base))
            return self._numbered(("even power", expr.exp, *args))
        args = [self._number(x, definitions, known) for x in expr.args]
        return self._numbered((expr.func, *(sorted(args) if expr.func in UNORDERED else args)))

    def _numbered(self, key: Any) -> int:
        return self._numbers.setdefault(key, len(self._numbers))
