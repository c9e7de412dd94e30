"""Sharpness: how far each constant of a claim can be moved before an instance refutes it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from theory import Claim, Part
from theory.alter import STRENGTH, Constant, constants
from theory.evaluate import compile as compile_expression

from .batch import GRADIENT_ASCENT, LOCAL_SEARCH, Batch
from .checks import part_expressions, sides_of
from .errors import UNTRAINABLE
from .experiment import Experiment, Measured, Run, batch_size, pick, plain
from .extremal import Best, Climber

FURTHEST = math.log(100.0)
"""A constant is moved by a factor of at most 100."""
SHARP = 1e-6
"""A constant that can be moved by no more than this share is sharp."""
HALVINGS = 24


@dataclass
class Limit:
    """One constant: which way is stronger (+1 up, −1 down, 0 not known yet), and the instances that refute it the
    nearest, in order: the confirming run decides between them."""

    constant: Constant
    direction: int = 0
    nearest: list[Best] = field(default_factory=list)
    instances: int = 0

    @property
    def reach(self) -> float:
        """The smallest |log factor| at which an instance refutes the moved constant."""
        return -self.nearest[0].score if self.nearest else FURTHEST


@dataclass
class Moving:
    """The constants of a claim, and what moving one of them would do on measured networks."""

    claim: Claim

    @cached_property
    def limits(self) -> list[Limit]:
        return [Limit(c) for c in _told_apart(constants(self.claim))]

    def reach(self, limit: Limit, measured: Measured) -> Tensor:
        """(B,) how far the constant can be moved (|log factor|) before each instance refutes it; ∞ if never.

        Differentiable where the measurement is.
        """
        with torch.no_grad():
            refuted, high = self._crossing(limit, measured)
        if any(isinstance(v, Tensor) and v.requires_grad for v in measured.values.values()):
            high = self._implicit(limit, measured, high)
        return torch.where(refuted, high, torch.inf)

    def _crossing(self, limit: Limit, measured: Measured) -> tuple[Tensor, Tensor]:
        """Whether each instance refutes the constant moved by `FURTHEST`, and where the excess turns positive: from
        above within `FURTHEST`/2^`HALVINGS`, by the ITP method (Oliveira, Takahashi 2021). (B,), (B,)"""
        low = torch.zeros(self._batch(limit, measured), dtype=torch.float64)
        high = torch.full_like(low, FURTHEST)
        below, above = (self.excess(limit, measured, x) for x in (low, high))
        refuted = above > 0
        high = torch.where(below > 0, low, high)
        for k in range(HALVINGS + 1):
            if not bool((refuted & (high - low > FURTHEST / 2**HALVINGS)).any()):
                break
            middle = _between(low, high, below, above, FURTHEST / 2**k)
            found = self.excess(limit, measured, middle)
            over = found > 0
            low, below = torch.where(over, low, middle), torch.where(over, below, found)
            high, above = torch.where(over, middle, high), torch.where(over, found, above)
        return refuted, high

    def _implicit(self, limit: Limit, measured: Measured, reach: Tensor) -> Tensor:
        """The same reach with its derivative by the measurement: where excess = 0, it is −∂excess over ∂excess/∂reach.
        (B,)"""
        logs = reach.clone().requires_grad_()
        excess = self.excess(limit, measured, logs)
        (slope,) = torch.autograd.grad(excess.sum(), logs, retain_graph=True)
        return reach - (excess - excess.detach()) / slope

    def stronger_way(self, limit: Limit, measured: Measured) -> int:
        """+1 if the statement asks for more when the constant grows, −1 if when it shrinks, 0 if it does not matter:
        at most of the places, for where the gap is largest (at the start of training) it may not matter."""
        step = torch.full((self._batch(limit, measured),), 0.05, dtype=torch.float64)
        up, down = (self._excesses(replace(limit, direction=d), measured, step) for d in (1, -1))
        difference = torch.where(torch.isfinite(up) & torch.isfinite(down), up - down, 0.0)
        return int(torch.sign(torch.sign(difference).sum()))

    def excess(self, limit: Limit, measured: Measured, logs: Tensor) -> Tensor:
        """(B,) gap − budget with the constant moved by these log factors, at its largest place."""
        return self._excesses(limit, measured, logs).amax(1)

    def _excesses(self, limit: Limit, measured: Measured, logs: Tensor) -> Tensor:
        """(B, P) the same at every place; −∞ where nothing is judged."""
        part, program = self._program(limit.constant)
        values = {n: measured.values[n] for n in program.inputs if n != STRENGTH.name}
        values[STRENGTH.name] = (limit.direction * logs).exp()[:, None].to(measured.budget[part.name].device)
        s = sides_of(part, program(values), measured)
        ok = torch.ones_like(logs, dtype=torch.bool) if measured.ok is None else measured.ok.cpu()
        excess = torch.where(s.judged, s.gap - s.budget, -torch.inf).nan_to_num(nan=-torch.inf, posinf=torch.inf)
        return torch.where(ok[:, None], excess.cpu(), -torch.inf)

    def _batch(self, limit: Limit, measured: Measured) -> int:
        return max(len(v) for v in measured.values.values() if isinstance(v, Tensor))

    def _program(self, constant: Constant) -> tuple[Part, Any]:
        if constant not in self._programs:
            part = replace(self.claim.part(constant.part), relation=constant.relation)
            program = compile_expression(part_expressions(part), definitions=self.claim.defined, backend="torch")
            self._programs[constant] = part, program
        return self._programs[constant]

    @cached_property
    def _programs(self) -> dict[Constant, Any]:
        return {}


@dataclass
class Sharpness(Moving):
    """The constants of one claim, tried on its networks as they come, and then on extremal ones."""

    experiment: Experiment
    run: Run
    name: str = "sharpness"

    def observe(self, batch: Batch) -> None:
        """Move every constant as far as the batch allows."""
        for limit in self.limits:
            limit.instances += batch_size(batch.instances)
            limit.direction = limit.direction or self.stronger_way(limit, batch.measured)
            if limit.direction:
                self._tighten(limit, batch)

    def attack(self, climber: Climber, rounds: int, seed: int) -> None:
        """Climb towards extremal instances of the constants that some instance has bounded, shares of `rounds` each."""
        loose = [limit for limit in self.limits if limit.nearest and limit.reach > SHARP]
        for k, limit in enumerate(loose):
            share = rounds // len(loose) + (k < rounds % len(loose))
            self._keep(limit, climber.climb(limit.nearest[0], lambda m, at=limit: -self.reach(at, m), share, seed + k))

    def rows(self) -> list[dict[str, Any]]:
        """Plain data for the store; the nearest instances are confirmed by the second engine."""
        return [self._row(limit) for limit in self.limits if limit.direction]

    def _tighten(self, limit: Limit, batch: Batch) -> None:
        measured = batch.measured
        before = torch.full((self._batch(limit, measured),), limit.reach * (1 - 1e-3), dtype=torch.float64)
        if not bool((self.excess(limit, measured, before) > 0).any()):
            return
        reach = self.reach(limit, measured)
        i = int(reach.argmin())
        self._keep(limit, Best(pick(batch.instances, [i]), -float(reach[i]), _how(batch)))

    def _keep(self, limit: Limit, best: Best) -> None:
        if best.score > -limit.reach:
            limit.nearest.insert(0, best)

    def _row(self, limit: Limit) -> dict[str, Any]:
        confirmed, reach = self._confirmed(limit)
        witness, how = (None, "") if confirmed is None else (plain(confirmed.instances), confirmed.how)
        return limit_row(limit, reach, witness, how)

    def _confirmed(self, limit: Limit) -> tuple[Best | None, float]:
        """The nearest instance by the second engine, and how far it lets the constant go."""
        confirmed, nearest = None, math.inf
        for best in limit.nearest:
            if -best.score >= nearest:
                break  # what is left is farther by the first engine already
            try:
                measured = self.experiment.measure(best.instances, replace(self.run, level=1))
                reach = float(self.reach(limit, measured)[0])
            except UNTRAINABLE:
                continue
            if reach < nearest:
                confirmed, nearest = best, reach
        return confirmed, nearest


def _between(low: Tensor, high: Tensor, below: Tensor, above: Tensor, widest: float) -> Tensor:
    """Where to look next for the root between two ends: where the chord crosses 0, moved a little towards the middle,
    and near enough to it that the bracket is never wider than halving would leave it. (B,)"""
    middle, width = (low + high) / 2, high - low
    chord = low + width * below / (below - above)
    chord = torch.where(torch.isfinite(chord), chord, middle)
    aside = middle - chord
    aside = torch.sign(aside) * (aside.abs() - width.square() / FURTHEST).clamp_min(0)
    free = (widest - width / 2).clamp_min(0)
    return middle - torch.maximum(torch.minimum(aside, free), -free)


def _told_apart(found: tuple[Constant, ...]) -> list[Constant]:
    """The constants, those of the same description numbered: rows of several shards are matched by it."""
    told, seen = [], Counter[tuple[str, str]]()
    for c in found:
        seen[c.part, c.where] += 1
        place = seen[c.part, c.where]
        told.append(replace(c, where=f"{c.where} (place {place})") if place > 1 else c)
    return told


def limit_row(limit: Limit, reach: float, witness: dict[str, Any] | None, how: str) -> dict[str, Any]:
    """A row of the report: the constant can be moved by a log factor of `reach` (∞: as far as was tried)."""
    c, printed = limit.constant, float(limit.constant.printed)
    moved = printed * math.exp(limit.direction * reach) if math.isfinite(reach) else None
    return {
        "part": c.part,
        "constant": str(c.printed),
        "where": c.where,
        "printed": printed,
        "limit": moved,
        "open_ended": moved is None,
        "instances": limit.instances,
        "sentence": _sentence(c, limit.direction, moved),
        "witness": witness,
        "how": how,
    }


def _how(batch: Batch) -> str:
    return batch.how if batch.how in (LOCAL_SEARCH, GRADIENT_ASCENT) else "drawn instance"


def _sentence(c: Constant, direction: int, moved: float | None) -> str:
    verb, end = ("raised", "above") if direction * float(c.printed) > 0 else ("lowered", "below")
    what = f"the constant {c.printed} ({c.where})"
    if moved is None:
        return f"{what}: no instance refutes it even when it is {verb} by a factor of 100"
    return f"{what} cannot be {verb} {end} {moved:.6g}"


def merge_limits(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of two shards: the tighter limit of each constant."""
    rows = {(r["part"], r["where"]): r for r in a}
    for row in b:
        key = (row["part"], row["where"])
        mine = rows.get(key)
        best = row if mine is None or _distance(row) < _distance(mine) else mine
        rows[key] = {**best, "instances": row["instances"] + (mine["instances"] if mine else 0)}
    return list(rows.values())


def _distance(row: dict[str, Any]) -> float:
    return math.inf if row["limit"] is None else abs(math.log(row["limit"] / row["printed"]))
