"""Non-vacuity: on how many instances a bound beats the trivial one, and how strictly the assumptions hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from sympy.core.relational import Relational
from torch import Tensor

from theory import Claim, Part, Scale
from theory.alter import log_of
from theory.evaluate import compile as compile_expression
from theory.render import pretty

from .batch import SEARCHED, Batch
from .checks import Judgement, values_for
from .experiment import Measured

NEEDED = "a trivial bound or an assumption"
BETTER = 1e-9
"""Relative distance by which a bound must beat the trivial one, and an assumption hold, to do so strictly."""


@dataclass
class Vacuity:
    """Counts for one claim. A part without a trivial bound says something wherever it speaks."""

    claim: Claim
    name: str = "vacuity"

    def __post_init__(self) -> None:
        self.parts: dict[str, dict[str, Any]] = {
            p.name: {"part": p.name, "trivial": self._shown(p), "informative": 0, "run": 0, "gains": []}
            for p in self.claim.parts
        }
        self.assumptions = {
            a.text: {"assumption": a.text, "strict": 0, "boundary": 0}
            for a in self.claim.assumptions
            if a.predicate is not None
        }

    def observe(self, batch: Batch) -> None:
        if batch.how not in SEARCHED:
            self.count(batch.measured, batch.judgements)

    def count(self, measured: Measured, judgements: list[Judgement]) -> None:
        """Count the instances of a batch."""
        for j in judgements:
            self._count_part(j, measured)
        for text, (program, _) in self._margins.items():
            strict = self._strict(program, measured)
            self.assumptions[text]["strict"] += int(strict.sum())
            self.assumptions[text]["boundary"] += int((~strict).sum())

    def rows(self) -> dict[str, Any]:
        return {"parts": list(self.parts.values()), "assumptions": list(self.assumptions.values())}

    def _count_part(self, j: Judgement, measured: Measured) -> None:
        row, speaks = self.parts[j.part], ~j.silent
        row["run"] += int(speaks.sum())
        if j.part not in self._trivial:
            row["informative"] += int(speaks.sum())
            return
        better, gain = self._beats(j, measured)
        row["informative"] += int((better & speaks).sum())
        row["gains"] += [float(g) for g in gain[better & speaks] if torch.isfinite(g)]

    def _beats(self, j: Judgement, measured: Measured) -> tuple[Tensor, Tensor]:
        """(B,) whether the bound beats the trivial one at some time, and the largest log ratio of the two."""
        s, program, part = j.sides, self._trivial[j.part], self.claim.part(j.part)
        trivial = torch.as_tensor(program(values_for(program, measured, NEEDED)), device=s.right.device)
        trivial = trivial.to(s.right.dtype).expand_as(s.right)
        ahead = s.right - trivial if part.is_lower_bound else trivial - s.right
        size = torch.ones_like(trivial) if j.log else torch.maximum(trivial.abs(), s.right.abs())
        better = (ahead > BETTER * size) & s.judged
        ratio = ahead if j.log else (trivial / s.right).log() * (-1 if part.is_lower_bound else 1)
        return better.any(1), torch.where(better, ratio, -torch.inf).amax(1)

    def _strict(self, program: Any, measured: Measured) -> Tensor:
        """(B,) whether every comparison of an assumption holds with room to spare, wherever it is evaluated."""
        tensors = [v for v in measured.values.values() if isinstance(v, Tensor)]
        result = torch.ones(max(len(v) for v in tensors), dtype=torch.bool, device=tensors[0].device)
        values = [torch.as_tensor(v, device=result.device) for v in program(values_for(program, measured, NEEDED))]
        for left, right in zip(values[::2], values[1::2], strict=True):
            apart = (left - right).abs() > BETTER * torch.maximum(left.abs(), right.abs())
            result = result & (apart.all(1) if apart.ndim > 1 else apart)
        return result

    def _shown(self, part: Part) -> str | None:
        return None if part.trivial is None else pretty(part.trivial, self.claim.names("unicode"))

    @cached_property
    def _trivial(self) -> dict[str, Any]:
        return {
            p.name: compile_expression(
                log_of(p.trivial) if p.scale is Scale.LOG else p.trivial,
                definitions=self.claim.defined,
                backend="torch",
            )
            for p in self.claim.parts
            if p.trivial is not None
        }

    @cached_property
    def _margins(self) -> dict[str, Any]:
        result = {}
        for a in self.claim.assumptions:
            relations: Any = sorted(a.predicate.atoms(Relational), key=str) if a.predicate is not None else []
            sides = [side for r in relations for side in (r.lhs, r.rhs)]
            if sides:
                result[a.text] = compile_expression(sides, definitions=self.claim.defined, backend="torch"), relations
        return result


def merge_vacuity(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """The counts of two shards."""
    return {
        "parts": [
            {**x, **{k: x[k] + y[k] for k in ("informative", "run", "gains")}}
            for x, y in zip(a["parts"], b["parts"], strict=True)
        ],
        "assumptions": [
            {**x, **{k: x[k] + y[k] for k in ("strict", "boundary")}}
            for x, y in zip(a["assumptions"], b["assumptions"], strict=True)
        ],
    }


def vacuity_section(rows: dict[str, Any]) -> dict[str, Any]:
    """The section of the report: shares, and the median gain over the trivial bound."""
    parts = []
    for row in rows["parts"]:
        gains = torch.tensor(row["gains"], dtype=torch.float64)
        parts.append(
            {
                **{k: row[k] for k in ("part", "trivial", "informative", "run")},
                "share": row["informative"] / row["run"] if row["run"] else None,
                "median_gain": float(gains.median().exp()) if len(gains) else None,
            }
        )
    return {"parts": parts, "assumptions": rows["assumptions"]}
