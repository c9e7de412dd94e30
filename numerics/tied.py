"""Two-layer networks ``x -> sum_j ||w_j|| |w_j^T x|`` with tied top layer, Gaussian inputs, and their population loss.

Setting: Zhou, Ge, Jin (COLT 2021); the closed forms are derived here from ``E|u^T x||v^T x| = ||u|| ||v|| k(theta)``
with ``k = cos + 2/pi g`` and ``g(theta) = sin(theta) - theta cos(theta)``. Students ``W`` (B, m, d) are trained,
teachers ``T`` (B, r, d) are fixed with top weights 1; ``u_j = ||w_j|| w_j``. A student that is 0 contributes nothing
and has gradient 0.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from .errors import check_finite, check_shape, require
from .types import Batch, Inputs, Loss, Params

__all__ = [
    "Geometry",
    "angles",
    "geometry",
    "kernel",
    "sampled_loss",
    "sine_excess",
    "tied_gradient",
    "tied_loss",
    "tied_network",
    "wedge_excess",
    "xi",
]

Students = Float[Tensor, "B m d"]
Teachers = Float[Tensor, "B r d"]
Numbers = Float[Tensor, "..."]

SMALL = 0.1
"""Angle below which differences of nearly equal functions are summed as series."""
CHUNK = 2**22
"""Numbers that one chunk of pairs of neurons may hold at once."""


def sine_excess(theta: Numbers) -> Numbers:
    """``g(theta) = sin(theta) - theta cos(theta)``, theta^3/3 for small angles, on [0, pi]."""
    return torch.where(theta.abs() < SMALL, _series(theta, _EXCESS), theta.sin() - theta * theta.cos())


def wedge_excess(delta: Numbers) -> Numbers:
    """``delta - sin(delta) cos(delta)``, 2 delta^3/3 for small angles."""
    return torch.where(delta.abs() < SMALL, _series(delta, _WEDGE), delta - delta.sin() * delta.cos())


def xi(delta: Numbers) -> Numbers:
    """``sqrt(s^2 + delta^2 - 2 delta s c)`` for s, c = sin, cos of delta in [0, pi/2]; delta^2 for small angles."""
    return _length(torch.stack((wedge_excess(delta), delta.sin().square()), -1))


def kernel(theta: Numbers) -> Numbers:
    """``k(theta) = E|u^T x||v^T x|`` for unit vectors at an angle theta in [0, pi]."""
    return theta.cos() + 2 / math.pi * sine_excess(theta)


def angles(A: Float[Tensor, "*lead p d"], B: Float[Tensor, "*lead q d"]) -> Float[Tensor, "*lead p q"]:
    """Angle in [0, pi] between every row of A and every row of B, accurate for small and for nearly opposite ones; the
    angle to a row of zeros means nothing."""
    a, b = _unit(A)[..., :, None, :], _unit(B)[..., None, :, :]
    return 2 * torch.atan2(_length(a - b), _length(a + b))


@dataclass(frozen=True)
class Geometry:
    """Where the students stand among the teachers; students are flipped so that none is obtuse to its teacher."""

    nearest: Int64[Tensor, "B m"]
    """The teacher at the smallest angle, up to sign."""
    delta: Float[Tensor, "B m"]
    """That angle, in [0, pi/2]."""
    sign: Float[Tensor, "B m"]
    """1, or -1 where the student was flipped."""
    a: Float[Tensor, "B m"]
    """``||w_j||^2``, the length of ``u_j``."""
    u: Students
    """``||w_j|| w_j``, flipped."""
    v: Teachers
    """Error of the average neuron of each teacher: sum of its students' ``u_j`` minus the teacher."""

    @property
    def misaligned(self) -> Batch:
        """``Q = sum_j a_j sin^2(delta_j)``."""
        return (self.a * self.delta.sin().square()).sum(1)


def geometry(W: Students, T: Teachers) -> Geometry:
    """Nearest teachers, angles up to sign, masses, average-neuron errors."""
    check(W, T)
    folded, nearest, sign = _nearest(W, T)
    size = _length(W)
    u = (sign * size)[..., None] * W
    v = torch.zeros_like(T).scatter_add(1, nearest[..., None].expand_as(u), u) - T
    return Geometry(nearest, folded, sign, size.square(), u, v)


