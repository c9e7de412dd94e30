"""Experiments on joint laws: information as averages of log-ratios, exact decisions at whole counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Any

import torch
from flint import ctx
from hypothesis import strategies as st
from torch import Tensor

from numerics.information import conditional_mutual_information, mutual_information, performance_correlation
from theory.words.information import joint_law, prime_exponents

from ...certify.exact import dyadic, exact_instance
from ...certify.operations import ball
from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import enclosed
from .tables import SEEDS, Law, chain_counts, copies, counted, dirichlet, laws, of_errors, table, uniform, xor

EPSILON = 2.0**-52
"""Unit in the last place of a float64, relative."""
BITS = 128
CONFIRMED = f"information of the exact weights, in balls of {BITS} bits"
"""What a run of level 1 is."""
LARGEST = 2**20
"""Total of whole counts up to which their products fit into 64 bits."""
NAMES = ("F", "G", "Y")


def rounding(cells: int) -> float:
    """Error of μ against a sum of entropies. In units of n 2⁻⁵³(1 + log n), n cells: a margin has relative error n 2⁻⁵³
    twice (sum and total), hence an entropy 3 and an average of log-ratios 14; seven entropies and two averages."""
    return 25 * EPSILON * cells * (1 + math.log(cells))


def with_sizes(p: Tensor, names: tuple[str, ...] = ("K_F", "K_G")) -> Instances:
    """Weights (B, …, K_Y) as an instance."""
    sizes = dict(zip(names, p.shape[1:-1], strict=True))
    return {"weights": p.reshape(len(p), -1, p.shape[-1]), **sizes}


def realise(law: Law, B: int) -> Instances:
    return with_sizes(table(law, B))


def explicit(*laws: Tensor) -> Callable[[], Instances]:
    """Laws of one shape, (K_F, K_G, K_Y), as a batch."""
    return lambda: with_sizes(torch.stack(laws))


def probabilities(i: Instances) -> tuple[Tensor, dict[str, Any]]:
    """The law as (B, sizes …), and what every claim is told of it."""
    weights = i["weights"].abs()
    P = weights / weights.sum((1, 2), keepdim=True)
    sizes = {k: v for k, v in i.items() if isinstance(v, int)} | {"K_Y": P.shape[2]}
    return P.reshape(len(P), *sizes.values()), {**sizes, "P": P[:, None]}


def in_balls(i: Instances, enclose: Any, like: dict[str, Tensor]) -> dict[str, Tensor]:
    """The values of `like` from balls: midpoints, for each instance, from its float64 numbers to the last bit."""
    rows = []
    with ctx.workprec(BITS):
        for b in range(len(next(iter(like.values())))):
            one = {k: v[b].tolist() if isinstance(v, Tensor) else v for k, v in i.items()}
            places = enclose(exact_instance(one, dyadic))
            rows.append([[float(ball(place[name]).mid()) for place in places] for name in like])
    columns = next(iter(like.values())).new_tensor(rows).unbind(1)
    return {name: x[:, : like[name].shape[1]].expand_as(like[name]) for name, x in zip(like, columns, strict=True)}


def measured(instances: Instances, run: Run, observe: Any, enclose: Any, parts: tuple[str, ...]) -> Measured:
    """`observe(p)` of the law p (B, sizes …), or at level 1 the same in balls."""
    i = to_device(instances, run)
    p, told = probabilities(i)
    values = observe(p)
    values = in_balls(i, enclose, values) if run.level else values
    budget = torch.full((len(p), 1), rounding(p[0].numel()), dtype=p.dtype, device=p.device)
    return Measured({**told, **values}, dict.fromkeys(parts, budget))


# ---- identities
def orders(p: Tensor) -> dict[str, Tensor]:
    """μ, and μ of all orders of the variables: (B, 1), (B, 6)."""
    every = [performance_correlation(p.permute(0, *(1 + k for k in order))) for order in permutations(range(3))]
    return {"mu": every[0][:, None], "mu_order": torch.stack(every, 1)}


IDENTITIES = ("F", "G", "predictions", "together", "entropies", "symmetry")
PRINTED = explicit(counted(5, 1, 1, 2, 2, 1, 1, 7), counted(1, 2, 3, 4, 5, 6, 7, 8))

identities = Experiment(
    "nakkiran2019.identities",
    laws(),
    realise,
    lambda i, run: measured(i, run, orders, enclosed.identities, IDENTITIES),
    witnesses=(PRINTED, explicit(xor(), copies(1, 1)), explicit(xor(4))),
    enclose=enclosed.identities,
    confirmed_by=CONFIRMED,
)


# ---- bounds
def off_chain(p: Tensor) -> Tensor:
    """Σ |p(f,g,y) − p(f,g) p(g,y)/p(g)|. (B,)"""
    p_g = p.sum((1, 3), keepdim=True)
    chained = p.sum(3, keepdim=True) * p.sum(1, keepdim=True) / torch.where(p_g > 0, p_g, 1.0)
    return (p - chained).abs().sum((1, 2, 3))


def unequal(p: Tensor, a: int, b: int) -> Tensor:
    """Probability that two of the three variables differ. (B,)"""
    pair = p.sum(6 - a - b)
    same = torch.eye(*pair.shape[1:], dtype=torch.bool, device=p.device)
    return pair.masked_fill(same, 0).sum((1, 2)).clamp_max(1)


def range_of(p: Tensor) -> dict[str, Tensor]:
    values = {
        "mu": performance_correlation(p),
        "I_FY": mutual_information(p.sum(2)),
        "distance": off_chain(p),
        "differ": unequal(p, 1, 2),
    }
    return {k: v[:, None] for k, v in values.items()}


def decisions(weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For the chains F − G − Y, G − F − Y and F − Y − G, (B, 3) each: whether the counts are whole numbers, whether
    they factor, and whether all prime exponents of the conditional information vanish. Exact."""
    whole = (weights == weights.round()).flatten(1).all(1) & (weights.sum((1, 2, 3)) < LARGEST)
    factors, vanishes = torch.zeros(2, len(weights), 3, dtype=weights.dtype)
    for b in whole.nonzero().flatten().tolist():
        n = weights[b].long()
        for column, middle in enumerate((1, 0, 2)):
            x, y = (k for k in range(3) if k != middle)
            n_x, n_y = n.sum(y, keepdim=True), n.sum(x, keepdim=True)
            factors[b, column] = float((n * n_x.sum(x, keepdim=True) == n_x * n_y).all())
            information = joint_law(n.tolist(), NAMES).mutual_information(NAMES[x], NAMES[y], given=NAMES[middle])
            vanishes[b, column] = float(not prime_exponents(information))
    return whole[:, None].expand(-1, 3), factors, vanishes


