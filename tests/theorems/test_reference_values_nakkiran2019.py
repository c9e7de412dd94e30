"""Exact reference values of the information claims of nakkiran2019: by `theory.evaluate`, by `numerics`, in balls."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from numerics.information import conditional_mutual_information, mutual_information, performance_correlation
from theory import get_claim
from theory.evaluate import compile as compile_expression
from verify.__main__ import main
from verify.certify import float_against_balls
from verify.checks import judge
from verify.experiment import Run
from verify.papers import experiment_of
from verify.papers.nakkiran2019 import tables
from verify.papers.nakkiran2019.information import (
    coarsened,
    constant_first,
    decisions,
    explicit,
    given_errors,
    measure_binary,
    measure_bounds,
    measure_fano,
    probabilities,
)

PRINTED = tables.counted(5, 1, 1, 2, 2, 1, 1, 7)
EIGHT = tables.counted(1, 2, 3, 4, 5, 6, 7, 8)
FORMS = ("F", "G", "predictions", "together", "entropies", "symmetry")
LOG2 = math.log(2)


def measured(law: Tensor) -> tuple[float, ...]:
    """I(F; Y), I(F; G), I(G; Y), I(F; Y | G) and μ."""
    p = law / law.sum()
    pairs = (mutual_information(p.sum(k)) for k in (1, 2, 0))
    return tuple(float(x) for x in (*pairs, conditional_mutual_information(p), performance_correlation(p)))


def predict(claim: str, part: str, law: Tensor | None = None, **values: Any) -> float:
    """The right side of a part."""
    given = dict(values)
    if law is not None:
        given |= {"P": law.flatten(0, 1), "K_F": law.shape[0], "K_G": law.shape[1], "K_Y": law.shape[2]}
    stated = get_claim(f"nakkiran2019.{claim}")
    program = compile_expression(stated.part(part).relation.rhs, definitions=stated.definitions, backend="torch")
    return float(
        program(
            {k: v if isinstance(v, int | Tensor) else torch.tensor(v, dtype=torch.float64) for k, v in given.items()}
        )
    )


# ---- identities
def test_printed_table() -> None:
    I_FY, I_FG, I_GY, given_G, mu = measured(PRINTED)
    assert pytest.approx(0.0794334979139697, abs=1e-15) == I_FY and pytest.approx(I_FY, abs=1e-15) == I_FG
    assert pytest.approx(0.188994401955833, abs=1e-15) == I_GY
    assert given_G == pytest.approx(0.0223137341068451, abs=1e-15)
    assert mu == pytest.approx(0.0571197638071246, abs=1e-15)


@pytest.mark.parametrize("part", FORMS)
@pytest.mark.parametrize("law, value", [(PRINTED, 0.0571197638071246), (EIGHT, -0.000844269462018601)])
def test_all_forms(part: str, law: Tensor, value: float) -> None:
    assert predict("identities", part, law) == pytest.approx(value, abs=2e-15)
    assert measured(law)[-1] == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize(
    "mutant, by", [("mixed", 5.0e-3), ("mixed-2", -5.0e-3), ("plus", -4.8e-3), ("opposite", -1.7e-3)]
)
def test_planted_mutants_at_one_to_eight(mutant: str, by: float) -> None:
    claim = get_claim("nakkiran2019.identities")
    altered = next(m for m in claim.mutants if m.name == mutant)
    seen = experiment_of(claim.id).measure(explicit(EIGHT)(), Run())
    (judgement,) = judge(claim, seen, altered)
    assert float(judgement.sides.left[0, 0] - judgement.sides.right[0, 0]) == pytest.approx(by, abs=5e-5)


# ---- bounds
@pytest.mark.parametrize("K", [2, 3, 4])
def test_extremes(K: int) -> None:
    assert measured(tables.xor(K))[-1] == pytest.approx(-math.log(K), abs=1e-15)
    assert predict("bounds", "below", tables.xor(K)) == pytest.approx(-math.log(K), abs=1e-14)
    assert measured(tables.copies(*[1] * K))[-1] == pytest.approx(math.log(K), abs=1e-15)
    assert predict("bounds", "above", tables.copies(*[1] * K)) == pytest.approx(math.log(K), abs=1e-14)
    assert predict("bounds", "values", tables.xor(K)) == pytest.approx(math.log(K), abs=1e-15)


def test_markov_table() -> None:
    law = tables.chain_counts()
    assert law.sum() == 24
    I_FY, _, I_GY, given_G, mu = measured(law)
    assert mu == pytest.approx(0.0139539145684196, abs=1e-15) == I_FY and abs(given_G) < 1e-16 and I_FY < I_GY
    whole, factors, vanishes = decisions(law[None])
    assert whole.all() and factors.tolist() == vanishes.tolist() == [[1, 0, 0]]


def test_decisions_are_made_at_whole_counts_only() -> None:
    table = torch.stack((tables.xor(), tables.xor() / 8, tables.xor() * 2**20))
    whole, factors, vanishes = decisions(table)
    assert whole[:, 0].tolist() == [True, False, False]
    assert factors.equal(vanishes) and not factors.any()
    seen = measure_bounds(explicit(tables.xor() / 8)(), Run())
    assert not seen.judged["decided"].any()


def test_product_of_informations_is_no_bound() -> None:
    I_FY, _, I_GY, _, mu = measured(tables.copies(9, 1))
    assert mu == pytest.approx(0.325, abs=5e-4) and pytest.approx(0.152, abs=5e-4) == I_FY * I_GY / LOG2


# ---- coarser classifiers
def test_coarser_is_more_or_less() -> None:
    p, _ = probabilities(constant_first(tables.xor(), tables.copies(1, 1))())
    seen = coarsened(p)
    assert seen["mu"].flatten().tolist() == pytest.approx([-LOG2, LOG2], abs=1e-15)
    assert seen["mu_coarse"].flatten().tolist() == pytest.approx([0, 0], abs=1e-15)


# ---- what accuracy forces
@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("K, e", [(2, 0.3), (4, 0.75), (4, 0.1), (3, 1.0), (4, 1e-6)])
def test_whole_chains_are_equalities(K: int, e: float, level: int) -> None:
    seen = measure_fano(
        explicit(tables.of_errors(e, K), tables.of_errors(e, K, swapped=True))(), Run(level=level)
    ).values
    bound = float(-e * math.log(e) - (1 - e) * math.log(1 - e) if e < 1 else 0) + e * math.log(K - 1)
    assert [float(seen[k][0]) for k in ("e_F", "lost", "H_YF")] == pytest.approx([e, bound, bound], abs=1e-14)
    assert [float(seen[k][1]) for k in ("delta", "unexplained", "H_FG")] == pytest.approx([e, bound, bound], abs=1e-14)
    assert predict("fano", "retention", e_F=e, K_Y=K) == pytest.approx(bound, abs=1e-14)
    assert predict("fano", "explanation", delta=e, K_F=K) == pytest.approx(bound, abs=1e-14)
    assert predict("fano", "lost", tables.of_errors(e, K)) == pytest.approx(bound, abs=1e-13)


def test_planted_mutants_of_fano() -> None:
    lost = measure_fano(explicit(tables.of_errors(0.75, 4))(), Run()).values["lost"]
    assert float(lost) == pytest.approx(math.log(4), abs=1e-14)  # F independent of Y
    close = measure_fano(explicit(tables.of_errors(0.01, 2, swapped=True))(), Run()).values
    assert float(close["unexplained"]) == pytest.approx(0.0560, abs=5e-5)
    assert float(close["delta"]) * LOG2 == pytest.approx(0.0069, abs=5e-5)


# ---- two labels
def errors(*e: float) -> dict[str, float]:
    seen = measure_binary(given_errors(e)(), Run()).values  # type: ignore[arg-type]
    return {k: float(v) for k, v in seen.items() if isinstance(v, Tensor) and v.numel() == 1}


def test_independent_errors() -> None:
    seen = errors(0.85 * 0.8, 0.85 * 0.2, 0.15 * 0.8, 0.15 * 0.2)
    assert seen["mu"] == pytest.approx(0.0909954980, abs=5e-11) and seen["mu_null"] == pytest.approx(seen["mu"])
    assert seen["I_FY"] == pytest.approx(0.2704380928, abs=5e-11)
    E = torch.tensor([[0.68, 0.17], [0.12, 0.03]], dtype=torch.float64)
    assert predict("binary_closed", "null", E=E) == pytest.approx(0.0909954980, abs=5e-11)


def test_nested_errors() -> None:
    E = torch.tensor([[0.8, 0.15], [0.0, 0.05]], dtype=torch.float64)
    seen = errors(*E.flatten().tolist())
    assert seen["mu"] == pytest.approx(0.1843898783, abs=5e-11)
    assert seen["I_FY"] == pytest.approx(0.4946319372, abs=5e-11)
    assert predict("binary_closed", "correlation", E=E) == pytest.approx(0.1843898783, abs=5e-11)
    assert predict("binary_closed", "information", E=E) == pytest.approx(0.4946319372, abs=5e-11)
    swapped = predict("binary_closed", "information", E=E.T)
    assert swapped == pytest.approx(0.1927447570, abs=5e-11)


def test_labels_that_are_not_balanced() -> None:
    e = given_errors((0.6, 0.2, 0.15, 0.05))()
    fair, biased = (float(measure_binary(e, Run(), balance=b).values["mu"]) for b in (0.5, 0.8))
    assert fair == pytest.approx(0.0457005415, abs=5e-11) and biased == pytest.approx(0.02281, abs=5e-6)


# ---- engines
@pytest.mark.parametrize("name", ["identities", "bounds", "chain", "fano", "binary_closed"])
def test_float64_against_balls(name: str) -> None:
    claim, experiment = get_claim(f"nakkiran2019.{name}"), experiment_of(f"nakkiran2019.{name}")
    for make in experiment.witnesses:
        witness = make()
        one = {k: v[:1] if isinstance(v, Tensor) else v for k, v in witness.items()}
        ratios = [x for x in float_against_balls(claim, experiment, one).values() if not math.isnan(x)]
        assert ratios and max(ratios) < 0.1
        first, second = (experiment.measure(witness, Run(level=level)) for level in (0, 1))
        for a, b in zip(judge(claim, first), judge(claim, second), strict=True):
            assert not a.violates.any() and not b.violates.any() and not b.unclear.any()
            assert ((a.sides.gap - b.sides.gap).abs() <= a.sides.budget).all()


@pytest.mark.parametrize("kind", list(tables.KINDS))
@pytest.mark.parametrize("noise", [None, -4.0])
def test_families_are_laws(kind: str, noise: float | None) -> None:
    """Weights that are not negative, of a positive total, the same again from the same seed."""
    for sizes in ((2, 2, 2), (2, 3, 4), (4, 3, 2)):
        for alpha in (1.0, -2.0):
            family = tables.Law(sizes, kind, alpha, noise, 7)
            table = tables.table(family, 6)
            assert table.shape == (6, *sizes) and table.isfinite().all() and (table >= 0).all()
            assert (table.sum((1, 2, 3)) > 0).all() and table.equal(tables.table(family, 6))


# ---- what a user reads
def test_evaluation_at_counts(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["eval", "nakkiran2019.bounds", "P=[[5,1],[1,2],[2,1],[1,7]]", "--part", "above"]
    assert main([*arguments, "K_F=2", "K_G=2"]) == 0
    assert "μ ≤ min(I(F; G), I(F; Y), I(G; Y))\n  right side = 0.0794334979139" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "not given: K_F, K_G\n" in capsys.readouterr().out
    assert main(["eval", "nakkiran2019.bounds", "P=[[5,1],[1,-2],[2,1],[1,7]]", "K_F=2", "K_G=2"]) == 2
    assert "a joint law has a negative entry" in capsys.readouterr().err
