"""What ball arithmetic proves about one instance of a claim: it holds there, it fails there, or neither is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from flint import arb, arb_mat, ctx, fmpq_mat

from theory import Claim, Part
from theory.errors import TheoryError

from ..errors import VerifyError
from ..experiment import Experiment, Instances, plain
from . import operations
from .code import PartCode, Values, evaluate, given_for, lowered
from .exact import Instance, exact_instance
from .operations import Truth, Undecided, ball
from .shown import shown

HOLDS, FAILS, UNDECIDED, SILENT, OUTSIDE = "holds", "fails", "undecided", "silent", "not enclosed"
PRECISIONS = (128, 256, 512)
"""Bits of working precision, tried in this order until everything is decided."""
AXES = ("k", "t_0", "t")
"""Names of the values that say where along a trajectory a place is."""


@dataclass(frozen=True)
class Certificate:
    """The outcome for one instance.

    `outcome`: "holds" (every part that was enclosed holds surely at every enclosed place where it says anything, and
    at least one says something), "fails" (a part fails surely somewhere, inside the assumptions), or "undecided".
    `parts`: what became of each part, "silent" (its condition is false everywhere) and "not enclosed" included.
    `part`, `where`, `measured`, `predicted`: the place that decided, both sides as balls. `note`: why it is undecided,
    or what the certificate does not cover.
    """

    outcome: str
    part: str = ""
    where: str = ""
    measured: str = ""
    predicted: str = ""
    note: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))

    def __bool__(self) -> bool:
        """Whether anything was proved."""
        return self.outcome != UNDECIDED

    @property
    def holding(self) -> tuple[str, ...]:
        """The parts that hold surely."""
        return tuple(name for name, outcome in self.parts.items() if outcome == HOLDS)


@dataclass(frozen=True)
class Seen:
    """A part at one place: what is shown there, both sides, which place it is, and the code that was run."""

    outcome: str
    where: str = ""
    left: Any = 0
    right: Any = 0
    note: str = ""
    index: int = 0
    code: PartCode | None = None


def certify(claim: Claim, experiment: Experiment, instances: Instances, part: str | None = None) -> Certificate:
    """Enclose one instance (a batch of one) and compare both sides of every part, or of one, at every enclosed place.

    Raises `VerifyError` when the experiment encloses nothing, `TheoryError` when the claim has no such part.
    """
    parts = (claim.part(part),) if part else claim.parts
    if experiment.enclose is None:
        raise VerifyError(f"{claim.id}: its experiment has no `enclose`; there is nothing to certify with")
    try:
        seen, _ = decided(claim, parts, experiment.enclose, exact_instance(plain(instances)))
    except Undecided as reason:
        return Certificate(UNDECIDED, note=str(reason))
    return _combined(seen)


def decided(claim: Claim, parts: tuple[Part, ...], enclose: Any, instance: Instance) -> tuple[dict[str, Seen], int]:
    """What is shown of each part of an exact instance, and the bits of precision that it took.

    Raises `Undecided` when no precision encloses the instance, or when it is outside the claim's assumptions.
    """
    error, result = Undecided("nothing was tried"), None
    for precision in PRECISIONS:
        with ctx.workprec(precision):
            try:
                places = enclose(instance)
                result = {p.name: _over_places(claim, p, places) for p in parts}, precision
            except (ArithmeticError, TheoryError) as reason:
                error = Undecided(str(reason))
                continue
        if UNDECIDED not in {s.outcome for s in result[0].values()}:
            break
    if result is None:
        raise error
    return result


def _over_places(claim: Claim, part: Part, places: list[dict[str, Any]]) -> Seen:
    """One part at all places that give its quantities: fails before undecided before holds before silent."""
    codes: dict[Any, PartCode] = {}
    seen = []
    for index, values in enumerate(places):
        if given_for(claim, part, values):
            shape = tuple((k, v) for k, v in values.items() if isinstance(v, int))
            if shape not in codes:
                codes[shape] = lowered(claim, part, values)
            seen.append(replace(judged(codes[shape], values), index=index, code=codes[shape]))
    return min(seen, key=lambda s: (FAILS, UNDECIDED, HOLDS, SILENT).index(s.outcome), default=Seen(OUTSIDE))


def judged(code: PartCode, values: Values) -> Seen:
    """A part at one place. Raises `Undecided` where an assumption of the claim surely fails."""
    (left, right, when, *assumed), (same_left, same_right, *_) = evaluate(code.code, values)
    if False in assumed:
        raise Undecided("the exact instance is outside the assumptions of the claim")
    truth = True if same_left == same_right else relation_of(code.part)(left, right)
    place = ", ".join(f"{name} = {shown(values[name])}" for name in AXES if name in values)
    if when is False:
        return Seen(SILENT, place, left, right)
    if truth:
        return Seen(HOLDS, place, left, right)
    if truth is False and when and None not in assumed:
        return Seen(FAILS, place, left, right)
    return Seen(UNDECIDED, place, left, right, _reason(truth, when, left, right))


def relation_of(part: Part) -> Any:
    """(measured, predicted) -> truth of the relation."""
    if part.is_equation:
        return operations.eq
    return (lambda a, b: operations.le(b, a)) if part.is_lower_bound else operations.le


def relation_gap(part: Part, left: Any, right: Any, *, log: bool = False) -> Any:
    """What the relation says is ≤ 0 (of an equation: the distance of both sides), as a ball; `log`: of logarithms."""
    apart = operations.sub(operations.log(left), operations.log(right)) if log else operations.sub(left, right)
    if part.is_equation:
        return ball(operations.frobenius(apart)) if isinstance(apart, fmpq_mat | arb_mat) else abs(ball(apart))
    return -ball(apart) if part.is_lower_bound else ball(apart)


def _reason(truth: Truth, when: Truth, left: Any, right: Any) -> str:
    if truth is False:
        return "the relation fails, but a condition or an assumption is not decided"
    if when is None:
        return "neither the relation nor the condition of the part is decided"
    if not all(x.is_finite() for side in (left, right) for x in _balls(side)):
        return "a side has no finite enclosure: its ball grew without bound, or it is not defined there"
    return f"the balls overlap: both sides agree to within {distance_text(left, right)}"


def distance_text(left: Any, right: Any) -> str:
    """Upper bound of the largest distance of two values."""
    largest = arb(0)
    for x in _balls(ball(left) - ball(right)):
        largest = largest.max(abs(x).upper())
    return largest.str(2, radius=False)


def _balls(value: Any) -> list[arb]:
    """A number, or the entries of a matrix, as balls."""
    balls = ball(value)
    return balls.entries() if isinstance(balls, arb_mat) else [balls]


def _combined(parts: dict[str, Seen]) -> Certificate:
    outcomes = {name: s.outcome for name, s in parts.items()}
    for outcome in (FAILS, UNDECIDED):
        for name, s in parts.items():
            if s.outcome == outcome:
                return Certificate(outcome, name, s.where, shown(s.left), shown(s.right), s.note, outcomes)
    if HOLDS not in outcomes.values():
        return Certificate(UNDECIDED, note="no part says anything at the enclosed places", parts=outcomes)
    left_out = [name for name, outcome in outcomes.items() if outcome == OUTSIDE]
    return Certificate(HOLDS, note=f"not enclosed: {', '.join(left_out)}" if left_out else "", parts=outcomes)
