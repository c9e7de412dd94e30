"""Information of rational joint laws in ball arithmetic: what `Experiment.enclose` gives for the exact claims.

One instance in exact rationals, weights (K_F K_G × K_Y) and the sizes, goes to balls. Information is an average of
log-ratios of rationals, log(n_abc n_c/(n_ac n_bc)), so that only the logarithms are rounded. Only python-flint and the
standard library are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product
from typing import Any

from flint import arb, fmpq, fmpq_mat

from ...certify.operations import Undecided, abs_, ball, entries

Instance = dict[str, Any]
Places = list[dict[str, Any]]
Axes = tuple[int, ...]
F, G, Y = (0,), (1,), (2,)


def margins(weights: Sequence[fmpq], sizes: Axes, axes: Axes) -> dict[tuple[int, ...], fmpq]:
    """Sums over all axes but these, by cell."""
    sums: dict[tuple[int, ...], fmpq] = {}
    for cell, weight in zip(product(*map(range, sizes)), weights, strict=True):
        key = tuple(cell[a] for a in axes)
        sums[key] = sums.get(key, fmpq(0)) + weight
    return sums


def information(weights: Sequence[fmpq], sizes: Axes, a: Axes, b: Axes, c: Axes = ()) -> arb:
    """I(a; b | c) of the weights over their total."""
    joint, ac, bc, alone = (margins(weights, sizes, axes) for axes in (a + b + c, a + c, b + c, c))
    total, result, i, j = sum(weights, fmpq(0)), arb(0), len(a), len(a) + len(b)
    for cell, weight in joint.items():
        if weight != 0:
            key_a, key_b, key_c = cell[:i], cell[i:j], cell[j:]
            ratio = weight * alone[key_c] / (ac[key_a + key_c] * bc[key_b + key_c])
            result += ball(weight / total) * ball(ratio).log()
    return result


def conditional_entropy(weights: Sequence[fmpq], sizes: Axes, a: Axes, c: Axes) -> arb:
    """H(a | c)."""
    return information(weights, sizes, a, a, c)


def mu(weights: Sequence[fmpq], sizes: Axes, f: Axes = F, g: Axes = G, y: Axes = Y) -> arb:
    """I(f; y) − I(f; y | g)."""
    return information(weights, sizes, f, y) - information(weights, sizes, f, y, g)


def unequal(weights: Sequence[fmpq], sizes: Axes, a: int, b: int) -> fmpq:
    """Probability that two variables differ."""
    apart = [w for cell, w in zip(product(*map(range, sizes)), weights, strict=True) if cell[a] != cell[b]]
    return sum(apart, fmpq(0)) / sum(weights, fmpq(0))


def off_chain(weights: Sequence[fmpq], sizes: Axes) -> fmpq:
    """Σ |p(f,g,y) − p(f,g) p(g,y)/p(g)|."""
    fg, gy, g = (margins(weights, sizes, axes) for axes in (F + G, G + Y, G))
    apart = fmpq(0)
    for (i, j, k), weight in margins(weights, sizes, F + G + Y).items():
        if g[(j,)] != 0:
            apart += abs_(weight - fg[i, j] * gy[j, k] / g[(j,)])
    return apart / sum(weights, fmpq(0))


def law(i: Instance) -> tuple[list[fmpq], Axes, dict[str, Any]]:
    """Weights, sizes, and what every claim is told of them."""
    weights = [abs_(x) for x in entries(i["weights"])]
    rows, columns = i["weights"].nrows(), i["weights"].ncols()
    if sum(weights, fmpq(0)) == 0:
        raise Undecided("every weight is 0")
    P = fmpq_mat(rows, columns, weights)
    named = {k: i[k] for k in ("K_F", "K_G", "K_1", "K_2") if k in i} | {"K_Y": columns}
    return weights, tuple(named.values()), {"P": P, **named}


def identities(i: Instance) -> Places:
    weights, sizes, named = law(i)
    value = mu(weights, sizes)
    return [{**named, "mu": value, "mu_order": mu(weights, sizes, f, g, y)} for f, g, y in permutations((F, G, Y))]


def bounds(i: Instance) -> Places:
    weights, sizes, named = law(i)
    return [
        {
            **named,
            "mu": mu(weights, sizes),
            "I_FY": information(weights, sizes, F, Y),
            "distance": off_chain(weights, sizes),
            "differ": unequal(weights, sizes, 0, 1),
        }
    ]


def chain(i: Instance) -> Places:
    weights, sizes, named = law(i)
    fine, coarse = (mu(weights, sizes, (0,), g, (3,)) for g in ((1, 2), (1,)))
    return [{**named, "mu": fine, "mu_coarse": coarse}]


def fano(i: Instance) -> Places:
    weights, sizes, named = law(i)
    return [
        {
            **named,
            "lost": information(weights, sizes, G, Y) - mu(weights, sizes),
            "unexplained": information(weights, sizes, F, Y) - mu(weights, sizes),
            "e_F": unequal(weights, sizes, 0, 2),
            "delta": unequal(weights, sizes, 0, 1),
            "H_YF": conditional_entropy(weights, sizes, Y, F),
            "H_FG": conditional_entropy(weights, sizes, F, G),
        }
    ]


def of_errors(errors: Sequence[fmpq]) -> list[fmpq]:
    """Weights of (F, G, Y), Y uniform on {0, 1}: e(f ⊕ y, g ⊕ y)."""
    return [errors[2 * (f ^ y) + (g ^ y)] for f, g, y in product((0, 1), (0, 1), (0, 1))]


def binary(i: Instance) -> Places:
    e, q = [abs_(x) for x in entries(i["errors"])], i["q"]
    total = sum(e, fmpq(0))
    if total == 0:
        raise Undecided("every weight is 0")
    wrong_F, wrong_G = e[2] + e[3], e[1] + e[3]
    right_F, right_G = total - wrong_F, total - wrong_G
    apart = [x * y for x in (right_F, wrong_F) for y in (right_G, wrong_G)]
    # F = G ⊕ Z: E_F = E_G ⊕ Z
    noisy = [right_G * (1 - q), wrong_G * q, right_G * q, wrong_G * (1 - q)]
    sizes, (own, null, chained) = (2, 2, 2), (of_errors(x) for x in (e, apart, noisy))
    return [
        {
            "E": fmpq_mat(2, 2, e),
            "q": q,
            "I_FY": information(own, sizes, F, Y),
            "mu": mu(own, sizes),
            "mu_null": mu(null, sizes),
            "mu_noisy": mu(chained, sizes),
            "I_noisy": information(chained, sizes, F, Y),
        }
    ]
