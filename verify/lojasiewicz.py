"""What ‖∇f‖ ≥ κf^θ says about your own training: bounds on the loss, time or steps to a loss, length of the path.

    >>> round(float(flow_loss(0.1, kappa=0.5, theta=0.75, t=100.0)), 6)
    0.004077
    >>> round(flow_time(0.1, kappa=0.5, theta=0.75, eps=1e-6))
    7975
    >>> flow_length(0.1, kappa=0.5, theta=1.0)
    inf

f is the loss above its infimum, L − inf L; the inequality has to hold along the whole path. κ and θ are known for some
losses; else `lower_envelope` reads them off recorded pairs (f, ‖∇f‖), which is an estimate on those points, no proof.
Every formula is that of the claims zhou2021.kl-flow, kl-length and kl-gd, compiled from their statements.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory import get_claim
from theory.evaluate import Program, compile

from .errors import UsageError

NEAR_HALF = 2.0**-10
"""|2θ − 1| from which float64 keeps ten digits of the powers; nearer to θ = ½ they are evaluated at DIGITS digits."""
DIGITS = 60
SLIGHTLY = 1e-12
"""A loss this far below 0, relative to the start, is rounding: ½x² with η = 1/β is 0 after one step."""
FLOW, LENGTH, DESCENT = (f"zhou2021.kl-{name}" for name in ("flow", "length", "gd"))

Values = dict[str, Any]


# ---- bounds
def flow_loss(f_0: float, kappa: float, theta: float, t: ArrayLike) -> NDArray[np.float64]:
    """Upper bound of f(t) under gradient flow dw/dt = −∇f(w), at each of the times t ≥ 0 (any shape).

    Raises `UsageError` for values that make no sense, here and in all functions of this module.
    """
    values = _inequality(f_0, kappa, theta) | {"t": _nonnegative("t", t)}
    return _first(FLOW, ("exponential", "power", "extinct"), values)


def flow_time(f_0: float, kappa: float, theta: float, eps: float) -> float:
    """The time from which on f(t) ≤ eps under gradient flow; ∞ for eps = 0, unless θ < ½."""
    values = _inequality(f_0, kappa, theta) | {"f_t": _one("eps", eps)}
    return _latest(FLOW, "t", values, values["f_t"])


def flow_length(f_0: float, kappa: float, theta: float, f_end: ArrayLike = 0.0) -> float | NDArray[np.float64]:
    """Upper bound of the length of the flow's path until the loss is f_end (0: of the whole path; ∞ if θ = 1).

    From f_0 = f(t) it bounds ‖w(t) − lim w‖ for θ < 1.
    """
    values = _inequality(f_0, kappa, theta) | {"f_t": _end(f_end, f_0)}
    return _plain(_first(LENGTH, ("travelled", "logarithm"), values))


def descent_loss(f_0: float, kappa: float, theta: float, k: ArrayLike, *, eta: float, beta: float) -> NDArray[Any]:
    """Upper bound of f after each of k ≥ 0 steps of size eta < 2/beta, ∇f being beta-Lipschitz; for θ ≥ ½."""
    values = _steps(f_0, kappa, theta, eta, beta) | {"k": _nonnegative("k", k)}
    return _first(DESCENT, ("linear", "power"), values)


def descent_steps(f_0: float, kappa: float, theta: float, eps: float, *, eta: float, beta: float) -> float:
    """The number of steps from which on f_k ≤ eps (a whole number, or ∞ for eps = 0); for θ ≥ ½."""
    values = _steps(f_0, kappa, theta, eta, beta) | {"f_k": _one("eps", eps)}
    found = _latest(DESCENT, "k", values, values["f_k"])
    return max(1.0, np.ceil(found)) if values["f_k"] < values["f_0"] else 0.0


def descent_length(
    f_0: float, kappa: float, theta: float, f_end: ArrayLike = 0.0, *, eta: float, beta: float
) -> float | NDArray[np.float64]:
    """Upper bound of Σ‖w_{k+1} − w_k‖ until the loss is f_end (0: over all steps; ∞ if θ = 1); for θ ≥ ½."""
    values = _steps(f_0, kappa, theta, eta, beta) | {"f_k": _end(f_end, f_0)}
    return _plain(_first(DESCENT, ("length", "logarithm"), values))


# ---- κ and θ from recorded points
@dataclass(frozen=True)
class Envelope:
    """‖∇f‖ ≥ κf^θ on recorded points, with equality at those of index `touching`.

    It says nothing between these points, beyond them (`lowest` to `highest` loss), or about another run.
    """

    kappa: float
    theta: float
    points: int
    lowest: float
    highest: float
    touching: tuple[int, ...]

    def __str__(self) -> str:
        return (
            f"κ = {self.kappa:.6g}, θ = {self.theta:.6g}: lower envelope of {self.points} recorded points with f from "
            f"{self.lowest:.3g} to {self.highest:.3g}; an estimate on these points, not a proof"
        )


def lower_envelope(losses: ArrayLike, slopes: ArrayLike, *, theta: float | None = None) -> Envelope:
    """κ and θ with ‖∇f‖ ≥ κf^θ on all recorded pairs: an estimate on those points, not a proof.

    losses, slopes: f = L − inf L and ‖∇f‖, of one length. Given theta, κ is the smallest ‖∇f‖/f^θ. Without, θ in (0, 1]
    is that of the line below all points (log f, log‖∇f‖) which is highest at the middle of the recorded decades. Points
    with f = 0 say nothing and are left out.
    """
    f, g = _recorded(losses, slopes)
    x, y = np.log(f), np.log(g)
    if theta is None:
        theta = _supporting_slope(x, y)
    log_kappa = float((y - _exponent(theta) * x).min())
    gaps = y - theta * x - log_kappa
    touching = tuple(int(i) for i in np.flatnonzero(gaps <= 1e-9 * (1 + np.abs(y) + np.abs(x))))
    return Envelope(math.exp(log_kappa), float(theta), len(f), float(f.min()), float(f.max()), touching)


def _recorded(losses: ArrayLike, slopes: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The pairs that say something."""
    f, g = (np.asarray(a, dtype=np.float64).ravel() for a in (losses, slopes))
    if f.shape != g.shape:
        raise UsageError(f"losses has {f.size} entries and slopes {g.size}: expected one slope for each loss")
    for name, array in (("losses", f), ("slopes", g)):
        bad = np.flatnonzero(~np.isfinite(array) | (array < 0))
        if bad.size:
            raise UsageError(f"{name}[{bad[0]}] = {array[bad[0]]}: expected finite numbers ≥ 0 (f is L − inf L)")
    f, g = f[f > 0], g[f > 0]
    if not f.size:
        raise UsageError("losses has no entry above 0: record at least one pair (f, ‖∇f‖) with f > 0")
    if not g.all():
        raise UsageError(f"slopes is 0 where f = {f[g == 0][0]:.6g}: ‖∇f‖ ≥ κf^θ holds there for no κ > 0")
    return f, g