def tied_loss(T: Teachers) -> Loss:
    """``L(W) = 1/2 E (f(x) - f_*(x))^2`` as a function of ``{"W": (B, m, d)}``, twice differentiable by autograd and by
    `torch.func` where no student is 0.

    The form that does not cancel near a minimum: half the squared length of the sum of all neurons, signs aligned, plus
    1/pi times the sum of ``g`` over all pairs. Nothing in it waits for the device: T is checked here, once; students
    that are not finite give nan.
    """
    _check_teachers(T)

    def loss(params: dict[str, Tensor]) -> Batch:
        W = params["W"]
        check_shape("W", W, (len(T), None, T.shape[2]), "(B, m, d)")
        Z, c = _neurons(W, T)
        half = (c[..., None] * Z).sum(1).square().sum(-1) / 2
        return half + torch.einsum("p,bpq,q->b", c, _excesses(Z), c) / math.pi

    return loss


def _excesses(Z: Float[Tensor, "B n d"]) -> Float[Tensor, "B n n"]:
    """``||z_p|| ||z_q|| g(theta)`` of every pair.

    Obtuse pairs go through ``g(theta) = g(pi - theta) - pi cos(theta)``: opposite neurons then meet, like parallel
    ones, at the angle where g is flat, and the missing derivative of an angle at 0 does no harm to two derivatives.
    """
    unit, size = _split(Z)
    product = Z @ Z.mT
    obtuse = product < 0
    side = torch.where(obtuse, -1.0, 1.0).to(Z.dtype)[..., None]
    acute = 2 * torch.asin(_length(unit[:, :, None] - side * unit[:, None]) / 2)  # unit vectors, at most sqrt(2) apart
    return size[:, :, None] * size[:, None] * sine_excess(acute) - torch.where(obtuse, math.pi * product, 0.0)


