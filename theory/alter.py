"""Systematic alterations of a statement: every small way in which it could be wrong.

The expression tree of each part and of each definition that it uses is walked; at each node one thing is changed: a
coefficient, an exponent, a sign, the relation, max for min, an index, a quantity for a like one, a term, a condition.
What is implied by the claim is recognised symbolically where the signs of the symbols decide it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from .claim import Claim, Mutant, Part, Scale, atoms_of, closure, mutated
from .errors import TheoryError
from .render import pretty
from .same import Statements, affected
from .variants import CURVED, Operator, of_side, variants
from .words import ScalarWord
from .words.base import is_matrix


class Implied(Enum):
    """What the signs of the symbols say of an altered statement: it follows from the claim, or is the same."""

    WEAKER = "weaker"
    EQUIVALENT = "equivalent"


@dataclass(frozen=True)
class Alteration:
    """One altered statement. `part` is empty where a definition was altered, which may touch several parts."""

    mutant: Mutant
    operator: Operator
    part: str
    implied: Implied | None = None


@dataclass(frozen=True)
class Constant:
    """A number in a part's relation that could be another: `relation` holds it times the symbol `STRENGTH`."""

    part: str
    printed: Any
    where: str
    relation: Any


STRENGTH = sp.Symbol("strength", positive=True)
"""Factor on one constant of a relation: 1 is the claim itself."""


def alterations(claim: Claim) -> tuple[Alteration, ...]:
    """The systematic mutants of a claim: no statement twice, and none that is the claim itself."""
    names, statements = claim.names("unicode"), Statements(claim)
    found: dict[Any, Alteration] = {}
    for part in claim.parts:
        for operator, what, changed in _of_part(part, claim):
            mutant = _named(found, names, part.name, what, changed)
            stated = mutant and statements.altered(mutant)
            if mutant and stated and stated not in found:
                found[stated] = Alteration(mutant, operator, part.name, _implied(part, mutant))
    for symbol, definition in _altered_definitions(claim):
        for operator, old, new, whole in variants(definition, claim):
            name = f"{names.get(symbol.name, symbol.name)}: {_shown(old, names)} → {_shown(new, names)}"
            mutant = Mutant(_unique(found, name), f"{operator.value} altered", definitions={symbol: whole})
            stated = statements.altered(mutant)
            if stated and stated not in found:
                found[stated] = Alteration(mutant, operator, "")
    return tuple(found.values())


def side_by_side(claim: Claim, mutants: Sequence[Mutant]) -> tuple[list[list[Part]], dict[Any, Any]]:
    """The parts that each mutant alters, and one set of definitions for all of them.

    A definition that a mutant alters, and those that use it, get names of their own for that mutant, so that all
    mutants can be compiled as one program which shares what they have in common.
    """
    definitions = {symbol: sp.sympify(definition) for symbol, definition in claim.defined.items()}
    parts, added = [], {}
    for k, mutant in enumerate(mutants):
        renamed = _renamed(mutant, definitions, k)
        own = {**definitions, **mutant.definitions}
        added |= {new: sp.sympify(own[old]).xreplace(renamed) for old, new in renamed.items()}
        altered, _ = mutated(claim, mutant)
        parts.append(
            [
                replace(p, relation=p.relation.xreplace(renamed), when=p.when.xreplace(renamed))
                for p in altered
                if not renamed or (atoms_of(p.relation) | atoms_of(p.when)) & set(renamed)
            ]
        )
    return parts, {**definitions, **added}


def _renamed(mutant: Mutant, definitions: dict[Any, Any], k: int) -> dict[Any, Any]:
    """New symbols for what a mutant defines otherwise, directly or through other definitions."""
    return {s: _sibling(s, f"{s.name}_altered{k}") for s in affected(mutant.definitions, definitions)}


def _sibling(symbol: Any, name: str) -> Any:
    if isinstance(symbol, sp.MatrixSymbol):
        return sp.MatrixSymbol(name, *symbol.shape)
    return sp.Symbol(name, **symbol.assumptions0)


def constants(claim: Claim) -> tuple[Constant, ...]:
    """The coefficients and exponents of each inequality's predicted side, with a symbol for how far they are moved."""
    names, result = claim.names("unicode"), []
    for part in claim.parts:
        if part.is_equation:
            continue  # no number of an equation can be moved at all: that is what its altered statements test
        seen: set[Any] = {part.relation}
        for kind, printed, at, build in _constants_of(part.relation.rhs):
            relation = _relation(part, part.relation.lhs, build(STRENGTH))
            if relation is None or relation in seen:
                continue
            seen.add(relation)
            result.append(Constant(part.name, printed, f"{kind} of {_shown(at, names)}", relation))
    return tuple(result)


def log_of(expr: Any) -> Any:
    """log of an expression ≥ 0 with products, powers and exponentials opened, so that nothing underflows; −∞ for 0."""
    if expr == 0:
        return sp.S.NegativeInfinity
    if isinstance(expr, sp.exp):
        return expr.args[0]
    if isinstance(expr, sp.Mul):
        return sp.Add(*map(log_of, expr.args))
    if isinstance(expr, sp.Pow):
        return expr.exp * log_of(expr.base)
    return sp.log(expr)