BOUNDS = ("above", "below", "values", "constant", "processing", "Markov")


def measure_bounds(instances: Instances, run: Run) -> Measured:
    seen = measured(instances, run, range_of, enclosed.bounds, BOUNDS)
    shape = seen.values["P"].shape[0], instances["K_F"], instances["K_G"], -1
    whole, factors, vanishes = (x.to(run.device) for x in decisions(instances["weights"].abs().cpu().reshape(shape)))
    return Measured(
        {**seen.values, "markov": factors, "vanishes": vanishes},
        {**seen.budget, "decided": torch.zeros_like(factors)},
        judged={"decided": whole},
    )


bounds = Experiment(
    "nakkiran2019.bounds",
    laws(),
    realise,
    measure_bounds,
    witnesses=(
        explicit(xor(), copies(1, 1), copies(1, 9), chain_counts()),
        explicit(xor(4), copies(1, 1, 1, 1)),
        PRINTED,
    ),
    movable=("weights",),
    enclose=enclosed.bounds,
    confirmed_by=CONFIRMED,
)


# ---- coarser classifiers
def realise_pair(law: Law, B: int) -> Instances:
    """G_1 and G_2 from a law of (F, G, Y): G_1 = G or a constant beside it, or two tables side by side."""
    p, other = table(law, B), table(Law(law.sizes, "generic", law.alpha, None, law.seed ^ 1), B)
    alone = torch.zeros_like(p)
    sides = torch.arange(B) % 4
    pick = sides[:, None, None, None]
    other = torch.where(pick == 0, alone, torch.where(pick == 1, p, other / other.sum((1, 2, 3), keepdim=True)))
    stacked = torch.stack((p / p.sum((1, 2, 3), keepdim=True), other), 2)  # G_1 says which table, G_2 is G
    return with_sizes(stacked, ("K_F", "K_1", "K_2"))


