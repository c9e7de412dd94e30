"""nakkiran2019: two balanced labels and errors that do not depend on them, where μ and I(F; Y) have closed forms."""

from typing import Any

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantity
from ...proof import algebra, by_claim
from ...words import BinaryEntropy, JointLaw
from ...words.information import star
from .setting import CORRELATION, INFORMATION, derived, informed, mu, real, scalar

E = sp.MatrixSymbol("E", 2, 2)
TWO = sp.Integer(2)
errors = JointLaw(E, ("E_F", "E_G"), (TWO, TWO))
q = sp.Symbol("q", nonnegative=True)
a, b, c = scalar("a"), scalar("b"), scalar("c")
mu_null, mu_noisy, I_noisy = real("mu_null"), real("mu_noisy"), scalar("I_noisy")
TOTAL = E[0, 0] + E[0, 1] + E[1, 0] + E[1, 1]
h, LOG2 = BinaryEntropy, sp.log(2)
binary_mu = LOG2 - h(a) - h(b) + errors.entropy(("E_F", "E_G")) - h(c)


def _binary():
    # Y uniform on {0, 1}: cells e(f ⊕ y, g ⊕ y)/2
    e = {(i, j): sp.Symbol(f"e{i}{j}", positive=True) for i in (0, 1) for j in (0, 1)}
    cells = {(f, g, y): e[f ^ y, g ^ y] / 2 for f in (0, 1) for g in (0, 1) for y in (0, 1)}

    def entropy(*axes):
        sums: dict[Any, Any] = {}
        for cell, p in cells.items():
            key = tuple(cell[k] for k in axes)
            sums[key] = sums.get(key, 0) + p
        return -sp.Add(*(sp.factor(p) * _log_of(sp.factor(p)) for p in sums.values()))

    def sums_of(*masses):
        return -sp.Add(*(p * sp.log(p) for p in masses))

    e_F, e_G = e[1, 0] + e[1, 1], e[0, 1] + e[1, 1]
    keep_F, keep_G = e[0, 0] + e[0, 1], e[0, 0] + e[1, 0]
    total = e_F + keep_F
    h_F, h_G = sums_of(e_F, keep_F), sums_of(e_G, keep_G)
    h_C = sums_of(e[0, 1] + e[1, 0], e[0, 0] + e[1, 1])
    joint = sums_of(*e.values())
    uniform = total * LOG2 - sp.expand(total) * sp.log(sp.expand(total))
    return [
        (sp.expand(entropy(0) - uniform), 0),
        (sp.expand(entropy(0, 2) - (total * LOG2 + h_F)), 0),
        (sp.expand(entropy(1, 2) - (total * LOG2 + h_G)), 0),
        (sp.expand(entropy(0, 1) - (total * LOG2 + h_C)), 0),
        (sp.expand(entropy(0, 1, 2) - (total * LOG2 + joint)), 0),
    ]


def _log_of(p):
    """log(s/2) = log s − log 2 for a sum s of cells."""
    return sp.log(sp.expand(2 * p)) - LOG2


def _special():
    H_F, H_G, H_C, H_both, x, y = sp.symbols("H_F H_G H_C H_both x y", positive=True)
    mu_of = 3 * LOG2 - (LOG2 + H_C) - (LOG2 + H_F) - (LOG2 + H_G) + (LOG2 + H_both)
    return [
        (mu_of, LOG2 - H_F - H_G + H_both - H_C),
        (2 * LOG2 - (LOG2 + H_F), LOG2 - H_F),
        (mu_of.subs(H_both, H_F + H_G), LOG2 - H_C),  # independent errors: H(E_F, E_G) = h(e_F) + h(e_G)
        (mu_of.subs({H_both: H_G + H_C}), LOG2 - H_F),  # F = G ⊕ Z, Z independent: E_F = E_G ⊕ Z
        (sp.expand(star(x, y)), sp.expand(x + y - 2 * x * y)),
    ]


binary_closed = Claim(
    id="nakkiran2019.binary_closed",
    title="closed forms for two labels, balanced, with errors that do not depend on the label",
    kind=Kind.IDENTITY,
    setting=(
        Quantity(E, "law of the errors (E_F, E_G): weights e₀₀, e₀₁; e₁₀, e₁₁; the total is divided out"),
        Quantity(q, "probability that F differs from G where F is G with independent noise", domain=sp.Le(q, 1)),
        Quantity(a, "error of F, P(E_F = 1)", (E[1, 0] + E[1, 1]) / TOTAL, latex="e_F", unicode="e_F"),
        Quantity(b, "error of G, P(E_G = 1)", (E[0, 1] + E[1, 1]) / TOTAL, latex="e_G", unicode="e_G"),
        Quantity(c, "P(E_F ≠ E_G)", (E[0, 1] + E[1, 0]) / TOTAL, latex=r"P(E_F\ne E_G)", unicode="P(E_F≠E_G)"),
        CORRELATION,
        INFORMATION,
        Quantity(
            mu_null, "μ where the errors e_F and e_G are independent", latex=r"\mu_0", unicode="μ₀", measured=True
        ),
        Quantity(mu_noisy, "μ where F = G ⊕ Bern(q)", latex=r"\mu_q", unicode="μ_q", measured=True),
        Quantity(I_noisy, "I(F; Y) where F = G ⊕ Bern(q)", latex="I_q(F;Y)", unicode="I_q(F;Y)", measured=True),
    ),
    parts=(
        Part("information", sp.Eq(informed, LOG2 - h(a))),
        Part("correlation", sp.Eq(mu, binary_mu)),
        Part("null", sp.Eq(mu_null, LOG2 - h(star(a, b))), note="the value to compare with"),
        Part("Markov", sp.Eq(mu_noisy, LOG2 - h(star(b, q)))),
        Part("explained", sp.Eq(I_noisy, LOG2 - h(star(b, q)))),
    ),
    assumptions=(
        Assumption("Y uniform on {0, 1}", dropped="biased"),
        Assumption("(E_F, E_G) independent of Y, with F = Y ⊕ E_F and G = Y ⊕ E_G", dropped="dependent"),
    ),
    source=derived("closed forms of μ for two labels"),
    proof=(
        by_claim("nakkiran2019.identities", "μ as a sum of entropies"),
        algebra(
            "H(F, Y) = log 2 + h(e_F) and the like: cells e(f ⊕ y, g ⊕ y)/2; H(F, G) = log 2 + h(P(E_F ≠ E_G))", _binary
        ),
        algebra("μ and I(F; Y) from these; independent errors; F = G ⊕ Bern(q)", _special),
    ),
    mutants=(
        Mutant("sign", "+h(P(E_F ≠ E_G))", {"correlation": sp.Eq(mu, binary_mu + 2 * h(c))}),
        Mutant("biased", "labels that are not balanced", setting="biased"),
        Mutant("sum", "h(e_F + e_G) for h(e_F ⋆ e_G)", {"null": sp.Eq(mu_null, LOG2 - h(a + b))}),
    ),
    notes=(
        "a ⋆ b = a(1 − b) + b(1 − a). Independent errors 0.15 and 0.2 give μ = 0.0910 and I(F; Y) = 0.2704.",
        "With independent errors μ is not 0: classifiers that know the label share what they know. μ₀ is the value to "
        "compare with.",
    ),
)

CLAIMS = (binary_closed,)
