"""nakkiran2019: what the performance correlation μ_Y(F; G) is, between which bounds it lies, and what accuracy forces.

The paper defines μ; the identities and bounds are derived here. They hold for every joint law of finitely many values,
with zeros too.
"""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantity
from ...proof import algebra, by_claim, lemma
from ...words import BinaryEntropy, JointLaw
from ...words.information import in_entropies
from . import binary
from .setting import (
    CORRELATION,
    INFORMATION,
    K_F,
    K_G,
    K_Y,
    LAW,
    H,
    I,
    derived,
    explained,
    informed,
    law,
    mu,
    real,
    scalar,
)
from .steps import GIBBS, as_entropies, averages

ANY_LAW = Assumption("any finite joint law: weights ≥ 0, not all of them 0, with 0 log 0 = 0")
LEAST = sp.Min(K_F, K_G, K_Y)

# ---- five forms of μ
mu_order = real("mu_order")
JOINT = I("F", "Y") + I("G", "Y") - I(("F", "G"), "Y")
ENTROPIES = in_entropies(explained)


def _forms():
    pairs = (
        I("F", "Y") - I("F", "Y", given="G"),
        I("G", "Y") - I("G", "Y", given="F"),
        I("F", "G") - I("F", "G", given="Y"),
        JOINT,
    )
    orders = [law.co_information(*order) for order in (("G", "F", "Y"), ("F", "Y", "G"), ("Y", "G", "F"))]
    return as_entropies(*((explained, form) for form in (*pairs, *orders)))


identities = Claim(
    id="nakkiran2019.identities",
    title="five forms of the performance correlation; it is the same in all three variables",
    kind=Kind.IDENTITY,
    setting=(
        *LAW,
        CORRELATION,
        Quantity(
            mu_order,
            "I(A; C) − I(A; C | B) for every order (A, B, C) of the variables F, G, Y",
            latex=r"\mu_C(A;B)",
            unicode="μ_C(A;B)",
            measured=True,
        ),
    ),
    parts=(
        Part("F", sp.Eq(mu, I("F", "Y") - I("F", "Y", given="G")), note="the definition"),
        Part("G", sp.Eq(mu, I("G", "Y") - I("G", "Y", given="F"))),
        Part("predictions", sp.Eq(mu, I("F", "G") - I("F", "G", given="Y"))),
        Part("together", sp.Eq(mu, JOINT)),
        Part("entropies", sp.Eq(mu, ENTROPIES)),
        Part("symmetry", sp.Eq(mu_order, explained), note="all six orders"),
    ),
    assumptions=(ANY_LAW,),
    source=derived("definition of μ; its forms"),
    proof=(
        algebra("averages of log-ratios are sums of entropies", lambda: averages((2, 2, 2)), size="2·2·2 values"),
        algebra("the same for other sizes", lambda: averages((2, 3, 2)), size="2·3·2 values"),
        algebra("all forms, and μ in other orders, are one sum of entropies", _forms),
    ),
    mutants=(
        Mutant("mixed", "I(F; Y) − I(F; G | Y)", {"F": sp.Eq(mu, I("F", "Y") - I("F", "G", given="Y"))}),
        Mutant("mixed-2", "I(F; G) − I(F; Y | G)", {"predictions": sp.Eq(mu, I("F", "G") - I("F", "Y", given="G"))}),
        Mutant("plus", "I(F; Y) + I(F; Y | G)", {"F": sp.Eq(mu, I("F", "Y") + I("F", "Y", given="G"))}),
        Mutant("opposite", "the opposite sign convention", {"together": sp.Eq(mu, -JOINT)}),
    ),
    notes=(
        "μ is the co-information of F, G and Y. McGill's interaction information, in the convention "
        "I(F; Y | G) − I(F; Y), is −μ.",
        "At whole counts every quantity is Σ c_q log q over primes q with rational c_q. It is zero exactly when every "
        "c_q is: `theory.words.information.prime_exponents` decides that, `sign` the rest.",
        "Logarithms that are smoothed by some ε, in place of 0 log 0 = 0, bias μ, and more so with more classes.",
    ),
)

# ---- range, sign, Markov chains
distance, differ = scalar("distance"), scalar("differ")
markov, vanishes = scalar("markov"), scalar("vanishes")


