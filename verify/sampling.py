"""Statistical claims: fresh draws of pre-registered designs, one fixed level for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from theory import Claim, Mutant, Quantifier

from .checks import Judgement, assumptions_hold, judge
from .errors import VerifyError
from .experiment import Design, Measured, Run, Sampling
from .findings import alone, beside, bootstrap_test, finding_test, is_finding, judge_resampled
from .profiles import Profile
from .search import Tally, claim_seed
from .statistics import REJECTED, Sequential, Test, looks, student_test, uniform_test


def designs_of(sampling: Sampling, profile: Profile) -> list[Design]:
    """The designs that the profile runs."""
    return [d for d in sampling.designs if d.quick or profile.all_designs]


def planned_draws(claim: Claim, sampling: Sampling, profile: Profile) -> dict[str, int]:
    """How many draws each test of a coverage claim may spend, by the test's name; empty for laws and scaling."""
    if not is_coverage(claim):
        return {}
    return {d.name: d.draws or profile.draws for d in designs_of(sampling, profile)}


def count_tests(claim: Claim, sampling: Sampling, profile: Profile) -> int:
    """How many tests the claim itself (not its mutants) will make: known before anything is drawn."""
    return (1 if is_coverage(claim) else len(claim.parts)) * len(designs_of(sampling, profile))


def is_coverage(claim: Claim) -> bool:
    """True for a claim whose parts hold jointly with probability at least 1 − δ."""
    return all(p.quantifier is Quantifier.PROBABILITY for p in claim.parts)


def sample_claim(
    claim: Claim, sampling: Sampling, profile: Profile, seed_: int, run: Run, level: float
) -> tuple[Tally, list[Test]]:
    """Draw every design, test the claim and its mutants at the level."""
    tally, tests = Tally(), []
    for design in designs_of(sampling, profile):
        trial = Trial(claim, sampling, design, design.draws or profile.draws, seed_, run, level)
        tests += [_cover(trial, tally)] if is_coverage(claim) else _fit(trial, tally)
    return tally, tests


def generator_of(sampling: Sampling, claim: Claim, design: Design, seed: int, purpose: str) -> torch.Generator:
    """What draws for one purpose: a generator of its own, or the same one for all claims, designs and purposes that
    share their draws."""
    own = claim_seed(seed, claim.id, design.name, purpose)
    return torch.Generator().manual_seed(shared_seed(seed, sampling.shared) if sampling.shared else own)


def shared_seed(seed: int, shared: str) -> int:
    """The seed of draws that several claims share."""
    return claim_seed(seed, shared)


@dataclass(frozen=True)
class Trial:
    """One claim on one design: where its draws come from, how many there may be, the level of its tests."""

    claim: Claim
    sampling: Sampling
    design: Design
    draws: int
    seed: int
    run: Run
    level: float

    def chunks(self, sizes: list[int], setting: str = "") -> Iterator[Measured]:
        """Fresh draws, so many at a time; of the altered experiment, if a setting is named."""
        generator = generator_of(self.sampling, self.claim, self.design, self.seed, setting)
        sample = self.sampling.settings[setting] if setting else self.sampling.sample
        for size in sizes:
            measured = sample(self.design, size, generator, self.run)
            if not setting and not bool(assumptions_hold(self.claim, measured).all()):
                raise VerifyError(
                    f"{self.claim.id}: design {self.design.name!r} breaks an assumption of the claim; mend the design"
                )
            yield measured


