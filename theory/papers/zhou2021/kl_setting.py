"""Symbols of the Kurdyka–Łojasiewicz claims: any loss f ≥ 0 with ‖∇f‖ ≥ κf^θ along its training."""

import sympy as sp

from ...claim import Assumption, Quantity
from .setting import t

theta, kappa = sp.symbols("theta kappa", positive=True)
theta_upper, K = sp.symbols("theta_upper K", positive=True)
f_0, f_t, grad_t = sp.symbols("f_0 f_t grad_t", nonnegative=True)
length_t, rest_t, dist_t, gap_t = sp.symbols("length_t rest_t dist_t gap_t", nonnegative=True)
k = sp.Symbol("k", integer=True, nonnegative=True)
eta, beta = sp.symbols("eta beta", positive=True)
f_k, f_k1, grad_k, length_k = sp.symbols("f_k f_k1 grad_k length_k", nonnegative=True)
c = sp.Symbol("c", nonnegative=True)

HALF = sp.Rational(1, 2)
START = Quantity(f_0, "loss at the start, above its infimum: L(w₀) − inf L")
INEQUALITY = (
    Quantity(theta, "exponent of the inequality ‖∇f‖ ≥ κf^θ", domain=sp.Le(theta, 1)),
    Quantity(kappa, "constant of the inequality ‖∇f‖ ≥ κf^θ"),
    START,
)
FLOW_STATE = (
    Quantity(t, "time of the gradient flow"),
    Quantity(f_t, "loss at time t, above its infimum", latex="f(t)", unicode="f(t)", measured=True),
    Quantity(grad_t, "norm of the gradient at time t", latex=r"\|\nabla f(t)\|", unicode="‖∇f(t)‖", measured=True),
)
FLOW_SETTING = (*INEQUALITY, *FLOW_STATE)
LENGTH_SETTING = (
    *FLOW_SETTING,
    Quantity(length_t, "length of the path up to time t", latex=r"\ell(0,t)", unicode="ℓ(0,t)", measured=True),
    Quantity(rest_t, "length of the path from time t on", latex=r"\ell(t,\infty)", unicode="ℓ(t,∞)", measured=True),
    Quantity(
        dist_t,
        "largest distance of a later point of the path from w(t)",
        latex=r"\max_{s\ge t}\|w(s)-w(t)\|",
        unicode="max‖w(s)−w(t)‖",
        measured=True,
    ),
    Quantity(
        gap_t,
        "distance of w(t) to the nearest minimum",
        latex=r"\mathrm{dist}(w(t),\arg\min f)",
        unicode="dist(w(t))",
        measured=True,
    ),
)
LOWER_SETTING = (
    Quantity(
        theta_upper,
        "exponent of the upper bound ‖∇f‖ ≤ Kf^θ′",
        latex=r"\theta'",
        unicode="θ′",
    ),
    Quantity(K, "constant of the upper bound ‖∇f‖ ≤ Kf^θ′"),
    START,
    *FLOW_STATE,
)
DESCENT_SETTING = (
    *INEQUALITY,
    Quantity(beta, "Lipschitz constant of ∇f where the steps are taken"),
    Quantity(eta, "step size"),
    Quantity(c, "share of f^{2θ} that one step takes away", eta * (1 - beta * eta / 2) * kappa**2),
    Quantity(k, "number of steps"),
    Quantity(f_k, "loss after k steps, above its infimum", measured=True),
    Quantity(f_k1, "loss after k + 1 steps", latex="f_{k+1}", unicode="f_k₊₁", measured=True),
    Quantity(grad_k, "norm of the gradient after k steps", latex=r"\|\nabla f_k\|", unicode="‖∇f_k‖", measured=True),
    Quantity(
        length_k,
        "length of the first k steps",
        latex=r"\sum_{j<k}\|w_{j+1}-w_j\|",
        unicode="Σ‖w_j₊₁−w_j‖",
        measured=True,
    ),
)

STEEP = "‖∇f‖ ≥ κf^θ along the path (Łojasiewicz inequality)"
BY_FLOW = Assumption("gradient flow, dw/dt = −∇f(w)", dropped="descent")
STEEP_FLOW = Assumption(STEEP, sp.Ge(grad_t, kappa * f_t**theta), dropped="flat")
GENTLE_FLOW = Assumption("‖∇f‖ ≤ Kf^θ′ along the path", sp.Le(grad_t, K * f_t**theta_upper), dropped="steep")
STEEP_STEPS = Assumption(STEEP, sp.Ge(grad_k, kappa * f_k**theta), dropped="flat")
SMALL_STEP = Assumption("η < 2/β", sp.Lt(beta * eta, 2), dropped="large-step")
SMOOTH = Assumption("∇f is β-Lipschitz on the segments between the steps", dropped="rough")