def _remainders():
    return as_entropies(
        (I("F", "Y") - explained, I("F", "Y", given="G")),
        (I("G", "Y") - explained, I("G", "Y", given="F")),
        (I("F", "G") - explained, I("F", "G", given="Y")),
        (I("F", "Y") + I("G", "Y", given="F"), I("G", "Y") + I("F", "Y", given="G")),
        (H("F") - I("F", "Y"), H("F", given="Y")),
        (H("F", given="G") - I("F", "Y", given="G"), H("F", given=("G", "Y"))),
    )


bounds = Claim(
    id="nakkiran2019.bounds",
    title="range and sign of the performance correlation; when one classifier explains the other",
    kind=Kind.INEQUALITY,
    setting=(
        *LAW,
        CORRELATION,
        INFORMATION,
        Quantity(
            distance,
            "Σ |p(f,g,y) − p(f,g) p(g,y)/p(g)|: how far F − G − Y is from a Markov chain",
            latex=r"\|p-p_{fg}p_{gy}/p_g\|_1",
            unicode="‖p − p_fg p_gy/p_g‖₁",
            measured=True,
        ),
        Quantity(differ, "P(F ≠ G)", latex=r"P(F\ne G)", unicode="P(F≠G)", measured=True),
        Quantity(
            markov,
            "of whole counts n: 1 where n(f,g,y) n(g) = n(f,g) n(g,y) for all values, else 0; the same for the chains "
            "G − F − Y and F − Y − G",
            latex=r"[\text{Markov}]",
            unicode="[Markov]",
            measured=True,
        ),
        Quantity(
            vanishes,
            "of whole counts: 1 where every prime exponent of I(F; Y | G) is 0, else 0; the same for I(G; Y | F) and "
            "I(F; G | Y)",
            latex=r"[I(F;Y\mid G)=0]",
            unicode="[I(F;Y∣G)=0]",
            measured=True,
        ),
    ),
    parts=(
        Part("above", sp.Le(mu, sp.Min(I("F", "Y"), I("G", "Y"), I("F", "G"))), trivial=sp.log(LEAST)),
        Part(
            "below",
            sp.Ge(mu, -sp.Min(I("F", "Y", given="G"), I("G", "Y", given="F"), I("F", "G", given="Y"))),
            trivial=-sp.log(LEAST),
            note="μ may be negative",
        ),
        Part(
            "values",
            sp.Le(sp.Abs(mu), sp.log(LEAST)),
            trivial=sp.log(sp.Min(K_F, K_Y)),
            note="attained on both sides",
        ),
        Part(
            "constant",
            sp.Le(sp.Abs(mu), sp.Min(H("F"), H("G"), H("Y"))),
            trivial=sp.log(LEAST),
            note="G constant: μ = 0",
        ),
        Part(
            "processing",
            sp.Le(informed, I("G", "Y") + I("F", "Y", given="G")),
            trivial=sp.log(sp.Min(K_F, K_Y)),
            note="F − G − Y a Markov chain: I(F; Y) ≤ I(G; Y)",
        ),
        Part(
            "Markov",
            sp.Le(distance**2 / 2, I("F", "Y", given="G")),
            trivial=sp.Integer(2),
            note="I(F; Y) − μ = I(F; Y | G) is 0 for Markov chains alone",
        ),
        Part("decided", sp.Eq(markov, vanishes), note="exactly, on whole counts"),
    ),
    assumptions=(ANY_LAW,),
    source=derived("range, sign and Markov reading of μ"),
    proof=(
        by_claim("nakkiran2019.identities", "three forms of μ"),
        algebra("I(F; Y) − μ = I(F; Y | G), in all orders; I(A; B | C) = H(A | C) − H(A | B, C)", _remainders),
        *GIBBS,
        lemma("entropy of K values", "H ≤ log K, hence I(A; B | C) ≤ H(A | C) ≤ H(A) ≤ log K_A"),
        lemma("Pinsker", "½ ‖p − q‖₁² ≤ KL(p‖q), with q = p(f,g) p(g,y)/p(g), so that KL(p‖q) = I(F; Y | G)"),
        lemma("unique factorisation", "Σ c_q log q with rational c_q vanishes only if every c_q does"),
    ),
    mutants=(
        Mutant("positive", "μ ≥ 0", {"below": sp.Ge(mu, 0)}),
        Mutant("product", "μ ≤ I(F; Y) I(G; Y)/log 2", {"above": sp.Le(mu, I("F", "Y") * I("G", "Y") / sp.log(2))}),
        Mutant("equal", "μ = I(F; Y) only if F = G", {"Markov": sp.Le(differ**2 / 2, I("F", "Y", given="G"))}),
    ),
    notes=(
        "μ = I(F; Y) means that F − G − Y is a Markov chain: G explains all of F's performance. μ = I(G; Y) means that "
        "G − F − Y is one: F retains all of G. μ = I(F; G) means that F and G are independent given Y.",
        "F = Y gives μ = I(G; Y) for every G, F = G gives μ = I(F; Y): see nakkiran2019.fano.",
        "XOR of independent fair bits has μ = −log 2, three copies of a fair bit have log 2; with K values ∓log K.",
    ),
)

