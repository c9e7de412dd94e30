"""Steps of proofs about joint laws: sums of entropies, averages of log-ratios, the sign of information."""

from itertools import product

import sympy as sp

from ...decide import Inequality
from ...proof import enclosed, lemma
from ...words.information import in_entropies


def as_entropies(*sides):
    """Each pair of sides as sums of entropies of margins."""
    return [(in_entropies(left), in_entropies(right)) for left, right in sides]


def averages(sizes):
    """I and I(·|·) as averages of log-ratios, against entropies; logarithms of sums of cells stay as they are."""
    cells = list(product(*map(range, sizes)))
    p = {cell: sp.Symbol("p" + "".join(map(str, cell)), positive=True) for cell in cells}

    def mass(cell, axes):
        return sp.Add(*(p[c] for c in cells if all(c[a] == cell[a] for a in axes)))

    def average(*signed):
        return sp.Add(*(p[c] * sp.Add(*(sign * sp.log(mass(c, axes)) for sign, axes in signed)) for c in cells))

    def entropy_of(axes):
        masses = {tuple(c[a] for a in axes): mass(c, axes) for c in cells}
        return -sp.Add(*(s * sp.log(s) for s in masses.values()))

    f, g, y, fg, fy, gy, fgy = (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)
    entropy = {axes: entropy_of(axes) for axes in (f, g, y, fg, fy, gy, fgy)}
    mutual, given = average((1, fy), (-1, f), (-1, y)), average((1, fgy), (1, g), (-1, fg), (-1, gy))
    return [
        (sp.expand(mutual), sp.expand(entropy[f] + entropy[y] - entropy[fy])),
        (sp.expand(given), sp.expand(entropy[fg] + entropy[gy] - entropy[fgy] - entropy[g])),
        (
            sp.expand(mutual - given),
            sp.expand(sum(entropy[a] for a in (f, g, y, fgy)) - sum(entropy[a] for a in (fg, fy, gy))),
        ),
    ]


def _tangent():
    x = sp.Symbol("x", real=True)
    return [
        Inequality(1 + x <= sp.exp(x), x, sp.Interval(0, sp.oo)),
        Inequality(1 - x <= sp.exp(-x), x, sp.Interval(0, sp.oo)),
    ]


GIBBS = (
    enclosed("log q ≤ q − 1, from both sides of q = 1 (q = e^{±x})", _tangent),
    lemma("Gibbs", "Σ p log(q/p) ≤ Σ_{p>0} (q − p) ≤ 0: information and conditional information are not negative"),
)