def coarsened(p: Tensor) -> dict[str, Tensor]:
    """μ with both simpler classifiers, and with the first of them alone."""
    fine, coarse = performance_correlation(p.flatten(2, 3)), performance_correlation(p.sum(3))
    return {"mu": fine[:, None], "mu_coarse": coarse[:, None]}


def constant_first(*laws: Tensor) -> Callable[[], Instances]:
    """G_1 constant, G_2 = G."""
    return lambda: with_sizes(torch.stack(laws)[:, :, None], ("K_F", "K_1", "K_2"))


chain = Experiment(
    "nakkiran2019.chain",
    laws(),
    realise_pair,
    lambda i, run: measured(i, run, coarsened, enclosed.chain, ("chain", "change")),
    witnesses=(constant_first(xor(), copies(1, 1), chain_counts()),),
    movable=("weights",),
    enclose=enclosed.chain,
    confirmed_by=CONFIRMED,
)


# ---- what accuracy forces
def conditional(pair: Tensor) -> Tensor:
    """H(A | C) = I(A; A | C) for (B, K_C, K_A). (B,)"""
    return conditional_mutual_information(torch.diag_embed(pair).movedim(1, 2))


def forced(p: Tensor) -> dict[str, Tensor]:
    mu = performance_correlation(p)
    values = {
        "lost": mutual_information(p.sum(1)) - mu,
        "unexplained": mutual_information(p.sum(2)) - mu,
        "e_F": unequal(p, 1, 3),
        "delta": unequal(p, 1, 2),
        "H_YF": conditional(p.sum(2)),
        "H_FG": conditional(p.sum(3).mT),
    }
    return {k: v[:, None] for k, v in values.items()}


FANO = ("retention", "lost", "Fano", "explanation", "unexplained", "Fano for G", "never gained")
STEEP = 40
"""|h′| at the largest float64 below 1 is 37; nearer to 0 and 1 h itself is smaller than what rounding does."""


def measure_fano(instances: Instances, run: Run) -> Measured:
    seen = measured(instances, run, forced, enclosed.fano, FANO)
    cells = seen.values["P"][0].numel()
    error = STEEP * 2 * cells * EPSILON  # h(e) where e is the sum of so many cells
    return Measured(seen.values, {k: v + error for k, v in seen.budget.items()})


fano = Experiment(
    "nakkiran2019.fano",
    laws(square=True),
    realise,
    measure_fano,
    witnesses=(
        explicit(*(of_errors(e, 4, swapped) for e in (0.75, 0.1, 1e-6, 1.0) for swapped in (False, True))),
        explicit(of_errors(0.01, 2, True), of_errors(0.3, 2), copies(1, 1), xor()),
    ),
    movable=("weights",),
    enclose=enclosed.fano,
    confirmed_by=CONFIRMED,
)


# ---- two labels
@dataclass(frozen=True)
class Errors:
    """Regime of laws of (E_F, E_G), and the noise q."""

    kind: str
    alpha: float
    q: float | None
    seed: int

    @property
    def regime(self) -> str:
        return self.kind


