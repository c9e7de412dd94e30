"""min2021: closed forms of the flow (oracles of the integrators) and metamorphic relations."""

from typing import Any

import sympy as sp

from ...claim import Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...decide import Implication
from ...proof import algebra, cited, lemma, polynomial
from .flow import FLOW
from .setting import derived, m, r, scalar, sizes, t, v2

x2, s = sp.Symbol("x_2", positive=True), sp.Symbol("s", real=True)
u_0, v_0, p_t, v_end2 = (sp.Symbol(name, real=True) for name in ("u_0", "v_0", "p_t", "v_end2"))
d, w_0, sign = (sp.Symbol(name, real=True) for name in ("d", "w_0", "varsigma"))
speed, ell_0 = scalar("speed"), scalar("ell_0")
omega, T = sp.Symbol("omega", nonnegative=True), sp.Symbol("T_omega", nonnegative=True)
w_t, q_t = sp.Symbol("w_t", real=True), sp.Symbol("q_t", real=True)
lam = sp.Symbol("lambda", real=True)
Q, Q_dot = sp.MatrixSymbol("Q", r + m, r + m), sp.MatrixSymbol("Q_dot", r + m, r + m)
F = sp.MatrixSymbol("F", r + m, r + m)
S = sp.MatrixSymbol("S", r + m, r + m)
K_sign = sp.MatrixSymbol("K", r + m, r + m)
M_t, M_closed = sp.MatrixSymbol("M_t", r, m), sp.MatrixSymbol("M_closed", r, m)


def _moebius(gain):
    """w(t) = N/M with (N, M) = e^{tK}(w₀, 1), divided by cosh(ωt); `gain` = tanh(ωt)/ω."""
    a = sp.Abs(d)
    return (w_0 + gain * x2 * (s - a * w_0 / 2)) / (1 + gain * x2 * (s * w_0 + a / 2))


def _omega(rate):
    return rate * sp.sqrt(d**2 + 4 * s**2) / 2


BALANCED_MODE: Any = sp.Eq(d, 0) & sp.Ne(s, 0)  # type: ignore[operator]
ORACLE_SETTING = (
    *[q for q in sizes() if q.name in ("m", "r")],
    Quantity(t, "time of the gradient flow"),
    Quantity(x2, "eigenvalue of XᵀX of this mode", latex="x^2", unicode="x²"),
    Quantity(s, "target of this mode, y/x", unit="same as u·v"),
    Quantity(u_0, "first-layer weight of this mode at the start", latex="u_0", unicode="u₀"),
    Quantity(v_0, "second-layer weight of this mode at the start", latex="v_0", unicode="v₀"),
    Quantity(d, "imbalance u₀² − v₀²", u_0**2 - v_0**2),
    Quantity(
        w_0,
        "smaller over larger weight: v₀/u₀ if d > 0, u₀/v₀ if d < 0",
        sp.Piecewise((v_0 / u_0, d > 0), (u_0 / v_0, True)),
        latex="w_0",
        unicode="w₀",
    ),
    Quantity(omega, "½x²√(d² + 4s²)", _omega(x2), latex=r"\omega", unicode="ω"),
    Quantity(T, "tanh(ωt)/ω", sp.tanh(omega * t) / omega, latex=r"T_\omega", unicode="T_ω"),
    Quantity(w_t, "ratio of the weights at time t", _moebius(T), latex="w(t)", unicode="w(t)"),
    Quantity(sign, "sign of u₀v₀", sp.sign(u_0 * v_0), latex=r"\varsigma", unicode="ς"),
    Quantity(
        q_t,
        "u² of the balanced mode at time t",
        sign * s * u_0**2 / (u_0**2 + (sign * s - u_0**2) * sp.exp(-2 * x2 * sign * s * t)),
        latex="q(t)",
        unicode="q(t)",
    ),
    Quantity(p_t, "product u·v of this mode at time t", latex="u(t)v(t)", unicode="u(t)v(t)", measured=True),
    Quantity(v_end2, "v² at the end", latex=r"v_\infty^2", unicode="v∞²", measured=True),
    Quantity(speed, "−dℓ/dt at the start", latex=r"-\mathrm{d}\ell/\mathrm{d}t", unicode="−dℓ/dt", measured=True),
    Quantity(ell_0, "excess loss at the start", x2 * (s - u_0 * v_0) ** 2 / 2, latex=r"\ell(0)", unicode="ℓ(0)"),
    Quantity(lam, "level of the imbalance Λ = λI", latex=r"\lambda", unicode="λ"),
    Quantity(Q, "[U₁; V][U₁; V]ᵀ at the start"),
    Quantity(
        Q_dot,
        "time derivative of [U₁; V][U₁; V]ᵀ at the start",
        latex=r"\mathrm{d}Q/\mathrm{d}t",
        unicode="dQ/dt",
        measured=True,
    ),
    Quantity(S, "[[0, Ỹ], [Ỹᵀ, 0]]"),
    Quantity(K_sign, "diag(I, −I)", latex="K"),
    Quantity(F, "[[λ/2 I, Ỹ], [Ỹᵀ, −λ/2 I]]", S + lam / 2 * K_sign),
    Quantity(M_t, "U₁Vᵀ at time t, trained", latex=r"U_1V^\top(t)", unicode="U₁Vᵀ(t)", measured=True),
    Quantity(
        M_closed,
        "block of B(I + ∫BᵀB)⁻¹Bᵀ, B = e^{Ft}[U₁; V](0), that belongs to U₁Vᵀ",
        latex=r"[B(I+\int B^\top B)^{-1}B^\top]_{12}",
        unicode="[B(I+∫BᵀB)⁻¹Bᵀ]₁₂",
        measured=True,
    ),
)


