"""Experiments on estimates: exact expectations on drawn laws, every replacement of one sample, fresh samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.estimators import digamma as digamma_share
from numerics.estimators import estimated_information, expected_entropy, expected_information, margins, plug_in
from numerics.information import entropy, frequencies

from ...experiment import Design, Experiment, Instances, Measured, Run, Sampling, Variation, to_device
from . import intervals
from .tables import KINDS, copies, dirichlet, draw_counts, normalised, xor

EPS = torch.finfo(torch.float64).eps


def expectation_error(N: int, cells: int) -> float:
    """Bound on the rounding of an expected entropy and of an entropy of so many cells. Bin(k) has an error of a few
    eps times 1 + |k − Np|, whose mean over k and cells is at most √(N cells); a share is below 1."""
    return EPS * (32 * (1 + math.log(cells)) + 4 * math.sqrt(N * cells) + 4 * cells)


# ---- laws of one variable
@dataclass(frozen=True)
class OneLaw:
    """K cells with Dirichlet(10^spread) probabilities; `empty` of them impossible; `uniform` instead."""

    K: int
    N: int
    spread: float
    empty: int
    uniform: bool
    seed: int


ONE_LAWS = st.builds(
    OneLaw,
    K=st.sampled_from((2, 1, 3, 5, 12)),
    N=st.sampled_from((1, 2, 3, 8, 20, 50)),
    spread=st.floats(-2, 1),
    empty=st.integers(0, 2),
    uniform=st.booleans(),
    seed=st.integers(0, 2**31),
)


def realise_one(family: OneLaw, B: int) -> Instances:
    """The probabilities are a²/Σa²: any a that is not 0 is a law."""
    g = torch.Generator().manual_seed(family.seed)
    p = uniform_law(family.K).expand(B, -1).clone() if family.uniform else dirichlet(g, 10**family.spread, B, family.K)
    p[:, family.K - min(family.empty, family.K - 1) :] = 0
    return {"a": normalised(p).sqrt(), "N": family.N}


def uniform_law(*sizes: int) -> Tensor:
    return torch.ones(sizes, dtype=torch.float64)


def witness(weights: Tensor, N: int) -> Callable[[], Instances]:
    """One law, and N samples of it."""
    return lambda: {"a": normalised(weights[None]).sqrt(), "N": N}


def law_of(a: Tensor) -> Tensor:
    """(B, K) or (B, K_F, K_G, K_Y)"""
    return normalised(a.square())


def measure_one(instances: Instances, run: Run, repeated: bool = False) -> Measured:
    """Exact expectations of both estimates, and of a cell of the second one along the time axis; with `repeated` of
    samples that are all the same, the frequencies of which are those of one."""
    i = to_device(instances, run)
    p, N = law_of(i["a"]), i["N"]
    K = p.shape[1]
    possible = p > 0
    drawn = 1 if repeated else N
    each = expected_entropy(p[..., None], drawn, digamma_share)
    values = {
        "N": N,
        "K": K,
        "P": i["a"].square()[:, None, None],
        "S": possible.sum(1, keepdim=True).double(),
        "EH": expected_entropy(p, drawn)[:, None],
        "E_psi": each.sum(1, keepdim=True),
        "share": each,
        "p": torch.where(possible, p, torch.ones_like(p)),
    }
    whole = torch.full((len(p), 1), expectation_error(N, K)).to(p)
    budget = {"upper": whole, "lower": whole, "entropy": whole, "cell": torch.full_like(p, expectation_error(N, 1))}
    return Measured(values, budget, judged={"cell": possible})


def measure_digamma(instances: Instances, run: Run, repeated: bool = False) -> Measured:
    """The same, cell by cell."""
    seen = measure_one(instances, run, repeated)
    cell, possible = seen.budget["cell"], seen.judged["cell"]
    parts = ("cell", "upper", "lower")
    return Measured(
        seen.values, {**dict.fromkeys(parts, cell), "entropy": seen.budget["entropy"]}, dict.fromkeys(parts, possible)
    )


bias_entropy = Experiment(
    "nakkiran2019.bias-entropy",
    ONE_LAWS,
    realise_one,
    measure_one,
    witnesses=(witness(uniform_law(2), 1), witness(uniform_law(10), 1), witness(uniform_law(3), 50)),
    movable=("a",),
    settings={
        "repeated": Variation(measure=partial(measure_one, repeated=True), witnesses=(witness(uniform_law(3), 50),))
    },
)
digamma = Experiment(
    "nakkiran2019.digamma",
    ONE_LAWS,
    realise_one,
    measure_digamma,
    witnesses=(witness(uniform_law(2), 1), witness(uniform_law(5), 3)),
    movable=("a",),
    settings={
        "repeated": Variation(measure=partial(measure_digamma, repeated=True), witnesses=(witness(uniform_law(3), 50),))
    },
)


# ---- joint laws
@dataclass(frozen=True)
class ThreeLaw:
    """A joint law of some structure; `spread` is the decimal logarithm of the parameter of Dirichlet laws."""

    sizes: tuple[int, int, int]
    N: int
    kind: str
    spread: float
    seed: int


THREE_LAWS = st.builds(
    ThreeLaw,
    sizes=st.tuples(*[st.integers(1, 3)] * 3),
    N=st.sampled_from((1, 2, 5, 15, 40)),
    kind=st.sampled_from(("generic", "sparse", "independent", "markov", "modular", "copy")),
    spread=st.floats(-2, 1),
    seed=st.integers(0, 2**31),
)


def realise_three(family: ThreeLaw, B: int) -> Instances:
    g = torch.Generator().manual_seed(family.seed)
    weights = KINDS[family.kind](g, B, family.sizes, 10**family.spread)
    return {"a": normalised(weights).sqrt(), "N": family.N}


def measure_bias(instances: Instances, run: Run, repeated: bool = False) -> Measured:
    i = to_device(instances, run)
    p, N = law_of(i["a"]), i["N"]
    sizes = p.shape[1:]
    expected = expected_information(p, 1 if repeated else N)
    support = {f"S_{x}": (t > 0).sum(1, keepdim=True).double() for x, t in margins(p).items() if len(x) > 1}
    values = {
        "N": N,
        **dict(zip(("K_F", "K_G", "K_Y"), sizes, strict=True)),
        "P": i["a"].square().flatten(1, 2)[:, None],
        **support,
        "E_mu": expected.mu[:, None],
        "E_fy": expected.f_y[:, None],
        "E_cmi": expected.f_y_given_g[:, None],
    }
    error = torch.full((len(p), 1), 7 * expectation_error(N, math.prod(sizes))).to(p)
    return Measured(values, dict.fromkeys(("above", "below", "information", "conditional"), error))


bias_mu = Experiment(
    "nakkiran2019.bias-mu",
    THREE_LAWS,
    realise_three,
    measure_bias,
    witnesses=(
        witness(xor(2), 4),
        witness(xor(3), 6),
        witness(uniform_law(3, 3, 3), 15),
        witness(copies(1, 1, 1, 1), 1),
    ),
    movable=("a",),
    settings={
        "repeated": Variation(measure=partial(measure_bias, repeated=True), witnesses=(witness(copies(1, 1), 20),))
    },
)


# ---- one sample replaced
@dataclass(frozen=True)
class Table:
    """Counts of N samples of a drawn law."""

    sizes: tuple[int, int, int]
    N: int
    spread: float
    seed: int


TABLES = st.builds(
    Table,
    sizes=st.tuples(*[st.integers(1, 3)] * 3),
    N=st.sampled_from((2, 3, 10, 50, 1000, 10**5)),
    spread=st.floats(-2, 1),
    seed=st.integers(0, 2**31),
)


def realise_counts(family: Table, B: int) -> Instances:
    g = torch.Generator().manual_seed(family.seed)
    p = dirichlet(g, 10**family.spread, B, *family.sizes)
    return {"counts": draw_counts(p, family.N, g).double(), "N": family.N}


def measure_change(instances: Instances, run: Run) -> Measured:
    """All replacements of one sample, one by one."""
    i = to_device(instances, run)
    counts, N = i["counts"], i["N"]
    B, *sizes = counts.shape
    cells = math.prod(sizes)
    step = torch.eye(cells).to(counts)
    moves = (step[None] - step[:, None]).reshape(-1, *sizes)
    possible = (counts.flatten(1) > 0).repeat_interleave(cells, 1)
    replaced = torch.where(possible[..., None, None, None], counts[:, None] + moves, counts[:, None])
    before, after = estimated_information(counts[:, None]), estimated_information(replaced)
    whole = entropy(frequencies(replaced).flatten(2)) - entropy(frequencies(counts).flatten(1))[:, None]

    def largest(x: Tensor) -> Tensor:
        return x.abs().amax(1, keepdim=True)

    values = {
        "N": N,
        "d_H": largest(whole),
        "d_I": largest(after.f_y - before.f_y),
        "d_cmi": largest(after.f_y_given_g - before.f_y_given_g),
        "d_mu": largest(after.mu - before.mu),
    }
    # two sums of seven entropies of at most log N, each of `cells` terms
    error = torch.full((B, 1), 28 * EPS * (4 + math.log2(cells + 1)) * (1 + math.log(N))).to(counts)
    return Measured(values, dict.fromkeys(("entropy", "information", "conditional", "mu"), error))


def lonely_sample(N: int, variables: int) -> Callable[[], Instances]:
    """One sample alone in its cell, the single margins of which hold the others in equal shares; the far corner is
    empty. With two variables G is constant."""
    share = (N - 1) // variables
    cells = {2: ((0, 0, 1), (1, 0, 0)), 3: ((0, 1, 1), (1, 0, 1), (1, 1, 0))}[variables]

    def make() -> Instances:
        counts = torch.zeros(1, 3, 3 if variables == 3 else 1, 3, dtype=torch.float64)
        counts[0, 0, 0, 0] = 1
        for cell in cells:
            counts[(0, *cell)] = share
        return {"counts": counts, "N": 1 + variables * share}

    return make


def one_cell(N: int) -> Callable[[], Instances]:
    """All samples in one cell of two."""
    return lambda: {"counts": torch.tensor([[[[N, 0.0]]]], dtype=torch.float64), "N": N}


bounded_difference = Experiment(
    "nakkiran2019.bounded-difference",
    TABLES,
    realise_counts,
    measure_change,
    witnesses=(one_cell(2), one_cell(10), lonely_sample(1001, 2), lonely_sample(1000, 3), lonely_sample(10, 3)),
)

# ---- concentration
STATISTICS = {"H": 1, "f_y": 2, "f_y_given_g": 2, "mu": 3}


def sampling_design(name: str, statistic: str, p: Tensor, N: int, delta: float, **more: Any) -> Design:
    return Design(name, {"statistic": statistic, "p": p, "N": N, "delta": delta}, **more)


def half_spread(K: int) -> Tensor:
    """Half of the mass in one cell, the rest spread over K − 1: log p varies as much as it can."""
    p = torch.full((1, 1, K), 0.5 / (K - 1), dtype=torch.float64)
    p[..., 0] = 0.5
    return p


def expected_statistic(design: Design) -> float:
    p, N, name = (design.parameters[k] for k in ("p", "N", "statistic"))
    return float(
        expected_entropy(p.flatten(), N) if name == "H" else getattr(expected_information(p[None], N), name)[0]
    )


def sample_stray(design: Design, n: int, g: torch.Generator, run: Run, repeated: bool = False) -> Measured:
    """n fresh tables of N samples; with `repeated` one sample N times."""
    p, N, name = (design.parameters[k] for k in ("p", "N", "statistic"))
    each = N if repeated else 1
    counts = (draw_counts(p.expand(n, *p.shape), N // each, g) * each).to(run.device)
    if name == "H":
        estimate = entropy(frequencies(counts).flatten(1))
    else:
        estimate = getattr(estimated_information(counts, plug_in), name)
    one = torch.ones(n, 1, dtype=torch.float64, device=run.device)
    values = {
        "N": N,
        "delta": design.parameters["delta"] * one,
        "c": STATISTICS[name] * one,
        "stray": (estimate - expected_statistic(design)).abs()[:, None],
    }
    return Measured(values, {"stray": 7 * expectation_error(N, p.numel()) * one})


REFERENCE = torch.tensor([5, 1, 1, 2, 2, 1, 1, 7], dtype=torch.float64).reshape(2, 2, 2) / 20
STRAY_DESIGNS = (
    sampling_design("H half spread over 300, N=1000, δ=.5", "H", half_spread(300), 1000, 0.5),
    sampling_design("μ binary, N=100, δ=.05", "mu", REFERENCE, 100, 0.05),
    sampling_design("I(F;Y) binary, N=10, δ=.9", "f_y", REFERENCE, 10, 0.9),
    sampling_design("I(F;Y|G) binary, N=10, δ=.9", "f_y_given_g", REFERENCE, 10, 0.9, quick=False),
    sampling_design("μ binary, N=2, δ=.9", "mu", REFERENCE, 2, 0.9, quick=False),
    sampling_design("H half spread over 2000, N=300, δ=.9", "H", half_spread(2000), 300, 0.9, quick=False),
)
concentration = Sampling(
    "nakkiran2019.concentration",
    STRAY_DESIGNS,
    sample_stray,
    {"repeated": partial(sample_stray, repeated=True)},
)

EXPERIMENTS = (bias_entropy, bias_mu, digamma, bounded_difference, concentration, *intervals.EXPERIMENTS)