# ---- coarser classifiers
K_1, K_2 = sp.symbols("K_1 K_2", integer=True, positive=True)
coarse = real("mu_coarse")
fine = JointLaw(sp.MatrixSymbol("P", K_F * K_1 * K_2, K_Y), ("F", "G_1", "G_2", "Y"), (K_F, K_1, K_2, K_Y))
BOTH = ("G_1", "G_2")


def _chain():
    by_one, by_both = (fine.co_information("F", G, "Y") for G in ("G_1", BOTH))
    return as_entropies(
        (by_both, by_one + fine.mutual_information("F", "Y", "G_1") - fine.mutual_information("F", "Y", BOTH)),
        (
            by_both - by_one,
            fine.mutual_information("F", "G_2", "G_1") - fine.mutual_information("F", "G_2", ("G_1", "Y")),
        ),
        (
            fine.entropy("G_2", "G_1") - fine.mutual_information("F", "G_2", "G_1"),
            fine.entropy("G_2", ("F", "G_1")),
        ),
    )


chain = Claim(
    id="nakkiran2019.chain",
    title="chain rule for two simpler classifiers; a coarser one explains more or less",
    kind=Kind.IDENTITY,
    setting=(
        LAW[0],
        Quantity(K_1, "number of values of G_1"),
        Quantity(K_2, "number of values of G_2"),
        LAW[2],
        Quantity(
            fine.P,
            "joint law of (F, G_1, G_2, Y): probabilities or counts, a row for (f, g₁, g₂) in lexicographic order, a "
            "column for y",
        ),
        Quantity(mu, "μ_Y(F; (G_1, G_2)), from averages of log-ratios", latex=r"\mu", unicode="μ", measured=True),
        Quantity(coarse, "μ_Y(F; G_1), from averages of log-ratios", latex=r"\mu_1", unicode="μ₁", measured=True),
    ),
    parts=(
        Part(
            "chain",
            sp.Eq(mu - coarse, fine.mutual_information("F", "Y", "G_1") - fine.mutual_information("F", "Y", BOTH)),
        ),
        Part("change", sp.Le(sp.Abs(mu - coarse), fine.entropy("G_2", "G_1")), trivial=sp.log(K_2)),
    ),
    assumptions=(ANY_LAW,),
    source=derived("chain rule of μ"),
    proof=(
        algebra(
            "μ(G_1, G_2) − μ(G_1) = I(F; Y | G_1) − I(F; Y | G_1, G_2) = I(F; G_2 | G_1) − I(F; G_2 | G_1, Y)", _chain
        ),
        *GIBBS,
        lemma("conditioning", "I(F; G_2 | ·) ≤ H(G_2 | ·) ≤ H(G_2 | G_1) where · holds G_1"),
    ),
    mutants=(
        Mutant("not-more", "a coarser G explains no more", {"change": sp.Le(coarse, mu)}),
        Mutant("not-less", "a coarser G explains no less", {"change": sp.Le(mu, coarse)}),
        Mutant(
            "plain",
            "I(F; Y) in place of I(F; Y | G_1)",
            {"chain": sp.Eq(mu - coarse, fine.mutual_information("F", "Y") - fine.mutual_information("F", "Y", BOTH))},
        ),
    ),
    notes=(
        "Every coarser classifier φ(G) is G_1 of a fitting pair (G_1, G_2). XOR has μ = −log 2, and 0 once G is "
        "constant; copies of a fair bit have log 2, and then 0: μ is monotone in neither direction.",
    ),
)

# ---- what accuracy forces
e_F, e_FG = scalar("e_F"), scalar("delta")
lost, unexplained = real("lost"), real("unexplained")
H_YF, H_FG = scalar("H_YF"), scalar("H_FG")


wrong_Y, wrong_F = sp.Symbol("wrong_Y", positive=True), sp.Symbol("wrong_F", positive=True)


def fano_bound(error, wrong):
    """h(e) + e log(K − 1), K − 1 being the number of wrong labels."""
    return BinaryEntropy(error) + error * sp.log(wrong)


