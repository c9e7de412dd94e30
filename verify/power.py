"""Systematic mutants on trained networks: which altered statements would have been noticed.

Every altered statement is judged on the networks of the claim itself. It is *refuted* when an instance violates it
beyond the budget and does so again in a confirming run. One that no instance refutes is *equivalent* or *weaker* when
its sides never asked for more than the claim's, on any instance; otherwise it survives, and that is a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from theory import Claim, Part, TheoryError
from theory.alter import Alteration, alterations, side_by_side
from theory.evaluate import compile as compile_expression

from .batch import Batch
from .checks import Judgement, Sides, judge, judge_sides, part_expressions, sides_of
from .experiment import Instances, Measured, pick
from .extremal import Best, Climber

DISTINCT = 1e-9
"""Relative difference below which two bounds count as the same: rounding."""
CONFIRMED_EACH = 8
"""Instances of a batch that are run again to confirm what they refute, at most."""
CURVE = 33
"""Points of a survivor's picture, at most."""
EACH = 6
"""Batches spent on climbing towards a refutation of one survivor."""
FLAGS = ("differs", "stronger", "known")
FAILURES = (TheoryError, ValueError, ArithmeticError, RuntimeError, KeyError)


@dataclass
class Trial:
    """One altered statement and what was seen of it."""

    alteration: Alteration
    refuted: str = ""
    differs: bool = False
    stronger: bool = False
    instances: int = 0
    closest: float = float("-inf")
    curve: dict[str, Any] | None = None
    start: Instances | None = None

    @property
    def open(self) -> bool:
        """Not refuted, and not known by its signs to follow from the claim."""
        return not self.refuted and self.alteration.implied is None

    def row(self) -> dict[str, Any]:
        """Plain data, mergeable over shards."""
        a = self.alteration
        return {
            "name": a.mutant.name,
            "part": a.part,
            "operator": a.operator.value,
            "implied": a.implied.value if a.implied else "",
            **{k: getattr(self, k) for k in ("refuted", "differs", "stronger", "instances", "curve")},
            "closest": max(self.closest, -1e300),
        }


@dataclass(frozen=True)
class Seen:
    """One altered part on a batch: its judgement; where it differs from the claim, asks for more, has values (B,); and
    the excess as a share of what it asks for more, and of its own size if that is less: positive when violated. (B,)
    """

    judgement: Judgement
    differs: Tensor
    stronger: Tensor
    known: Tensor
    nearness: Tensor


def any_of(seen: list[Seen], what: str) -> Tensor:
    """(B,) whether a flag of any of the parts is set; `violates` is one of the judgement."""
    return torch.stack([s.judgement.violates if what == "violates" else getattr(s, what) for s in seen]).any(0)


