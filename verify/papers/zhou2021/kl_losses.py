"""Losses whose Łojasiewicz constants are known, and why: what the claims kl-flow, kl-length, kl-gd, kl-lower train.

Every loss has infimum 0. Which one a batch has is told by its tensors; the weights are always w (B, N).

- regression, {X, p, w}: f = ‖Xw‖^p/p, linear regression with p-th powers, w being measured from a solution. With
  q = ‖Xw‖ the gradient is q^{p−2}XᵀXw, and σ_min‖Xw‖ ≤ ‖XᵀXw‖ ≤ σ_max‖Xw‖ (nonzero singular values), so that
  θ = 1 − 1/p, κ = σ_min p^θ, K = σ_max p^θ, for every w. p = 2: κ² = 2λ_min.
- separable, {a, powers, w}: f = Σ f_i, f_i = a_i|w_i|^{p_i}/p_i, p_i ≥ 2. Each ‖∇f_i‖ = κ_i f_i^{θ_i} with
  θ_i = 1 − 1/p_i, κ_i = a_i^{1/p_i} p_i^{θ_i}. On f ≤ f₀ each f_i ≤ f₀, so that exponents may be raised to θ = max θ_i
  at the price of f₀^{θ_i−θ} in κ_i; the least Σ κ_i² f_i^{2θ} of given Σ f_i is (Σ κ_i^{−2/(2θ−1)})^{−(2θ−1)} f^{2θ}
  by Lagrange (min κ_i² f for θ = ½). From above: exponents lowered to θ′ = min θ_i at the price f₀^{θ_i−θ′}, and
  Σ K_i² f_i^{2θ′} ≤ max K_i² f^{2θ′}.
- classifier, {Z, w}: f = Σ exp(−z_iᵀw), the rows of Z being inputs times labels, with margin: e₁ᵀz_i ≥ γ > 0. Then
  ‖∇f‖ ≥ −⟨∇f, e₁⟩ ≥ γf and ‖∇f‖ ≤ max‖z_i‖ f: θ = θ′ = 1, κ = γ, K = max‖z_i‖, for every w.
- network, {y, w}: f = ½(y − Π w_l)², a linear network of N layers of width 1; ‖∇f‖² = 2f Σ_l (P/w_l)², P = Π w_l, and
  by the means Σ (P/w_l)² ≥ N|P|^{2−2/N}. For y = 0, f = ½P²: θ = 1 − 1/(2N), κ = √N 2^θ, for every w. For P₀ between
  0 and 2y, on f ≤ f₀: |P| ≥ |y| − √(2f₀), so θ = ½, κ² = 2N(|y| − √(2f₀))^{2−2/N}.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from numerics.types import Loss

from ...experiment import Instances
from .networks import SEEDS, gaussian, uniform

ROUNDED_DOWN = 1 - 1e-12
"""κ to twelve digits, rounded down (K up): its own rounding must not break ‖∇f‖ ≥ κf^θ where that is an equality."""
LOWEST_LEVEL = 1e-3
"""Least |P|/|y| for which κ of a network is given."""
KINDS = ("regression", "classifier", "separable", "product", "network")


@dataclass(frozen=True)
class Family:
    """Sizes and regime of a batch: `n` samples (or layers), `d` weights; weights of size 10^scale; the loss falls by
    about 10^−drop; steps are `step`·2/β."""

    kind: str
    n: int
    d: int
    scale: float
    drop: float
    step: float
    seed: int

    @property
    def regime(self) -> str:
        return self.kind


@st.composite
def families(draw: Any, kinds: tuple[str, ...] = KINDS) -> Family:
    """Up to 4 samples or layers and 4 weights."""
    kind = draw(st.sampled_from(kinds))
    n, d = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    scale = draw(st.sampled_from((0.0, 1.0, -1.0, -2.0)))
    drop, step = draw(st.sampled_from((2.0, 0.3, 5.0))), draw(st.sampled_from((0.9, 0.1, 0.45, 0.01)))
    return Family(kind, n, d, scale, drop, step, draw(SEEDS))


def realise(f: Family, B: int) -> Instances:
    """B instances; every batch of regressions has all exponents: 2, 3, 4, 8 and reals in (1.5, 1.8) and (2.1, 12)."""
    g = torch.Generator().manual_seed(f.seed)
    shared = {"drop": f.drop, "step": f.step}
    columns = {name: torch.full((B,), value, dtype=torch.float64) for name, value in shared.items()}
    return {**_REALISE[f.kind](f, B, g), **columns}


def exponents(g: torch.Generator, B: int) -> Tensor:
    """(B,)"""
    u = uniform(g, B)
    whole = torch.tensor([2.0, 3.0, 4.0, 8.0], dtype=torch.float64)[(4 * uniform(g, B)).long()]
    low, high = 1.5 + 0.3 * u, 2.1 + 9.9 * u
    which = torch.arange(B) % 4
    return torch.where(which < 2, whole, torch.where(which == 2, high, low))


def regressions(f: Family, B: int, g: torch.Generator) -> Instances:
    """Singular values within a factor of 3; all alike in every other four instances. Weights are measured from the
    nearest solution: what X does not see stays where it is, and would only add rounding."""
    left, right = (torch.linalg.qr(gaussian(g, B, k, k))[0] for k in (f.n, f.d))
    rank = min(f.n, f.d)
    sigma = 3 ** (uniform(g, B, rank) * (torch.arange(B) // 4 % 2)[:, None]) * 10 ** (2 * uniform(g, B, 1) - 1)
    seen = right[:, :, :rank]
    w = 10**f.scale * (seen @ gaussian(g, B, rank)[..., None])[..., 0]
    return {"X": (left[:, :, :rank] * sigma[:, None]) @ seen.mT, "p": exponents(g, B), "w": w}


def separables(f: Family, B: int, g: torch.Generator) -> Instances:
    """One exponent for all weights in every other instance, in the others none near 2: weights that vanish
    exponentially beside those that vanish like a power make the flow stiff."""
    p = exponents(g, B * f.d).clamp_min(2.0)[torch.randperm(B * f.d, generator=g)].reshape(B, f.d)
    p = torch.where((torch.arange(B) % 2 == 0)[:, None], p[:, :1], p.clamp_min(2.5))
    return {"a": 10 ** (uniform(g, B, f.d) - 0.5), "powers": p, "w": 10 ** min(f.scale, 0.0) * gaussian(g, B, f.d)}


def classifiers(f: Family, B: int, g: torch.Generator) -> Instances:
    """e₁ separates the samples; in every other instance barely, two of them being opposite but for that. Weights are
    small beside 1/‖z‖, since the loss is their exponential."""
    Z, w = gaussian(g, B, f.n, f.d), gaussian(g, B, f.d)
    Z[..., 0] = 0.1 + Z[..., 0].abs()
    if f.n > 1 and f.d > 1:
        barely = torch.arange(B) % 2 == 1
        Z[barely, 1] = -Z[barely, 0]
        Z[barely, :, 0] = 0.3 + 0.3 * uniform(g, B, 1)[barely]
        w[barely] *= 0.2
    return {"Z": 10 ** max(f.scale, -1.0) * Z, "w": w * 10 ** -max(f.scale, -1.0)}


def networks(f: Family, B: int, g: torch.Generator, fitted: bool) -> Instances:
    """Layers of random signs within a factor of 2; all alike in every other instance. Target 0, or one that P₀ meets
    within 90 %."""
    size = torch.where((torch.arange(B) % 2 == 0)[:, None], torch.ones(B, f.n), 2 ** uniform(g, B, f.n)).double()
    w = 10 ** (f.scale / 2) * size * torch.where(uniform(g, B, f.n) < 0.5, -1.0, 1.0)
    P = w.prod(1)
    return {"y": P / (1 + 0.9 * (2 * uniform(g, B) - 1)) if fitted else torch.zeros(B, dtype=torch.float64), "w": w}


_REALISE = {
    "regression": regressions,
    "classifier": classifiers,
    "separable": separables,
    "product": partial(networks, fitted=False),
    "network": partial(networks, fitted=True),
}


# ---- the losses
def loss_of(i: Instances) -> Loss:
    """The loss of a batch as a function of {"w": (B, N)}."""
    if "X" in i:
        return lambda q: torch.linalg.vector_norm((i["X"] @ q["w"][..., None])[..., 0], dim=1) ** i["p"] / i["p"]
    if "a" in i:
        return lambda q: (i["a"] * q["w"].abs() ** i["powers"] / i["powers"]).sum(1)
    if "Z" in i:
        return lambda q: (-(i["Z"] @ q["w"][..., None])[..., 0]).exp().sum(1)
    return lambda q: (i["y"] - q["w"].prod(1)).square() / 2


@dataclass(frozen=True)
class Known:
    """Constants of a batch, (B,) each: κf^θ ≤ ‖∇f‖ ≤ Kf^θ′ on f ≤ f₀, ∇f β-Lipschitz there; nan where not known."""

    theta: Tensor
    kappa: Tensor
    theta_upper: Tensor
    K: Tensor
    beta: Tensor


def known(i: Instances) -> Known:
    """The constants of a batch, for the reasons that the head of this module gives."""
    kinds = {"X": of_regression, "a": of_separable, "Z": of_classifier, "y": of_network}
    k = next(rule for name, rule in kinds.items() if name in i)(i)
    return Known(k.theta, k.kappa * ROUNDED_DOWN, k.theta_upper, k.K / ROUNDED_DOWN, k.beta)


def _start(i: Instances) -> Tensor:
    """f₀ (B,)"""
    return loss_of(i)({"w": i["w"]})


def of_regression(i: Instances) -> Known:
    """The Hessian of q^p/p is Xᵀq^{p−2}(I + (p−2)uuᵀ)X with a unit vector u, and q ≤ (pf₀)^{1/p}."""
    sigma, p = torch.linalg.svdvals(i["X"]), i["p"]
    theta, top = 1 - 1 / p, sigma[:, 0]
    low = torch.where(sigma > 1e-12 * sigma[:, :1], sigma, torch.inf).amin(1)
    beta = top.square() * (p - 1) * (p * _start(i)) ** (1 - 2 / p)
    return Known(theta, low * p**theta, theta, top * p**theta, torch.where(p >= 2, beta, torch.nan))


def of_separable(i: Instances) -> Known:
    """The Hessian is diagonal with entries a_i(p_i−1)|w_i|^{p_i−2}, and |w_i| ≤ (p_i f₀/a_i)^{1/p_i}."""
    a, p, f_0 = i["a"], i["powers"], _start(i)[:, None]
    each, own = 1 - 1 / p, a ** (1 / p) * p ** (1 - 1 / p)
    high, low = each.amax(1), each.amin(1)
    lowered = own * f_0 ** (each - high[:, None])
    s = (2 * high - 1).clamp_min(1e-300)
    many = (-s / 2 * torch.logsumexp(-2 / s[:, None] * lowered.log(), 1)).exp()
    kappa = torch.where(high > 0.5, many, lowered.amin(1))
    beta = (a * (p - 1) * (p * f_0 / a) ** (1 - 2 / p)).amax(1)
    return Known(high, kappa, low, (own * f_0 ** (each - low[:, None])).amax(1), beta)


def of_classifier(i: Instances) -> Known:
    """The Hessian is Σ exp(−z_iᵀw)z_iz_iᵀ, at most max‖z_i‖²f."""
    margin, size = i["Z"][..., 0].amin(1), torch.linalg.vector_norm(i["Z"], dim=2).amax(1)
    one = torch.ones_like(margin)
    return Known(one, margin, one, size, size.square() * _start(i))


def of_network(i: Instances) -> Known:
    """Neither a simple upper bound nor β is given: both depend on how unlike the layers are."""
    y, N = i["y"], i["w"].shape[1]
    level = (y.abs() - (2 * _start(i)).sqrt()).clamp_min(LOWEST_LEVEL * y.abs())
    theta = 0.5 + (y == 0).to(y) * (0.5 - 1 / (2 * N))
    kappa = math.sqrt(N) * torch.where(y == 0, 2**theta, math.sqrt(2) * level ** (1 - 1 / N))
    unknown = torch.full_like(y, torch.nan)
    return Known(theta, kappa, unknown, unknown, unknown)


def distance(i: Instances, w: Tensor) -> Tensor:
    """Distance of weights (B, T, N) to the minima, (B, T); nan where it is not known (network) or there are none."""
    if "X" in i:
        seen = torch.linalg.pinv(i["X"], rtol=1e-12) @ i["X"]
        return torch.linalg.vector_norm(w @ seen.mT, dim=2)
    if "a" in i:
        return torch.linalg.vector_norm(w, dim=2)
    unknown = torch.full(w.shape[:2], torch.nan, dtype=w.dtype, device=w.device)
    return torch.where(i["y"][:, None] == 0, w.abs().amin(2), unknown) if "y" in i else unknown
