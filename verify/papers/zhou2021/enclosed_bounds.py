"""The bounds of zhou2021 in ball arithmetic: what they need beyond `enclosed.network`, from exact rationals.

Only python-flint and the standard library are needed.
"""

from __future__ import annotations

import math
from typing import Any

from flint import acb, arb, arb_mat, fmpq, fmpq_mat

from ...certify.operations import atan2, ball, frobenius, min_, root, sqrt, square, total
from .enclosed import Instance, Places, alignment, loss_and_gradient, network, pair_of, squares


def by_student(i: Instance) -> Places:
    """`network`, once for each student, with the norm of its G_j: ∇_{w_j}L = ‖w_j‖(I + w̄_jw̄_jᵀ)G_j. A student that is 0
    has none, and is not judged."""
    (place,) = network(i)
    slope = loss_and_gradient(i["W"], i["T"])[1].tolist()
    return [
        {**place, "G_norm": _norm_of_G(row, w, a) if a != 0 else arb(0)}
        for row, w, a in zip(slope, i["W"].tolist(), squares(i["W"]), strict=True)
    ]


def _norm_of_G(slope: list[arb], w: list[fmpq], a: fmpq) -> arb:
    along = total([s * x for s, x in zip(slope, w, strict=True)]) / (2 * a)
    return frobenius(arb_mat([[s - along * x for s, x in zip(slope, w, strict=True)]])) / ball(root(a))


def angle(gram: fmpq_mat, p: int, q: int) -> arb:
    """Of two rows, up to sign, in [0, π/2]."""
    sine, _ = pair_of(gram, p, q)
    return atan2(sine, abs(gram[p, q]))


def with_test_function(i: Instance) -> Places:
    """`network`, with the separation of the teachers and the norm of the test function of degree l."""
    T, l = i["T"], int(i["l"])
    gram, r = T * T.transpose(), T.nrows()
    Delta = arb.pi() / 2
    for p in range(r):
        for q in range(p):
            Delta = min_(Delta, angle(gram, p, q))
    coherence = total(
        [(gram[p, q] * gram[p, q] / (gram[p, p] * gram[q, q])) ** (l // 2) for p in range(r) for q in range(r)]
    )
    (place,) = network(i)
    return [{**place, "l": l, "Delta": Delta, "h_norm": sqrt(arb.pi() / 2 + ball(coherence) / absolute_moment(l))}]


def absolute_moment(l: int) -> arb:
    """(E|y|h_l(y))², h_l the normalised Hermite polynomial: from its coefficients, with E|y|^{2k+1} = √(2/π) 2^k k!."""
    before, h = [1], [0, 1]
    for k in range(1, l):
        shifted = [0, *h]
        before, h = h, [a - k * b for a, b in zip(shifted, [*before, *[0] * (len(shifted) - len(before))], strict=True)]
    mean = sum(h[2 * k] * 2**k * math.factorial(k) for k in range(l // 2 + 1))
    return ball(fmpq(mean * mean, math.factorial(l))) * 2 / arb.pi()


def strip(i: Instance) -> Places:
    """`network`, once for each teacher, with the mass of the students near by and the norm of the test function."""
    W, T, tau = i["W"], i["T"], i["tau"]
    (place,) = network(i)
    both = fmpq_mat(W.tolist() + T.tolist())
    gram, m, reach = both * both.transpose(), W.nrows(), ball(i["delta_0"])
    alive = [j for j in range(m) if gram[j, j] != 0]

    def curvature(y: acb, _: bool) -> acb:
        return ((12 * y / tau - 6) / (tau * tau)) ** 2 * (y * y / 2).exp()

    growth = acb.integral(lambda t, _: (tau * tau * t * t / 2).exp(), acb(0), acb(1)).real
    N = sqrt(2 * acb.integral(curvature, acb(0), acb(tau)).real * sqrt(2 * arb.pi()))
    return [
        {
            **place,
            "tau": tau,
            "delta_0": i["delta_0"],
            "w_i": ball(root(gram[m + k, m + k])),
            "near_mass": total([gram[j, j] for j in alive if _within(angle(gram, j, m + k), reach)]),
            "N_tau": N,
            "I_tau": growth,
        }
        for k in range(T.nrows())
    ]


def _within(theta: arb, reach: arb) -> bool:
    """Raises `ArithmeticError` where the balls do not tell."""
    if not (theta < reach or theta > reach):
        raise ArithmeticError("a student stands at δ₀")
    return bool(theta < reach)


def with_matching(i: Instance) -> Places:
    """`network`, with what the descent direction along the matching p, p_j in proportion to `lean` · a_j, needs."""
    W, T, a = i["W"], i["T"], squares(i["W"])
    both = fmpq_mat(W.tolist() + T.tolist())
    gram, m, r = both * both.transpose(), W.nrows(), T.nrows()
    nearest = [_nearest(gram, j, m, r) for j in range(m)]
    share = [x * y for x, y in zip(i["lean"], a, strict=True)]
    sums = [total([s for s, k in zip(share, nearest, strict=True) if k == n]) for n in range(r)]
    lengths = [ball(root(x)) for x in squares(T)]
    p = [lengths[k] * share[j] / sums[k] for j, k in enumerate(nearest)]
    theta = [angle(gram, j, m + k) for j, k in enumerate(nearest)]
    (place,) = network(i)
    return [
        {
            **place,
            "v_sum": total([frobenius(arb_mat([row])) for row in alignment(W, T)[1].tolist()]),
            "radial": total([square(x - q * t.cos()) / x for x, q, t in zip(a, p, theta, strict=True)]),
            "turned": total([square(q * t.sin()) / x for x, q, t in zip(a, p, theta, strict=True)]),
            "p_wedges": total([q * xi(t) for q, t in zip(p, theta, strict=True)]),
            "owners": min(nearest.count(k) for k in range(r)),
            "unmatched": fmpq(0),
        }
    ]


def _nearest(gram: fmpq_mat, j: int, m: int, r: int) -> int:
    cosines = [gram[j, m + k] * gram[j, m + k] / gram[m + k, m + k] for k in range(r)]
    return cosines.index(max(cosines))


def xi(theta: arb) -> Any:
    """√(sin² + θ² − 2θ sin cos), as the root of a sum of squares."""
    return sqrt(square(theta - theta.sin() * theta.cos()) + theta.sin() ** 4)
