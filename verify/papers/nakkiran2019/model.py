"""The simplified model of nakkiran2019: families of training sets, training by autograd, the exact law of (F, L, Y)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.descent import gradient_descent
from numerics.information import conditional_mutual_information, mutual_information, performance_correlation
from numerics.networks import deep_linear, loss_of
from numerics.types import Params

from ...experiment import Instances
from .tables import SEEDS, uniform

ROUNDING = torch.finfo(torch.float64).eps
norm = torch.linalg.vector_norm
STARTS = ("half", "zero", "simple", "beyond")
"""ϑ₀ = ½, 0, the best simple classifier's 1 − 2p̂, 1.5. The first is tried in every search: there the start matters."""


@dataclass(frozen=True)
class Family:
    """Sizes, sizes of the features (decimal exponents), start and seed of a batch of training sets."""

    n: int
    D: int
    feature: float
    noise: float
    flips: float
    start: str
    keys: bool
    seed: int

    def generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed)


@st.composite
def families(
    draw: Any,
    keys: bool = False,
    starts: tuple[str, ...] = STARTS,
    sizes: tuple[int, ...] = (5, 1, 2, 8, 12, 20),
    ratios: tuple[int, ...] = (2, 4, 1, 10, 60),
    features: tuple[float, ...] = (0, -0.5, 0.5, -1, 1),
    largest: int = 1200,
) -> Family:
    """From one sample on; noise coordinates from as many as samples (twice as many in a Gaussian block, for its
    condition) to 60 times as many, up to about `largest`/n."""
    n = draw(st.sampled_from(sizes))
    least = 1 if keys or n == 1 else 2
    D = n * max(least, min(draw(st.sampled_from(ratios)), largest // n**2))
    feature, noise = (float(draw(st.sampled_from(features))) for _ in range(2))
    flips = draw(st.sampled_from((0.2, 0.0, 0.1, 0.4)))
    return Family(n, D, feature, noise, flips, draw(st.sampled_from(starts)), keys, draw(SEEDS))


def gaussian(g: torch.Generator, *shape: int) -> Tensor:
    """Standard normal entries, float64, from the seeded CPU generator."""
    return torch.randn(*shape, generator=g, dtype=torch.float64)


def realise(family: Family, B: int) -> Instances:
    """B training sets: signs s and labels y (B, n, 1), fewer than half of them flipped, noise blocks Xi (B, n, D); p,
    the start, a step size below n/λ_max(XXᵀ), and random weights w_0 (B, D+1, 1)."""
    f, g = family, family.generator()
    s = 2 * (uniform(g, B, f.n, 1) < 0.5).double() - 1
    y = s * (1 - 2 * flipped(f, B, g))
    a, scale = (10 ** (e + 0.3 * (uniform(g, B) - 0.5)) for e in (f.feature, f.noise))
    Xi = one_hot(f, B, g) if f.keys else gaussian(g, B, f.n, f.D) / f.D**0.5
    i = {"s": s, "y": y, "a": a, "scale": scale, "Xi": scale[:, None, None] * Xi, "keys": int(f.keys)}
    p = (0.45 if f.flips else 0.0) * uniform(g, B)
    m = (s * y).sum((1, 2)) / f.n
    theta_0 = {"zero": 0 * a, "simple": m, "half": 0.5 + 0 * a, "beyond": 1.5 + 0 * a, "negative": -1.5 * uniform(g, B)}
    i |= {"p": p, "theta_0": theta_0[f.start], "w_0": gaussian(g, B, f.D + 1, 1)}
    return stepped(i, 0.1 + 0.85 * uniform(g, B))


def stepped(i: Instances, pace: Tensor) -> Instances:
    """With the step size η = pace · n/λ_max(XXᵀ); descent is stable for a pace below 2. pace: (B,)"""
    return {**i, "eta": pace * i["s"].shape[1] / spectrum(i)[:, -1]}


def flipped(family: Family, B: int, g: torch.Generator) -> Tensor:
    """1 for a flipped label: each with the family's probability, but fewer than half of them. (B, n, 1)"""
    draws = uniform(g, B, family.n, 1)
    limit = draws.sort(1).values[:, (family.n - 1) // 2 : (family.n - 1) // 2 + 1]
    return (draws < family.flips).double() * (draws < limit)


def one_hot(family: Family, B: int, g: torch.Generator) -> Tensor:
    """A coordinate of its own for every sample. (B, n, D)"""
    where = uniform(g, B, family.D).argsort(1)[:, : family.n]
    return torch.nn.functional.one_hot(where, family.D).double()


def misled() -> Instances:
    """Three samples with private coordinates out of three, one of them flipped, and a small simple feature."""
    one = torch.ones(1, dtype=torch.float64)
    s, y = (torch.tensor([[[1.0], [-1.0], [z]]], dtype=torch.float64) for z in (1.0, -1.0))
    s[0, 2] = 1.0
    eye = torch.eye(3, dtype=torch.float64)[None]
    i = {"s": s, "y": y, "a": 0.3 * one, "scale": one, "Xi": eye, "keys": 1, "p": 0.3 * one, "theta_0": 0 * one}
    return stepped({**i, "w_0": torch.ones(1, 4, 1, dtype=torch.float64)}, 0.5 * one)


# ---- training
def inputs(i: Instances) -> Tensor:
    """X = [a s, Ξ]. (B, n, D+1)"""
    return torch.cat((i["a"][:, None, None] * i["s"], i["Xi"]), 2)


def start(i: Instances) -> Tensor:
    """w₀ = (ϑ₀/a, 0). (B, D+1, 1)"""
    zeros = torch.zeros_like(i["Xi"][:, 0])
    return torch.cat(((i["theta_0"] / i["a"])[:, None], zeros), 1)[..., None]


def noisy(i: Instances) -> Tensor:
    """The start with random noise weights. (B, D+1, 1)"""
    return torch.cat((start(i)[:, :1], i["w_0"][:, 1:]), 1)


def mean_loss(i: Instances) -> Callable[[Params], Tensor]:
    """‖Xw − y‖²/(2n) of the linear network w."""
    X = inputs(i)
    total = loss_of(deep_linear, X, i["y"])
    return lambda params: total(params) / X.shape[1]


def spectrum(i: Instances) -> Tensor:
    """Eigenvalues of XXᵀ, increasing. (B, n)"""
    X = inputs(i)
    return torch.linalg.eigvalsh(X @ X.mT)


def trained_path(i: Instances, steps: int, w_0: Tensor | None = None, **changes: Any) -> Tensor:
    """Weights before and after each of so many steps of gradient descent by autograd. (B, steps+1, D+1)"""
    first = start(i) if w_0 is None else w_0
    seen = gradient_descent(
        mean_loss(i),
        {"W1": first},
        step=i["eta"],
        steps=steps,
        observe=lambda w: {"w": w["W1"][..., 0]},
        **changes,
    )
    return seen.values["w"]


def path_rounding(i: Instances, w: Tensor) -> Tensor:
    """Bound of the rounding of ‖w_t‖ along stable gradient descent: one step errs by at most (n + D + 10)ε relative to
    ‖w‖ + (η/n)‖X‖‖y‖, and no error grows. (B, T)"""
    n, D = i["Xi"].shape[1:]
    pull = (i["eta"] / n * spectrum(i)[:, -1].sqrt() * n**0.5)[:, None]
    size = norm(w, dim=2).cummax(1).values + pull
    steps = torch.arange(1, w.shape[1] + 1, dtype=w.dtype, device=w.device)
    return (n + D + 10) * ROUNDING * steps * size


def outputs(i: Instances, w: Tensor) -> Tensor:
    """f on the training samples, for weights (B, T, D+1). (B, T, n)"""
    return torch.stack([deep_linear({"W1": z[..., None]}, inputs(i))[..., 0] for z in w.unbind(1)], 1)


def training_error(i: Instances, f: Tensor) -> Tensor:
    """Share of samples with y f ≤ 0. (B, T)"""
    return (i["y"].mT * f <= 0).double().mean(2)


# ---- a fresh input
@dataclass(frozen=True)
class Fresh:
    """The law of the noise of a fresh input. Its mean is `shift` + y · `drift` standard deviations along the diagonal
    (Gaussian block), or its coordinate is of the first half where y·`drift` > 0 (keys); both 0 in the model."""

    shift: float = 0.0
    drift: float = 0.0


MODEL = Fresh()


def signs(i: Instances, w: Tensor, fresh: Fresh) -> tuple[Tensor, Tensor]:
    """P(F = 1 | s, y), s and y in the order −1, 1, and how far the nearest output is from 0, which is ∞ without ties.
    (B, T, 2, 2), (B, T)"""
    return (_by_enumeration if i["keys"] else _by_tails)(i, w, fresh)


def _by_tails(i: Instances, w: Tensor, fresh: Fresh) -> tuple[Tensor, Tensor]:
    theta, v = i["a"][:, None] * w[..., 0], w[..., 1:]
    sign = torch.tensor([-1.0, 1.0]).to(w)
    moved = i["scale"][:, None] / v.shape[2] ** 0.5 * v.sum(2)
    mean = sign[:, None] * theta[..., None, None] + (fresh.shift + fresh.drift * sign) * moved[..., None, None]
    spread = i["scale"][:, None] * norm(v, dim=2) / v.shape[2] ** 0.5
    return torch.special.ndtr(mean / spread[..., None, None]), torch.full_like(theta, torch.inf)


def _by_enumeration(i: Instances, w: Tensor, fresh: Fresh) -> tuple[Tensor, Tensor]:
    """All 2D fresh inputs (±a, b e_k) through the network."""
    B, D = len(w), w.shape[2] - 1
    eye = (i["scale"][:, None, None] * torch.eye(D).to(w)).repeat(1, 2, 1)
    sign = torch.tensor([-1.0, 1.0]).to(w).repeat_interleave(D)
    X = torch.cat((i["a"][:, None, None] * sign[:, None], eye), 2)
    f = torch.stack([deep_linear({"W1": z[..., None]}, X)[..., 0] for z in w.unbind(1)], 1)
    first = (torch.arange(D) < D / 2).to(w)
    share = torch.stack((1 - fresh.drift * first, 1 + fresh.drift * first))
    share = share / share.sum(1, keepdim=True)
    up = (f > 0).to(w).reshape(B, -1, 2, D)
    # a sum of D shares of 1, which rounding may carry beyond it
    return torch.einsum("btsk,yk->btsy", up, share).clamp_max(1), f.abs().amin(2)


def joint_law(i: Instances, w: Tensor, fresh: Fresh = MODEL) -> tuple[Tensor, Tensor]:
    """P(F, L, Y) on fresh inputs for weights (B, T, D+1), and the distance of outputs from 0.
    (B, T, 2, 2, 2), (B, T)"""
    up, distance = signs(i, w, fresh)
    p = i["p"][:, None]
    labels = torch.stack((torch.stack((1 - p, p), -1), torch.stack((p, 1 - p), -1)), 2) / 2
    return torch.stack(((1 - up) * labels, up * labels), 2), distance


def information(i: Instances, w: Tensor, fresh: Fresh = MODEL) -> tuple[dict[str, Tensor], Tensor]:
    """What a fresh input says: q, test error and the information quantities, (B, T) each; and the distance of outputs
    from 0."""
    law, distance = joint_law(i, w, fresh)
    apart = 1 - torch.eye(2).to(law)
    simple = mutual_information(law.sum(2))
    mu = performance_correlation(law)
    values = {
        "q": (law.sum(4) * apart).sum((2, 3)),
        "err": (law.sum(3) * apart).sum((2, 3)),
        "mu": mu,
        "cmi": conditional_mutual_information(law),
        "I_FY": mutual_information(law.sum(3)),
        "I_LY": simple,
        "lost": simple - mu,
    }
    disagree = law.sum(4)
    values |= {"q_minus": 2 * disagree[:, :, 1, 0], "q_plus": 2 * disagree[:, :, 0, 1]}
    return values, distance


def information_rounding(i: Instances) -> float:
    """Bound of the rounding of a quantity above. The argument of a normal tail, a ratio of sums of D terms, has the
    relative error (D + 10)ε, which moves the tail by at most x φ(x) < ¼ of that; the information quantities are sums of
    at most 8 products x log x, each below e⁻¹, over up to 3 tables."""
    return (i["Xi"].shape[2] + 60) * ROUNDING


def sizes(i: Instances) -> dict[str, Any]:
    """Values that belong to the training set: of the instance, as (B, 1) or (B, 1, rows, columns)."""
    n, D = i["Xi"].shape[1:]
    scale = i["scale"][:, None]
    return {
        **{k: i[k][:, None] for k in ("s", "y", "Xi")},
        **{k: i[k][:, None] for k in ("a", "p", "theta_0", "eta")},
        **{"n": n, "D": D, "sigma": scale, "b": scale},
    }
