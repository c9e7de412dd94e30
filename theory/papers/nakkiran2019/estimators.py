"""nakkiran2019, estimates from N samples: bias and concentration of plug-in entropy and information (dossier:
"estimators").

Expectations are exact: every estimate is a sum over cells, so that binomial probabilities suffice.
"""

import sympy as sp

from ...claim import Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...decide import Implication, Inequality
from ...proof import algebra, by_claim, enclosed, lemma, polynomial
from ...words.information import JointLaw
from . import intervals
from .setting import IID, K_F, K_G, K_Y, LAW, SAMPLES, I, N, derived, explained

K = sp.Symbol("K", integer=True, positive=True)
S, EH, E_psi = (sp.Symbol(x, nonnegative=True) for x in ("S", "EH", "E_psi"))
share, p = sp.Symbol("share", nonnegative=True), sp.Symbol("p", real=True)
P = sp.MatrixSymbol("P", 1, K)
H = JointLaw(P, ("X",), (K,)).entropy("X")
SEVERAL = Quantity(N, "number of samples", domain=N >= 2)

LAW_SETTING = (
    SAMPLES,
    Quantity(K, "number of cells"),
    Quantity(P, "law of X, up to its total"),
    Quantity(S, "number of cells of positive probability", measured=True),
    Quantity(EH, "E Ĥ, the plug-in entropy", latex=r"\mathbb E\hat H", unicode="E Ĥ", unit="nats", measured=True),
    Quantity(
        E_psi,
        "E Ĥ_ψ, Ĥ_ψ = Σ_s (c_s/N)(ψ(N) − ψ(c_s))",
        latex=r"\mathbb E\hat H_\psi",
        unicode="E Ĥ_ψ",
        unit="nats",
        measured=True,
    ),
    Quantity(p, "probability of a cell", domain=sp.And(p > 0, p <= 1), measured=True),
    Quantity(
        share,
        "what this cell adds to E Ĥ_ψ: E[(c/N)(ψ(N) − ψ(c))], c ~ Bin(N, p)",
        latex=r"\mathbb E\hat h_\psi",
        unicode="E ĥ_ψ",
        unit="nats",
        measured=True,
    ),
)


# ---- entropy
def _cross_terms():
    # one cell, E p̂ = p: the mean of p̂ log(p̂/p) is that of p̂ log p̂, less p log p
    freq, prob = sp.symbols("freq prob", positive=True)
    return [(sp.expand_log(freq * sp.log(freq / prob)), freq * sp.log(freq) - freq * sp.log(prob))]


def _chi_square():
    # one cell: (p̂ − p)²/p = p̂²/p − 2p̂ + p, and Var p̂ = p(1 − p)/N
    freq, prob, n = sp.symbols("freq prob n", positive=True)
    return [
        ((freq - prob) ** 2 / prob, freq**2 / prob - 2 * freq + prob),
        (n * prob * (1 - prob) / n**2 / prob, (1 - prob) / n),
    ]


def bound(cells):
    """log(1 + (S − 1)/N), which E KL(p̂‖p) of S possible cells does not exceed."""
    return sp.log(1 + (cells - 1) / N)


bias_entropy = Claim(
    id="nakkiran2019.bias-entropy",
    title="the plug-in entropy is too small on average, by at most log(1 + (S − 1)/N)",
    kind=Kind.INEQUALITY,
    setting=LAW_SETTING,
    parts=(
        Part("upper", sp.Le(EH, H), trivial=sp.log(K)),
        Part("lower", sp.Ge(EH, H - bound(S)), trivial=sp.Integer(0)),
    ),
    assumptions=(IID,),
    source=derived("bias of the plug-in entropy"),
    proof=(
        algebra("in a cell, p̂ log(p̂/p) = p̂ log p̂ − p̂ log p; as E p̂ = p, H − E Ĥ = E KL(p̂‖p)", _cross_terms),
        lemma("Gibbs", "KL(p̂‖p) ≥ 0"),
        lemma("Jensen", "KL(p̂‖p) ≤ log Σ p̂²/p = log(1 + χ²), and E log(1 + χ²) ≤ log(1 + E χ²)"),
        algebra("Σ (p̂ − p)²/p = Σ p̂²/p − 1, of mean Σ (1 − p)/N = (S − 1)/N over the S possible cells", _chi_square),
    ),
    mutants=(
        Mutant("leading-term", "the leading term (S − 1)/(2N) as a bound", {"lower": sp.Ge(EH, H - (S - 1) / (2 * N))}),
        Mutant("half", "log(1 + (S − 1)/(2N))", {"lower": sp.Ge(EH, H - sp.log(1 + (S - 1) / (2 * N)))}),
        Mutant("unbiased", "Ĥ is unbiased", {"lower": sp.Ge(EH, H)}),
        Mutant("corrected", "E Ĥ + (S − 1)/(2N) ≤ H", {"upper": sp.Le(EH, H - (S - 1) / (2 * N))}),
    ),
    notes=("Equality at N = 1 for a uniform law: Ĥ = 0 and H = log S.",),
)


