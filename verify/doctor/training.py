"""Training: autograd, the exact reduced engine, three integrators, closed forms."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import torch
from scipy.integrate import quad
from torch import Tensor

from numerics import closed_forms, descent, flow, networks, parameters, reduced
from numerics.types import Params

from .check import EPS, Compared, ratio, together

norm = torch.linalg.matrix_norm
Integer = list[list[Fraction]]


def normal(*shape: int, seed: int) -> Tensor:
    """Standard normal entries, float64, from the seeded CPU generator."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def small(B: int = 4, n: int = 4, D: int = 3, m: int = 2, h: int = 6) -> tuple[Tensor, Tensor, Params]:
    """X, Y and weights U, V of B two-layer networks of full rank D."""
    weights = {"U": normal(B, D, h, seed=3) / 2, "V": normal(B, m, h, seed=4) / 2}
    return normal(B, n, D, seed=1) / n**0.5, normal(B, n, m, seed=2), weights


def grid(B: int, end: float) -> Tensor:
    """Six times up to `end`. (B, 6)"""
    return torch.logspace(-2, 0, 6, dtype=torch.float64).expand(B, 6) * end


# ---- gradients
def gradients() -> Compared:
    """∂L/∂U = −Xᵀ(Y − XUVᵀ)V and ∂L/∂V = −(Y − XUVᵀ)ᵀXU by hand in fractions; forward against reverse mode on a
    deep network. A sum of products of numbers, each rounded k times at most, is within k·2⁻⁵² of the same sum of
    absolute values."""
    X, Y, weights = small(B=1)
    slopes = parameters.gradient(networks.loss_of(networks.two_layer_linear, X, Y), weights)
    exact, bound = _by_hand(X[0], Y[0], weights["U"][0], weights["V"][0])
    operations = sum((*X.shape, *weights["V"].shape))
    parts = [ratio(slopes[k][0], exact[k], operations * EPS * bound[k]) for k in ("U", "V")]
    return Compared(together([*parts, _forward_and_reverse()]))


def _by_hand(X: Tensor, Y: Tensor, U: Tensor, V: Tensor) -> tuple[Params, Params]:
    """The gradient, rounded once, and the same sum of absolute values."""
    x, y, u, v = (_exact(A) for A in (X, Y, U, V))
    E = _minus(y, _times(_times(x, u), _turn(v)))
    slopes = {"U": _times(_turn(x), _times(E, v)), "V": _times(_turn(E), _times(x, u))}
    X, Y, U, V = (A.abs() for A in (X, Y, U, V))
    size = Y + X @ U @ V.mT
    exact = {k: -torch.tensor([[float(e) for e in row] for row in A], dtype=torch.float64) for k, A in slopes.items()}
    return exact, {"U": X.mT @ size @ V, "V": size.mT @ X @ U}


def _exact(A: Tensor) -> Integer:
    return [[Fraction(x) for x in row] for row in A.tolist()]


def _turn(A: Integer) -> Integer:
    return [list(column) for column in zip(*A, strict=True)]


def _times(A: Integer, B: Integer) -> Integer:
    return [[sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0)) for b in zip(*B, strict=True)] for a in A]


def _minus(A: Integer, B: Integer) -> Integer:
    return [[x - y for x, y in zip(a, b, strict=True)] for a, b in zip(A, B, strict=True)]


def _forward_and_reverse() -> Tensor:
    """⟨∇L, d⟩ by reverse mode against the derivative along d by forward mode."""
    sizes, B = (3, 4, 2, 3), 4
    layers = {f"W{k}": normal(B, a, b, seed=10 + k) for k, (a, b) in enumerate(pairwise(sizes), 1)}
    along = {k: normal(*w.shape, seed=20 + i) for i, (k, w) in enumerate(layers.items())}
    X, Y = normal(B, 5, 3, seed=30), normal(B, 5, 3, seed=31)
    loss = networks.loss_of(networks.deep_linear, X, Y)
    forward = torch.func.jvp(loss, (layers,), (along,))[1]
    slopes = parameters.gradient(loss, layers)
    reverse = sum(((slopes[k] * along[k]).sum((1, 2)) for k in layers), torch.zeros(B, dtype=torch.float64))
    positive, steps = ({k: w.abs() for k, w in p.items()} for p in (layers, along))
    change = torch.func.jvp(lambda p: networks.deep_linear(p, X.abs()), (positive,), (steps,))[1]
    size = ((Y.abs() + networks.deep_linear(positive, X.abs())) * change).sum((1, 2))
    return ratio(forward, reverse, 4 * sum(sizes) * EPS * size)