def realise_errors(family: Errors, B: int) -> Instances:
    """Errors (B, 2, 2): generic; nested (E_F = 1 only where E_G = 1); independent; F without error or always wrong."""
    g = torch.Generator().manual_seed(family.seed)
    e, q = dirichlet(g, 10**family.alpha, B, 2, 2), uniform(g, B)
    if family.kind == "nested":
        e[:, 1, 0] = 0
    if family.kind == "independent":
        e = e.sum(2, keepdim=True) * e.sum(1, keepdim=True)
    if family.kind == "certain":
        e[torch.arange(B), torch.arange(B) % 2] = 0
    return {"errors": e, "q": q if family.q is None else torch.full_like(q, family.q)}


def on_labels(e: Tensor, other: Tensor, balance: float) -> Tensor:
    """Law (B, f, g, y): F = y ⊕ E_F, G = y ⊕ E_G; errors e where y = 0, of probability `balance`, `other` elsewhere."""
    return torch.stack((balance * e, (1 - balance) * other.flip((1, 2))), 3)


def two_labels(e: Tensor, other: Tensor, q: Tensor, balance: float) -> dict[str, Tensor]:
    law = (e + other) / 2
    wrong, wrong_too = law.sum(2), law.sum(1)
    apart = wrong[:, :, None] * wrong_too[:, None]
    keep, turn = (1 - q)[:, None, None], q[:, None, None]
    diagonal = torch.diag_embed(wrong_too)
    noisy = keep * diagonal + turn * diagonal.flip(1)
    own, null, chained = (on_labels(*pair, balance) for pair in ((e, other), (apart, apart), (noisy, noisy)))
    values = {
        "I_FY": mutual_information(own.sum(2)),
        "mu": performance_correlation(own),
        "mu_null": performance_correlation(null),
        "mu_noisy": performance_correlation(chained),
        "I_noisy": mutual_information(chained.sum(2)),
    }
    return {k: v[:, None] for k, v in values.items()}


BINARY = ("information", "correlation", "null", "Markov", "explained")


def measure_binary(instances: Instances, run: Run, balance: float = 0.5, dependent: bool = False) -> Measured:
    """Dropped assumptions: P(Y = 0) = `balance`; with `dependent` F and G change their roles where y = 1."""
    i = to_device(instances, run)
    e = i["errors"].abs() / i["errors"].abs().sum((1, 2), keepdim=True)
    other = e.mT if dependent else e
    values = two_labels(e, other, i["q"], balance)
    if run.level and balance == 0.5 and not dependent:
        values = in_balls(i, enclosed.binary, values)
    told = {"E": ((e + other) / 2)[:, None], "q": i["q"][:, None]}
    budget = torch.full_like(told["q"], rounding(8) + 4 * STEEP * EPSILON)
    return Measured({**told, **values}, dict.fromkeys(BINARY, budget))


def given_errors(*rows: tuple[float, float, float, float], q: float = 0.25) -> Callable[[], Instances]:
    e = torch.tensor(rows, dtype=torch.float64).reshape(-1, 2, 2)
    return lambda: {"errors": e, "q": torch.full((len(e),), q, dtype=torch.float64)}


KNOWN = given_errors(
    (0.6, 0.2, 0.15, 0.05), (0.68, 0.17, 0.12, 0.03), (0.8, 0.15, 0.0, 0.05), (1, 0, 0, 0), (0, 0, 0, 1)
)

binary_closed = Experiment(
    "nakkiran2019.binary_closed",
    st.builds(
        Errors,
        st.sampled_from(("generic", "nested", "independent", "certain")),
        st.sampled_from((0.0, 1.0, -1.0, -2.0)),
        st.sampled_from((None, 0.0, 0.5, 1.0)),
        SEEDS,
    ),
    realise_errors,
    measure_binary,
    witnesses=(KNOWN,),
    settings={
        "biased": Variation(measure=partial(measure_binary, balance=0.8), witnesses=(KNOWN,)),
        "dependent": Variation(measure=partial(measure_binary, dependent=True), witnesses=(KNOWN,)),
    },
    enclose=enclosed.binary,
    confirmed_by=CONFIRMED,
)

EXPERIMENTS = (identities, bounds, chain, fano, binary_closed)