# ---- the digamma estimate
def _size_bias():
    n, c = sp.symbols("n c", positive=True, integer=True)
    return [(sp.gammasimp((c * sp.binomial(n, c) / (n * sp.binomial(n - 1, c - 1))).rewrite(sp.gamma)), sp.Integer(1))]


def _tail():
    # p Σ_{v ≥ N} q^v/N at q = 1 − p
    q, n = sp.symbols("q n", positive=True)
    return [((1 - q) * (q**n / (1 - q)) / n, q**n / n)]


v = sp.Symbol("v", integer=True, positive=True)
series = sp.Sum((1 - p) ** v / v, (v, 1, N - 1))

digamma = Claim(
    id="nakkiran2019.digamma",
    title="the digamma estimate of entropy: an exponentially small bias",
    kind=Kind.IDENTITY,
    setting=LAW_SETTING,
    parts=(
        Part("cell", sp.Eq(share, p * series)),
        Part("upper", sp.Le(share, -p * sp.log(p)), trivial=p * (1 + sp.log(N))),
        Part("lower", sp.Ge(share, -p * sp.log(p) - (1 - p) ** N / N), trivial=sp.Integer(0)),
        Part("entropy", sp.Le(E_psi, H), trivial=sp.log(K)),
    ),
    assumptions=(IID,),
    source=derived("digamma estimator"),
    proof=(
        algebra(
            "c Bin(c; N, p) = N p Bin(c − 1; N − 1, p): a cell adds p E[ψ(N) − ψ(1 + C)], C ~ Bin(N − 1, p)", _size_bias
        ),
        lemma("harmonic numbers", "ψ(N) − ψ(1 + C) = H_{N−1} − H_C, of mean Σ_{v<N} (1 − p)^v/v"),
        lemma("series of the logarithm", "−log p = Σ_{v≥1} (1 − p)^v/v"),
        algebra("p Σ_{v≥N} (1 − p)^v/v ≤ p Σ_{v≥N} (1 − p)^v/N = (1 − p)^N/N", _tail),
    ),
    mutants=(
        Mutant(
            "one-more", "one more term of the series", {"cell": sp.Eq(share, p * sp.Sum((1 - p) ** v / v, (v, 1, N)))}
        ),
        Mutant("exact", "no bias at all", {"lower": sp.Ge(share, -p * sp.log(p))}),
        Mutant(
            "next-power",
            "(1 − p)^(N+1)/(N + 1)",
            {"lower": sp.Ge(share, -p * sp.log(p) - (1 - p) ** (N + 1) / (N + 1))},
        ),
    ),
    notes=("Summed over the cells: 0 ≤ H − E Ĥ_ψ ≤ Σ_s (1 − p_s)^N/N.",),
)

