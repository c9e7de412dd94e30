"""Fresh inputs of nakkiran2019's simplified model: how they are drawn, what is counted, what the intervals contain."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np
import pytest
import torch
from flint import acb, arb, ctx, fmpq
from torch import Tensor

from theory import get_claim
from verify.checks import judge
from verify.experiment import Design, Instances, Run
from verify.papers.nakkiran2019 import model, sampled
from verify.statistics import clopper_pearson, violation_limits

RUN = Run()
M = 200_000
TAIL = 1e-7
"""Of an interval that is to hold at once for everything below."""


def scalars(B: int = 1, **more: float) -> Instances:
    one = torch.ones(B, dtype=torch.float64)
    return {k: x * one for k, x in {"a": 0.7, "scale": 2.0, "p": 0.3, "theta_0": 0.1, **more}.items()} | {"D": 4}


def contains(interval: tuple[Tensor, Tensor], value: Tensor) -> bool:
    return bool(((interval[0] <= value) & (value <= interval[1])).all())


# ---- what is drawn
def test_labels_are_flipped_independently_of_the_sign() -> None:
    i = sampled.samples(scalars(), sampled.normal, M, torch.Generator().manual_seed(1))
    law = torch.tensor([[0.35, 0.15], [0.15, 0.35]], dtype=torch.float64)
    seen = sampled.count(i, torch.ones(1, 5, 1, dtype=torch.float64)).total[0]
    assert contains(sampled.ends(seen, torch.tensor(M), TAIL), law)


@pytest.mark.parametrize("noise", [sampled.normal, sampled.lone])
def test_both_kinds_of_centred_noise_have_the_same_covariance(noise: sampled.Noise) -> None:
    i = sampled.samples(scalars(), noise, M, torch.Generator().manual_seed(2))
    Xi = i["Xi"][0]
    # entries have variance ς²/D = 1; their products, of variance at most 3, five standard errors
    assert ((Xi.T @ Xi / M - torch.eye(4)).abs() < 5 * (3 / M) ** 0.5).all()
    assert (Xi.mean(0).abs() < 5 * M**-0.5).all()


def test_a_key_is_any_coordinate_and_depends_on_the_label_only_when_told_to() -> None:
    g = torch.Generator().manual_seed(3)
    for noise, of_plus in ((sampled.key, 0.5), (sampled.DEPENDENT["key"], 0.9)):
        i = sampled.samples(scalars(), noise, M, g)
        assert torch.equal(i["Xi"].sum(2), torch.full((1, M), 2.0, dtype=torch.float64))
        plus, late = i["y"][0, :, 0] > 0, i["Xi"][0, :, 2:].sum(1) > 0
        seen = torch.stack(((late & plus).sum(), (late & ~plus).sum()))
        sizes = torch.stack((plus.sum(), (~plus).sum()))
        assert contains(sampled.ends(seen, sizes, TAIL), torch.tensor([of_plus, 1 - of_plus]))


def test_seen_inputs_are_those_of_the_training_set() -> None:
    g = torch.Generator().manual_seed(4)
    i = sampled.samples(scalars(B=2), sampled.normal, 3, g)
    again = sampled.seen_samples(i, sampled.normal, 50, g)
    for b in range(2):
        rows = {tuple(x) for x in torch.cat((i["s"], i["y"], i["Xi"]), 2)[b].tolist()}
        assert {tuple(x) for x in torch.cat((again["s"], again["y"], again["Xi"]), 2)[b].tolist()} == rows


# ---- what is counted
def test_counts_are_those_of_a_loop() -> None:
    g = torch.Generator().manual_seed(5)
    i, w = sampled.samples(scalars(B=3), sampled.normal, 40, g), model.gaussian(g, 3, 5, 1)
    seen = sampled.count(i, w)
    total, wrong, errors = torch.zeros(3, 2, 2), torch.zeros(3, 2, 2), torch.zeros(3)
    for b in range(3):
        for s, y, xi in zip(i["s"][b, :, 0], i["y"][b, :, 0], i["Xi"][b], strict=True):
            F = 1 if float(0.7 * s * w[b, 0, 0] + xi @ w[b, 1:, 0]) > 0 else -1
            cell = b, int(s > 0), int(y > 0)
            total[cell] += 1
            wrong[cell] += s != F
            errors[b] += y != F
    assert seen.total.tolist() == total.tolist()
    assert seen.wrong.tolist() == wrong.tolist()
    assert seen.errors.tolist() == errors.tolist()
    assert seen.clear.all()


def test_an_output_that_may_be_zero_is_not_counted_on() -> None:
    i = sampled.samples(scalars(B=2), sampled.normal, 10, torch.Generator().manual_seed(6))
    w = torch.ones(2, 5, 1, dtype=torch.float64)
    i["Xi"][1, 0, 0] -= i["a"][1] * i["s"][1, 0, 0] + i["Xi"][1, 0].sum()
    assert sampled.count(i, w).clear.tolist() == [True, False]


def test_every_input_is_counted_once_however_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    design = Design("", {"M": 101})
    i, w = scalars(B=3), torch.ones(3, 5, 1, dtype=torch.float64)
    for entries in (1, 3 * 4 * 10, 10**6):
        monkeypatch.setattr(sampled, "ENTRIES", entries)
        g = torch.Generator().manual_seed(7)
        seen = sampled.count_fresh(design, i, w, g, RUN, sampled.samples, sampled.normal)
        assert seen.total.sum((1, 2)).tolist() == [101] * 3


# ---- intervals
def test_ends_stand_beside_the_right_sign_and_label() -> None:
    total = torch.tensor([[[10, 20], [30, 40]]])
    wrong = torch.tensor([[[1, 2], [3, 4]]])
    counts = sampled.Counts(total, wrong, torch.tensor([50]), torch.tensor([True]))
    values = sampled.intervals(counts, 0.12, of_q=True)
    each = [violation_limits(k, n, 0.98) for k, n in zip((1, 2, 3, 4), (10, 20, 30, 40), strict=True)]
    assert values["wrong_low"][0].tolist() == pytest.approx([low for low, _ in each])
    assert values["wrong_high"][0].tolist() == pytest.approx([high for _, high in each])
    assert values["other_high"][0].tolist() == pytest.approx([each[k][1] for k in (1, 0, 3, 2)])
    for name, k in (("q", 10), ("err", 50)):
        ends = float(values[f"{name}_low"]), float(values[f"{name}_high"])
        assert ends == pytest.approx(violation_limits(k, 100, 0.98))


def test_a_kind_that_did_not_occur_says_nothing() -> None:
    low, high = clopper_pearson([0, 0, 5], [0, 5, 5], 0.05)
    assert low.tolist() == pytest.approx([0, 0, 0.05**0.2])
    assert high.tolist() == pytest.approx([1, 1 - 0.05**0.2, 1])


def binomial_tail(k: int, n: int, x: fmpq) -> arb:
    """P(Bin(n, x) ≥ k) in balls: the regularised incomplete beta function."""
    return acb(x).beta_lower(acb(k), acb(n - k + 1), regularized=True).real


@pytest.mark.parametrize("n", [1, 40, 317, 6000])
def test_ends_err_by_less_than_their_budget(n: int) -> None:
    """Balls: the tails at an end moved by QUANTILE either way lie on either side of the level."""
    tail = 0.5 / 12
    counts = np.unique(np.linspace(0, n, 12).astype(int))
    low, high = clopper_pearson(counts, n, tail)
    before, ctx.prec = ctx.prec, 200
    try:
        for k, start, end in zip(counts.tolist(), low.tolist(), high.tolist(), strict=True):
            assert start == 0 if k == 0 else crosses(k, n, start, arb(tail))
            assert end == 1 if k == n else crosses(k + 1, n, end, 1 - arb(tail))
    finally:
        ctx.prec = before


def crosses(k: int, n: int, end: float, level: arb) -> bool:
    near, far = (Fraction(end) + sign * Fraction(sampled.QUANTILE) for sign in (-1, 1))
    below, above = (binomial_tail(k, n, fmpq(x.numerator, x.denominator)) for x in (near, far))
    return below < level < above


# ---- the law that the other claims compute, and fresh inputs
@pytest.mark.parametrize(
    "kind, noise, fresh",
    [
        ("normal", sampled.normal, model.MODEL),
        ("normal", partial(sampled.normal, shift=1.0), model.Fresh(shift=1.0)),
        ("normal", partial(sampled.normal, drift=1.0), model.Fresh(drift=1.0)),
        ("key", sampled.key, model.MODEL),
    ],
)
def test_the_law_of_fresh_inputs_is_what_they_do(kind: str, noise: sampled.Noise, fresh: model.Fresh) -> None:
    g = torch.Generator().manual_seed(8)
    parameters = {"a": 0.6, "scale": 1.3, "p": 0.2, "theta_0": 0.0, "delta": 0.5, "noise": kind, "n": 7, "D": 10}
    i = {**sampled.training_sets(Design("", parameters), 2, g), "keys": int(kind == "key")}
    w = model.trained_path(i, 9)[:, -1:]
    law = model.joint_law(i, w, fresh)[0][:, 0]  # (B, F, s, y)
    wrong = torch.stack((law[:, 1, 0], law[:, 0, 1]), 1) / law.sum(1)
    seen = sampled.count_fresh(Design("", {"M": 50_000}), i, w[:, 0, :, None], g, RUN, sampled.samples, noise)
    assert contains(sampled.ends(seen.wrong, seen.total, TAIL), wrong)
    assert 0.02 < float(wrong.mean()) < 0.5


# ---- what the claims can see
@pytest.mark.parametrize("design", [d for d in sampled.CHANNEL_DESIGNS if d.quick], ids=lambda d: d.name)
def test_the_rates_are_neither_zero_nor_one_half(design: Design) -> None:
    values = sampled.channel.sample(design, 200, torch.Generator().manual_seed(9), RUN).values
    rho = values["theta"] * values["D"] ** 0.5 / (values["sigma"] * values["v"].norm(dim=(2, 3)))
    q = torch.special.ndtr(-rho)
    assert float(((q > 0.02) & (q < 0.45)).double().mean()) > 0.6


def test_an_interval_misses_a_weight_that_is_off_by_a_fifth() -> None:
    """The network that is sent the inputs is another than the one of the prediction."""
    design = sampled.CHANNEL_DESIGNS[0]
    measured = sampled.channel.sample(design, 200, torch.Generator().manual_seed(10), RUN)
    values = {**measured.values, "theta": 1.2 * measured.values["theta"]}
    claim = get_claim("nakkiran2019.A-sampled")

    def missed(seen: sampled.Measured) -> float:
        return float(torch.stack([j.violates for j in judge(claim, seen)]).any(0).double().mean())

    other = sampled.Measured(values, measured.budget, ok=measured.ok)
    assert missed(measured) < 0.5 < 0.8 < missed(other)