# ---- parts
def _of_part(part: Part, claim: Claim) -> Iterator[tuple[Operator, tuple[str, Any, Any], dict[str, Any]]]:
    """(operator, (what, old, new), {"relation" or "when": altered})"""
    left, right = part.relation.lhs, part.relation.rhs
    for side, other, build in ((right, left, lambda x: (left, x)), (left, right, lambda x: (x, right))):
        if not side.args and side not in claim.definitions:
            continue  # a bare symbol: what is measured
        for operator, old, new, whole in (*of_side(side), *variants(side, claim)):
            if operator is Operator.SIGN and part.scale is Scale.LOG and whole == -side:
                continue  # a negative bound has no logarithm
            relation = _relation(part, *build(whole))
            if relation is not None and relation != part.relation and whole != other:
                yield operator, ("", old, new), {"relation": relation}
    if not part.is_equation:
        turned = part.relation.reversedsign.func(left, right) if part.relation.func in (sp.Le, sp.Ge) else None
        if isinstance(turned, Relational):  # f ≥ 0 is true of what cannot be negative
            yield Operator.RELATION, ("", part.relation, turned), {"relation": turned}
    if part.when != sp.true:
        yield Operator.CONDITION, ("", part.when, sp.true), {"when": sp.true}


def _named(found: Any, names: Any, part: str, what: Any, changed: dict[str, Any]) -> Mutant | None:
    _, old, new = what
    text = f"{part}: {_shown(old, names)} → {_shown(new, names)}"
    try:
        return Mutant(
            _unique(found, text),
            "altered by rule",
            relations={part: changed["relation"]} if "relation" in changed else {},
            conditions={part: changed["when"]} if "when" in changed else {},
        )
    except TheoryError:
        return None


def _unique(found: dict[Any, Alteration], name: str) -> str:
    taken = {a.mutant.name for a in found.values()}
    if name not in taken:
        return name
    return next(n for k in range(2, len(taken) + 3) if (n := f"{name} (place {k})") not in taken)


def _relation(part: Part, left: Any, right: Any) -> Any:
    """The part's relation between other sides; None where it is decided by itself, or a side is not real: log(−2)."""
    if any(side.has(sp.I, sp.zoo, sp.nan) for side in (left, right)):
        return None
    try:
        relation = part.relation.func(left, right)
    except TypeError:  # sympy's "Invalid comparison of non-real"
        return None
    return relation if isinstance(relation, Relational) else None


def _altered_definitions(claim: Claim) -> Iterator[tuple[Any, Any]]:
    """The definitions that the parts use, directly or through others."""
    used = closure([e for p in claim.parts for e in (p.relation, p.when)], claim.declared)
    for symbol, definition in claim.definitions.items():
        if symbol in used and not symbol.is_integer:
            yield symbol, sp.sympify(definition)


# ---- constants
Build = Callable[[Any], Any]


def _constants_of(side: Any) -> Iterator[tuple[str, Any, Any, Build]]:
    """(what, the number as printed, where it stands, the side with it times a factor) for each number of a side."""
    if is_matrix(side) or side == 0:
        return
    if side.args or side.is_number:
        yield "factor", _coefficient(side), side, lambda s: s * side
    yield from _inner_constants(side)


def _inner_constants(expr: Any) -> Iterator[tuple[str, Any, Any, Build]]:
    if isinstance(expr, sp.Add):
        for i, term in enumerate(expr.args):
            yield "coefficient", _coefficient(term), term, _placed(expr, i, lambda s, a=term: s * a)
    elif isinstance(expr, CURVED):
        yield "coefficient", _coefficient(expr.args[0]), expr.args[0], _placed(expr, 0, lambda s, e=expr: s * e.args[0])
    elif isinstance(expr, sp.Pow) and expr.exp.is_number and not isinstance(expr, sp.exp):
        yield "exponent", expr.exp, expr, lambda s: expr.base ** (expr.exp * s)
    if isinstance(expr, ScalarWord | Relational | sp.Piecewise | sp.Sum):
        return
    for i, arg in enumerate(expr.args):
        if not (isinstance(expr, sp.Pow) and i == 1) and not is_matrix(arg):
            for what, printed, at, build in _inner_constants(arg):
                yield what, printed, at, _placed(expr, i, build)


def _placed(expr: Any, i: int, build: Build) -> Build:
    return lambda s: expr.func(*expr.args[:i], build(s), *expr.args[i + 1 :])


def _coefficient(expr: Any) -> Any:
    return abs(expr.as_coeff_Mul()[0])


# ---- what follows from the claim
def _implied(part: Part, mutant: Mutant) -> Implied | None:
    """Weaker or equivalent, where the signs of the symbols decide it; None otherwise."""
    relation = mutant.relations.get(part.name)
    if relation is None or is_matrix(relation.lhs) or is_matrix(relation.rhs):
        return None
    if relation.func is not part.relation.func or relation.lhs != part.relation.lhs:
        return None
    old, new = part.relation.rhs, relation.rhs
    differences = [sp.expand(new - old)]
    if old.is_positive and new.is_positive:
        differences.append(sp.expand(log_of(new) - log_of(old)))  # opens exponentials and products
    if any(d == 0 for d in differences):
        return Implied.EQUIVALENT
    if part.is_equation:
        return None
    gains = [-d if part.is_lower_bound else d for d in differences]
    weaker = any(form.is_nonnegative for g in gains for form in (g, sp.factor_terms(g)))
    return Implied.WEAKER if weaker else None


def _shown(expr: Any, names: Any) -> str:
    text = pretty(expr, names)
    return text if len(text) <= 90 else text[:87] + "…"