def tied_gradient(W: Students, T: Teachers) -> tuple[Batch, Students, Students]:
    """L, dL/dW and ``G_j = E[R x sgn(u_j^T x)]`` (the gradient by u_j, of flipped students) in closed form.

    Done in chunks of students: memory is linear in the number of pairs within a chunk. Differentiable where no two
    neurons have the same direction.
    """
    check(W, T)
    Z, c = _neurons(W, T)
    m, size = W.shape[1], _length(W)
    flip = torch.where((Z[:, :m] * W).sum(-1) < 0, -1.0, 1.0).to(W.dtype)
    weight, total = c * _length(Z), (c[..., None] * Z).sum(1)
    length = max(1, CHUNK // max(1, Z.numel()))
    parts = [_pairs(Z[:, k : k + length], Z, weight) for k in range(0, Z.shape[1], length)]
    g_sum, turned = (torch.cat(p, 1) for p in zip(*parts, strict=True))
    loss = total.square().sum(-1) / 2 + (weight * g_sum).sum(1) / math.pi
    unit = _unit(Z[:, :m])
    G = total[:, None] + 2 / math.pi * (g_sum[:, :m, None] * unit - turned[:, :m])
    slope = (flip * size)[..., None] * (G + (unit * G).sum(-1, keepdim=True) * unit)
    return loss, slope, G


def _pairs(some: Tensor, Z: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """For each of some neurons p, sums over all neurons q: of weight g(theta), and of weight theta times the part of
    q's direction that is orthogonal to p's. (B, P), (B, P, d)"""
    a, b = _unit(some)[:, :, None], _unit(Z)[:, None]
    difference = b - a
    apart, together = _length(difference), _length(a + b)
    theta = 2 * torch.atan2(apart, together)
    orthogonal = difference + (apart.square() / 2)[..., None] * a  # 1 - cos(theta) = ||a - b||^2 / 2
    return torch.einsum("bpq,bq->bp", sine_excess(theta), weight), torch.einsum(
        "bpq,bpqd,bq->bpd", theta, orthogonal, weight
    )


def _neurons(W: Students, T: Teachers) -> tuple[Tensor, Tensor]:
    """All neurons as vectors that enter the loss linearly, students flipped towards their teachers, and their signs in
    the residual. (B, m + r, d), (m + r,)"""
    sign = _nearest(W.detach(), T)[2]
    u = (sign * _length(W))[..., None] * W
    c = torch.cat((W.new_ones(W.shape[1]), -W.new_ones(T.shape[1])))
    return torch.cat((u, T), 1), c


def _nearest(W: Students, T: Teachers) -> tuple[Tensor, Tensor, Tensor]:
    """Smallest angle of each student to a teacher, up to sign; which teacher; -1 where the student is obtuse to it."""
    products = W @ _unit(T).mT
    nearest = products.abs().argmax(2)
    a, b = _unit(W), _unit(T).gather(1, nearest[..., None].expand_as(W))
    here = 2 * torch.atan2(_length(a - b), _length(a + b))
    sign = torch.where(products.gather(2, nearest[..., None])[..., 0] < 0, -1.0, 1.0).to(W.dtype)
    return torch.minimum(here, math.pi - here), nearest, sign


def check(W: Students, T: Teachers) -> None:
    """Raise unless both are batches of finite rows of the same dimension, and no teacher is 0."""
    check_shape("W", W, (None, None, None), "(B, m, d)")
    check_shape("T", T, (len(W), None, W.shape[2]), "(B, r, d)")
    check_finite("W", W)
    _check_teachers(T)


def _check_teachers(T: Teachers) -> None:
    check_shape("T", T, (None, None, None), "(B, r, d)")
    check_finite("T", T)
    require(bool((T != 0).any(-1).all()), "T has a row of zeros; expected teachers that are not 0; drop it.")


def _unit(x: Tensor) -> Tensor:
    """Rows divided by their lengths; 0 stays 0."""
    return _split(x)[0]


def _split(x: Tensor) -> tuple[Tensor, Tensor]:
    """Direction and length of the rows; a row of zeros has direction 0."""
    length = _length(x)
    return x / torch.where(length > 0, length, torch.ones_like(length))[..., None], length


def _length(x: Tensor) -> Tensor:
    """Euclidean length of the rows; its derivative at 0 is 0."""
    square = x.square().sum(-1)
    known = square > 0
    return torch.where(known, torch.where(known, square, torch.ones_like(square)).sqrt(), torch.zeros_like(square))


def _coefficients(term: Callable[[int], float]) -> tuple[float, ...]:
    return tuple(term(k) for k in range(1, 7))


_EXCESS = _coefficients(lambda k: (-1) ** (k + 1) * 2 * k / math.factorial(2 * k + 1))
"""sin x - x cos x = sum over k of these times x^(2k+1)."""
_WEDGE = _coefficients(lambda k: (-1) ** (k + 1) * 2 ** (2 * k) / math.factorial(2 * k + 1))
"""x - sin(2x)/2 = sum over k of these times x^(2k+1)."""


def _series(x: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    """x^3 times a polynomial in x^2, by Horner's rule."""
    square, value = x.square(), torch.zeros_like(x)
    for c in reversed(coefficients):
        value = value * square + c
    return x * square * value


# ---- on samples
def tied_network(params: Params, X: Inputs) -> Float[Tensor, "B n"]:
    """``sum_j ||w_j|| |w_j^T x|`` for ``{"W": (B, m, d)}``; a student that is 0 has gradient 0."""
    W = params["W"]
    return torch.einsum("bnm,bm->bn", (X @ W.mT).abs(), _length(W))


def sampled_loss(T: Teachers, X: Inputs) -> Loss:
    """``1/2 mean (f(x) - f_*(x))^2`` over the rows of X (B, n, d): the loss of a mini-batch."""
    _check_teachers(T)
    check_shape("X", X, (len(T), None, T.shape[2]), "(B, n, d)")
    taught = (X @ T.mT).abs().sum(2)
    return lambda params: (tied_network(params, X) - taught).square().mean(1) / 2
