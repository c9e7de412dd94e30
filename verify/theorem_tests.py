"""Claims as tests: hypothesis draws, shrinks and remembers; one test a claim and one a planted mutant."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from hypothesis import Phase, given, settings
from hypothesis.errors import HypothesisException, HypothesisWarning

from theory import Claim
from theory.render import pretty

from .counterexample import shorten
from .experiment import Experiment, Run, Sampling, plain
from .profiles import CAMPAIGN_LEVEL, Profile, get_profile
from .sampling import count_tests, sample_claim
from .search import EVERY_CHECK, Search, Tally, Violation, hypothesis_run
from .statistics import Test

SECOND_HELPING = 10
"""A mutant that survives the claim's own families is tried on so many times more of them, at most."""


class TheoremFailure(AssertionError):
    """A claim or a mutant did not behave as expected; the message is for the user and complete."""


@dataclass
class Outcome:
    """What the search for one claim gave. `family` is the one that hypothesis shrank a counterexample to."""

    tally: Tally
    families: list[Any] = field(default_factory=list)
    family: Any = None
    tests: list[Test] = field(default_factory=list)


@dataclass
class Bench:
    """The tests of one claim. Networks are trained once: the mutants are tried on those of the claim.

    `level` is the level of each statistical test (default: the campaign's level, split over the tests of this
    claim); `seed` seeds the draws of probabilistic claims, while hypothesis seeds its own. `examples` is the number
    of families that hypothesis draws (default: the profile's).
    """

    claim: Claim
    experiment: Experiment | Sampling
    profile: Profile = field(default_factory=lambda: get_profile("quick"))
    level: float | None = None
    seed: int = 0
    examples: int | None = None

    @property
    def mutants(self) -> tuple[str, ...]:
        """Names of the planted mutants."""
        return tuple(m.name for m in self.claim.mutants)

    def check(self) -> None:
        """A true claim must be left standing, a printed error refuted; raises `TheoremFailure`."""
        outcome = self.outcome
        refuted = outcome.tally.found is not None or not all(t.passed for t in outcome.tests)
        if self.claim.printed:
            if not refuted:
                raise TheoremFailure(
                    f"{self.claim.id} is false as stated, but no counterexample was found on "
                    f"{outcome.tally.run} instances"
                )
            return
        if refuted:
            raise TheoremFailure(self._refutation(outcome))
        if outcome.tally.inconclusive:
            raise TheoremFailure(
                f"{self.claim.id} is inconclusive: {outcome.tally.inconclusive} of {outcome.tally.run} "
                "instances could not be judged within their error budget"
            )
        if any(t.unresolved for t in outcome.tests):
            left = "; ".join(f"{t.name} ({t.test})" for t in outcome.tests if t.unresolved)
            raise TheoremFailure(f"{self.claim.id} is inconclusive: {left}")
        if not outcome.tally.run:
            raise TheoremFailure(f"{self.claim.id} said nothing on any of {outcome.tally.skipped} instances")

    def check_mutant(self, name: str) -> str:
        """The planted mutant must be refuted; returns the evidence, raises `TheoremFailure` if it survives."""
        mutant = next(m for m in self.claim.mutants if m.name == name)
        outcome = self.outcome
        if mutant.setting and name not in outcome.tally.refuted_mutants and isinstance(self.experiment, Experiment):
            with quiet():
                search = Search(self.claim, self.experiment, Run(), outcome.tally)
                search.try_setting(mutant, outcome.families, self.profile.batch)
        if not mutant.setting and name not in outcome.tally.refuted_mutants and isinstance(self.experiment, Experiment):
            self._second_helping(self.experiment, name)
        if name not in outcome.tally.refuted_mutants:
            raise TheoremFailure(
                f"{self.claim.id}: mutant {name!r} ({mutant.text}) survived {outcome.tally.run} "
                f"instances of the {self.profile.name} profile; the check is too weak to see it"
            )
        return outcome.tally.refuted_mutants[name]

    @cached_property
    def outcome(self) -> Outcome:
        """The search, carried out at the first use."""
        with quiet():
            return (
                self._search(self.experiment)
                if isinstance(self.experiment, Experiment)
                else self._sample(self.experiment)
            )

    def _sample(self, sampling: Sampling) -> Outcome:
        level = self.level or CAMPAIGN_LEVEL / max(1, count_tests(self.claim, sampling, self.profile))
        tally, tests = sample_claim(self.claim, sampling, self.profile, self.seed, Run(), level)
        return Outcome(tally, tests=tests)

    def _search(self, experiment: Experiment) -> Outcome:
        search = Search(self.claim, experiment, Run())
        outcome = Outcome(search.tally)
        try:
            for witness in experiment.witnesses:
                search.examine(witness(), "witness")
            self._hypothesis_test(search, outcome)()
        except Violation:
            pass
        except HypothesisException as error:
            raise TheoremFailure(f"{self.claim.id}: hypothesis gave up: {error}") from None
        return outcome

    def _second_helping(self, experiment: Experiment, name: str) -> None:
        """Try the mutant on more families, until it is refuted."""
        search = Search(self.claim, experiment, Run(), self.outcome.tally)

        def body(family: Any) -> None:
            if name not in search.tally.refuted_mutants:
                instances = experiment.realise(family, self.profile.batch)
                search.try_mutants(instances)

        with quiet():
            hypothesis_run(body, experiment.families, SECOND_HELPING * self.profile.examples, self.seed)

    def _hypothesis_test(self, search: Search, outcome: Outcome) -> Any:
        """The @given function of this claim; its place in hypothesis' database is the claim's own."""
        experiment = search.experiment

        def theorem(family: Any) -> None:
            outcome.families.append(family)
            try:
                search.examine(experiment.realise(family, self.profile.batch), getattr(family, "regime", "drawn"))
            except Violation:
                outcome.family = family
                raise

        theorem._hypothesis_internal_add_digest = self.claim.id.encode()  # type: ignore[attr-defined]
        skipped = {Phase.explain, *((Phase.shrink,) if self.claim.printed else ())}
        options = settings(
            max_examples=self.examples or self.profile.examples,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=EVERY_CHECK,
            phases=[p for p in settings().phases if p not in skipped],
        )
        return options(given(experiment.families)(theorem))

    def _refutation(self, outcome: Outcome) -> str:
        failed = [
            f"  test       {t.name} ({t.test}): p = {t.p_value:.3g}, observed {t.observed:.6g}, expected "
            f"{t.expected:.6g}, level {t.level:.2g}"
            for t in outcome.tests
            if not t.passed
        ]
        found = outcome.tally.found
        if found is None or not isinstance(self.experiment, Experiment):
            return "\n".join([f"{self.claim.id} is rejected", *failed])
        with quiet():
            found = shorten(self.claim, self.experiment, found, torch.device("cpu"))
        part, worst = self.claim.part(found.part), found.worst
        return "\n".join(
            [
                f"{self.claim.id} is violated: part {found.part}",
                *_indented("statement", pretty(part.relation, self.claim.names("unicode"))),
                f"  measured   {worst['measured']:.10g}",
                f"  predicted  {worst['predicted']:.10g}",
                f"  budget     {worst['budget']:.3g}",
                f"  family     {outcome.family if outcome.family is not None else 'a witness of the experiment'}",
                *(f"  {k:<9}  {v}" for k, v in plain(found.instances).items()),
            ]
        )


def _indented(title: str, text: str) -> list[str]:
    lines = text.splitlines() or [""]
    return [f"  {title:<9}  {lines[0]}", *(" " * 13 + line for line in lines[1:])]


@contextmanager
def quiet() -> Iterator[None]:
    """One thread (small batched products are slower with threads that fight); no warnings that the user cannot act on:
    of hypothesis about strategies, of torch about its own use of torch.jit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)
            warnings.filterwarnings("ignore", message=".*torch.jit", category=DeprecationWarning)
            yield
    finally:
        torch.set_num_threads(threads)