# ---- with probability at least 1 − δ
def _cover(trial: Trial, tally: Tally) -> Test:
    """The sequential test of one design. Draws end when it and the tests of the mutants that are still to be refuted
    have decided, or when all are spent."""
    sizes = _chunk_sizes(trial.draws)
    mutants = [m for m in trial.claim.mutants if m.name not in tally.refuted_mutants]
    altered = {m.name: trial.chunks(sizes, m.setting) for m in mutants if m.setting}
    states: dict[str, Sequential] = {}
    for measured in trial.chunks(sizes):
        judgements = judge(trial.claim, measured)
        states[""] = _advance(states.get(""), trial, judgements, measured)
        _count(trial, judgements, tally)
        for mutant in mutants:
            state = states.get(mutant.name)
            if state is None or not state.decided(trial.level):
                seen = next(altered[mutant.name]) if mutant.setting else measured
                judged = judge(trial.claim, seen, None if mutant.setting else mutant)
                states[mutant.name] = _advance(state, trial, judged, seen)
        if all(s.decided(trial.level) for s in states.values()):
            break
    for mutant in mutants:
        if states[mutant.name].outcome(trial.level) == REJECTED:
            tally.refuted_mutants[mutant.name] = _evidence(states[mutant.name].test(trial.design.name, trial.level))
    tally.planned += trial.draws
    tally.skipped += trial.draws - states[""].n
    return states[""].test(trial.design.name, trial.level)


def _chunk_sizes(draws: int) -> list[int]:
    ends = looks(draws)
    return [b - a for a, b in zip([0, *ends], ends, strict=False)]


def _advance(state: Sequential | None, trial: Trial, judgements: list[Judgement], measured: Measured) -> Sequential:
    """The state of a sequential test after one more chunk; without a state, after the first."""
    state = state or Sequential(float(measured.values["delta"].flatten()[0]), trial.draws)
    violates, unclear = _any(j.violates for j in judgements), _any(j.unclear for j in judgements)
    return state.add(len(violates), int(violates.sum()), int((unclear & ~violates).sum()))


def _any(flags: Iterable[Tensor]) -> Tensor:
    """(B,) where some part's flag is set."""
    return torch.stack(list(flags)).any(0)


def _count(trial: Trial, judgements: list[Judgement], tally: Tally) -> None:
    """Add a chunk of a coverage claim to the tally."""
    slack = torch.stack([j.slack for j in judgements]).amin(0)
    values = [float(s) for s in slack if torch.isfinite(s)]
    broken = _any(j.violates for j in judgements)
    violations, unclear = int(broken.sum()), int((_any(j.unclear for j in judgements) & ~broken).sum())
    tally.slacks += values
    tally.violations += violations
    row = _add_run(trial, judgements, tally, len(slack), unclear)
    row["violations"] += violations
    row["worst_slack"] = min([*values, *([] if row["worst_slack"] is None else [row["worst_slack"]])], default=None)


def _add_run(trial: Trial, judgements: list[Judgement], tally: Tally, n: int, unclear: int) -> dict[str, Any]:
    """Count n draws of the design; returns its row."""
    empty = {"name": trial.design.name, "run": 0, "violations": 0, "inconclusive": 0, "worst_slack": None}
    row = tally.families.setdefault(trial.design.name, empty)
    row["run"] += n
    row["inconclusive"] += unclear
    tally.run += n
    tally.inconclusive += unclear
    for j in judgements:
        tally.spoke[j.part] = tally.spoke.get(j.part, 0) + int((~j.silent).sum())
    return row


# ---- laws and scaling: all draws at once
def _fit(trial: Trial, tally: Tally) -> list[Test]:
    """The tests of one design at its fixed size."""
    measured = next(trial.chunks([trial.draws]))
    judgements = judge(trial.claim, measured)
    if is_finding(trial.claim):
        return _find(trial, tally, measured, judgements)
    summary = any(p.quantifier is Quantifier.ASYMPTOTIC for p in trial.claim.parts)
    n = trial.draws if summary else len(judgements[0].excess)
    tally.planned += n
    _add_run(trial, judgements, tally, n, int(_any(j.unclear for j in judgements).sum()))
    for mutant in trial.claim.mutants:
        if mutant.name not in tally.refuted_mutants:
            _try(trial, mutant, measured, tally)
    return _tests(trial, judgements, measured)


