"""Training with proofs: fully connected networks under gradient descent and gradient flow, every number enclosed.

Data and weights are matrices of rationals (`fmpq_mat`) or of balls (`arb_mat`). Networks are X ↦ φ(⋯φ(X W₁)W₂⋯)W_N,
samples in rows, with the squared loss ½‖Y − output‖_F². Gradients are back-propagated by one function on rationals,
balls, and power series of either. Only python-flint and the standard library are needed: a script that proves a
refutation holds the text of these functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from .operations import Undecided, ball, exact

Layers = tuple[Any, ...]
"""W₁, …, W_N: matrices of one ring."""
Field = Callable[[Layers, Callable[[Any], Any]], Layers]
"""A polynomial vector field: (weights, lift) ↦ velocities; `lift` brings a constant matrix into the weights' ring."""


# ---- exact numbers ----


def rational(text: object) -> fmpq:
    """The rational that a decimal or a fraction writes: "0.6" is 3/5."""
    value = Fraction(str(text))
    return fmpq(value.numerator, value.denominator)


def rationals(rows: Sequence[Sequence[object]]) -> fmpq_mat:
    return fmpq_mat([[rational(x) for x in row] for row in rows])


def short(value: float) -> fmpq:
    """A rational of two digits close to a positive float and not above it."""
    digits = 1 - math.floor(math.log10(value))
    return fmpq(math.floor(value * 10**digits), 10**digits) if digits > 0 else fmpq(int(value))


# ---- power series with matrix coefficients ----


class Series:
    """Σ A_k s^k; a coefficient is computed when it is first asked for. None stands for a zero coefficient."""

    def __init__(self, following: Callable[[int], Any], known: Sequence[Any] = ()):
        self.following, self.known = following, list(known)

    def __getitem__(self, k: int) -> Any:
        while len(self.known) <= k:
            self.known.append(self.following(len(self.known)))
        return self.known[k]

    def __add__(self, other: Series) -> Series:
        return Series(lambda k: plus(self[k], other[k]))

    def __neg__(self) -> Series:
        return Series(lambda k: None if self[k] is None else -self[k])

    def __sub__(self, other: Series) -> Series:
        return self + -other

    def __mul__(self, other: Series) -> Series:
        return self.cauchy(other, lambda a, b: a * b)

    def cauchy(self, other: Series, product: Callable[[Any, Any], Any]) -> Series:
        """The Cauchy product with any bilinear product of coefficients."""

        def coefficient(k: int) -> Any:
            result = None
            for i in range(k + 1):
                a, b = self[i], other[k - i]
                if a is not None and b is not None:
                    result = plus(result, product(a, b))
            return result

        return Series(coefficient)

    def transpose(self) -> Series:
        return Series(lambda k: None if self[k] is None else self[k].transpose())


def plus(a: Any, b: Any) -> Any:
    """a + b, where None is zero."""
    return b if a is None else a if b is None else a + b


def polynomial(*coefficients: Any) -> Series:
    """The series with these coefficients and no others."""
    return Series(lambda k: None, coefficients)


def entrywise(A: Any, B: Any) -> Any:
    """The entrywise product of two matrices of one ring."""
    if isinstance(A, Series):
        return A.cauchy(B, entrywise)
    return type(A)(A.nrows(), A.ncols(), [x * y for x, y in zip(A.entries(), B.entries(), strict=True)])


# ---- networks ----


class Activation(NamedTuple):
    """`act` maps preactivations to (activations, slopes)."""

    name: str
    act: Callable[[Any], tuple[Any, Any]]


def is_active(z: Any) -> bool:
    """Whether a preactivation is positive; at exactly 0 the slope of ReLU is 0."""
    if z > 0:
        return True
    if z < 0 or z == 0:
        return False
    raise Undecided(f"a preactivation in {z} has no decided sign; raise the precision")


def relu(Z: Any) -> tuple[Any, Any]:
    slopes = type(Z)(Z.nrows(), Z.ncols(), [int(is_active(z)) for z in Z.entries()])
    return entrywise(Z, slopes), slopes


LINEAR = Activation("linear", lambda Z: (Z, None))
SQUARE = Activation("square", lambda Z: (entrywise(Z, Z), Z + Z))
RELU = Activation("relu", relu)