# ---- flows
def scalar_flow() -> Compared:
    """The scalar network trained by autograd, every sign of u² − v² and of y, against its closed form: the error
    estimate of the flow, and 64 roundings for the closed form, its exponent 2x²ρt among what is rounded."""
    u, v, y = normal(3, 12, seed=5).unbind()
    x = normal(12, seed=6).abs() + 0.3
    times = grid(12, 6.0)
    X, Y, weights = x[:, None, None], y[:, None, None], {"U": u[:, None, None], "V": v[:, None, None]}
    trained = flow.gradient_flow(networks.loss_of(networks.two_layer_linear, X, Y), weights, times, rtol=1e-10)
    exact = closed_forms.scalar_flow(u[:, None], v[:, None], x[:, None], y[:, None], times)
    rho = torch.hypot((u.square() - v.square()) / 2, y / x)
    rounding = 64 * EPS * (1 + x.square() * rho)[:, None] * (1 + times) * (u.abs() + v.abs() + (y / x).abs())[:, None]
    parts = [_done(trained.ok)]
    for name, value in zip("UV", exact, strict=True):
        parts.append(ratio(trained.values[name][..., 0, 0], value, trained.error[name] + rounding))
    return Compared(together(parts))


def whitened_flow() -> Compared:
    """Σ = I and U₁ᵀU₁ − VᵀV = λI, trained by autograd and by the reduced engine, against the matrix Riccati equation
    in closed form, which loses a factor e^{2‖F‖t} of its digits, ‖F‖ ≤ |λ|/2 + ‖Ỹ‖."""
    B, r, m = 6, 3, 2
    U1, V, target = normal(B, r, 1, seed=7), normal(B, m, 1, seed=8), normal(B, r, m, seed=9)
    X = torch.eye(r, dtype=torch.float64).expand(B, r, r)
    F = (norm(U1).square() - norm(V).square()).abs() / 2 + norm(target)
    times = torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64) / F[:, None]
    size = (norm(U1).square() + norm(V).square() + norm(target))[:, None]
    rounding = 64 * EPS * torch.exp(2 * F[:, None] * times) * (1 + 1 / times) * (1 + size).square()
    exact = torch.stack([closed_forms.whitened_flow(U1, V, target, t) for t in times.T], 1)
    problem = reduced.reduce(X, target, U1, V, r)
    narrow = flow.reduced_flow(problem, times, quadratures=False)
    product = narrow.problem.Phi1[:, None] @ narrow.U1 @ narrow.V.mT
    wide, error = _product(X, target, {"U": U1, "V": V}, times)
    parts = [_done(narrow.ok), ratio(norm(product - exact), torch.zeros_like(times), narrow.error + rounding)]
    return Compared(together([*parts, ratio(norm(wide - exact), torch.zeros_like(times), error + rounding)]))


def _product(X: Tensor, Y: Tensor, weights: Params, times: Tensor) -> tuple[Tensor, Tensor]:
    """UVᵀ along the flow by autograd, (B, T, D, m), and its error by those of the layers, (B, T)."""
    trained = flow.gradient_flow(networks.loss_of(networks.two_layer_linear, X, Y), weights, times, rtol=1e-10)
    U, V = trained.values["U"], trained.values["V"]
    errors = trained.error["U"], trained.error["V"]
    failed = torch.where(trained.ok, 0.0, torch.nan)[:, None]
    return U @ V.mT, errors[0] * norm(V) + errors[1] * norm(U) + errors[0] * errors[1] + failed


def reduced_flow() -> Compared:
    """The residual E(t) of whole networks trained by autograd against the reduced engine: both error estimates."""
    X, Y, weights = small()
    times, problem = grid(len(X), 8.0), reduced.reduce(X, Y, weights["U"], weights["V"], X.shape[2])
    narrow = flow.reduced_flow(problem, times, quadratures=False)
    wide, error = _product(X, Y, weights, times)
    E = problem.target[:, None] - problem.root[:, None, :, None] * (problem.Phi1[:, None].mT @ wide)
    allowed = narrow.error + problem.root[:, :1] * error
    return Compared(together([_done(narrow.ok), ratio(norm(E - narrow.residual), torch.zeros_like(times), allowed)]))


