"""Symbols of nakkiran2019's simplified model: a simple feature and noise, a linear network (dossier: "Setting").

Label y = ±1, true sign s = ±1 uniform, y = s with probability 1 − p; input x = (a s, ξ), ξ independent of (s, y).
f(x) = u a s + ⟨v, ξ⟩, ϑ = a u; F = sgn f, L = s. Training: n samples, inputs X = [a s, Ξ], loss ‖Xw − y‖²/(2n),
gradient descent w ← w − (η/n) Xᵀ(Xw − y) from w₀ = (ϑ₀/a, 0).
"""

from typing import Any

import sympy as sp

from ...claim import Assumption, Quantity
from ...words import FrobeniusNorm, InnerProduct

n, D = sp.symbols("n D", integer=True, positive=True)
t = sp.Symbol("t", integer=True, nonnegative=True)
a, b, sigma, eta = sp.symbols("a b sigma eta", positive=True)
p, p_hat = sp.symbols("p p_hat", nonnegative=True)
m, theta, theta_0 = sp.symbols("m theta theta_0", real=True)
s, y, v = (sp.MatrixSymbol(name, size, 1) for name, size in (("s", n), ("y", n), ("v", D)))
Xi, K = sp.MatrixSymbol("Xi", n, D), sp.MatrixSymbol("K", n, n)
q, err, train_err, rho = (sp.Symbol(x, nonnegative=True) for x in ("q", "err", "train_err", "rho"))
v_norm = sp.Symbol("v_norm", nonnegative=True)
mu, cmi, I_FY, I_LY, lost = sp.symbols("mu cmi I_FY I_LY lost", real=True)


def tail(x: Any) -> Any:
    """P(N(0, 1) > x)."""
    return sp.erfc(x / sp.sqrt(2)) / 2


def misfit(x: Any) -> Any:
    """c(ϑ) = 1 − 2mϑ + ϑ², such that ‖y − ϑs‖² = n c(ϑ)."""
    return 1 - 2 * m * x + x**2


SAMPLES = (
    Quantity(n, "training samples"),
    Quantity(D, "noise coordinates"),
    Quantity(a, "size of the simple feature"),
    Quantity(s, "true signs of the training samples"),
    Quantity(y, "their labels"),
    Quantity(m, "1 − 2p̂, p̂ the share of flipped training labels", InnerProduct(s, y) / n),
    Quantity(p_hat, "share of flipped training labels", (1 - m) / 2, latex=r"\hat p", unicode="p̂"),
    Quantity(theta_0, "a times the simple weight at the start", latex=r"\theta_0", unicode="ϑ₀"),
    Quantity(eta, "step size"),
)
BLOCK = (
    Quantity(sigma, "noise scale: ξ ~ N(0, (ς²/D) I)", latex=r"\varsigma", unicode="ς"),
    Quantity(Xi, "noise blocks of the training samples, one a row", latex=r"\Xi", unicode="Ξ"),
    Quantity(K, "ΞΞᵀ", Xi * Xi.T),
)
TRAINED = (
    Quantity(theta, "a times the trained simple weight", latex=r"\theta", unicode="ϑ", measured=True),
    Quantity(v, "trained noise weights", measured=True),
    Quantity(v_norm, "‖v‖", FrobeniusNorm(v), latex=r"\|v\|", unicode="‖v‖"),
    Quantity(
        train_err,
        "share of training samples with F ≠ y",
        latex=r"\hat P(F\neq y)",
        unicode="training error",
        measured=True,
    ),
)
TESTED = (
    Quantity(p, "probability of a flipped label", domain=sp.And(p >= 0, p < sp.Rational(1, 2))),
    Quantity(q, "P(F ≠ L) on a fresh input", measured=True),
    Quantity(err, "P(F ≠ Y) on a fresh input", latex=r"P(F\neq Y)", unicode="P(F≠Y)", measured=True),
    Quantity(mu, "I(F;Y) − I(F;Y|L)", latex=r"\mu_Y(F;L)", unicode="μ_Y(F;L)", measured=True),
    Quantity(cmi, "I(F;Y|L)", latex=r"I(F;Y\mid L)", unicode="I(F;Y|L)", measured=True),
    Quantity(I_FY, "I(F;Y)", latex="I(F;Y)", unicode="I(F;Y)", measured=True),
    Quantity(I_LY, "I(L;Y)", latex="I(L;Y)", unicode="I(L;Y)", measured=True),
    Quantity(lost, "I(L;Y) − μ_Y(F;L)", latex=r"I(L;Y)-\mu_Y(F;L)", unicode="I(L;Y)−μ", measured=True),
)
FLIPPED = Assumption("p < ½", sp.Lt(p, sp.Rational(1, 2)))