def _find(trial: Trial, tally: Tally, measured: Measured, judgements: list[Judgement]) -> list[Test]:
    """The tests of a finding, of the mean over runs, and the counts of runs that decide alone."""
    n = len(judgements[0].excess)
    drawn = judge_resampled(trial.claim, measured)
    parts = [trial.claim.part(j.part) for j in judgements]
    verdicts = [alone(*x) for x in zip(judgements, drawn, strict=True)]
    refuted = _any(v[0] for v in verdicts)
    tally.planned += n
    row = _add_run(trial, judgements, tally, n, 0)
    row["violations"], row["inconclusive"] = int(refuted.sum()), int((_any(v[1] for v in verdicts) & ~refuted).sum())
    for mutant in trial.claim.mutants:
        if mutant.name not in tally.refuted_mutants:
            _try(trial, mutant, measured, tally)
    tests = []
    for part, seen, samples in zip(parts, judgements, drawn, strict=True):
        told = f"{trial.design.name}: {part.name}", trial.level, beside(trial.claim, measured, seen)
        tests.append(finding_test(part, seen, *told) if n > 1 else bootstrap_test(part, seen, samples, *told))
    return tests


def _tests(trial: Trial, judgements: list[Judgement], measured: Measured) -> list[Test]:
    name, level = trial.design.name, trial.level
    return [_test(j, f"{name}: {j.part}", level, measured.degrees) for j in judgements]


def _test(j: Judgement, name: str, level: float, degrees: int | None) -> Test:
    """The test of a part as it was judged: an altered relation has its own side."""
    part = j.stated
    if part.quantifier is Quantifier.RUNS:
        return finding_test(part, j, name, level)
    if part.quantifier is Quantifier.LAW:
        return uniform_test(name, j.sides.right[:, 0].cpu().numpy(), level)
    if part.quantifier is Quantifier.ASYMPTOTIC and degrees:
        observed, expected, error = (float(x[0, 0]) for x in (j.sides.left, j.sides.right, j.sides.budget))
        side = 0 if part.is_equation else -1 if part.is_lower_bound else 1
        return student_test(name, observed, expected, error, degrees, level, side)
    raise VerifyError(
        f"part {part.name!r} is claimed {part.quantifier.value}; draws can test coverage (all parts of the claim with "
        "probability 1 − δ), laws, and scaling with degrees of freedom"
    )


def _try(trial: Trial, mutant: Mutant, measured: Measured, tally: Tally) -> None:
    if mutant.setting:
        measured = next(trial.chunks([trial.draws], mutant.setting))
    judgements = judge(trial.claim, measured, None if mutant.setting else mutant)
    failed = [t for t in _tests(trial, judgements, measured) if not t.passed]
    if failed:
        tally.refuted_mutants[mutant.name] = _evidence(failed[0])


def _evidence(test: Test) -> str:
    return f"{test.name}: {test.test}, p = {test.p_value:.2g} < {test.level:.2g}"


# ---- many statements on the same draws
Look = Callable[[Measured], dict[str, list[Judgement]]]
"""The judgements of many statements on the same draws, by the name of the statement."""


def refutations(trial: Trial, look: Look) -> dict[str, str]:
    """Evidence against those statements that the draws of one design reject; all see the same draws."""
    if not is_coverage(trial.claim):
        measured = next(trial.chunks([trial.draws]))
        tests = [(name, t) for name, judged in look(measured).items() for t in _tests(trial, judged, measured)]
        return {name: _evidence(t) for name, t in reversed(tests) if not t.passed}
    states: dict[str, Sequential] = {}
    for measured in trial.chunks(_chunk_sizes(trial.draws)):
        for name, judgements in look(measured).items():
            states[name] = _advance(states.get(name), trial, judgements, measured)
        if all(s.decided(trial.level) for s in states.values()):
            break
    ended = {name: s.test(trial.design.name, trial.level) for name, s in states.items()}
    return {name: _evidence(t) for name, t in ended.items() if not t.passed}