def integrators() -> Compared:
    """Every pair of explicit Runge–Kutta, Radau and Gauss–Legendre on one flow, mild and stiff: the sum of both error
    estimates of the residual, each made by runs of one integrator alone."""
    X, Y, weights = small(B=2)
    stretch = torch.tensor([1.0, 0.3, 0.1], dtype=torch.float64)
    parts: list[Tensor] = []
    for inputs, end in ((X, 8.0), (X * stretch, 20.0)):
        problem, times = reduced.reduce(inputs, Y, weights["U"], weights["V"], 3), grid(len(X), end)
        runs = [
            flow.reduced_flow(problem, times, engine=engine, quadratures=False)
            for engine in ("explicit", "radau", "gauss")
        ]
        parts += [_done(run.ok) for run in runs]
        for a, b in combinations(runs, 2):
            parts.append(ratio(norm(a.residual - b.residual), torch.zeros_like(a.error), a.error + b.error))
    return Compared(together(parts))


def path_integrals() -> Compared:
    """∫√λ₁‖E‖dt and the length of the path of a scalar network: the integrators' quadratures against scipy's of the
    closed form, within the sum of both error estimates."""
    u, v, x, y = (torch.tensor([a], dtype=torch.float64) for a in (0.9, -0.4, 1.2, 1.5))
    X, Y, U, V = (a[:, None, None] for a in (x, y, u, v))
    problem = reduced.reduce(X, Y, U, V, 1)
    times, parts = torch.tensor([[0.5, 3.0]], dtype=torch.float64), []

    def speeds(t: float) -> tuple[float, float]:
        a, b = closed_forms.scalar_flow(u, v, x, y, torch.tensor([t], dtype=torch.float64))
        drive = (x * (y - x * a * b)).abs()
        return float(drive), float(drive * torch.hypot(a, b))

    for engine in ("explicit", "radau", "gauss"):
        run = flow.reduced_flow(problem, times, engine=engine)
        found = torch.stack((run.integral[0], run.length[0]), 1)
        error = torch.stack((run.integral_error[0], run.length_error[0]), 1)
        for j, end in enumerate(times[0].tolist()):
            for k in range(2):
                value, own = quad(lambda t, k=k: speeds(t)[k], 0, end, epsabs=1e-12, epsrel=1e-12, limit=200)
                parts.append(ratio(found[j, k], torch.tensor(value, dtype=torch.float64), error[j, k] + own))
    return Compared(together(parts))


def _done(ok: Tensor) -> Tensor:
    """0 for an instance that was trained to the end, nan for one that was not."""
    return torch.where(ok, 0.0, torch.nan)


# ---- descent
STEPS = 25


def descents() -> Compared:
    """Gradient descent by autograd against the reduced recursion, and mini-batches of all samples against full
    batches. Each step rounds every weight by 2⁻⁵² times the width of its sums and the size of the weights; later steps
    multiply that by at most 1 + η(λ₁‖Z‖² + √λ₁‖E‖), a bound of their Lipschitz constant."""
    X, Y, weights = small()
    problem = reduced.reduce(X, Y, weights["U"], weights["V"], X.shape[2])
    step = 0.05 / (problem.root[:, 0].square() * (1 + problem.Z.square().sum((1, 2))))
    loss = networks.loss_of(networks.two_layer_linear, X, Y)
    wide = descent.gradient_descent(loss, weights, step=step, steps=STEPS, observe=lambda p: p)
    narrow = descent.reduced_descent(
        problem, step=step, steps=STEPS, observe=lambda p: {"U1": p.U1, "V": p.V, "E": p.residual, "Z": p.Z}
    )
    every = torch.arange(X.shape[1]).expand(STEPS, -1)
    batches = networks.minibatch_loss_of(networks.two_layer_linear, X, Y)
    whole = descent.sgd(batches, weights, every, step=step, observe=lambda p: p)
    allowed = _accumulated(problem, narrow.values, step, sum((*X.shape[1:], *weights["V"].shape[1:])))
    zero = torch.zeros_like(allowed)
    U1 = problem.Phi1[:, None].mT @ wide.values["U"]
    parts = [ratio(norm(U1 - narrow.values["U1"]), zero, allowed)]
    parts += [ratio(norm(wide.values["V"] - narrow.values["V"]), zero, allowed)]
    parts += [ratio(norm(wide.values[k] - whole.values[k]), zero, allowed) for k in ("U", "V")]
    return Compared(together(parts))


def _accumulated(problem: reduced.Reduced, seen: Params, step: Tensor, width: int) -> Tensor:
    """Bound of the rounding in the weights after each step, for two runs. (B, K)"""
    top, size = problem.root[:, :1], norm(seen["Z"])
    lipschitz = step[:, None] * (top.square() * size.square() + top * norm(seen["E"]))
    growth = torch.cumprod(1 + lipschitz, 1)
    each = width * EPS * (1 + lipschitz) * size
    return 2 * growth * torch.cumsum(each / growth, 1)