# ---- information
mu, I_fy, cmi = explained, I("F", "Y"), I("F", "Y", "G")
E_mu, E_fy, E_cmi = sp.Symbol("E_mu", real=True), sp.Symbol("E_fy", real=True), sp.Symbol("E_cmi", real=True)
GROUPS = ("FG", "FY", "GY", "FGY")
S_FG, S_FY, S_GY, S_FGY = possible = tuple(sp.Symbol(f"S_{x}", nonnegative=True) for x in GROUPS)
e_FG, e_FY, e_GY, e_FGY = errors = tuple(sp.Symbol(f"e_{x}", nonnegative=True) for x in GROUPS)
MU_SETTING = (
    SAMPLES,
    *LAW,
    *(
        Quantity(
            s, f"number of possible values of ({', '.join(x)})", latex=f"S_{{{x}}}", unicode=f"S_{x}", measured=True
        )
        for s, x in zip(possible, GROUPS, strict=True)
    ),
    *(
        Quantity(e, f"log(1 + (S_{x} − 1)/N)", bound(s), latex=rf"\epsilon_{{{x}}}", unicode=f"ε_{x}")
        for e, s, x in zip(errors, possible, GROUPS, strict=True)
    ),
    Quantity(E_mu, "E μ̂", latex=r"\mathbb E\hat\mu", unicode="E μ̂", unit="nats", measured=True),
    Quantity(E_fy, "E Î(F; Y)", latex=r"\mathbb E\hat I(F;Y)", unicode="E Î(F;Y)", unit="nats", measured=True),
    Quantity(E_cmi, "E Î(F; Y | G)", latex=r"\mathbb E\hat I(F;Y|G)", unicode="E Î(F;Y|G)", unit="nats", measured=True),
)
pairs = (e_FG, e_FY, e_GY)
two_smaller = sp.Add(*pairs) - sp.Max(*pairs)


def _bias_of_mu():
    # μ = H(F) + H(G) + H(Y) − H(FG) − H(FY) − H(GY) + H(FGY), each estimate too small by its E KL
    f, g, y, fg, fy, gy, fgy = sp.symbols("f g y fg fy gy fgy")
    return [(-(f + g + y) + (fg + fy + gy) - fgy, -(f + g + y - fg - fy - gy + fgy))]


def _monotone():
    # KL of a margin is not larger
    f, g, y, fg, fy, gy, fgy = sp.symbols("f g y fg fy gy fgy", nonnegative=True)
    bias = fg + fy + gy - f - g - y - fgy
    return [
        Implication(bias >= -fgy, [f <= fg, y <= fy, g <= gy]),
        Implication(bias <= fg + fy, [gy <= fgy]),
        Implication(bias <= fg + gy, [fy <= fgy]),
        Implication(bias <= fy + gy, [fg <= fgy]),
        Implication(sp.Le(fgy + g - fg - gy, fgy, evaluate=False), [g <= fg]),
    ]


bias_mu = Claim(
    id="nakkiran2019.bias-mu",
    title="bias of the plug-in μ̂, on both sides",
    kind=Kind.INEQUALITY,
    setting=MU_SETTING,
    parts=(
        Part("above", sp.Le(E_mu, mu + two_smaller), trivial=sp.log(sp.Min(K_F, K_G, K_Y))),
        Part("below", sp.Ge(E_mu, mu - e_FGY), trivial=-sp.log(sp.Min(K_F, K_G, K_Y))),
        Part("information", sp.Le(E_fy, I_fy + e_FY), trivial=sp.log(sp.Min(K_F, K_Y))),
        Part("conditional", sp.Le(E_cmi, cmi + e_FGY), trivial=sp.log(sp.Min(K_F, K_Y))),
    ),
    assumptions=(IID,),
    source=derived("bias of the plug-in μ"),
    proof=(
        by_claim(
            "nakkiran2019.bias-entropy",
            "each entropy is too small on average by E KL of its margin, ≤ log(1 + (S − 1)/N)",
        ),
        algebra("E μ̂ − μ = E[KL_FG + KL_FY + KL_GY − KL_F − KL_G − KL_Y − KL_FGY]", _bias_of_mu),
        lemma("monotonicity of KL", "KL of a margin is at most KL of the whole"),
        polynomial("hence −KL_FGY ≤ the bracket ≤ the sum of any two pairs; for Î(F;Y|G) at most KL_FGY", _monotone),
    ),
    mutants=(
        Mutant("smallest", "the smallest of the three pairs alone", {"above": sp.Le(E_mu, mu + sp.Min(*pairs))}),
        Mutant("only-below", "μ̂ is too small on average", {"above": sp.Le(E_mu, mu)}),
        Mutant("only-above", "μ̂ is too large on average", {"below": sp.Ge(E_mu, mu)}),
        Mutant("half", "log(1 + (S_FGY − 1)/(4N))", {"below": sp.Ge(E_mu, mu - sp.log(1 + (S_FGY - 1) / (4 * N)))}),
        Mutant("unbiased-when-0", "plug-in information is unbiased where it is 0", {"information": sp.Le(E_fy, I_fy)}),
    ),
    notes=(
        "With K_F K_G K_Y and K_A K_B in place of the possible values it is weaker. Leading terms for full support: "
        "−(K_F−1)(K_G−1)(K_Y−1)/(2N) for μ̂, (K_F−1)(K_Y−1)/(2N) for Î(F;Y), K_G(K_F−1)(K_Y−1)/(2N) for Î(F;Y|G).",
        "Both sides are attained only as K grows (Y = F + G modulo K above, independent uniform variables below): on "
        "small tables there is slack.",
    ),
)