def _riccati_scalar():
    # w = v/u with u̇ = x²(s − uv)v, v̇ = x²(s − uv)u, d = u² − v²
    u, v, x, y = sp.symbols("u v x s", positive=True)
    du, dv = x * (y - u * v) * v, x * (y - u * v) * u
    w = v / u
    return [(sp.simplify((dv * u - v * du) / u**2 - x * (y * (1 - w**2) - (u**2 - v**2) * w)), sp.Integer(0))]


def _moebius_solves():
    # N′ = x²(−d/2 N + s M), M′ = x²(s N + d/2 M) gives w = N/M with w′ = x²(s(1−w²) − d w)
    N, M, x, y, dd = sp.symbols("N M x s d")
    dN, dM = x * (-dd / 2 * N + y * M), x * (y * N + dd / 2 * M)
    w = N / M
    return [(sp.together((dN * M - N * dM) / M**2 - x * (y * (1 - w**2) - dd * w)), sp.Integer(0))]


def _riccati_matrix():
    # whitened, UᵀU − VᵀV = λI: QFQ-form of d/dt of the blocks
    U, Ut, V, Vt, Y, Yt = sp.symbols("U U' V V' Y Y'", commutative=False)
    E, Et = Y - U * Vt, Yt - V * Ut
    dU, dV, dUt, dVt = E * V, Et * U, Vt * Et, Ut * E
    dQ = sp.Matrix([[dU * Ut + U * dUt, dU * Vt + U * dVt], [dV * Ut + V * dUt, dV * Vt + V * dVt]])
    Qm = sp.Matrix([[U * Ut, U * Vt], [V * Ut, V * Vt]])
    Z: list[Any] = [U, V]
    half = (Ut * U - Vt * V) / 2  # = λ/2 on the right of Z and on the left of Zᵀ
    tilt = sp.Matrix([[Z[0] * half * Ut, Z[0] * half * Vt], [-Z[1] * half * Ut, -Z[1] * half * Vt]])
    tilt_t = sp.Matrix([[U * half * Ut, -U * half * Vt], [V * half * Ut, -V * half * Vt]])
    Sm = sp.Matrix([[0, Y], [Yt, 0]])
    right = Sm * Qm + Qm * Sm + tilt + tilt_t - Qm * Qm
    return [(dQ, right)]