def _fano():
    return as_entropies(
        (I("G", "Y") - explained, I("G", "Y", given="F")),
        (H("Y", given="F") - I("G", "Y", given="F"), H("Y", given=("F", "G"))),
        (I("F", "Y") - explained, I("F", "Y", given="G")),
        (H("F", given="G") - I("F", "Y", given="G"), H("F", given=("G", "Y"))),
    )


FORCED, CLOSE = fano_bound(e_F, wrong_Y), fano_bound(e_FG, wrong_F)
SAME_Y, SAME_F = sp.Eq(K_F, K_Y), sp.Eq(K_F, K_G)

fano = Claim(
    id="nakkiran2019.fano",
    title="an accurate network retains every classifier: retention forced by accuracy",
    kind=Kind.INEQUALITY,
    setting=(
        *LAW,
        Quantity(
            lost,
            "I(G; Y) − μ_Y(F; G), from averages of log-ratios",
            latex=r"I(G;Y)-\mu",
            unicode="I(G;Y) − μ",
            measured=True,
        ),
        Quantity(
            unexplained,
            "I(F; Y) − μ_Y(F; G), from averages of log-ratios",
            latex=r"I(F;Y)-\mu",
            unicode="I(F;Y) − μ",
            measured=True,
        ),
        Quantity(wrong_Y, "number of wrong labels", K_Y - 1, latex="K_Y-1", unicode="K_Y−1"),
        Quantity(wrong_F, "number of other predictions", K_F - 1, latex="K_F-1", unicode="K_F−1"),
        Quantity(e_F, "error of F, P(F ≠ Y)", measured=True),
        Quantity(e_FG, "P(F ≠ G)", latex=r"\delta", unicode="δ", measured=True),
        Quantity(H_YF, "H(Y | F), averaged over the values of F", latex=r"H(Y\mid F)", unicode="H(Y∣F)", measured=True),
        Quantity(H_FG, "H(F | G), averaged over the values of G", latex=r"H(F\mid G)", unicode="H(F∣G)", measured=True),
    ),
    parts=(
        Part("retention", sp.Le(lost, FORCED), when=SAME_Y, trivial=sp.log(K_Y)),
        Part("lost", sp.Le(lost, H("Y", given="F")), trivial=sp.log(K_Y)),
        Part("Fano", sp.Le(H_YF, FORCED), when=SAME_Y, trivial=sp.log(K_Y)),
        Part("explanation", sp.Le(unexplained, CLOSE), when=SAME_F, trivial=sp.log(K_F)),
        Part("unexplained", sp.Le(unexplained, H("F", given="G")), trivial=sp.log(K_F)),
        Part("Fano for G", sp.Le(H_FG, CLOSE), when=SAME_F, trivial=sp.log(K_F)),
        Part(
            "never gained",
            sp.Ge(lost, 0),
            trivial=-sp.log(sp.Min(K_F, K_Y)),
            note="and I(F; Y) ≥ μ, by symmetry",
        ),
    ),
    assumptions=(
        ANY_LAW,
        Assumption("at least two classes", sp.And(sp.Ge(K_F, 2), sp.Ge(K_G, 2), sp.Ge(K_Y, 2))),
    ),
    source=derived("Fano's inequality for μ"),
    proof=(
        algebra("I(G; Y) − μ = I(G; Y | F) = H(Y | F) − H(Y | F, G); the same for F and G", _fano),
        *GIBBS,
        lemma("Fano", "H(Y | F) ≤ h(e_F) + e_F log(K − 1): reveal whether F = Y, then the label among K − 1"),
    ),
    mutants=(
        Mutant("no-classes", "h(e_F) without e_F log(K − 1)", {"retention": sp.Le(lost, BinaryEntropy(e_F))}),
        Mutant("delta-log2", "δ log 2 in place of h(δ)", {"explanation": sp.Le(unexplained, e_FG * sp.log(2))}),
    ),
    notes=(
        "A network with test accuracy near 1 retains every classifier. The share that accuracy forces, "
        "[I(G; Y) − H(Y | F)]/I(G; Y), belongs next to every measured ratio μ/I(G; Y).",
        "Equality in the whole first chain at every error e: F uniform, Y = F with probability 1 − e, else uniform on "
        "the other labels, G = Y. Likewise for (G, F) in place of (F, Y), with Y = F.",
        "I(F; Y) is no accuracy: a binary classifier that is always wrong has I(F; Y) = log 2 on balanced labels.",
    ),
)

CLAIMS = (identities, bounds, chain, fano, *binary.CLAIMS)