# ---- one sample replaced
phi = sp.Symbol("phi", nonnegative=True)
d_H, d_I, d_cmi, d_mu = (sp.Symbol(x, nonnegative=True) for x in ("d_H", "d_I", "d_cmi", "d_mu"))
PHI = Quantity(
    phi, "N log N − (N − 1) log(N − 1)", N * sp.log(N) - (N - 1) * sp.log(N - 1), latex=r"\varphi", unicode="φ"
)
CHANGE_SETTING = (
    SEVERAL,
    PHI,
    *(
        Quantity(
            d,
            f"largest change of {x} when one sample is replaced",
            latex=rf"\Delta {t}",
            unicode=f"Δ{x}",
            unit="nats",
            measured=True,
        )
        for d, x, t in (
            (d_H, "Ĥ(F,G,Y)", r"\hat H"),
            (d_I, "Î(F;Y)", r"\hat I(F;Y)"),
            (d_cmi, "Î(F;Y|G)", r"\hat I(F;Y|G)"),
            (d_mu, "μ̂", r"\hat\mu"),
        )
    ),
)


def _cells():
    # φ(c) ≥ 0 increases, and a margin's count is at least the joint one and at most N
    f, g, y, fg, fy, gy, fgy, n = sp.symbols("f g y fg fy gy fgy n", nonnegative=True)
    information, conditional, whole = f + y - fy, fg + gy - g - fgy, f + g + y - fg - fy - gy + fgy
    return [
        Implication(information >= 0, [fy <= f]),
        Implication(information <= 2 * n, [f <= n, y <= n]),
        Implication(conditional >= -n, [fgy <= fg, g <= n]),
        Implication(conditional <= n, [fg <= g, gy <= n]),
        Implication(whole >= 0, [fg <= f, fy <= y, gy <= g]),
        Implication(whole <= 3 * n, [f <= n, g <= n, y <= n, fgy <= fg]),
    ]


def _increasing():
    c = sp.Symbol("c", positive=True)
    return [(sp.diff(c * sp.log(c) - (c - 1) * sp.log(c - 1), c), sp.log(c) - sp.log(c - 1))]


def _below_log():
    # φ(N) = log N + log(1 + x)/x at x = 1/(N − 1)
    x = sp.Symbol("x", real=True)
    return [Inequality(sp.log(1 + x) <= x, x, sp.Interval(0, sp.oo))]


