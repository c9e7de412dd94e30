"""Proofs as lists of steps. An algebra step is checked by exact algebra; a lemma or a citation is only named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sympy as sp


class StepKind(Enum):
    """How a step is justified; the value is the word that users read."""

    ALGEBRA = "exact algebra"
    LEMMA = "standard lemma"
    CLAIM = "claim of the catalogue"
    CITED = "cited"


class StepStatus(Enum):
    """What checking a step gave."""

    CHECKED = "checked by exact algebra"
    CHECKED_AT_SIZE = "checked by exact algebra at one size only"
    FAILED = "FAILED: the two sides differ"
    NAMED = "standard lemma, named and not re-proved"
    REFERRED = "rests on another claim of the catalogue"
    QUOTED = "cited, not checked"


Equation = tuple[Any, Any]


@dataclass(frozen=True)
class Step:
    """One step. `equations()` gives the pairs that must agree; `size` names the shapes of explicit matrices.

    With an empty `size` the equations are free of shapes: scalars, or noncommutative symbols that stand for
    matrices of any shape. `under_trace` compares noncommutative words up to cyclic rotation.
    """

    kind: StepKind
    text: str
    equations: Callable[[], list[Equation]] | None = None
    size: str = ""
    lemma: str = ""
    under_trace: bool = False

    def check(self) -> StepStatus:
        """Carry out the algebra (exactly; no numbers are tried)."""
        if self.kind is StepKind.LEMMA:
            return StepStatus.NAMED
        if self.kind is StepKind.CLAIM:
            return StepStatus.REFERRED
        if self.kind is StepKind.CITED or self.equations is None:
            return StepStatus.QUOTED
        if not all(_agree(left, right, self.under_trace) for left, right in self.equations()):
            return StepStatus.FAILED
        return StepStatus.CHECKED_AT_SIZE if self.size else StepStatus.CHECKED


def algebra(text: str, equations: Callable[[], list[Equation]], *, size: str = "", under_trace: bool = False) -> Step:
    """A step that exact algebra decides; `equations` is called only when the step is checked."""
    return Step(StepKind.ALGEBRA, text, equations, size=size, under_trace=under_trace)


def lemma(name: str, text: str) -> Step:
    """A step that is an instance of a standard inequality or theorem, by name."""
    return Step(StepKind.LEMMA, text, lemma=name)


def by_claim(claim_id: str, text: str) -> Step:
    """A step that uses another claim of the catalogue, by id."""
    return Step(StepKind.CLAIM, text, lemma=claim_id)


def cited(text: str) -> Step:
    """A step that is only quoted."""
    return Step(StepKind.CITED, text)


def proof_status(steps: tuple[Step, ...]) -> dict[str, int]:
    """Number of steps by what checking them gave, e.g. {"checked by exact algebra": 2, ...}."""
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.check().value] = counts.get(step.check().value, 0) + 1
    return counts


def fully_checked(steps: tuple[Step, ...]) -> bool:
    """True when there is a proof and every step of it is shape-free algebra that came out right."""
    return bool(steps) and all(step.check() is StepStatus.CHECKED for step in steps)


def _agree(left: Any, right: Any, under_trace: bool) -> bool:
    if isinstance(left, sp.MatrixBase):
        return left.shape == right.shape and all(_vanishes(x) for x in (left - right))
    if under_trace:
        return _cyclic_form(left - right) == {}
    return _vanishes(left - right)


def _vanishes(expr: Any) -> bool:
    expr = sp.expand(expr)
    return expr == 0 or (expr.is_commutative and sp.simplify(expr) == 0)


def _cyclic_form(expr: Any) -> dict[tuple[Any, ...], Any]:
    """Coefficients of noncommutative words, each rotated to its smallest cyclic rotation."""
    form: dict[tuple[Any, ...], Any] = {}
    for term in sp.Add.make_args(sp.expand(expr)):
        commuting, word = term.args_cnc()
        letters = [b for f in word for b in ([f.base] * int(f.exp) if f.is_Pow else [f])]
        rotations = [tuple(letters[i:] + letters[:i]) for i in range(len(letters))] or [()]
        key = min(rotations, key=lambda w: tuple(map(str, w)))
        form[key] = form.get(key, 0) + sp.Mul(*commuting)
    return {word: c for word, c in form.items() if sp.expand(c) != 0}
