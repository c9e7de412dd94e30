"""The search for counterexamples: hypothesis draws families, each a batch of trained networks."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest import mock

import torch
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings, target
from hypothesis.errors import HypothesisWarning
from hypothesis.internal.conjecture import providers
from torch import Tensor

from theory import Claim, Mutant

from .ablation import ablation
from .batch import AIMED, GRADIENT_ASCENT, LOCAL_SEARCH, WITNESS, Batch, Observer
from .checks import Judgement, assumptions_hold, judge
from .engines import at, disagreement, same_places
from .errors import VerifyError
from .experiment import Experiment, Instances, Measure, Measured, Run, batch_size, pick, rows, varied
from .extremal import Climber
from .power import Power
from .profiles import Profile
from .sharpness import Sharpness
from .vacuity import Vacuity

GIVEN = "given"
"""The family of a user's own weights: the only one that may miss a claim's assumptions."""
AUDITED = 4
"""One batch in so many is audited."""
EVERY_CHECK: Any = list(HealthCheck)
Study = Power | Sharpness
"""The observers that a search also works for: they lead it to extremal instances."""


class Violation(AssertionError):
    """A counterexample that survived confirmation; hypothesis shrinks the family that led to it."""


@dataclass
class Tally:
    """What one shard of a search saw."""

    planned: int = 0
    run: int = 0
    skipped: int = 0
    violations: int = 0
    inconclusive: int = 0
    slacks: list[float] = field(default_factory=list)
    refuted_mutants: dict[str, str] = field(default_factory=dict)
    families: dict[str, dict[str, Any]] = field(default_factory=dict)
    spoke: dict[str, int] = field(default_factory=dict)
    found: Found | None = None
    compared: int = 0
    disagreed: int = 0
    disagreement: float | None = None
    findings: dict[str, Any] = field(default_factory=dict)
    """What the observers of the search saw, by their names."""


@dataclass(frozen=True)
class Found:
    """A confirmed counterexample: one instance, the part it breaks, and both sides there."""

    part: str
    instances: Instances
    worst: dict[str, float]


def claim_seed(seed_: int, *names: object) -> int:
    """A seed for one piece of work, from the campaign's seed and the names of the piece."""
    text = "/".join(map(str, (seed_, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


@contextmanager
def by_the_seed_alone() -> Iterator[None]:
    """Hypothesis mixes constants from the source of whatever modules are loaded into its draws (from 6.131 on): with
    them the same seed would draw other families in another process, or beside a user's own code."""
    provider, constants = getattr(providers, "HypothesisProvider", object), "_maybe_draw_constant"
    if not hasattr(provider, constants):
        yield
        return
    with mock.patch.object(provider, constants, lambda *_, **__: None):
        yield


def hypothesis_run(body: Callable[[Any], None], strategy: Any, examples: int, seed_: int, shrink: bool = True) -> None:
    """Run `body` on examples of the strategy, reproducibly; a failure is shrunk and raised."""
    phases = (Phase.generate, Phase.target, *((Phase.shrink,) if shrink else ()))

    @seed(seed_)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=phases,
        verbosity=Verbosity.quiet,
        suppress_health_check=EVERY_CHECK,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(strategy)
    def wrapped(family: Any) -> None:
        body(family)

    with warnings.catch_warnings(), by_the_seed_alone():
        warnings.simplefilter("ignore", HypothesisWarning)
        wrapped()


@dataclass
class Search:
    """The search for one claim: its experiment, the instances' device, the tally so far, and who looks on. With
    `audited` one instance of every fourth batch is run by the second engine even if nothing is near to violation."""

    claim: Claim
    experiment: Experiment
    run: Run
    tally: Tally = field(default_factory=Tally)
    observers: tuple[Observer, ...] = ()
    audited: bool = False
    batches: int = 0

    def examine(self, instances: Instances, family: str, measure: Measure | None = None) -> None:
        """Train, judge, confirm; count; let the mutants be tried on the same networks. Raises `Violation`."""
        measure = measure or self.experiment.measure
        measured = measure(instances, self.run)
        n = batch_size(instances)
        held = assumptions_hold(self.claim, measured)
        if not bool(held.all()) and family == GIVEN:
            self.tally.skipped += n  # the user's own weights need not be what the theorem is about
            self._row(f"{GIVEN}: outside the assumptions")
            return
        if not bool(held.all()):
            raise VerifyError(
                f"{self.claim.id}: the generator of family {family!r} broke an assumption of the claim on "
                f"{int((~held).sum())} of {n} instances; mend the generator"
            )
        self.consider(instances, measured, family, measure)

    def consider(self, instances: Instances, measured: Measured, family: str, measure: Measure | None = None) -> None:
        """Judge a batch that was measured within the assumptions. Raises `Violation`."""
        measure = measure or self.experiment.measure
        if family in (AIMED, LOCAL_SEARCH, GRADIENT_ASCENT):
            self.tally.planned += batch_size(instances)  # how many a search takes is not known before
        judgements = judge(self.claim, measured)
        slack = self._slack(judgements)
        violating, unclear = self._look_closer(judgements, measured, instances, measure, slack)
        self._count(judgements, unclear, {i for _, i, _ in violating}, slack, family)
        closely = self._closely(instances, measure)
        self._try_mutants(measured, lambda i: closely((i,)))
        if violating:
            part, i, worst = violating[0]
            self.tally.found = Found(part, pick(instances, [i]), worst)
            raise Violation(
                f"{self.claim.id} part {part}: measured {worst['measured']:.8g}, predicted "
                f"{worst['predicted']:.8g}, budget {worst['budget']:.2g}"
            )
        batch = Batch(instances, measured, judgements, lambda indices: closely(tuple(indices)), family)
        for observer in self.observers:
            observer.observe(batch)

    def _row(self, family: str) -> dict[str, Any]:
        empty = {"name": family, "run": 0, "violations": 0, "inconclusive": 0, "worst_slack": None}
        return self.tally.families.setdefault(family, empty)

    def _slack(self, judgements: list[Judgement]) -> Tensor:
        """The smallest slack of each instance over the inequalities (over the equations, if there are only those)."""
        inequalities = [j for j in judgements if not self.claim.part(j.part).is_equation] or judgements
        return torch.stack([j.slack for j in inequalities]).amin(0)

    def _look_closer(
        self, judgements: list[Judgement], measured: Measured, instances: Instances, measure: Measure, slack: Tensor
    ) -> tuple[list[tuple[str, int, dict[str, float]]], set[int]]:
        """Violations and near misses are re-run tighter, by another engine, and only then judged.

        Returns the violations (part, instance, sides), worst first, and the instances that stay unclear; `slack` is
        replaced by that of the second run. Where the engines contradict each other, neither is believed.
        """
        order = sorted({int(i) for j in judgements for i in (j.violates | j.near | j.unclear).nonzero()[:, 0]})
        audited = self.audited and self.experiment.two_engines and self.batches % AUDITED == 0
        audit = [self.tally.run % len(slack)] if audited else []
        self.batches += 1
        rerun = sorted({*order, *audit})
        if not rerun:
            return [], set()
        again = measure(pick(instances, rerun), Run(self.run.device, level=1))
        closer = judge(self.claim, again)
        slack[rerun] = self._slack(closer)
        contradicted = self._compare_engines(at(judgements, rerun), closer, rows(measured, rerun), again)
        # violated at first and not comparable the second time: nobody knows
        lost = [c.unclear | (c.silent & j.violates[rerun]) for j, c in zip(judgements, closer, strict=True)]
        unclear = {rerun[i] for mask in (*lost, contradicted) for i in mask.nonzero()[:, 0].tolist()}
        violating = [
            (j.part, rerun[i], j.worst(i))
            for j in closer
            for i in (j.violates & ~contradicted).nonzero()[:, 0].tolist()
        ]
        return sorted(violating, key=lambda v: -v[2]["excess"]), unclear

    def _compare_engines(
        self, first: list[Judgement], second: list[Judgement], measured: Measured, again: Measured
    ) -> Tensor:
        """(B,) whether the two engines contradict each other; counted."""
        if not self.experiment.two_engines:
            return torch.zeros(len(first[0].excess), dtype=torch.bool, device=first[0].excess.device)
        ratio = disagreement(first, second, same_places(measured, again))
        known = ratio[~ratio.isnan()]
        t = self.tally
        t.compared += len(known)
        t.disagreed += int((known > 1).sum())
        t.disagreement = max([*known.tolist(), *([] if t.disagreement is None else [t.disagreement])], default=None)
        return ratio > 1

    def _count(
        self, judgements: list[Judgement], unclear: set[int], broken: set[int], slack: Tensor, family: str
    ) -> None:
        t, n = self.tally, len(slack)
        judged = n - sum(all(bool(j.silent[i]) for j in judgements) for i in range(n))
        t.run += judged
        t.skipped += n - judged
        t.violations += len(broken)
        t.inconclusive += len(unclear - broken)
        row = self._row(family)
        row["run"] += judged
        row["violations"] += len(broken)
        row["inconclusive"] += len(unclear - broken)
        values = [float(s) for i, s in enumerate(slack) if i not in unclear and torch.isfinite(s)]
        t.slacks += values
        row["worst_slack"] = min([*values, *([] if row["worst_slack"] is None else [row["worst_slack"]])], default=None)
        for j in judgements:
            t.spoke[j.part] = t.spoke.get(j.part, 0) + int((~j.silent).sum())

    def try_mutants(self, instances: Instances) -> None:
        """Try the mutants that are left on these networks alone."""
        closely = self._closely(instances, self.experiment.measure)
        self._try_mutants(self.experiment.measure(instances, self.run), lambda i: closely((i,)))

    def _try_mutants(self, measured: Measured, closely: Callable[[int], Measured]) -> None:
        for mutant in self.claim.mutants:
            if mutant.name not in self.tally.refuted_mutants and not mutant.setting:
                self._try_mutant(mutant, measured, closely)

    def _closely(self, instances: Instances, measure: Measure) -> Callable[[tuple[int, ...]], Measured]:
        """The confirming measurement of some instances, made once for all who ask."""
        return cache(lambda indices: measure(pick(instances, list(indices)), Run(self.run.device, level=1)))

    def _try_mutant(self, mutant: Mutant, measured: Measured, closely: Callable[[int], Measured]) -> None:
        altered = None if mutant.setting else mutant
        for j in judge(self.claim, measured, altered):
            for i in j.violates.nonzero()[:1, 0].tolist():
                again = next(k for k in judge(self.claim, closely(i), altered) if k.part == j.part)
                if bool(again.violates[0]):
                    self.tally.refuted_mutants[mutant.name] = evidence(self.claim, j.part, again.worst(0), closely(i))
                    return

    def try_setting(self, mutant: Mutant, families: list[Any], batch: int) -> None:
        """A mutant that drops an assumption on training: the altered experiment must violate the claim."""
        variation = self.experiment.settings.get(mutant.setting)
        if variation is None:
            raise VerifyError(
                f"{self.claim.id}: mutant {mutant.name!r} names the setting {mutant.setting!r}, which the "
                f"experiment lacks; it has {', '.join(self.experiment.settings) or 'none'}"
            )
        measure = variation.measure or self.experiment.measure
        for make in varied(self.experiment, variation, families, batch):
            instances = make()
            closely = self._closely(instances, measure)
            self._try_mutant(mutant, measure(instances, self.run), lambda i, run=closely: run((i,)))
            if mutant.name in self.tally.refuted_mutants:
                return


def evidence(claim: Claim, part: str, worst: dict[str, float], measured: Measured) -> str:
    """One line: how a mutant was refuted, and on an instance of what shapes."""
    given_ = [q.name for q in claim.quantities if not q.measured and q.definition is None and q.shape]
    shapes = [f"{n} {'×'.join(map(str, measured.values[n].shape[2:]))}" for n in given_ if n in measured.values]
    apart = worst["excess"] + worst["budget"]
    text = (
        f"part {part}: measured {worst['measured']:.6g}, predicted {worst['predicted']:.6g}, apart by {apart:.3g}, "
        f"budget {worst['budget']:.2g}"
    )
    return f"{text} ({', '.join(shapes)})" if shapes else text


@dataclass
class Families:
    """The families that hypothesis draws in one shard. One that broke the claim breaks it again without training, and
    shrinking ends after `profile.shrinks` more."""

    search: Search
    profile: Profile
    seen: list[Any] = field(default_factory=list)
    broken: dict[Any, tuple[Violation, Found | None]] = field(default_factory=dict)

    def examine(self, family: Any) -> None:
        """One batch of the family. Raises `Violation`."""
        if family in self.broken:
            violation, self.search.tally.found = self.broken[family]
            raise violation
        if len(self.seen) >= self.profile.examples + self.profile.shrinks and self.broken:
            return  # enough shrinking: what is not known to fail counts as passed
        self.seen.append(family)
        try:
            self.search.examine(self._realised(family), getattr(family, "regime", "drawn"))
        except Violation as violation:
            self.broken[family] = (violation, self.search.tally.found)
            raise

    def aim(self, family: Any) -> None:
        """One batch of the family, whose slack hypothesis tries to make small. Raises `Violation`."""
        before = len(self.search.tally.slacks)
        self.search.examine(self._realised(family), AIMED)
        if slacks := self.search.tally.slacks[before:]:
            target(-min(slacks))

    def _realised(self, family: Any) -> Instances:
        return self.search.experiment.realise(family, self.profile.batch)


def search_shard(
    claim: Claim,
    experiment: Experiment,
    profile: Profile,
    seed_: int,
    run: Run,
    first: bool,
) -> Tally:
    """One shard of the search. To the first shard belong the explicit witnesses, the search for extremal instances and
    the assumptions dropped."""
    study = profile.study and not claim.printed
    studies = (Power(claim), Sharpness(claim, experiment, run)) if study else ()
    search = Search(claim, experiment, run, observers=(Vacuity(claim), *studies), audited=profile.study)
    tally, families = search.tally, Families(search, profile)
    witnesses = experiment.witnesses if first else ()
    tally.planned = sum(batch_size(w()) for w in witnesses) + profile.examples * profile.batch

    def drawn() -> None:
        hypothesis_run(families.examine, experiment.families, profile.examples, seed_)

    def explicit() -> None:
        for witness in witnesses:
            search.examine(witness(), WITNESS)

    def extremal() -> None:
        if first and study and profile.climbs:
            _search_extremal(families, studies, seed_)

    try:
        # a statement known to be false: first a counterexample found and shrunk, then the one that was planted
        for part in (drawn, explicit) if claim.printed else (explicit, drawn, extremal):
            part()
    except Violation:
        tally.skipped = max(0, tally.planned - tally.run)
    for mutant in claim.mutants:
        if mutant.setting:
            search.try_setting(mutant, families.seen, profile.batch)
    if study and first:
        tally.findings["ablation"] = ablation(claim, experiment, run, families.seen)
    tally.findings |= {o.name: o.rows() for o in search.observers}
    return tally


def _search_extremal(families: Families, studies: tuple[Study, ...], seed_: int) -> None:
    """Families with little slack, then instances that come nearest to what each study asks for. Raises `Violation`."""
    search, climbs = families.search, families.profile.climbs
    experiment = search.experiment
    hypothesis_run(families.aim, experiment.families, climbs, claim_seed(seed_, "aimed"), shrink=False)
    climber = Climber(search.claim, experiment, search.run, watch=search.consider)
    for k, study in enumerate(studies if experiment.movable else ()):
        study.attack(climber, climbs, claim_seed(seed_, "extremal", k))