bounded_difference = Claim(
    id="nakkiran2019.bounded-difference",
    title="one sample replaced: the estimates change by at most c φ(N)/N",
    kind=Kind.INEQUALITY,
    setting=CHANGE_SETTING,
    parts=(
        Part("entropy", sp.Le(d_H, phi / N), trivial=sp.log(N)),
        Part("information", sp.Le(d_I, 2 * phi / N), trivial=sp.log(N)),
        Part("conditional", sp.Le(d_cmi, 2 * phi / N), trivial=sp.log(N)),
        Part("mu", sp.Le(d_mu, 3 * phi / N), trivial=2 * sp.log(N)),
    ),
    source=derived("bounded differences"),
    proof=(
        algebra("φ(c) = c log c − (c − 1) log(c − 1) has the slope log(c/(c − 1)) > 0, and φ(1) = 0", _increasing),
        polynomial(
            "a sample adds to N·estimate, up to a constant: −φ for Ĥ; for Î(F;Y) within [0, 2φ(N)]; for Î(F;Y|G) "
            "within [−φ(N), φ(N)]; for μ̂ within [0, 3φ(N)]",
            _cells,
        ),
        enclosed("log(1 + x) ≤ x gives φ(N) ≤ 1 + log N", _below_log),
    ),
    mutants=(
        Mutant("log", "log N/N for φ(N)/N", {"entropy": sp.Le(d_H, sp.log(N) / N)}),
        Mutant("information-1", "c = 1 for information", {"information": sp.Le(d_I, phi / N)}),
        Mutant("conditional-1", "c = 1 for conditional information", {"conditional": sp.Le(d_cmi, phi / N)}),
        Mutant("mu-2", "c = 2 for μ̂", {"mu": sp.Le(d_mu, 2 * phi / N)}),
    ),
    notes=(
        "Attained for the entropy: all samples in one cell. For the others it is reached like 1 − O(1/log N), by a "
        "sample alone in its cell whose single margins hold N/2 or N/3.",
    ),
)

# ---- concentration
c, delta, stray = sp.Symbol("c", positive=True), sp.Symbol("delta", positive=True), sp.Symbol("stray", nonnegative=True)
STRAY_SETTING = (
    SEVERAL,
    PHI,
    Quantity(delta, "failure probability", domain=sp.And(delta > 0, delta < 1), latex=r"\delta", unicode="δ"),
    Quantity(c, "1 for Ĥ, 2 for Î(F;Y) and Î(F;Y|G), 3 for μ̂"),
    Quantity(
        stray,
        "|T̂ − E T̂|, T̂ one of these",
        latex=r"|\hat T-\mathbb E\hat T|",
        unicode="|T̂−E T̂|",
        unit="nats",
        measured=True,
    ),
)
reach = c * phi * sp.sqrt(sp.log(2 / delta) / (2 * N))


def _mcdiarmid():
    x = sp.Symbol("x", positive=True)
    return [(2 * sp.exp(-2 * N * (c * x * sp.sqrt(sp.log(2 / delta) / (2 * N))) ** 2 / (c * x) ** 2), delta)]


concentration = Claim(
    id="nakkiran2019.concentration",
    title="plug-in estimates stay near their expectation",
    kind=Kind.PROBABILITY,
    setting=STRAY_SETTING,
    parts=(
        Part("stray", sp.Le(stray, reach), Quantifier.PROBABILITY, note="over the N samples", trivial=c * sp.log(N)),
    ),
    assumptions=(IID,),
    source=derived("concentration"),
    proof=(
        by_claim("nakkiran2019.bounded-difference", "one sample changes T̂ by at most cφ(N)/N"),
        lemma("McDiarmid", "P(|T̂ − E T̂| ≥ ε) ≤ 2 exp(−2Nε²/(cφ(N))²)"),
        algebra("which is δ at the bound", _mcdiarmid),
    ),
    mutants=(
        Mutant("no-phi", "1 for φ(N)", {"stray": sp.Le(stray, reach / phi)}),
        Mutant("rate", "N for √N", {"stray": sp.Le(stray, reach / sp.sqrt(N))}),
        Mutant("no-tail", "without log(2/δ) and φ", {"stray": sp.Le(stray, c / sp.sqrt(8 * N))}),
    ),
    notes=(
        "McDiarmid's inequality has much slack for laws of moderate log p; half of the mass in one cell and the rest "
        "spread over many comes near it.",
        "For μ̂ it says less than |μ| ≤ log K up to N of some thousands; intervals of practical width are in "
        "nakkiran2019.intervals.",
    ),
)

CLAIMS = (bias_entropy, bias_mu, digamma, bounded_difference, concentration, *intervals.CLAIMS)