def _supporting_slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Slope in (0, 1] of the line below all points that is highest at the middle of their range."""
    if np.ptp(x) == 0:
        raise UsageError("all recorded losses are equal, which shows no exponent: give theta, or record more")
    middle = (x.min() + x.max()) / 2
    hull = _lower_hull(x, y)
    right = next(i for i, point in enumerate(hull) if point[0] >= middle and i > 0)
    (x_0, y_0), (x_1, y_1) = hull[right - 1], hull[right]
    slope = (y_1 - y_0) / (x_1 - x_0)
    if slope <= 0:
        raise UsageError("‖∇f‖ does not fall with f on the recorded points, which shows no exponent: give theta")
    return min(slope, 1.0)


def _lower_hull(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Corners of the lower convex hull from left to right, one a value of x."""
    order = np.lexsort((y, x))
    hull: list[tuple[float, float]] = []
    for a, b in zip(x[order].tolist(), y[order].tolist(), strict=True):
        if hull and hull[-1][0] == a:
            continue
        while len(hull) > 1 and _above(hull[-2], hull[-1], (a, b)):
            hull.pop()
        hull.append((a, b))
    return hull


def _above(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> bool:
    """Whether q lies on or above the line from p to r."""
    return (q[1] - p[1]) * (r[0] - p[0]) >= (r[1] - p[1]) * (q[0] - p[0])


# ---- the claims' own expressions
def _first(claim_id: str, parts: Sequence[str], values: Values) -> NDArray[np.float64]:
    """The right side of the first of these parts that applies, entry by entry; 0 where training starts at f₀ = 0."""
    shape = np.broadcast_shapes(*(np.shape(v) for v in values.values()))
    bound = np.full(shape, np.nan)
    for name in parts if values["f_0"] > 0 else ():
        applies, right = _evaluated(claim_id, name, "", values)
        bound = np.where(np.isnan(bound) & applies, right, bound)
    return bound if values["f_0"] > 0 else np.zeros(shape)


def _latest(claim_id: str, clock: str, values: Values, eps: float) -> float:
    """The part that applies at the start, solved for the clock, at least 0."""
    if eps >= values["f_0"]:
        return 0.0
    if eps == 0 and values["theta"] >= 0.5:
        return math.inf
    start = values | {clock: np.float64(0.0)}
    for name in ("exponential", "power") if clock == "t" else ("linear", "power"):
        applies, when = _evaluated(claim_id, name, clock, start)
        if applies:
            return max(0.0, float(when))
    raise UsageError(f"theta={values['theta']}: {claim_id} says nothing here")


def _evaluated(claim_id: str, part: str, solved_for: str, values: Values) -> tuple[Any, Any]:
    """Whether the part applies, and its right side or its solution, by float64 or, near θ = ½, in many digits."""
    near_half = 0 < abs(2 * values["theta"] - 1) < NEAR_HALF
    program = _program(claim_id, part, solved_for, "mpmath" if near_half else "numpy")
    arrays = {n: np.asarray(values[n], dtype=np.float64) for n in program.inputs}
    if not near_half:
        return tuple(program(arrays))  # pyright: ignore[reportReturnType]
    with mpmath.workdps(DIGITS):
        grids = np.broadcast_arrays(*arrays.values())
        places = zip(*(grid.ravel().tolist() for grid in grids), strict=True)
        rows = [program({n: mpmath.mpf(v) for n, v in zip(arrays, place, strict=True)}) for place in places]
        applies = np.array([bool(row[0]) for row in rows]).reshape(grids[0].shape)
        return applies, np.array([float(row[1]) for row in rows]).reshape(grids[0].shape)


@cache
def _program(claim_id: str, part: str, solved_for: str, backend: Literal["numpy", "mpmath"]) -> Program:
    """Condition and right side of a part; or its condition, and the part read as an equation and solved."""
    claim = get_claim(claim_id)
    stated = claim.part(part)
    right = stated.relation.rhs
    if solved_for:
        symbol = next(q.symbol for q in claim.setting if q.name == solved_for)
        (right,) = sp.solve(sp.Eq(stated.relation.lhs, right), symbol)
    return compile([stated.when, right], definitions=claim.definitions, backend=backend)


# ---- what a user gives
def _inequality(f_0: float, kappa: float, theta: float) -> Values:
    values = {"f_0": _one("f_0", f_0), "kappa": _one("kappa", kappa), "theta": _exponent(theta)}
    if values["kappa"] == 0:
        raise UsageError("kappa=0: expected a positive number")
    return values


def _steps(f_0: float, kappa: float, theta: float, eta: float, beta: float) -> Values:
    values = _inequality(f_0, kappa, theta) | {"eta": _one("eta", eta), "beta": _one("beta", beta)}
    if not 0 < values["eta"] * values["beta"] < 2:
        raise UsageError(f"eta={eta}, beta={beta}: expected 0 < eta·beta < 2, a step below 2/beta")
    if values["theta"] < 0.5:
        raise UsageError(f"theta={theta}: expected at least 1/2; no smooth loss has less near its minimum")
    _, after_one = _evaluated(DESCENT, "descent", "", values | {"f_k": values["f_0"]})
    if after_one < -SLIGHTLY * values["f_0"]:
        raise UsageError(
            f"f_0={f_0}, kappa={kappa}, theta={theta}, beta={beta}: no loss has all of these, since one step would "
            "make it negative; expected a smaller kappa or a larger beta"
        )
    return values


def _exponent(theta: float) -> np.float64:
    value = _one("theta", theta)
    if not 0 < value <= 1:
        raise UsageError(f"theta={theta}: expected an exponent in (0, 1]")
    return value


def _one(name: str, value: float) -> np.float64:
    """One finite number ≥ 0."""
    array = _nonnegative(name, value)
    if array.ndim:
        raise UsageError(f"{name} has shape {array.shape}: expected one number")
    return np.float64(array)


def _nonnegative(name: str, value: ArrayLike) -> NDArray[np.float64]:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name}={value!r}: expected a number ≥ 0") from None
    bad = array[~np.isfinite(array) | (array < 0)]
    if bad.size:
        expected = "a finite number ≥ 0" if name not in ("kappa", "theta", "eta", "beta") else "a positive number"
        meaning = " (f is the loss above its infimum, L − inf L)" if name.startswith(("f_", "eps")) else ""
        raise UsageError(f"{name}={bad.flat[0]}: expected {expected}{meaning}")
    return array


def _end(f_end: ArrayLike, f_0: float) -> NDArray[np.float64]:
    end = _nonnegative("f_end", f_end)
    if (end > f_0).any():
        raise UsageError(f"f_end={end.max()}: expected at most f_0={f_0}, since the loss does not grow")
    return end


def _plain(value: NDArray[np.float64]) -> float | NDArray[np.float64]:
    return value if value.ndim else float(value)
