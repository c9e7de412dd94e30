"""Proofs as lists of steps. Algebra and inequalities are decided by machine; a lemma or a citation is only named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

import sympy as sp

from .decide import (
    BoxInequality,
    Decision,
    Implication,
    Inequality,
    Outcome,
    decide_implication,
    decide_inequality,
    decide_on_box,
)
from .errors import TheoryError


class StepKind(Enum):
    """How a step is justified; the value is the word that users read."""

    ALGEBRA = "exact algebra"
    SMT = "polynomial inequality"
    BALLS = "inequality on an interval or a box"
    LEMMA = "standard lemma"
    CLAIM = "claim of the catalogue"
    CITED = "cited"


class StepStatus(Enum):
    """What checking a step gave."""

    CHECKED = "checked by exact algebra"
    CHECKED_AT_SIZE = "checked by exact algebra at one size only"
    DECIDED = "decided by z3"
    ENCLOSED = "enclosed by ball arithmetic"
    UNDECIDED = "not proven"
    FAILED = "FAILED"
    NAMED = "standard lemma, named and not re-proved"
    REFERRED = "rests on another claim of the catalogue"
    QUOTED = "cited, not checked"


PROVEN = {StepStatus.CHECKED, StepStatus.DECIDED, StepStatus.ENCLOSED}
UNCOMPUTED = {
    StepKind.LEMMA: StepStatus.NAMED,
    StepKind.CLAIM: StepStatus.REFERRED,
    StepKind.CITED: StepStatus.QUOTED,
}
Equation = tuple[Any, Any]


class Finding(NamedTuple):
    """What checking a step gave; `detail` says where it fails or why it is not proven."""

    status: StepStatus
    detail: str = ""


@dataclass(frozen=True)
class Step:
    """One step. `statements()` gives what must hold: equations, implications or inequalities, by the kind.

    `size` names the shapes of explicit matrices. With an empty `size` the equations are free of shapes: scalars, or
    noncommutative symbols that stand for matrices of any shape. `under_trace` compares noncommutative words up to
    cyclic rotation.
    """

    kind: StepKind
    text: str
    statements: Callable[[], list[Any]] | None = None
    size: str = ""
    lemma: str = ""
    under_trace: bool = False

    def find(self) -> Finding:
        """Carry out the step (exactly; no numbers are tried). Done once in a process."""
        return _find(self)

    def check(self) -> StepStatus:
        """The status that `find` gives."""
        return self.find().status


def algebra(text: str, equations: Callable[[], list[Equation]], *, size: str = "", under_trace: bool = False) -> Step:
    """A step that exact algebra decides; `equations` is called only when the step is checked."""
    return Step(StepKind.ALGEBRA, text, equations, size=size, under_trace=under_trace)


def polynomial(text: str, implications: Callable[[], list[Implication]]) -> Step:
    """A step of polynomial inequalities over the reals, which z3 decides when the step is checked."""
    return Step(StepKind.SMT, text, implications)


def enclosed(
    text: str, inequalities: Callable[[], list[Inequality] | list[BoxInequality] | list[Inequality | BoxInequality]]
) -> Step:
    """A step of inequalities, in one variable on an interval or in several on a box, which balls decide when the step
    is checked."""
    return Step(StepKind.BALLS, text, inequalities)


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
    """True when there is a proof and every step of it is shape-free algebra or an inequality that was proven."""
    return bool(steps) and all(step.check() in PROVEN for step in steps)


def trust_base(steps: tuple[Step, ...]) -> dict[str, Any]:
    """What a proof rests on: numbers of steps by procedure that proved them, names or texts of what nothing proved.

    Algebra that was carried out at one size only is listed with the citations: at other sizes it is only stated.
    """
    found = [(step, step.check()) for step in steps]

    def number(status: StepStatus) -> int:
        return sum(s is status for _, s in found)

    def named(status: StepStatus) -> list[str]:
        return list(dict.fromkeys(step.lemma or step.text for step, s in found if s is status))

    at_size = [f"{step.text} ({step.size} only)" for step, s in found if s is StepStatus.CHECKED_AT_SIZE]
    return {
        "algebra": number(StepStatus.CHECKED),
        "smt": number(StepStatus.DECIDED),
        "balls": number(StepStatus.ENCLOSED),
        "lemmas": named(StepStatus.NAMED),
        "claims": named(StepStatus.REFERRED),
        "cited": [*named(StepStatus.QUOTED), *at_size],
        "failed": number(StepStatus.FAILED),
        "undecided": number(StepStatus.UNDECIDED),
    }


@cache
def _find(step: Step) -> Finding:
    if step.kind in UNCOMPUTED:
        return Finding(UNCOMPUTED[step.kind])
    if step.statements is None:
        raise TheoryError(f"step {step.text!r}: a step that is {step.kind.value} needs statements")
    statements = step.statements()
    if not statements:
        raise TheoryError(f"step {step.text!r}: its statements are empty")
    return JUDGES[step.kind](step, statements)


def _check_equations(step: Step, equations: list[Equation]) -> Finding:
    wrong = next((k for k, (left, right) in enumerate(equations, 1) if not _agree(left, right, step.under_trace)), None)
    if wrong is not None:
        return Finding(StepStatus.FAILED, f"the two sides of equation {wrong} differ")
    return Finding(StepStatus.CHECKED_AT_SIZE if step.size else StepStatus.CHECKED)


def _decide(decide: Callable[[Any], Decision], proven: StepStatus, statements: list[Any]) -> Finding:
    """The worst answer over the statements."""
    answers = [decide(statement) for statement in statements]
    for outcome, status in ((Outcome.FAILS, StepStatus.FAILED), (Outcome.OPEN, StepStatus.UNDECIDED)):
        details = [a.detail for a in answers if a.outcome is outcome]
        if details:
            return Finding(status, details[0])
    return Finding(proven)


def _decide_by_balls(statement: Inequality | BoxInequality) -> Decision:
    return decide_on_box(statement) if isinstance(statement, BoxInequality) else decide_inequality(statement)


JUDGES: dict[StepKind, Callable[[Step, list[Any]], Finding]] = {
    StepKind.ALGEBRA: _check_equations,
    StepKind.SMT: lambda _, statements: _decide(decide_implication, StepStatus.DECIDED, statements),
    StepKind.BALLS: lambda _, statements: _decide(_decide_by_balls, StepStatus.ENCLOSED, statements),
}


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
        letters = [letter for factor in word for letter in _letters(factor)]
        rotations = [tuple(letters[i:] + letters[:i]) for i in range(len(letters))] or [()]
        key = min(rotations, key=lambda w: tuple(map(str, w)))
        form[key] = form.get(key, 0) + sp.Mul(*commuting)
    return {word: c for word, c in form.items() if sp.expand(c) != 0}


def _letters(factor: Any) -> list[Any]:
    """A factor of a word letter by letter. Raises `TheoryError` for what is no letter and no whole power of one."""
    base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, sp.Integer(1))
    if not base.is_Symbol or not (exponent.is_Integer and exponent.is_positive):
        raise TheoryError(
            f"{factor} under a trace: words are of symbols and positive powers; name an inverse by itself"
        )
    return [base] * int(exponent)
