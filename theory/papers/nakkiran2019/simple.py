"""nakkiran2019, simplified model: what a linear network owes to its one simple feature."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier
from ...proof import algebra, lemma
from ...words.information import BinaryEntropy, star
from . import gaussian_block, gaussian_tail, keys, sampled
from .model import FLIPPED, I_FY, TESTED, lost, mu, p, q
from .sampled import ERROR
from .setting import derived

LINEAR = (1 - 2 * p) * q * sp.log((1 - p) / p)


def _markov():
    """P(f, l, y) P(l) and P(f, l) P(l, y) for a uniform L, any channel L → F, and y = l with probability 1 − p."""
    up, down, flip = sp.symbols("up down flip")
    channel = {(1, 1): up, (-1, 1): 1 - up, (1, -1): down, (-1, -1): 1 - down}
    law = {
        (f, s, y): channel[f, s] * (1 - flip if s == y else flip) / 2 for f in (1, -1) for s in (1, -1) for y in (1, -1)
    }

    def total(*known: tuple[int, int]) -> sp.Expr:
        return sp.Add(*(x for cell, x in law.items() if all(cell[i] == z for i, z in known)))

    return [(law[c] * total((1, c[1])), total((0, c[0]), (1, c[1])) * total((1, c[1]), (2, c[2]))) for c in law]


def _tangent():
    # the tangent of h at x, minus h(z), is the relative entropy of z and x
    x, z = sp.symbols("x z", positive=True)
    h = -x * sp.log(x) - (1 - x) * sp.log(1 - x)
    above = h + sp.diff(h, x) * (z - x)
    at_z = -z * sp.log(z) - (1 - z) * sp.log(1 - z)
    relative = z * (sp.log(z) - sp.log(x)) + (1 - z) * (sp.log(1 - z) - sp.log(1 - x))
    return [(above - at_z, relative), (sp.diff(h, x), sp.log(1 - x) - sp.log(x))]


MARKOV = algebra("P(f,l,y)P(l) = P(f,l)P(l,y) in every cell: given L, F and Y are independent", _markov)

sufficiency = Claim(
    id="nakkiran2019.sufficiency",
    title="the simple classifier explains the network at every step",
    kind=Kind.INEQUALITY,
    setting=TESTED,
    parts=(
        Part("performance", sp.Eq(mu, I_FY), Quantifier.STEPS),
        Part("lower", sp.Ge(mu, sp.log(2) - BinaryEntropy(star(p, q))), Quantifier.STEPS, trivial=sp.Integer(0)),
        Part("nothing-gained", sp.Ge(lost, 0), Quantifier.STEPS),
        Part("lost-entropy", sp.Le(lost, BinaryEntropy(q)), Quantifier.STEPS, trivial=sp.log(2)),
        Part("lost-linear", sp.Le(lost, LINEAR), Quantifier.STEPS, when=sp.Gt(p, 0), trivial=sp.log(2)),
    ),
    assumptions=(
        FLIPPED,
        Assumption("the noise block of a fresh input is independent of its sign and label", dropped="dependent"),
    ),
    source=derived("the theorem in a simplified model, its reason"),
    proof=(
        MARKOV,
        ERROR,
        lemma(
            "convexity of mutual information",
            "in the channel Y → F: a channel and its mirror image have the same information, their mean is symmetric",
        ),
        lemma("subadditivity", "h(p ⋆ q) ≤ h(p) + h(q): a sum of two bits is a function of both"),
        algebra("h(p) + h′(p)(r − p) − h(r) is the relative entropy of r and p; h′(p) = log((1−p)/p)", _tangent),
        lemma("Gibbs", "relative entropy is not negative; r = p ⋆ q has r − p = (1−2p)q"),
        lemma("data processing", "I(F;Y) ≤ I(L;Y) along Y − L − F"),
    ),
    mutants=(
        Mutant("log-2", "q log 2 for the linear bound", {"lost-linear": sp.Le(lost, q * sp.log(2))}),
        Mutant("half", "h(q)/2", {"lost-entropy": sp.Le(lost, BinaryEntropy(q) / 2)}),
        Mutant("kept", "nothing is lost", {"nothing-gained": sp.Eq(lost, 0)}),
        Mutant("sum", "p + q for p ⋆ q", {"lower": sp.Ge(mu, sp.log(2) - BinaryEntropy(p + q))}),
        Mutant("dependent", "noise that depends on the label", setting="dependent"),
    ),
    notes=(
        "Both kinds of noise are tried: a Gaussian block, and one coordinate chosen at random. With the latter "
        "P(F ≠ L) differs for the two signs: q is the mean, μ may exceed log 2 − h(p ⋆ q), and both bounds of what is "
        "lost hold.",
        "No sign of ϑ is needed. For ϑ > 0 and a Gaussian block q < ½.",
        "The law of (F, L, Y) is computed from the trained weights, by all 2D fresh inputs (one coordinate) or by "
        "normal tails (Gaussian block), with labels flipped independently: “performance” can only fail by the measure, "
        "the bounds are what is tried. That F and Y are independent given L is tried on fresh inputs, in "
        "nakkiran2019.sufficiency-sampled.",
        "I(L;Y) = log 2 − h(p).",
    ),
)

CLAIMS = (sufficiency, *sampled.CLAIMS, *gaussian_block.CLAIMS, *gaussian_tail.CLAIMS, *keys.CLAIMS)