def _balanced():
    q0, sp_, x, tt = sp.symbols("q_0 s x t", positive=True)
    sol = sp_ * q0 / (q0 + (sp_ - q0) * sp.exp(-2 * x * sp_ * tt))
    return [(sp.simplify(sp.diff(sol, tt) - 2 * x * (sp_ - sol) * sol), sp.Integer(0))]


def _instant_rate():
    u, v, x, y = sp.symbols("u v x s", real=True)
    loss = x * (y - u * v) ** 2 / 2
    descent = sp.diff(loss, u) ** 2 + sp.diff(loss, v) ** 2
    return [(descent, 2 * x * (u**2 + v**2) * loss), ((u**2 + v**2) ** 2, (u**2 - v**2) ** 2 + 4 * u**2 * v**2)]


def _limit_of_mode():
    u, v, dd, y = sp.symbols("u v d s", real=True)
    root = sp.Symbol("root", nonnegative=True)
    ends = [sp.Eq(u**2 - v**2, dd), sp.Eq(u * v, y), sp.Eq(root**2, dd**2 + 4 * y**2)]
    return [Implication(sp.Eq(v**2, (root - dd) / 2), ends)]


oracles = Claim(
    id="min2021.oracles",
    title="closed forms to test integrators against",
    kind=Kind.IDENTITY,
    setting=ORACLE_SETTING,
    parts=(
        Part("instant", sp.Eq(speed, 2 * x2 * sp.sqrt(d**2 + 4 * u_0**2 * v_0**2) * ell_0)),
        Part("scalar", sp.Eq(p_t, w_t * sp.Abs(d) / (1 - w_t**2)), Quantifier.ALONG, when=sp.Ne(d, 0)),
        Part("balanced", sp.Eq(p_t, sign * q_t), Quantifier.ALONG, when=BALANCED_MODE),
        Part("limit", sp.Eq(v_end2, (-d + sp.sqrt(d**2 + 4 * s**2)) / 2), Quantifier.END, when=sp.Ne(d, 0)),
        Part("riccati", sp.Eq(Q_dot, F * Q + Q * F - Q * Q)),
        Part("whitened", sp.Eq(M_t, M_closed), Quantifier.ALONG),
    ),
    assumptions=FLOW,
    source=v2("Sec. 3.1 (rate of the scalar case); the solutions are derived here"),
    proof=(
        algebra("w = v/u obeys dw/dt = x²(s(1 − w²) − dw)", _riccati_scalar),
        algebra("(N, M) = e^{tK}(w₀, 1), w = N/M solves it", _moebius_solves),
        algebra("the balanced mode is logistic", _balanced),
        algebra("Q obeys dQ/dt = FQ + QF − Q² when Σ_x = I, Λ = λI", _riccati_matrix),
        algebra("−dℓ/dt = 2x²(u² + v²)ℓ and (u² + v²)² = (u² − v²)² + 4u²v²", _instant_rate),
        polynomial("u² − v² = d and uv = s at the end give v² = ½(−d + √(d² + 4s²))", _limit_of_mode),
        cited("the Riccati equation is solved by B(I + ∫BᵀB)⁻¹Bᵀ"),
    ),
    mutants=(
        Mutant(
            "x-for-x2",
            "x in place of x² in K",
            definitions={w_t: _moebius(T / sp.sqrt(x2)), omega: _omega(sp.sqrt(x2))},
        ),
        Mutant("lambda-F", "λ in place of λ/2 in F", definitions={F: S + lam * K_sign}),
    ),
    notes=("The mode formulas hold for each mode of an aligned (spectral) initialisation, any conditioning.",),
)