@dataclass
class Power:
    """The systematic mutants of one claim, tried on its networks as they come."""

    claim: Claim
    trials: list[Trial] = field(default_factory=list)
    name: str = "power"

    def __post_init__(self) -> None:
        self.trials = [Trial(a) for a in alterations(self.claim)]

    def observe(self, batch: Batch) -> None:
        """Judge every open statement on the networks of a batch."""
        seen = self.compare(batch.measured)
        if seen:
            self._confirm(seen, batch.closely)
            self._approach(seen, batch.measured, batch.instances)

    def compare(self, measured: Measured) -> list[tuple[Trial, list[Seen]]]:
        """Note where open statements differ from the claim or ask for more; those that have values here."""
        pending = [t for t in self.trials if t.open]
        seen = [(t, v) for t, v in zip(pending, self._look(pending, measured), strict=True) if v]
        if seen:
            flags = [torch.stack([any_of(v, what).sum() for _, v in seen]).tolist() for what in FLAGS]
            for (trial, _), differs, stronger, known in zip(seen, *flags, strict=True):
                trial.differs, trial.stronger = trial.differs or differs > 0, trial.stronger or stronger > 0
                trial.instances += known
        return seen

    def approach(self, measured: Measured) -> None:
        """Keep a picture of what survives, from these measurements."""
        alive = [t for t in self.trials if t.open and t.stronger]
        self._approach(list(zip(alive, self._look(alive, measured), strict=True)), measured, None)

    def rows(self) -> list[dict[str, Any]]:
        return [t.row() for t in self.trials]

    def attack(self, climber: Climber, rounds: int, seed: int) -> None:
        """Climb from the nearest instance of each survivor; `climber` shows every batch to this observer, too."""
        tried: set[str] = set()
        for k in range(rounds // EACH):
            alive = [t for t in self.trials if t.open and t.start is not None and t.alteration.mutant.name not in tried]
            if not alive:
                return
            trial = max(alive, key=lambda t: t.closest)
            tried.add(trial.alteration.mutant.name)
            start = Best(trial.start or {}, trial.closest, "drawn instance")
            climber.climb(start, lambda m, at=trial: self._nearness_of(at, m), EACH, seed + k)

    def _nearness_of(self, trial: Trial, measured: Measured) -> Tensor:
        """(B,) the score of the search for an instance that refutes this statement."""
        seen = self._look([trial], measured)[0]
        if not seen:
            return torch.full((len(measured.budget[self.claim.parts[0].name]),), -torch.inf, dtype=torch.float64)
        return torch.stack([v.nearness for v in seen]).amax(0).cpu()

    def _confirm(self, seen: list[tuple[Trial, list[Seen]]], closely: Callable[[list[int]], Measured]) -> None:
        """Run a few instances again that together violate most statements; keep what is violated again."""
        violated = torch.stack([any_of(v, "violates") for _, v in seen]).cpu()
        chosen = _cover(violated)
        if not chosen:
            return
        trials = [t for (t, _), row in zip(seen, violated, strict=True) if bool(row[chosen].any())]
        for trial, v in zip(trials, self._look(trials, closely(chosen)), strict=True):
            if v and bool(any_of(v, "violates").any()):
                trial.refuted = _evidence([s.judgement for s in v])

    def _approach(self, seen: list[tuple[Trial, list[Seen]]], measured: Measured, instances: Instances | None) -> None:
        """Keep the instance that comes closest to refuting a surviving statement, and its sides as a picture."""
        for trial, v in ((t, v) for t, vs in seen if t.open and t.stronger for v in vs):
            i = int(v.nearness.argmax())
            if float(v.nearness[i]) > trial.closest:
                trial.closest = float(v.nearness[i])
                trial.curve = self._curve(v.judgement, measured, i)
                trial.start = None if instances is None else pick(instances, [i])

    def _curve(self, j: Judgement, measured: Measured, i: int) -> dict[str, Any]:
        """Both bounds and what was measured: along the trajectory of instance i, or over the instances."""
        claim = next(c for c in self._claim_judgements(measured) if c.part == j.part).sides
        axis = measured.values.get(measured.axis) if measured.axis else None
        rows = {"measured": j.sides.left, "claim": claim.right, "mutant": j.sides.right}
        if isinstance(axis, Tensor) and j.sides.gap.shape[1] == axis.shape[1] > 1:
            places = torch.linspace(0, axis.shape[1] - 1, min(CURVE, axis.shape[1])).round().long()
            x, picked = axis[i, places], {k: v.expand_as(j.sides.gap)[i, places] for k, v in rows.items()}
        else:
            x = torch.arange(min(CURVE, len(j.sides.gap)))
            picked = {k: v.expand_as(j.sides.gap)[: len(x), 0] for k, v in rows.items()}
        shown = {k: (v.exp() if j.log else v).double() for k, v in picked.items()}
        keep = torch.stack([torch.isfinite(v) for v in shown.values()]).all(0).cpu()
        finite = {k: v.cpu()[keep].tolist() for k, v in {"x": x.double(), **shown}.items()}
        return {"axis": measured.axis if len(x) and x.dtype.is_floating_point else "instance", **finite}

    # ---- evaluation
    def _look(self, trials: list[Trial], measured: Measured) -> list[list[Seen]]:
        """Every statement on a batch, part by part; nothing where it cannot be evaluated."""
        try:
            return self._together(trials, measured)
        except FAILURES:
            return [self._alone(t, measured) for t in trials]

    def _alone(self, trial: Trial, measured: Measured) -> list[Seen]:
        try:
            return self._together([trial], measured)[0]
        except FAILURES:
            return []

    def _together(self, trials: list[Trial], measured: Measured) -> list[list[Seen]]:
        if not trials:
            return []
        together = self._compiled(trials)
        values = together.program({n: measured.values[n] for n in together.program.inputs})
        own = {j.part: j for j in self._claim_judgements(measured)}
        wanted = {id(t): k for k, t in enumerate(trials)}
        groups: dict[tuple[str, Any], list[tuple[int, Part, Sides]]] = {}
        for trial, part, where in together.parts:
            if id(trial) in wanted:
                sides = sides_of(part, values[where], measured)
                groups.setdefault((part.name, type(part.relation)), []).append((wanted[id(trial)], part, sides))
        result: list[list[Seen]] = [[] for _ in trials]
        for (name, _), members in groups.items():
            seen = _compare(self.claim.part(name), own[name], members[0][1], [s for *_, s in members], measured)
            for (k, *_), v in zip(members, seen, strict=True):
                result[k].append(v)
        return result

    def _compiled(self, trials: list[Trial]) -> Together:
        """A program that holds these statements, and at most as many others: compiling costs more than evaluating."""
        names = {t.alteration.mutant.name for t in trials}
        for together in self._programs:
            if names <= together.names and len(together.names) <= 2 * len(names):
                return together
        parts, definitions = self._apart
        chosen = [(t, part) for t in trials for part in parts[t.alteration.mutant.name]]
        self._programs[:] = [*self._programs[-7:], _compile(chosen, definitions, frozenset(names))]
        return self._programs[-1]

    def _claim_judgements(self, measured: Measured) -> list[Judgement]:
        if self._judged[0] is not measured:
            self._judged = (measured, judge(self.claim, measured))
        return self._judged[1]

    _judged: tuple[Any, list[Judgement]] = (None, [])

    @cached_property
    def _apart(self) -> tuple[dict[str, list[Part]], dict[Any, Any]]:
        """The altered parts by name of the statement, and definitions that serve all of them at once."""
        mutants = [t.alteration.mutant for t in self.trials if t.open]
        parts, definitions = side_by_side(self.claim, mutants)
        return dict(zip([m.name for m in mutants], parts, strict=True)), definitions

    @cached_property
    def _programs(self) -> list[Together]:
        return []


@dataclass(frozen=True)
class Together:
    """Statements compiled as one program; `parts` says where the values of each altered part stand."""

    names: frozenset[str]
    parts: list[tuple[Trial, Part, slice]]
    program: Any


def _compile(chosen: list[tuple[Trial, Part]], definitions: dict[Any, Any], names: frozenset[str]) -> Together:
    parts, expressions = [], []
    for trial, part in chosen:
        new = part_expressions(part)
        parts.append((trial, part, slice(len(expressions), len(expressions) + len(new))))
        expressions += new
    return Together(names, parts, compile_expression(expressions, definitions=definitions, backend="torch"))


def _compare(claimed: Part, own: Judgement, altered: Part, sides: list[Sides], measured: Measured) -> list[Seen]:
    """Several alterations of one part at once: their sides are judged as one long batch."""
    B, T = own.sides.gap.shape
    T = max(T, *(s.gap.shape[1] for s in sides))
    long = Sides(*(torch.cat([getattr(s, f.name).expand(B, T) for s in sides]) for f in fields(Sides)))
    ok = None if measured.ok is None else measured.ok.repeat(len(sides))
    judgement = judge_sides(altered, long, replace(measured, ok=ok))
    turned = type(claimed.relation) is not type(altered.relation)
    flags = _asks_more(own, long, len(sides), turned)
    return [
        Seen(_slice(judgement, slice(k * B, (k + 1) * B)), *(f[k * B : (k + 1) * B] for f in flags))
        for k in range(len(sides))
    ]


def _slice(j: Judgement, rows: slice) -> Judgement:
    sides = Sides(**{f.name: getattr(j.sides, f.name)[rows] for f in fields(Sides)})
    return replace(j, sides=sides, **{n: getattr(j, n)[rows] for n in ("excess", "near", "unclear", "silent", "slack")})


def _asks_more(own: Judgement, b: Sides, times: int, turned: bool) -> tuple[Tensor, ...]:
    """(differs from the claim, asks for more than it, has values, nearness) for each of the altered instances."""
    a = own.sides
    size = 1 + a.left.abs() if own.log else torch.maximum(a.left.abs(), a.right.abs())
    scale = DISTINCT * torch.where(torch.isfinite(size), size, 1.0).expand_as(a.gap).repeat(times, 1)
    gap, judged = a.gap.repeat(times, 1), a.judged.repeat(times, 1)
    more, both = b.gap - gap, b.judged & judged
    stronger = ((more > scale) & both).any(1) | (b.judged & ~judged).any(1)
    differs = stronger | ((more.abs() > scale) & both).any(1) | (judged & ~b.judged).any(1)
    known = ~torch.isnan(b.gap).all(1)
    excess = b.gap - b.budget
    # neither 0 ≤ 0 nor a bound that is huge comes near to a violation: the worse of the two shares counts
    own_size = torch.ones_like(excess) if own.log else torch.maximum(b.left.abs(), b.right.abs()).clamp_min(1e-300)
    spoken = torch.where(judged, torch.minimum(excess / more.abs(), excess / own_size), excess / own_size)
    share = torch.where(((more.abs() > scale) | ~judged) & b.judged, spoken, -torch.inf)
    nearness = share.nan_to_num(nan=-torch.inf).amax(1)
    return (differs | turned) & known, (stronger | turned) & known, known, nearness


def _cover(violated: Tensor) -> list[int]:
    """Few instances that together violate as many statements as possible; `violated` is (statements, B)."""
    left, chosen = violated.clone(), []
    while len(chosen) < CONFIRMED_EACH and bool(left.any()):
        i = int(left.sum(0).argmax())
        chosen.append(i)
        left = left & ~left[:, [i]]
    return chosen


def _evidence(judgements: list[Judgement]) -> str:
    j = next(j for j in judgements if bool(j.violates.any()))
    worst = j.worst(int(j.violates.nonzero()[0, 0]))
    return (
        f"part {j.part}: measured {worst['measured']:.6g}, predicted {worst['predicted']:.6g}, "
        f"budget {worst['budget']:.2g}"
    )
