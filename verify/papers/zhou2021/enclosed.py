"""A network of zhou2021 and its population loss in ball arithmetic: what `Experiment.enclose` gives for its claims.

One instance in exact rationals, students W (m × d) and teachers T (r × d), goes to rationals or balls. Nothing is
expanded: with N = uᵀv and D = ‖u‖²‖v‖² − N², both rational, π/2 minus the angle of u and v is α = atan2(N, √D),
E|uᵀx||vᵀx| = 2/π (√D + Nα) and E|vᵀx| x sgn(uᵀx) = 2/π (αv + √D u/‖u‖²). Sums cancel; the working precision pays for
that, and the balls tell what is left. Only python-flint and the standard library are needed.
"""

from __future__ import annotations

import math
from typing import Any

from flint import arb, arb_mat, fmpq, fmpq_mat

from ...certify.operations import Undecided, atan2, ball, frobenius, max_, root, square, total

Instance = dict[str, Any]
Places = list[dict[str, Any]]


def network(i: Instance) -> Places:
    """The quantities of `setting`: L, ‖∇L‖_F, S, S_*, Q, ‖v‖ and w."""
    W, T = i["W"], i["T"]
    loss, slope = loss_and_gradient(W, T)
    lengths = [root(x) for x in squares(T)]
    largest = lengths[0]
    for x in lengths[1:]:
        largest = max_(largest, x)
    misaligned, average_error = alignment(W, T)
    return [
        {
            **i,
            "m": W.nrows(),
            "r": T.nrows(),
            "d": W.ncols(),
            "L": loss,
            "grad_norm": frobenius(slope),
            "S": total(squares(W)),
            "S_star": total(lengths),
            "Q": misaligned,
            "v_norm": frobenius(average_error),
            "w": largest,
        }
    ]


def loss_and_gradient(W: fmpq_mat, T: fmpq_mat) -> tuple[arb, arb_mat]:
    """L(W) = ½ E(f − f_*)² and dL/dW (m × d). Students that are 0 have gradient 0."""
    alive = [j for j, a in enumerate(squares(W)) if a != 0]
    W_alive = [W.tolist()[j] for j in alive]
    Z = fmpq_mat(W_alive + T.tolist())
    gram, size = Z * Z.transpose(), Z.nrows()
    weight = [ball(root(gram[p, p])) if p < len(alive) else arb(-1) for p in range(size)]
    loss, slope = arb(0), arb_mat(W.nrows(), W.ncols())
    rows = ball(Z).tolist()
    for p in range(size):
        pairs = [pair_of(gram, p, q) for q in range(size)]
        drive = total([weight[q] * (sine + gram[p, q] * alpha) for q, (sine, alpha) in enumerate(pairs)])
        loss += weight[p] * drive / arb.pi()
        if p < len(alive):
            own = total([weight[q] * sine for q, (sine, _) in enumerate(pairs)]) + drive  # (I + ww') acts along w
            turns = [weight[q] * alpha for q, (_, alpha) in enumerate(pairs)]
            for k in range(W.ncols()):
                G = total([turns[q] * rows[q][k] for q in range(size)]) + own / gram[p, p] * rows[p][k]
                slope[alive[p], k] = 2 / arb.pi() * weight[p] * G
    return loss, slope


def pair_of(gram: fmpq_mat, p: int, q: int) -> tuple[arb, arb]:
    """√D and α of two rows, from their inner products."""
    sine = ball(root(gram[p, p] * gram[q, q] - gram[p, q] * gram[p, q]))
    return sine, atan2(gram[p, q], sine)


def alignment(W: fmpq_mat, T: fmpq_mat) -> tuple[fmpq, Any]:
    """Q = Σ_j ‖w_j‖² sin²δ_j, exactly, and the errors v of the average neurons (r × d). Of teachers at equal angles the
    first one counts as nearest; a student orthogonal to it keeps its sign."""
    inner, norms = W * T.transpose(), squares(T)
    misaligned, average = fmpq(0), [[ball(-x) for x in row] for row in T.tolist()]
    for j, a in enumerate(squares(W)):
        cosines = [inner[j, i] * inner[j, i] / norms[i] for i in range(len(norms))]  # times ‖w_j‖²
        i = cosines.index(max(cosines))
        misaligned += a - cosines[i]
        size = ball(root(a)) if inner[j, i] >= 0 else -ball(root(a))
        average[i] = [x + size * W[j, k] for k, x in enumerate(average[i])]
    return misaligned, arb_mat(average)


def squares(A: fmpq_mat) -> list[fmpq]:
    """Squared lengths of the rows."""
    return [sum((x * x for x in row), fmpq(0)) for row in A.tolist()]


# ---- Hermite coefficients of |x|


def hermite(i: Instance) -> Places:
    """σ̂_k² of |x|."""
    k = int(i["k"].p)
    if i["k"] != k or k < 2 or k % 2:
        raise Undecided("the degree is not even")
    return [{"k": k, "power": square(hermite_coefficient(k))}]


def hermite_coefficient(k: int) -> arb:
    """E|x| He_k(x)/√(k!) for even k, from the coefficients of He_k and E|x|^{2p+1} = √(2/π) 2ᵖ p!, which are exact.

    He_k = Σ_i (−1)ⁱ k!/(i! 2ⁱ (k−2i)!) x^{k−2i}; the terms are taken relative to the first, 2^{k/2} (k/2)!.
    """
    half = k // 2
    term, summed = fmpq(1), fmpq(0)
    for i in range(half + 1):
        summed += term
        term *= fmpq(-(2 * (half - i) - 1), 2 * (i + 1))
    size = ball(fmpq(math.factorial(half) ** 2 * 4**half, math.factorial(k))) * 2 / arb.pi()
    return ball(summed) * size.sqrt()
