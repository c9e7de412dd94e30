"""The study of statistical claims: every statement tested on fresh draws, constants moved until a test rejects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp
import torch
from scipy import stats

from theory import Assumption, Claim, Erratum, Kind, Mutant, Part, Quantifier, Quantity, Severity, Source
from verify.experiment import Design, Measured, Run, Sampling
from verify.profiles import get_profile
from verify.sampling import sample_claim
from verify.score import summary_of
from verify.study import LOOK, study_of_sampling

y, delta = sp.Symbol("y", real=True), sp.Symbol("delta", positive=True)
F, z = sp.symbols("F z", nonnegative=True)
DELTA, LEVEL = 0.1, 1e-4
STUDY = replace(get_profile("quick"), study=True, climbs=1, draws=2000)
SOURCE = Source("nobody", "nowhere", "derived here", "@misc{none}")
UNSHIFTED = Assumption("nothing is added", dropped="shifted")
BELOW_ONE = Assumption("δ < 1", sp.Lt(delta, 1))
COVERAGE = Claim(
    id="toy.coverage",
    title="a number exceeds 1 − δ with probability at most δ",
    kind=Kind.PROBABILITY,
    setting=(Quantity(delta, "a probability"), Quantity(y, "a draw", measured=True)),
    parts=(Part("bound", sp.Le(y, 1 - delta), Quantifier.PROBABILITY, trivial=sp.Integer(1)),),
    source=SOURCE,
    assumptions=(UNSHIFTED, BELOW_ONE),
)
LAW = replace(
    COVERAGE,
    id="toy.law",
    kind=Kind.LAW,
    setting=(Quantity(z, "the root of a draw"), Quantity(F, "the empirical distribution at z", measured=True)),
    parts=(Part("law", sp.Eq(F, z**2), Quantifier.LAW),),
    assumptions=(UNSHIFTED,),
)


def sampling(scale: float = 1.0, shift: float = 0.3, designs: int = 1) -> Sampling:
    """y uniform on [0, scale]; shifted up where the assumption is dropped."""

    def sample(design: Design, n: int, g: torch.Generator, run: Run, added: float = 0.0) -> Measured:
        u = scale * torch.rand(n, 1, generator=g, dtype=torch.float64) + added
        values = {"y": u, "z": u.sqrt(), "F": u, "delta": torch.full_like(u, DELTA)}
        return Measured(values, {"bound": torch.zeros_like(u), "law": torch.zeros_like(u)})

    shifted = {"shifted": lambda d, n, g, run: sample(d, n, g, run, shift)}
    return Sampling("toy", tuple(Design(f"design {k}", {}) for k in range(designs)), sample, shifted)


def study(claim: Claim = COVERAGE, seed: int = 1, **changes: Any) -> dict[str, Any]:
    return study_of_sampling(claim, sampling(**changes), STUDY, seed, Run(), LEVEL)


def outcomes(found: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["outcome"] for row in summary_of(found["power"])["table"]}


# ---- mutants
def test_systematic_mutants_are_tested_on_fresh_draws() -> None:
    found = outcomes(study())
    assert found["bound: 1 − δ → 1/2 − δ/2"] == found["bound: y ≤ 1 − δ → y ≥ 1 − δ"] == "refuted"
    assert found["bound: 1 − δ → 2 − 2·δ"] == "weaker"


def test_a_mutant_within_the_slack_of_the_draws_survives() -> None:
    """y ≤ 0.45 is exceeded never: half of 1 − δ is still far away."""
    found = outcomes(study(scale=0.4))
    assert found["bound: 1 − δ → 1/2 − δ/2"] == "survived"


def test_a_mutant_is_refuted_by_a_test_at_the_level_of_the_claim() -> None:
    row = next(r for r in study()["power"] if r["name"] == "bound: 1 − δ → 1/2 − δ/2")
    assert row["refuted"].startswith("design 0") and f"< {LEVEL:.2g}" in row["refuted"]


def test_laws_are_tested_for_goodness_of_fit() -> None:
    found = study(LAW)
    assert outcomes(found)["law: z² → z⁴"] == outcomes(found)["law: z² → z²/2"] == "refuted"
    assert found["sharpness"] == [], "no number of an equation can be moved at all"
    assert [r["necessary"] for r in found["ablation"]] == [True]


slope = sp.Symbol("slope", real=True)
SCALING = replace(
    COVERAGE,
    id="toy.scaling",
    kind=Kind.SCALING,
    setting=(Quantity(slope, "an exponent", measured=True),),
    parts=(
        Part("most", sp.Le(slope, 1), Quantifier.ASYMPTOTIC),
        Part("least", sp.Ge(slope, sp.Rational(1, 4)), Quantifier.ASYMPTOTIC),
    ),
    assumptions=(),
    mutants=(
        Mutant("at-least-1", "the other way round", {"most": sp.Ge(slope, 1)}),
        Mutant("at-most-1/4", "the other way round", {"least": sp.Le(slope, sp.Rational(1, 4))}),
        Mutant("is-1", "an equation", {"most": sp.Eq(slope, 1)}),
    ),
)
HALF = Sampling(
    "toy.scaling",
    (Design("an exponent of 1/2", {}),),
    lambda design, n, g, run: Measured(
        {"slope": 0.5 + 0.01 * torch.randn(1, 1, generator=g, dtype=torch.float64)},
        dict.fromkeys(("most", "least"), torch.full((1, 1), 0.01, dtype=torch.float64)),
        degrees=30,
    ),
)


def test_a_flipped_relation_is_tested_on_its_own_side() -> None:
    """1/4 ≤ 1/2 ≤ 1 stands; each side the other way round falls, planted or made by rule, and so does an equation."""
    tally, tests = sample_claim(SCALING, HALF, STUDY, 1, Run(), LEVEL)
    assert [t.passed for t in tests] == [True, True] and all("one-sided" in t.test for t in tests)
    assert set(tally.refuted_mutants) == {m.name for m in SCALING.mutants}
    assert "two-sided" in tally.refuted_mutants["is-1"]
    found = outcomes(study_of_sampling(SCALING, HALF, STUDY, 1, Run(), LEVEL))
    assert found["most: slope ≤ 1 → slope ≥ 1"] == found["least: slope ≥ 1/4 → slope ≤ 1/4"] == "refuted"


# ---- constants
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_constant_goes_as_far_as_the_binomial_test_lets_it(seed: int) -> None:
    """s − δ is exceeded by as many draws as lie above it: the limit is their k-th largest plus δ, for the least count
    k that the exact test rejects."""
    found = study(seed=seed)
    row = next(r for r in found["sharpness"] if r["printed"] == 1 and r["where"].endswith("of 1"))
    drawn: list[torch.Tensor] = []
    plain = sampling()

    def kept(*args: Any) -> Measured:
        measured = plain.sample(*args)
        drawn.append(measured.values["y"][:, 0])
        return measured

    study_of_sampling(COVERAGE, replace(plain, sample=kept), STUDY, seed, Run(), LEVEL)
    look = next(d for d in drawn if len(d) == LOOK)
    k = next(k for k in range(LOOK) if stats.binom.sf(k - 1, LOOK, DELTA) < LEVEL)
    expected = float(look.sort(descending=True).values[k - 1]) + DELTA
    assert row["limit"] == pytest.approx(expected, abs=1e-5) and row["limit"] < 1
    assert row["how"] == "binomial test" and row["witness"] is None and row["instances"] == LOOK
    assert row["sentence"] == f"the constant 1 ({row['where']}) cannot be lowered below {row['limit']:.6g}"


def test_a_constant_that_no_test_rejects_is_open_ended() -> None:
    found = study(scale=1e-9)
    row = next(r for r in found["sharpness"] if r["where"].startswith("factor"))
    assert row["open_ended"] and row["limit"] is None and row["how"] == ""


def test_the_strictest_design_decides() -> None:
    one, three = (study(designs=d)["sharpness"] for d in (1, 3))
    for a, b in zip(one, three, strict=True):
        assert b["instances"] == 3 * a["instances"]
        assert a["limit"] is None or abs(b["limit"] - b["printed"]) <= abs(a["limit"] - a["printed"])


# ---- assumptions and non-vacuity
def test_an_assumption_is_necessary_when_a_test_rejects_without_it() -> None:
    rows = study()["ablation"]
    assert [r["assumption"] for r in rows] == [UNSHIFTED.text, BELOW_ONE.text]
    assert rows[0]["necessary"] and rows[0]["sentence"].startswith("dropped, a test rejects: design 0")
    assert not rows[1]["necessary"] and "no experiment" in rows[1]["sentence"]


def test_an_assumption_that_no_test_misses_is_not_shown_necessary() -> None:
    row = study(shift=0.0)["ablation"][0]
    assert not row["necessary"] and row["sentence"].startswith("not shown necessary: the tests passed")


def test_non_vacuity_counts_draws() -> None:
    found = study(designs=2)["vacuity"]
    assert found["parts"][0]["run"] == found["parts"][0]["informative"] == 2 * LOOK
    assert found["assumptions"] == [{"assumption": BELOW_ONE.text, "strict": 2 * LOOK, "boundary": 0}]
    weak = replace(COVERAGE, parts=(replace(COVERAGE.parts[0], trivial=(1 - delta) / 2),))
    assert study(weak)["vacuity"]["parts"][0]["informative"] == 0


# ---- when
def test_without_a_study_only_non_vacuity_is_counted() -> None:
    found = study_of_sampling(COVERAGE, sampling(), replace(STUDY, study=False), 1, Run(), LEVEL)
    assert set(found) == {"vacuity"}


def test_what_is_false_as_printed_is_not_studied() -> None:
    erratum = Erratum(Severity.FALSE, "printed", "true", "stands", "toy.coverage", "read")
    assert set(study(replace(COVERAGE, erratum=erratum))) == {"vacuity"}


def test_the_same_seed_finds_the_same() -> None:
    assert study(seed=4) == study(seed=4) != study(seed=5)
