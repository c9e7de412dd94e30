"""Comparison of the two sides of a claim on measured instances, with the error budget that was derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp
import torch
from sympy.core.relational import GreaterThan, LessThan, Relational, StrictGreaterThan, StrictLessThan
from torch import Tensor

from theory import Claim, Mutant, Part, Scale, mutated
from theory.alter import log_of
from theory.evaluate import Backend
from theory.evaluate import compile as compile_expression

from .errors import VerifyError
from .experiment import Measured

TINY = 1e-300


@dataclass(frozen=True)
class Sides:
    """Both sides of one part on a batch, shape (B, T): measured on the left, predicted on the right; `gap` = what the
    claim says is ≤ 0 (or = 0)."""

    left: Tensor
    right: Tensor
    gap: Tensor
    budget: Tensor
    judged: Tensor


@dataclass(frozen=True)
class Judgement:
    """One part, the claim's or an altered one, on a batch. All (B,): `excess` > 0 violates beyond the budget; `near`
    asks for a closer look; `unclear` could not be judged; `silent`: the part says nothing there; `slack` is how far
    from violation."""

    stated: Part
    """What was judged; sides, budget and excess are in its scale."""
    excess: Tensor
    near: Tensor
    unclear: Tensor
    silent: Tensor
    slack: Tensor
    sides: Sides

    @property
    def part(self) -> str:
        return self.stated.name

    @property
    def log(self) -> bool:
        """Whether the scale is the logarithm; `worst` gives the sides themselves."""
        return self.stated.scale is Scale.LOG

    @property
    def violates(self) -> Tensor:
        return (self.excess > 0) & ~self.unclear  # where nothing was judged the excess is −∞

    def worst(self, i: int) -> dict[str, float]:
        """Measured, predicted, budget and place of the largest excess of instance i."""
        s = self.sides
        score = torch.where(s.judged[i], s.gap[i] - s.budget[i], -torch.inf)
        j = int(score.argmax())
        return {
            "measured": self._plain(s.left[i, j]),
            "predicted": self._plain(s.right[i, j]),
            "budget": float(s.budget[i, j]),
            "excess": float(score[j]),
            "index": j,
        }

    def _plain(self, value: Tensor) -> float:
        return float(value.exp() if self.log else value)


@lru_cache(maxsize=4096)
def programs(claim: Claim, mutant: Mutant | None, backend: Backend) -> dict[str, tuple[Part, Any]]:
    """part name -> (part, program of [smaller side, larger side, condition, what it compares…]), claim or mutant."""
    parts, definitions = mutated(claim, mutant) if mutant else (claim.parts, claim.definitions)
    return {p.name: (p, _part_program(p, definitions, backend)) for p in parts}


def _part_program(part: Part, definitions: Mapping[Any, Any], backend: Backend) -> Any:
    return compile_expression(part_expressions(part), definitions=definitions, backend=backend)


def part_expressions(part: Part) -> list[Any]:
    """What must be evaluated to judge a part: both sides in its scale, its condition, and what that compares."""
    left, right = part.sides()
    if part.scale is Scale.LOG:
        left, right = log_of(left), log_of(right)
    return [left, right, part.when, *_arguments(part.when)]


def _arguments(condition: Any) -> list[Any]:
    """What a condition compares; a comparison with nan is false, but it does not mean that the condition fails."""
    relations: Any = condition.atoms(Relational) if isinstance(condition, sp.Basic) else ()
    return [a.lhs - a.rhs for a in relations]


def judge(claim: Claim, measured: Measured, mutant: Mutant | None = None) -> list[Judgement]:
    """Every part of the claim (or those that the mutant alters) on a batch."""
    compiled = programs(claim, mutant, "torch")
    return [judge_sides(part, evaluate_sides(part, program, measured), measured) for part, program in compiled.values()]


def judge_sides(part: Part, sides: Sides, measured: Measured) -> Judgement:
    """What the two sides of a part say of each instance of a batch."""
    batch = sides.gap.shape[0]
    ok = measured.ok if measured.ok is not None else torch.ones(batch, dtype=torch.bool, device=sides.gap.device)
    bad = (torch.isnan(sides.gap) | ~torch.isfinite(sides.budget)) & sides.judged
    unclear = bad.any(1) | ~ok
    # judged only where both sides agree by construction (t = 0) is not judged
    silent = ~sides.judged[:, _first(sides, measured.start) :].any(1)
    excess = _largest(sides.gap - sides.budget, sides.judged)
    near = (_largest(sides.gap - sides.budget / 10, sides.judged) > 0) & (excess <= 0)
    return Judgement(
        part,
        excess,
        near & (not part.is_equation),
        unclear,
        silent & ok,
        -_slackest(part, sides, measured.start),
        sides,
    )


def _largest(x: Tensor, judged: Tensor) -> Tensor:
    return torch.where(
        judged, torch.nan_to_num(x, nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf), -torch.inf
    ).amax(1)


def _slackest(part: Part, sides: Sides, start: int) -> Tensor:
    k = _first(sides, start)
    return _largest(_relative(part, sides)[:, k:], sides.judged[:, k:])


def _first(sides: Sides, start: int) -> int:
    """The first recorded time that tells something; a quantity of the instance has only one."""
    return start if sides.gap.shape[1] > start else 0


def _relative(part: Part, sides: Sides) -> Tensor:
    """Gap in the unit of the slack: share of the budget (equations), log ratio, or relative to the larger side. A
    gap inside the budget counts as 0: the sides touch."""
    if part.is_equation:
        return sides.gap / sides.budget.clamp_min(TINY) - 1
    gap = torch.where((sides.gap > 0) & (sides.gap <= sides.budget), 0.0, sides.gap)
    if part.scale is Scale.LOG:
        return gap
    return torch.nan_to_num(gap / torch.maximum(sides.left.abs(), sides.right.abs()).clamp_min(TINY), nan=-1.0)


def slack_unit(claim: Claim) -> str:
    """In which unit `Judgement.slack` of a claim's inequalities is (of its equations, if it has only those)."""
    parts = [p for p in claim.parts if not p.is_equation]
    if not parts:
        return "share of the error budget left"
    return "log(bound/measured)" if parts[0].scale is Scale.LOG else "(bound − measured)/larger side"


