"""Experiments on laws of estimates for large N, on coverage of intervals and on the level of the permutation test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.estimators import Share, estimated_information, jackknife, plug_in
from numerics.inference import bootstrap_interval, delta_intervals, densities, permutation_test, spread
from numerics.information import conditional_mutual_information, frequencies, performance_correlation

from ...experiment import Design, Measured, Run, Sampling
from .tables import counted, draw_counts

RESAMPLES, PERMUTATIONS = 400, 99
REPEATS = 10
"""How often each sample stands in the table where independence is dropped."""


def table(*counts: float) -> Tensor:
    """The binary law of these relative counts, (f, g, y) in lexicographic order."""
    return counted(*counts) / sum(counts)


def confusion(K: int, right_f: float, right_g: float, same: float) -> Tensor:
    """Uniform Y; G is right with some probability, otherwise uniform; F copies G or is right likewise by itself."""
    eye, flat = torch.eye(K, dtype=torch.float64), torch.full((K, K), 1 / K, dtype=torch.float64)
    g_given_y = right_g * eye + (1 - right_g) * flat
    alone = right_f * eye + (1 - right_f) * flat
    f_given = same * eye[:, :, None] + (1 - same) * alone.T[:, None, :]  # (f, g, y)
    return f_given * g_given_y.T[None] / K


def chain(K: int, L: int, M: int, noise: float) -> Tensor:
    """F − G − Y, G uniform of L values, F of K and Y of M values near it."""
    f_given_g = (torch.arange(K)[:, None] == torch.arange(L) % K).double() * (1 - noise) + noise / K
    y_given_g = (torch.arange(M)[:, None] == torch.arange(L) % M).double() * (1 - 2 * noise) + 2 * noise / M
    return torch.einsum("fg,yg->fgy", f_given_g, y_given_g) / L


BINARY = table(5, 1, 1, 2, 2, 1, 1, 7)
SKEWED = table(30, 3, 2, 5, 4, 2, 1, 3)
MARKOV = table(6, 2, 1, 3, 3, 1, 2, 6)  # (3 if g = y else 1)(2 if f = g else 1)
HALF_SPARSE = table(0, 0, 1, 3, 3, 1, 2, 6)  # the same without f = g = 0


def given(design: Design, n: int, run: Run, p: Tensor) -> dict[str, Any]:
    """The quantities of the design, and the law p as the matrix P."""
    law = p.to(run.device)
    K_F, K_G, K_Y = law.shape
    values = {"N": design.parameters["N"], "K_F": K_F, "K_G": K_G, "K_Y": K_Y, "P": law.flatten(0, 1)[None, None]}
    if "delta" in design.parameters:
        values["delta"] = torch.full((n, 1), design.parameters["delta"], dtype=torch.float64, device=run.device)
    return values


def tables(p: Tensor, N: int, n: int, g: torch.Generator, run: Run, repeated: bool) -> Tensor:
    """n count tables of N samples; with `repeated` of N/10 samples that stand ten times each."""
    each = REPEATS if repeated else 1
    return (draw_counts(p.expand(n, *p.shape), N // each, g) * each).to(run.device)


def product_of_margins(p: Tensor) -> Tensor:
    """Mutually independent F, G, Y of the same margins."""
    return torch.einsum("f,g,y->fgy", p.sum((1, 2)), p.sum((0, 2)), p.sum((0, 1)))


# ---- laws
def sample_normal(
    design: Design, n: int, g: torch.Generator, run: Run, repeated: bool = False, independent: bool = False
) -> Measured:
    p, N = design.parameters["p"], design.parameters["N"]
    if independent:
        p = product_of_margins(p)
    counts = tables(p, N, n, g, run, repeated)
    one = torch.ones(n, 1, dtype=torch.float64, device=run.device)
    values = {
        **given(design, n, run, p),
        "mu_hat": estimated_information(counts).mu[:, None],
        "P_hat": counts.double().flatten(1, 2)[:, None],
        "F_known": 0 * one,
        "F_seen": 0 * one,
    }
    return Measured(values, {"known": 0 * one, "studentised": 0 * one})


def possible_values(p: Tensor) -> dict[str, Tensor]:
    """Numbers of values of F and of Y that are possible with each g, as matrices 1 × K_G."""
    f, y = (p > 0).any(2).sum(0), (p > 0).any(0).sum(1)
    return {"K_Fg": f.double()[None, None, None], "K_Yg": y.double()[None, None, None]}


def sample_chi_square(
    design: Design, n: int, g: torch.Generator, run: Run, repeated: bool = False, dependent: bool = False
) -> Measured:
    p, N = design.parameters["p"], design.parameters["N"]
    drawn_from = tilted(p) if dependent else p
    counts = tables(drawn_from, N, n, g, run, repeated)
    one = torch.ones(n, 1, dtype=torch.float64, device=run.device)
    values = {
        **given(design, n, run, drawn_from),
        **{k: v.to(run.device) for k, v in possible_values(p).items()},
        "cmi_hat": conditional_mutual_information(frequencies(counts)).clamp_min(0)[:, None],
        "F_cmi": 0 * one,
    }
    return Measured(values, {"degrees": 0 * one})


def tilted(p: Tensor) -> Tensor:
    """The law with F = Y = 0 made twice as likely: F and Y depend on each other given G."""
    q = p.clone()
    q[0, :, 0] *= 2
    return q / q.sum()


LARGE, DRAWS = 10**5, 2000
NORMAL_DESIGNS = (
    Design("binary", {"p": BINARY, "N": LARGE}, draws=DRAWS),
    Design("3 classes, F copies half of G", {"p": confusion(3, 0.6, 0.5, 0.5), "N": LARGE}, draws=DRAWS),
    Design("margins far from uniform", {"p": SKEWED, "N": LARGE}, draws=DRAWS),
    Design("Markov chain", {"p": MARKOV, "N": LARGE}, quick=False, draws=DRAWS),
    Design("4 classes", {"p": confusion(4, 0.8, 0.6, 0.3), "N": 10 * LARGE}, quick=False, draws=DRAWS),
)
CHI_SQUARE_DESIGNS = (
    Design("Markov chain, binary", {"p": MARKOV, "N": LARGE}),
    Design("the same without f = g = 0", {"p": HALF_SPARSE, "N": LARGE}),
    Design("3 × 4 × 2 values", {"p": chain(3, 4, 2, 0.2), "N": LARGE}, quick=False),
)
normal = Sampling(
    "nakkiran2019.normal",
    NORMAL_DESIGNS,
    sample_normal,
    {"repeated": partial(sample_normal, repeated=True), "independent": partial(sample_normal, independent=True)},
)
chi_square = Sampling(
    "nakkiran2019.chi-square",
    CHI_SQUARE_DESIGNS,
    sample_chi_square,
    {
        "repeated": partial(sample_chi_square, repeated=True),
        "dependent": partial(sample_chi_square, dependent=True),
    },
)


# ---- coverage
Value = Callable[[Tensor], Tensor]
"""What an interval is of: joint laws (..., K_F, K_G, K_Y) to (...)."""


def percentile(
    counts: Tensor, value: Value, names: tuple[str, str], confidence: float, g: torch.Generator
) -> dict[str, Tensor]:
    """Ends of the percentile intervals of count tables, (n, 1) each, by the names they have in the claim."""
    seed = int(torch.randint(2**31, (), generator=g))
    drawn = bootstrap_interval(counts, value, resamples=RESAMPLES, confidence=confidence, seed=seed)
    return dict(zip(names, (drawn.low[:, None], drawn.high[:, None]), strict=True))


def delta(counts: Tensor, share: Share, names: tuple[str, str], confidence: float) -> dict[str, Tensor]:
    """Ends of the delta intervals of μ about the estimate that the share makes, likewise."""
    ends = delta_intervals(counts, confidence=confidence, share=share).mu
    return dict(zip(names, (ends.low[:, None], ends.high[:, None]), strict=True))


def ends_measured(values: dict[str, Any], parts: tuple[str, ...], n: int, run: Run) -> Measured:
    """With the rounding of sums of terms below 1 as the budget of either end."""
    rounding = 1e-14 * torch.ones(n, 1, dtype=torch.float64, device=run.device)
    return Measured(values, {f"{part}-{end}": rounding for part in parts for end in ("low", "high")})


def sample_intervals(
    design: Design, n: int, g: torch.Generator, run: Run, repeated: bool = False, independent: bool = False
) -> Measured:
    """Delta and percentile intervals of nominal level 1 − δ/2 from n fresh tables."""
    p, N = design.parameters["p"], design.parameters["N"]
    if independent:
        p = product_of_margins(p)
    counts, confidence = tables(p, N, n, g, run, repeated), 1 - design.parameters["delta"] / 2
    values = {
        **given(design, n, run, p),
        "sd": spread(p, densities(p).mu).to(run.device).expand(n, 1),
        **delta(counts, plug_in, ("low", "high"), confidence),
        **delta(counts, jackknife, ("jack_low", "jack_high"), confidence),
        **percentile(counts, performance_correlation, ("boot_low", "boot_high"), confidence, g),
    }
    return ends_measured(values, ("delta", "bootstrap", "jackknife"), n, run)


def sample_percentile(
    design: Design, n: int, g: torch.Generator, run: Run, value: Value, names: tuple[str, str]
) -> Measured:
    """Percentile intervals of nominal level 1 − δ from n fresh tables."""
    p, N = design.parameters["p"], design.parameters["N"]
    counts = tables(p, N, n, g, run, repeated=False)
    values = {**given(design, n, run, p), **percentile(counts, value, names, 1 - design.parameters["delta"], g)}
    return ends_measured(values, ("bootstrap",), n, run)


THREE, FIVE = confusion(3, 0.6, 0.5, 0.5), confusion(5, 0.6, 0.5, 0.5)
COVERAGE_DESIGNS = (
    Design("binary, N=500", {"p": BINARY, "N": 500, "delta": 0.1}),
    Design("Markov chain, N=1000", {"p": MARKOV, "N": 1000, "delta": 0.1}),
    Design("5 classes, N=500", {"p": FIVE, "N": 500, "delta": 0.1}, draws=100),
    Design("3 classes, N=500", {"p": THREE, "N": 500, "delta": 0.1}, quick=False, draws=500),
    Design("3 classes, N=4000", {"p": THREE, "N": 4000, "delta": 0.1}, quick=False, draws=500),
)
coverage = Sampling(
    "nakkiran2019.intervals",
    COVERAGE_DESIGNS,
    sample_intervals,
    {"repeated": partial(sample_intervals, repeated=True), "independent": partial(sample_intervals, independent=True)},
)
in_use = Sampling(
    "nakkiran2019.percentile-in-use",
    (
        Design("3 classes, N=500", {"p": THREE, "N": 500, "delta": 0.05}, draws=2000),
        Design("5 classes, N=500", {"p": FIVE, "N": 500, "delta": 0.05}, draws=50),
    ),
    partial(sample_percentile, value=performance_correlation, names=("boot_low", "boot_high")),
)
at_zero = Sampling(
    "nakkiran2019.percentile-at-zero",
    (
        Design("Markov chain, N=1000", {"p": MARKOV, "N": 1000, "delta": 0.05}, draws=50),
        Design("3 × 4 × 2 values, N=500", {"p": chain(3, 4, 2, 0.2), "N": 500, "delta": 0.05}, draws=50),
    ),
    partial(sample_percentile, value=conditional_mutual_information, names=("cmi_low", "cmi_high")),
)


# ---- the permutation test
def sample_permutation(
    design: Design,
    n: int,
    g: torch.Generator,
    run: Run,
    repeated: bool = False,
    dependent: bool = False,
    stratified: bool = True,
) -> Measured:
    """p-values of n fresh samples; dropped: independence, I(F;Y|G) = 0, or the strata."""
    p, N = design.parameters["p"], design.parameters["N"]
    drawn_from = tilted(p) if dependent else p
    each = REPEATS if repeated else 1
    cells = torch.multinomial(drawn_from.flatten().expand(n, -1), N // each, replacement=True, generator=g)
    f, h, y = torch.unravel_index(cells.repeat(1, each).to(run.device), p.shape)
    strata = h if stratified else torch.zeros_like(h)
    options = {"permutations": PERMUTATIONS, "seed": int(torch.randint(2**31, (), generator=g))}
    values = {
        **given(design, n, run, drawn_from),
        "p_value": permutation_test(y, f, strata, tuple(p.shape), **options)[:, None],
    }
    return Measured(values, {"level": torch.zeros(n, 1, dtype=torch.float64, device=run.device)})


LEVEL = 0.05 * (1 + 1e-9)
"""Just above 5/100: a p-value of 5/100 counts as a rejection."""
PERMUTATION_DESIGNS = (
    Design("Markov chain, N=40", {"p": MARKOV, "N": 40, "delta": LEVEL}),
    Design("without f = g = 0, N=60", {"p": HALF_SPARSE, "N": 60, "delta": LEVEL}, quick=False),
    Design("3 × 4 × 2 values, N=80", {"p": chain(3, 4, 2, 0.2), "N": 80, "delta": LEVEL}, quick=False),
)
permutation = Sampling(
    "nakkiran2019.permutation",
    PERMUTATION_DESIGNS,
    sample_permutation,
    {
        "repeated": partial(sample_permutation, repeated=True),
        "dependent": partial(sample_permutation, dependent=True),
        "unstratified": partial(sample_permutation, stratified=False),
    },
)

EXPERIMENTS = (normal, chi_square, coverage, in_use, at_zero, permutation)
