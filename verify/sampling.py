"""Statistical claims: fresh draws of pre-registered designs, one fixed level for each test."""

from __future__ import annotations

from typing import Any

import torch

from theory import Claim, Mutant, Part, Quantifier

from .checks import Judgement, assumptions_hold, judge
from .errors import VerifyError
from .experiment import Design, Measured, Run, Sampling
from .profiles import Profile
from .search import Tally, claim_seed
from .statistics import Test, coverage_test, student_test, uniform_test


def designs_of(sampling: Sampling, profile: Profile) -> list[Design]:
    """The designs that the profile runs."""
    return [d for d in sampling.designs if d.quick or profile.all_designs]


def count_tests(claim: Claim, sampling: Sampling, profile: Profile) -> int:
    """How many tests the claim itself (not its mutants) will make: known before anything is drawn."""
    quantifiers = {p.quantifier for p in claim.parts}
    per_design = 1 if quantifiers <= {Quantifier.PROBABILITY} else len(claim.parts)
    return per_design * len(designs_of(sampling, profile))


def sample_claim(
    claim: Claim, sampling: Sampling, profile: Profile, seed_: int, run: Run, level: float
) -> tuple[Tally, list[Test]]:
    """Draw every design, test the claim and its mutants at the level."""
    tally, tests = Tally(), []
    for design in designs_of(sampling, profile):
        draws = design.draws or profile.draws
        measured = sampling.sample(design, draws, _generator(seed_, claim, design, ""), run)
        if not bool(assumptions_hold(claim, measured).all()):
            raise VerifyError(f"{claim.id}: design {design.name!r} breaks an assumption of the claim; mend the design")
        tests += _count(claim, design, draws, measured, level, tally)
        for mutant in claim.mutants:
            _try(claim, mutant, sampling, design, draws, measured, seed_, run, level, tally)
    return tally, tests


def _generator(seed_: int, claim: Claim, design: Design, setting: str) -> torch.Generator:
    return torch.Generator().manual_seed(claim_seed(seed_, claim.id, design.name, setting))


def _count(claim: Claim, design: Design, draws: int, measured: Measured, level: float, tally: Tally) -> list[Test]:
    judgements = judge(claim, measured)
    tests = _tests(claim, judgements, design.name, level, measured)
    coverage = is_coverage(claim)
    n = draws if _is_summary(claim) else len(judgements[0].excess)
    unclear = torch.stack([j.unclear for j in judgements]).any(0)
    tally.planned += n
    tally.run += n
    tally.inconclusive += int(unclear.sum())
    violations = int(torch.stack([j.violates for j in judgements]).any(0).sum()) if coverage else 0
    tally.violations += violations
    row: dict[str, Any] = {
        "name": design.name,
        "run": n,
        "violations": violations,
        "inconclusive": int(unclear.sum()),
        "worst_slack": None,
    }
    if coverage:
        slack = torch.stack([j.slack for j in judgements]).amin(0)
        values = [float(s) for s in slack if torch.isfinite(s)]
        tally.slacks += values
        row["worst_slack"] = min(values, default=None)
    tally.families[design.name] = row
    for j in judgements:
        tally.spoke[j.part] = tally.spoke.get(j.part, 0) + int((~j.silent).sum())
    return tests


def _is_summary(claim: Claim) -> bool:
    return any(p.quantifier is Quantifier.ASYMPTOTIC for p in claim.parts)


def is_coverage(claim: Claim) -> bool:
    """True for a claim whose parts hold jointly with probability at least 1 − δ."""
    return all(p.quantifier is Quantifier.PROBABILITY for p in claim.parts)


def _tests(claim: Claim, judgements: list[Judgement], name: str, level: float, measured: Measured) -> list[Test]:
    if is_coverage(claim):
        joint = torch.stack([j.violates for j in judgements]).any(0)
        delta = float(measured.values["delta"].flatten()[0])
        return [coverage_test(name, int(joint.sum()), len(joint), delta, level)]
    return [_test(claim.part(j.part), j, f"{name}: {j.part}", level, measured.degrees) for j in judgements]


def _test(part: Part, j: Judgement, name: str, level: float, degrees: int | None) -> Test:
    if part.quantifier is Quantifier.LAW:
        return uniform_test(name, j.sides.right[:, 0].cpu().numpy(), level)
    if part.quantifier is Quantifier.ASYMPTOTIC and degrees:
        observed, expected, error = (float(x[0, 0]) for x in (j.sides.left, j.sides.right, j.sides.budget))
        return student_test(name, observed, expected, error, degrees, level)
    raise VerifyError(
        f"part {part.name!r} is claimed {part.quantifier.value}; draws can test coverage (all parts of the claim with "
        "probability 1 − δ), laws, and scaling with degrees of freedom"
    )


def _try(
    claim: Claim,
    mutant: Mutant,
    sampling: Sampling,
    design: Design,
    draws: int,
    measured: Measured,
    seed_: int,
    run: Run,
    level: float,
    tally: Tally,
) -> None:
    if mutant.name in tally.refuted_mutants:
        return
    if mutant.setting:
        sample = sampling.settings[mutant.setting]
        measured = sample(design, draws, _generator(seed_, claim, design, mutant.setting), run)
    judgements = judge(claim, measured, None if mutant.setting else mutant)
    for test in _tests(claim, judgements, design.name, level, measured):
        if not test.passed:
            tally.refuted_mutants[mutant.name] = f"{test.name}: {test.test}, p = {test.p_value:.2g} < {level:.2g}"
            return