def forward(layers: Layers, X: Any, activation: Activation) -> tuple[list[Any], list[Any], Any]:
    """(inputs of the layers, slopes of the hidden activations, output)."""
    inputs, slopes = [X], []
    for W in layers[:-1]:
        hidden, slope = activation.act(inputs[-1] * W)
        inputs.append(hidden)
        slopes.append(slope)
    return inputs, slopes, inputs[-1] * layers[-1]


def gradients(layers: Layers, X: Any, Y: Any, activation: Activation = LINEAR) -> Layers:
    """∂L/∂W_l of L = ½‖Y − output‖_F², by back-propagation."""
    inputs, slopes, output = forward(layers, X, activation)
    delta, result = output - Y, []
    for l in reversed(range(len(layers))):
        result.append(inputs[l].transpose() * delta)
        if l:
            delta = delta * layers[l].transpose()
            delta = delta if slopes[l - 1] is None else entrywise(delta, slopes[l - 1])
    return tuple(reversed(result))


def descend(layers: Layers, X: Any, Y: Any, step: Any, activation: Activation = LINEAR) -> Layers:
    """The weights after one step of full-batch gradient descent."""
    slopes = gradients(layers, X, Y, activation)
    return tuple(W - G * step for W, G in zip(layers, slopes, strict=True))


def descent(layers: Layers, X: Any, Y: Any, step: fmpq, steps: int, activation: Activation = LINEAR) -> list[Layers]:
    """The weights before each of `steps` steps of gradient descent, and after the last, as balls."""
    X, Y, eta, path = ball(X), ball(Y), arb(step), [tuple(map(ball, layers))]
    for _ in range(steps):
        path.append(descend(path[-1], X, Y, eta, activation))
    return path


def slope_along(layers: Layers, direction: Layers, X: Any, Y: Any, activation: Activation = LINEAR) -> Any:
    """d/ds L(W + s·direction) at s = 0, from the power series of the loss along the ray."""
    ray = tuple(polynomial(W, D) for W, D in zip(layers, direction, strict=True))
    residual = forward(ray, polynomial(X), activation)[2] - polynomial(Y)
    change = entrywise(residual[0], residual[1])
    return sum(change.entries(), fmpq(0) if exact(change) else arb(0))


def training_field(X: Any, Y: Any, activation: Activation = LINEAR) -> Field:
    """The vector field −∇L of gradient flow; polynomial activations only."""
    return lambda layers, lift: tuple(-G for G in gradients(layers, lift(X), lift(Y), activation))


# ---- gradient flow: a validated Taylor integrator ----


class Flight(NamedTuple):
    """One step of the flow: x(start + s) = Σ_k coefficients[k] s^k + rest·s^K for 0 ≤ s ≤ length."""

    start: fmpq
    length: fmpq
    coefficients: list[Layers]
    rest: Layers

    def at(self, s: arb) -> Layers:
        """An enclosure of x(start + s), by Horner's rule."""
        result = self.rest
        for coefficient in reversed(self.coefficients):
            result = tuple(c + r * s for c, r in zip(coefficient, result, strict=True))
        return result


def taylor(field: Field, state: Layers, order: int) -> list[Layers]:
    """The coefficients 0, …, order of the solution through `state`: (k+1) x_{k+1} is coefficient k of the field."""
    unknown = tuple(Series(lambda k: None, [A]) for A in state)
    velocity = field(unknown, lambda A: polynomial(ball(A)))
    for k in range(order):
        slopes = [v[k] for v in velocity]
        for x, slope, A in zip(unknown, slopes, state, strict=True):
            x.known.append(A * 0 if slope is None else slope / (k + 1))
    return [tuple(x.known[k] for x in unknown) for k in range(order + 1)]


def on_balls(field: Field, state: Layers) -> Layers:
    return field(state, ball)


def inflated(A: arb_mat, share: float) -> arb_mat:
    """A box around A: every radius grows by a share of itself and of the largest radius, and by a little."""
    largest = max((float(x.rad()) for x in A.entries()), default=0.0)
    size = max((float(abs(x).mid()) for x in A.entries()), default=0.0)
    widen = arb(0, share * largest + 1e-9 * size + 1e-300)
    return arb_mat(A.nrows(), A.ncols(), [x + widen for x in A.entries()])


def hulls(A: arb_mat, B: arb_mat) -> arb_mat:
    return arb_mat(A.nrows(), A.ncols(), [x.union(y) for x, y in zip(A.entries(), B.entries(), strict=True)])


