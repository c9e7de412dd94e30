"""The pre-registered designs of the claims on random initialisation: which fixed data, which widths, how many draws."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...experiment import Design
from .families import gaussian, orthonormal

norm = torch.linalg.matrix_norm


def data(
    n: int,
    D: int,
    m: int,
    r: int,
    condition: float,
    size: float,
    seed: int,
    *,
    scale: float = 1.0,
    lowest: bool = False,
) -> tuple[Tensor, Tensor]:
    """Fixed data of a design: X of rank r, singular values from `scale` down to scale/√condition; ‖Y‖_F = size, Y in
    the range of X; with `lowest` in the direction of its smallest singular value."""
    g = torch.Generator().manual_seed(seed)
    sigma = (
        torch.logspace(0, -math.log10(condition) / 2, r, dtype=torch.float64)
        if r > 1
        else torch.ones(1, dtype=torch.float64)
    )
    left, right = orthonormal(g, 1, n, r)[0], orthonormal(g, 1, D, r)[0]
    X = scale * (left * sigma) @ right.T
    Y = left[:, -1:] @ gaussian(g, 1, m) if lowest else X @ gaussian(g, D, m)
    return X, size * Y / norm(Y)


def _design(
    name: str,
    n: int,
    D: int,
    m: int,
    r: int,
    h: int,
    alpha: float,
    delta: float,
    size: float = 1.0,
    condition: float = 1.0,
    seed: int = 7,
    quick: bool = True,
    draws: int = 0,
    **more: Any,
) -> Design:
    X, Y = data(n, D, m, r, condition, size, seed, **more)
    return Design(name, {"X": X, "Y": Y, "r": r, "h": h, "alpha": alpha, "delta": delta}, quick, draws)


FEW = 30
"""Draws of a design at which what is too small is exceeded by almost every draw."""
_few = partial(_design, delta=0.5, quick=False, draws=FEW)
"""With δ = ½ the part of a bound that depends on δ is small, and of many rows the largest singular value hardly varies:
least slack is left then."""

LEVEL_DESIGNS = (
    _design("D=4 m=2 h=200 α=.5", 5, 4, 2, 2, 200, 0.5, 0.1),
    _design("D=4 m=2 h=2000 α=.3", 5, 4, 2, 2, 2000, 0.3, 0.05, quick=False),
    _design("D=10 m=3 h=20000 α=.4", 12, 10, 3, 6, 20000, 0.4, 0.2, quick=False),
    # m and r equal and large, D = r: the level and ‖U₁Vᵀ‖ have √m + √r, the bounds 2√(m + D): only √2 times that
    _few("D=r=80 m=81 h=10⁴ α=.4", 80, 80, 81, 80, 10**4, 0.4),
    # the same with h hardly above s²: the level is nearly 0, and so must be (1 − s/√h)²
    _few("D=r=150 m=151 h=363 α=.4", 150, 150, 151, 150, 363, 0.4),
    # m + r and D − r equal and large: ‖ZU₂ᵀ‖ has √(m + r) + √(D − r)
    _few("D=82 m=80 h=10⁶ α=.4", 1, 82, 80, 1, 10**6, 0.4),
    # of D + m only D matters, or only m
    _few("D=100 m=1 h=10⁶ α=.4", 1, 100, 1, 1, 10**6, 0.4),
    _few("D=2 m=100 h=10⁶ α=.4", 1, 2, 100, 1, 10**6, 0.4),
    # fewest rows and a tiny δ: s is mostly √(2 log(2/δ)); h hardly above s²
    _design("D=m=1 h=47 δ=10⁻⁶", 1, 1, 1, 1, 47, 0.5, 1e-6, quick=False, draws=20000),
)
PRINTED_DESIGNS = (
    _design("D=61 ‖Y‖=200 h=2000", 1, 61, 1, 1, 2000, 0.5, 0.1, size=200.0),
    # h^(1−2α) = 251, so that C^(h^(2α−1)) is nearly 1; of s_p only √D matters
    _design("D=400 ‖Y‖=.1 h=10⁶ α=.3", 1, 400, 1, 1, 10**6, 0.3, 0.1, size=0.1, draws=400),
    _design("D=4 h=2^20 α=.5", 3, 4, 1, 2, 2**20, 0.5, 0.1),
    _design("D=6 m=2 h=4000 α=.4", 4, 6, 2, 3, 4000, 0.4, 0.1, condition=10, quick=False),
    # √(m + D) − ½ log(2/δ) < 0
    _design("D=2 h=10⁴ δ=.05", 1, 2, 1, 1, 10**4, 0.5, 0.05, quick=False),
    # ‖Θ̂‖ = 100 h^(1−2α): too much for what is left of C when its exponent shrinks
    _few("D=400 ‖Θ̂‖=100 h=10⁶", 1, 400, 1, 1, 10**6, 0.5, size=100.0),
    # h^(1−2α) = ¼ and ‖Y‖ ≈ 0: C^(h^(2α−1)) is e⁴
    _few("D=400 ‖Θ̂‖=.001 h=10⁶ α=.55", 1, 400, 1, 1, 10**6, 0.55, size=1e-3),
    # √λ₁‖Y‖/λ_r = 100 with tiny and with huge factors, none of which may have another power
    _few("D=400 ‖Θ̂‖=100 λ=10⁻¹² h=10⁶", 1, 400, 1, 1, 10**6, 0.5, size=1e-4, scale=1e-6),
    _few("D=400 ‖Θ̂‖=100 λ=10¹² h=10⁶", 1, 400, 1, 1, 10**6, 0.5, size=1e8, scale=1e6),
    # Y along the smaller of two singular values: ‖Θ̂‖ = 100 h^(1−2α) is due to λ_r alone
    _few("D=400 ‖Θ̂‖=1581 h=10⁶ α=.4 cond 10⁵", 2, 400, 1, 2, 10**6, 0.4, size=5.0, condition=1e5, lowest=True),
)
ROUTE_DESIGNS = (
    _design("D=5 m=1 h=400 α=.5", 3, 5, 1, 2, 400, 0.5, 0.1),
    _design("D=5 m=1 h=4000 α=.45", 3, 5, 1, 2, 4000, 0.45, 0.1),
    # two outputs, three unequal singular values: norms of Y, λ₁ and λ_r, min(m, r) and 1 differ
    _design("D=6 m=2 h=10⁸ α=.4 cond 10", 4, 6, 2, 3, 10**8, 0.4, 0.1, condition=10, quick=False),
    # h^(1−2α) = 251, so that the exponentials are nearly 1: m + r = D − r large, then of D + m only D, or only m
    _few("D=82 m=80 h=10¹² α=.4", 1, 82, 80, 1, 10**12, 0.4),
    _few("D=100 m=1 h=10¹² α=.4", 1, 100, 1, 1, 10**12, 0.4),
    _few("D=2 m=60 h=10¹² α=.4", 1, 2, 60, 1, 10**12, 0.4),
    # the same with few rows and a tiny δ: s is mostly √(2 log(2/δ))
    _design("D=2 m=1 h=10¹² α=.4 δ=10⁻⁷", 1, 2, 1, 1, 10**12, 0.4, 1e-7, quick=False, draws=10000),
    # h^(1−2α) = 1 and ‖Y‖ ≈ 0: C is e; then h hardly above 4s²: the drive of U₁Vᵀ alone
    _few("D=40 m=42 ‖Θ̂‖=.001 h=10¹²", 1, 40, 42, 1, 10**12, 0.5, size=1e-3),
    _few("D=42 m=40 ‖Θ̂‖=.001 h=460", 1, 42, 40, 1, 460, 0.5, size=1e-3),
    # ‖Θ̂‖ = 100 h^(1−2α) and h large: the drive of Y alone, for λ = 1, tiny and huge
    _few("D=200 ‖Θ̂‖=100 h=10⁸", 1, 200, 1, 1, 10**8, 0.5, size=100.0),
    _few("D=200 ‖Θ̂‖=100 λ=10⁻¹² h=10⁸", 1, 200, 1, 1, 10**8, 0.5, size=1e-4, scale=1e-6),
    _few("D=200 ‖Θ̂‖=100 λ=10¹² h=10⁸", 1, 200, 1, 1, 10**8, 0.5, size=1e8, scale=1e6),
    # h hardly above s², s large: 1 − s²/√h and 1 − s/h^¼ are far below −1
    _few("D=700 ‖Θ̂‖=18 h=850", 1, 700, 1, 1, 850, 0.5, size=18.0),
    # Y along the smaller of two singular values: ‖Θ̂‖ is due to λ_r alone
    _few("D=200 ‖Θ̂‖=100 h=10¹⁶ cond 10⁵", 2, 200, 1, 2, 10**16, 0.5, size=10**-0.5, condition=1e5, lowest=True),
)
STRONG_DESIGNS = (
    _design("D=8 m=1 h=8 α=.5", 3, 8, 1, 2, 8, 0.5, 0.1),
    _design("D=8 m=2 h=100 α=.3 cond 50", 5, 8, 2, 3, 100, 0.3, 0.1, condition=50.0),
    _design("D=30 m=1 h=400 α=.8", 5, 30, 1, 3, 400, 0.8, 0.05),
    # D − r ≫ m large and all singular values of V∞ equal: nearly tight; h^(1−2α) = 6·10⁴ ≫ ‖Θ̂‖
    _few("D=1000 m=80 h=10¹² α=.3", 1, 1000, 80, 1, 10**12, 0.3),
    # h^(1−2α) = .00025, far above ‖Θ̂‖, then far below
    _few("D=2000 ‖Θ̂‖=10⁻⁶ h=10⁶ α=.8", 1, 2000, 1, 1, 10**6, 0.8, size=1e-6),
    _few("D=2000 ‖Θ̂‖=.1 h=10⁶ α=.8", 1, 2000, 1, 1, 10**6, 0.8, size=0.1),
    # h^(1−2α) = 1 ≪ ‖Θ̂‖; then ‖Θ̂‖ on either side of ½, where the squares under the inner root are equal
    _few("D=2000 ‖Θ̂‖=100 h=10⁶", 1, 2000, 1, 1, 10**6, 0.5, size=100.0),
    _few("D=2000 ‖Θ̂‖=.55 h=10⁶", 1, 2000, 1, 1, 10**6, 0.5, size=0.55),
    _few("D=2000 ‖Θ̂‖=.45 h=10⁶", 1, 2000, 1, 1, 10**6, 0.5, size=0.45),
    # r large: D = 2r, then D = r² + 1
    _few("D=40 r=20 h=10⁶", 20, 40, 1, 20, 10**6, 0.5),
    _few("D=37 r=6 h=10⁶", 6, 37, 1, 6, 10**6, 0.5),
    # a small δ: √(2 log(2/δ)) matters beside √(D − r) + √m; then, at h = m + r = 2, beside √h + √m
    _design("D=400 h=10⁶ δ=.001", 1, 400, 1, 1, 10**6, 0.5, 1e-3, size=1e-3, quick=False, draws=400),
    _design("D=2000 h=2 δ=.001", 1, 2000, 1, 1, 2, 0.5, 1e-3, size=1e-3, quick=False),
    # m near h, and D so large that ‖U₂V∞ᵀ‖ is nearly √D‖V∞‖: √m matters beside √h
    _few("D=2000 m=100 h=200", 1, 2000, 100, 1, 200, 0.5, size=1e-3),
)
WIDE_DATA = _design("D=200 ‖Y‖=20 h=2", 1, 200, 1, 1, 2, 0.5, 0.1, size=20.0)
"""h far below s²: the bound's (1 − s/√h)² grows again there, and e^{1/(1 − s/√h)²} is too small."""