def evaluate_sides(part: Part, program: Any, measured: Measured) -> Sides:
    """Left and right side, their gap and budget, broadcast to (B, T)."""
    return sides_of(part, program(values_for(program, measured, f"part {part.name!r}")), measured)


def values_for(program: Any, measured: Measured, what: str) -> dict[str, Any]:
    """The measured values that a program needs; raises `VerifyError` naming those that the experiment lacks."""
    missing = [n for n in program.inputs if n not in measured.values]
    if missing:
        raise VerifyError(f"{what}: the experiment measures no value of {', '.join(missing)}; add it")
    return {n: measured.values[n] for n in program.inputs}


def sides_of(part: Part, values: list[Any], measured: Measured) -> Sides:
    """The sides from the values of `part_expressions`."""
    left, right, when, *arguments = values
    if part.name not in measured.budget:
        raise VerifyError(f"part {part.name!r}: the experiment derives no error budget for it; add one")
    budget = torch.as_tensor(measured.budget[part.name])
    matrix = any(isinstance(x, Tensor) and x.ndim == 4 for x in (left, right)) or _is_matrix(part)
    gap = _gap(part, left, right, matrix)
    if matrix:
        left, right = _norm(left), _norm(right)
    if part.is_lower_bound:  # the sides came as (smaller, larger); what is measured stands on the relation's left
        left, right = right, left
    judged = measured.judged.get(part.name, torch.ones((), dtype=torch.bool, device=gap.device))
    undecided = torch.zeros((), dtype=torch.bool, device=gap.device)
    for x in arguments:
        undecided = undecided | torch.isnan(torch.as_tensor(x, device=gap.device))
    left, right, gap, budget, judged, when, undecided = torch.broadcast_tensors(
        *(torch.as_tensor(x, device=gap.device) for x in (left, right, gap, budget, judged, when, undecided))
    )
    return Sides(left, right, torch.where(undecided, torch.nan, gap), budget, judged & (when | undecided))


def _is_matrix(part: Part) -> bool:
    return getattr(part.relation.lhs, "is_Matrix", False) or getattr(part.relation.rhs, "is_Matrix", False)


def _norm(x: Any) -> Tensor:
    return torch.linalg.matrix_norm(x)


def _gap(part: Part, left: Any, right: Any, matrix: bool) -> Tensor:
    if matrix:
        return _norm(left - right)
    # −∞ ≤ −∞ in the log scale (0 ≤ 0): no gap
    difference = torch.where(
        torch.eq(torch.as_tensor(left), torch.as_tensor(right)), 0.0, torch.as_tensor(left - right)
    )
    return difference.abs() if part.is_equation else difference


def assumptions_hold(claim: Claim, measured: Measured) -> Tensor:
    """(B,) whether every assumption that has a predicate holds on the instance."""
    tensors = [v for v in measured.values.values() if isinstance(v, Tensor)]
    result = torch.ones(max(len(v) for v in tensors), dtype=torch.bool, device=tensors[0].device)
    for program in _predicates(claim):
        truth = torch.as_tensor(program({n: measured.values[n] for n in program.inputs}), device=result.device)
        result = result & (truth.all(1) if truth.ndim > 1 else truth)
    return result


@lru_cache(maxsize=512)
def _predicates(claim: Claim) -> list[Any]:
    return [
        compile_expression(a.predicate, definitions=claim.definitions, backend="torch")
        for a in claim.assumptions
        if a.predicate is not None
    ]


def outside(claim: Claim, measured: Measured) -> Tensor:
    """(B,) by how much the assumptions that are inequalities are missed, each relative to its larger side, summed; 0
    where they hold. Differentiable where the measurement is."""
    tensors = [v for v in measured.values.values() if isinstance(v, Tensor)]
    total = torch.zeros(max(len(v) for v in tensors), dtype=torch.float64, device=tensors[0].device)
    for program in _inequalities(claim):
        small, large = (torch.as_tensor(x) for x in program({n: measured.values[n] for n in program.inputs}))
        size = torch.maximum(small.detach().abs(), large.detach().abs()).clamp_min(TINY)
        missed = ((small - large).clamp_min(0) / size).nan_to_num(nan=0.0)
        total = total + (missed.flatten(1).amax(1) if missed.ndim > 1 else missed)
    return total


@lru_cache(maxsize=512)
def _inequalities(claim: Claim) -> list[Any]:
    """Programs of [smaller side, larger side] of every inequality that an assumption consists of."""
    predicates = [a.predicate for a in claim.assumptions if a.predicate is not None]
    return [
        compile_expression([r.lts, r.gts], definitions=claim.definitions, backend="torch")
        for p in predicates
        for r in sp.And.make_args(p)
        if isinstance(r, LessThan | StrictLessThan | GreaterThan | StrictGreaterThan)
    ]