ATTEMPTS = 12


def enclosing_box(field: Field, state: Layers, length: fmpq) -> Layers | None:
    """A box that the solution through `state` does not leave up to time `length`; None if none is found.

    Picard–Lindelöf: a box B with state + [0, length]·field(B) inside B holds the solution.
    """
    span = arb(length) * arb(0.5, 0.5)
    box = tuple(inflated(hulls(A, A + f * span), 0.2) for A, f in zip(state, on_balls(field, state), strict=True))
    for _ in range(ATTEMPTS):
        image = tuple(A + f * span for A, f in zip(state, on_balls(field, box), strict=True))
        if not all(x.is_finite() for A in image for x in A.entries()):
            return None
        if all(B.contains(A) for A, B in zip(image, box, strict=True)):
            return image
        box = tuple(inflated(hulls(A, B), 0.2) for A, B in zip(image, box, strict=True))
    return None


def log_size(layers: Layers) -> float:
    """log₂ of the largest absolute value of an entry, roughly; −∞ for zero, ∞ beyond all bounds."""
    largest = arb(0)
    for A in layers:
        for x in A.entries():
            largest = largest.max(abs(x).upper())
    if not largest.is_finite():
        return math.inf
    return float((largest.log() / arb(2).log()).mid()) if largest > 0 else -math.inf


def enclosed_step(field: Field, state: Layers, start: fmpq, most: fmpq, order: int) -> Flight:
    """One validated step of length at most `most`; the remainder is the coefficient over the box (Lagrange).

    The length is the largest, roughly, at which the remainder is 2^(−2·order) of the state. Raises `Undecided` when no
    step is found: the solution may blow up, or its enclosure has.
    """
    coefficients = taylor(field, state, order)[:order]
    aim = max(log_size(coefficients[0]), -1000.0) - 2 * order
    terms = [(k, log_size(coefficients[k])) for k in (order - 2, order - 1)]
    length = bounded(most, min((aim - size) / k for k, size in terms))
    for _ in range(40):
        box = enclosing_box(field, state, length)
        rest = taylor(field, box, order)[order] if box is not None else ()
        excess = log_size(rest) + order * log_2(length) - aim if rest else 2.0 * order
        if excess <= order / 2:
            return Flight(start, length, coefficients, rest)
        length = bounded(length / 2, log_2(length) - min(excess / order, 4.0))
    raise Undecided(f"no step is shown to enclose the flow from t = {start} on: it, or its enclosure, may blow up")


def log_2(length: fmpq) -> float:
    return math.log2(int(length.p)) - math.log2(int(length.q))


def bounded(most: fmpq, log_length: float) -> fmpq:
    """min(most, 2^log_length), roughly and not above."""
    return min(most, short(2.0 ** max(log_length, -900.0))) if log_length < 900 else most


STEPS = 500


def flight(field: Field, state: Layers, end: fmpq, start: fmpq | None = None) -> list[Flight]:
    """Validated steps from `start` (default 0) to `end`; the order follows the working precision."""
    time, path, order = start if start is not None else fmpq(0), [], max(12, ctx.prec // 8)
    state = tuple(map(ball, state))
    while time < end:
        if len(path) == STEPS:
            raise Undecided(f"{STEPS} steps reach only t = {time}; ask for earlier times")
        path.append(enclosed_step(field, state, time, end - time, order))
        time, state = time + path[-1].length, path[-1].at(arb(path[-1].length))
    return path


def flow(field: Field, state: Layers, times: Sequence[fmpq]) -> list[Layers]:
    """Enclosures of the solution through `state` at increasing times."""
    now, states = fmpq(0), []
    state = tuple(map(ball, state))
    for time in times:
        path = flight(field, state, time, now)
        if path:
            state = path[-1].at(arb(path[-1].length))
        now = time
        states.append(state)
    return states


PIECES = 32


def integral(path: Sequence[Flight], integrand: Callable[[Layers], arb]) -> arb:
    """∫ integrand(x(s)) ds over the path, from enclosures of x over pieces of every step."""
    result = arb(0)
    for step in path:
        width = arb(step.length) / PIECES
        for k in range(PIECES):
            result += integrand(step.at(width * arb(k + 0.5, 0.5))) * width
    return result