# ---- metamorphic relations
ell_t, ell_rotated, ell_scaled, ell_data, ell_isometry = (
    scalar(x) for x in ("ell_t", "ell_rotated", "ell_scaled", "ell_data", "ell_isometry")
)
a, b = sp.Symbol("a", positive=True), sp.Symbol("b", positive=True)
SYMMETRY_SETTING = (
    Quantity(t, "time of the gradient flow"),
    Quantity(a, "factor on the weights"),
    Quantity(b, "factor on the data"),
    Quantity(ell_t, "excess loss of the network at time t", latex=r"\ell(t)", unicode="ℓ(t)", measured=True),
    Quantity(
        ell_rotated,
        "excess loss at time t from (UO, VO), O orthogonal",
        latex=r"\ell_O(t)",
        unicode="ℓ_O(t)",
        measured=True,
    ),
    Quantity(
        ell_scaled,
        "excess loss at time t/a² from (aU, aV, a²Y)",
        latex=r"\ell_a(t/a^2)",
        unicode="ℓ_a(t/a²)",
        measured=True,
    ),
    Quantity(
        ell_data,
        "excess loss at time t/b² on (bX, bY)",
        latex=r"\ell_b(t/b^2)",
        unicode="ℓ_b(t/b²)",
        measured=True,
    ),
    Quantity(
        ell_isometry,
        "excess loss at time t on (RX, RY), RᵀR = I",
        latex=r"\ell_R(t)",
        unicode="ℓ_R(t)",
        measured=True,
    ),
)


def _invariances():
    # residual, dU/dt and dV/dt of the altered network against those of the network
    X, Xt, Y, Yt, U, Ut, V, Vt = sp.symbols("X X' Y Y' U U' V V'", commutative=False)
    O, Ot, R, Rt = sp.symbols("O O' R R'", commutative=False)
    p, g = sp.symbols("a b", positive=True)
    plain = _field(X, Xt, Y, Yt, U, Ut, V, Vt)
    scaled = _field(X, Xt, p**2 * Y, p**2 * Yt, p * U, p * Ut, p * V, p * Vt)
    data = _field(g * X, g * Xt, g * Y, g * Yt, U, Ut, V, Vt)
    rotated = [e.subs(O * Ot, 1) for e in _field(X, Xt, Y, Yt, U * O, Ot * Ut, V * O, Ot * Vt)]
    isometric = [e.subs(Rt * R, 1) for e in _field(R * X, Xt * Rt, R * Y, Yt * Rt, U, Ut, V, Vt)]
    laws = (
        (scaled, (p**4, p**3, p**3)),
        (data, (g**2, g**2, g**2)),
        (rotated, (1, O, O)),
        (isometric, (1, 1, 1)),
    )
    return [(new, old * by) for field, factors in laws for new, old, by in zip(field, plain, factors, strict=True)]


def _field(X, Xt, Y, Yt, U, Ut, V, Vt):
    """Square of the residual, whose trace is 2L; dU/dt; dV/dt: expanded words."""
    rest, rest_t = Y - X * U * Vt, Yt - V * Ut * Xt
    return [sp.expand(e) for e in (rest_t * rest, Xt * rest * V, rest_t * X * U)]


symmetry = Claim(
    id="min2021.symmetry",
    title="metamorphic relations of the flow",
    kind=Kind.IDENTITY,
    setting=SYMMETRY_SETTING,
    parts=(
        Part("rotation", sp.Eq(ell_rotated, ell_t), Quantifier.ALONG),
        Part("scale", sp.Eq(ell_scaled, a**4 * ell_t), Quantifier.ALONG),
        Part("data", sp.Eq(ell_data, b**2 * ell_t), Quantifier.ALONG),
        Part("isometry", sp.Eq(ell_isometry, ell_t), Quantifier.ALONG),
    ),
    assumptions=FLOW,
    source=derived("symmetry"),
    proof=(
        algebra("loss and velocity of the altered network: a⁴ and a³, b² and b², and unchanged up to O", _invariances),
        lemma(
            "uniqueness of solutions", "equal velocities from equal starts give equal trajectories in the scaled time"
        ),
    ),
    mutants=(
        Mutant("scale-2", "a² for a⁴", {"scale": sp.Eq(ell_scaled, a**2 * ell_t)}),
        Mutant("data-4", "b⁴ for b²", {"data": sp.Eq(ell_data, b**4 * ell_t)}),
    ),
)

CLAIMS = (oracles, symmetry)
