"""nakkiran2019, laws of the estimates for large N: the normal law of μ̂, the χ² law of Î(F;Y|G) where it is 0, and what
intervals and tests built on them keep (dossier: "estimators", 6 and coverage)."""

import sympy as sp

from ...claim import Assumption, Claim, Erratum, Kind, Mutant, Part, Quantifier, Quantity, Severity
from ...proof import algebra, by_claim, cited, lemma
from ...words import ChiSquareCDF, InnerProduct, JointLaw
from .setting import IID, K_F, K_G, K_Y, LAW, SAMPLES, I, N, derived, explained, in_use, law

mu, cmi = explained, I("F", "Y", "G")
delta = sp.Symbol("delta", positive=True)
mu_hat, low, high = (sp.Symbol(x, real=True) for x in ("mu_hat", "low", "high"))
boot_low, boot_high, cmi_low, cmi_high, jack_low, jack_high = (
    sp.Symbol(x, real=True) for x in ("boot_low", "boot_high", "cmi_low", "cmi_high", "jack_low", "jack_high")
)
sd, sd_hat, cmi_hat = (sp.Symbol(x, nonnegative=True) for x in ("sd", "sd_hat", "cmi_hat"))
F_known, F_seen, F_cmi, p_value = (sp.Symbol(x, nonnegative=True) for x in ("F_known", "F_seen", "F_cmi", "p_value"))
i, i_hat, P_hat = (sp.MatrixSymbol(x, K_F * K_G, K_Y) for x in ("i", "i_hat", "P_hat"))
seen = JointLaw(P_hat, law.names, law.sizes)
seen_mu = seen.co_information("F", "G", "Y")
K_Fg, K_Yg = sp.MatrixSymbol("K_Fg", 1, K_G), sp.MatrixSymbol("K_Yg", 1, K_G)

JOINT = (SAMPLES, *LAW)
SD = "standard deviation of i(f,g,y) = log p_fg p_fy p_gy/(p_f p_g p_y p_fgy) under the law"
DELTA = Quantity(delta, "failure probability", domain=sp.And(delta > 0, delta < 1), latex=r"\delta", unicode="δ")


def _density():
    # the coefficients of log p in i = log p_fg p_fy p_gy/(p_f p_g p_y p_fgy), and in I(F;Y) − I(F;Y|G)
    f, g, y, fg, fy, gy, fgy = sp.symbols("f g y fg fy gy fgy", positive=True)
    i = sp.expand_log(sp.log(fg * fy * gy / (f * g * y * fgy)))
    return [(i, sp.expand_log(sp.log(fy / (f * y)) - sp.log(fgy * g / (fg * gy))))]


def _normal(z):
    return (1 + sp.erf(z / sp.sqrt(2))) / 2


def _standard(scale):
    return sp.sqrt(N) * (mu_hat - mu) / scale


normal = Claim(
    id="nakkiran2019.normal",
    title="√N(μ̂ − μ) is normal for large N",
    kind=Kind.LAW,
    setting=(
        *JOINT,
        Quantity(mu_hat, "plug-in estimate", latex=r"\hat\mu", unicode="μ̂", unit="nats", measured=True),
        Quantity(i, "i(f,g,y) = log p_fg p_fy p_gy/(p_f p_g p_y p_fgy), arranged as P is", law.density(mu)),
        Quantity(sd, SD, sp.sqrt(law.variance(i)), latex=r"\sigma", unicode="σ"),
        Quantity(P_hat, "counts of the samples, arranged as P is", latex=r"\hat P", unicode="P̂", measured=True),
        Quantity(i_hat, "i of the observed frequencies", seen.density(seen_mu), latex=r"\hat\imath", unicode="î"),
        Quantity(
            sd_hat,
            "standard deviation of î under the observed frequencies",
            sp.sqrt(seen.variance(i_hat)),
            latex=r"\hat\sigma",
            unicode="σ̂",
        ),
        Quantity(F_known, "distribution function of √N(μ̂ − μ)/σ", latex="F_Z", unicode="F_Z", measured=True),
        Quantity(F_seen, "distribution function of √N(μ̂ − μ)/σ̂", latex=r"F_{\hat Z}", unicode="F_Ẑ", measured=True),
    ),
    parts=(
        Part("known", sp.Eq(F_known, _normal(_standard(sd))), Quantifier.LAW, note="as N → ∞"),
        Part("studentised", sp.Eq(F_seen, _normal(_standard(sd_hat))), Quantifier.LAW, note="as N → ∞"),
    ),
    assumptions=(
        IID,
        Assumption("Var i > 0", sp.Gt(sd, 0), dropped="independent"),
    ),
    source=derived("asymptotic law"),
    proof=(
        algebra("i is the density of I(F;Y) − I(F;Y|G): its mean is μ", _density),
        lemma(
            "delta method", "μ is differentiable in the law, of gradient i up to a constant; the central limit theorem"
        ),
    ),
    mutants=(
        Mutant("bits", "standard deviation in bits", {"known": sp.Eq(F_known, _normal(_standard(sd / sp.log(2))))}),
        Mutant("twice", "2N for N", {"studentised": sp.Eq(F_seen, _normal(sp.sqrt(2) * _standard(sd_hat)))}),
        Mutant(
            "other-sign",
            "the opposite sign convention of μ",
            {"known": sp.Eq(F_known, _normal(sp.sqrt(N) * (mu_hat + mu) / sd))},
        ),
    ),
    notes=(
        "For mutually independent F, G, Y the density i is 0, and μ̂ − μ is of the order 1/N and not normal.",
        "Asymptotic: tested at sizes N for which the deviation from the law is below what the draws can see.",
        "A test of uniformity does not tell a distribution function from one minus it.",
    ),
)


# ---- the chi-square law
def _taylor():
    # x log(x/m) − x + m at x = m(1 + e) is m e²/2 + O(e³)
    m, e = sp.symbols("m e", positive=True)
    entropy = m * (1 + e) * sp.log(1 + e) - m * e
    return [(sp.series(entropy, e, 0, 3).removeO(), m * e**2 / 2)]


statistic = 2 * N * cmi_hat
degrees = InnerProduct(K_Fg - sp.OneMatrix(1, K_G), K_Yg - sp.OneMatrix(1, K_G))

chi_square = Claim(
    id="nakkiran2019.chi-square",
    title="2N Î(F;Y|G) is χ² where I(F;Y|G) = 0",
    kind=Kind.LAW,
    setting=(
        *JOINT,
        Quantity(cmi_hat, "plug-in estimate", latex=r"\hat I(F;Y|G)", unicode="Î(F;Y|G)", unit="nats", measured=True),
        Quantity(K_Fg, "numbers of values of F that are possible with each g", latex="K_{F|g}", unicode="K_F|g"),
        Quantity(K_Yg, "numbers of values of Y that are possible with each g", latex="K_{Y|g}", unicode="K_Y|g"),
        Quantity(F_cmi, "distribution function of 2N Î(F;Y|G)", latex="F_I", unicode="F_I", measured=True),
    ),
    parts=(
        Part(
            "degrees",
            sp.Eq(F_cmi, ChiSquareCDF(statistic, degrees)),
            Quantifier.LAW,
            note="as N → ∞; the degrees of freedom are Σ_g (K_F|g − 1)(K_Y|g − 1)",
        ),
    ),
    assumptions=(
        IID,
        Assumption("I(F;Y|G) = 0", dropped="dependent"),
    ),
    source=derived("asymptotic law at I(F;Y|G) = 0"),
    proof=(
        algebra("KL at a small relative deviation e is half of the χ² distance: m e²/2 a cell", _taylor),
        lemma("Wilks", "2N KL(p̂‖fitted) is χ², one degree of freedom for each constraint that independence adds"),
        cited(
            "the constraints: (K_F|g − 1)(K_Y|g − 1) in the table of each g, whose rows and columns are those possible"
        ),
    ),
    mutants=(
        Mutant(
            "full-support",
            "K_G(K_F − 1)(K_Y − 1) whatever is possible",
            {"degrees": sp.Eq(F_cmi, ChiSquareCDF(statistic, K_G * (K_F - 1) * (K_Y - 1)))},
        ),
        Mutant(
            "pooled",
            "(K_F − 1)(K_Y − 1), G forgotten",
            {"degrees": sp.Eq(F_cmi, ChiSquareCDF(statistic, (K_F - 1) * (K_Y - 1)))},
        ),
        Mutant("without-2", "N for 2N", {"degrees": sp.Eq(F_cmi, ChiSquareCDF(N * cmi_hat, degrees))}),
    ),
    notes=(
        "K_G(K_F − 1)(K_Y − 1) degrees where all p_fg, p_gy > 0.",
        "Asymptotic: tested at sizes N for which the deviation from the law is below what the draws can see.",
    ),
)

# ---- intervals and the exact test
MOST = sp.log(sp.Min(K_F, K_G, K_Y))
INDEPENDENT = Assumption("F, G, Y are not mutually independent", dropped="independent")
NO_INFORMATION = Assumption("I(F;Y|G) = 0", dropped="dependent")


def _ends(low, high, latex: str, unicode: str, what: str):
    """The quantities of an interval; its ends are shown with an index."""
    return tuple(
        Quantity(
            x, f"{name} end of the {what}", latex=rf"{latex}{l}", unicode=f"{unicode}{u}", unit="nats", measured=True
        )
        for x, name, l, u in ((low, "low", "_-", "₋"), (high, "high", "_+", "₊"))
    )


def _contains(name: str, low, value, high, when=sp.true):
    """The parts that say that an interval contains a value."""
    return (
        Part(f"{name}-low", sp.Le(low, value), Quantifier.PROBABILITY, when=when, trivial=MOST),
        Part(f"{name}-high", sp.Ge(high, value), Quantifier.PROBABILITY, when=when, trivial=-MOST),
    )


def _halved(name: str, low, high):
    """Both parts of an interval with half of its width."""
    middle = (low + high) / 2
    return {f"{name}-low": sp.Le((low + middle) / 2, mu), f"{name}-high": sp.Ge((high + middle) / 2, mu)}


PERCENTILE = _ends(boot_low, boot_high, r"\mu^*", "μ*", "percentile interval of μ")
PERCENTILE_CMI = _ends(cmi_low, cmi_high, "I^*", "I*", "percentile interval of I(F;Y|G)")
bias = (K_F - 1) * (K_G - 1) * (K_Y - 1) / (2 * N)
"""Of μ̂, without its sign, to leading order."""
error = sd / sp.sqrt(N)

coverage = Claim(
    id="nakkiran2019.intervals",
    title="intervals of nominal level 1 − δ/2 contain μ with probability 1 − δ, at the tested sizes",
    kind=Kind.PROBABILITY,
    setting=(
        *JOINT,
        DELTA,
        Quantity(sd, SD, latex=r"\sigma", unicode="σ", measured=True),
        *_ends(low, high, r"\hat\mu", "μ̂", "delta interval of μ"),
        *PERCENTILE,
        *_ends(jack_low, jack_high, r"\tilde\mu", "μ̃", "delta interval about the jackknife estimate of μ"),
    ),
    parts=(
        *_contains("delta", low, mu, high, when=sp.Le(bias, error / 2)),
        *_contains("bootstrap", boot_low, mu, boot_high, when=sp.Le(bias, error / 4)),
        *_contains("jackknife", jack_low, mu, jack_high),
    ),
    assumptions=(IID, INDEPENDENT),
    source=derived("coverage"),
    proof=(
        by_claim("nakkiran2019.normal", "the delta interval has the level 1 − δ/2 in the limit"),
        cited("the bootstrap is consistent for differentiable functions of a finite law"),
    ),
    mutants=(
        Mutant("half-width", "half of the delta interval", _halved("delta", low, high)),
        Mutant("half-percentile", "half of the percentile interval", _halved("bootstrap", boot_low, boot_high)),
        Mutant(
            "uncorrected",
            "the plug-in estimate for that of the jackknife",
            {"jackknife-low": sp.Le(low, mu), "jackknife-high": sp.Ge(high, mu)},
        ),
    ),
    notes=(
        "At finite N the intervals miss more often than in the limit; δ is twice the nominal probability of a miss, "
        "fixed beforehand. All ends together hold with probability 1 − δ on the tested laws.",
        "μ̂ lies (K_F−1)(K_G−1)(K_Y−1)/(2N) too low, to leading order. Where this is half of its standard error σ/√N, a "
        "normal estimate of nominal 95 % misses 8 %; resampling adds the bias once more, hence a quarter for the "
        "percentile interval. Nearly empty tables (accurate predictions of many classes) have less bias than this.",
        "About the jackknife estimate the interval missed 5 % of nominal 5 % with three classes and 6 % with five, at "
        "N = 500, where the plug-in missed 7 % and 41 %. With ten classes and predictions that are often wrong it too "
        "needs samples: it missed 31 % at N = 4000, 14 % at 10000, 4 % at 40000. With ten classes and accurate "
        "predictions it is the worse one at N = 1000: it missed 16 %, the plug-in 9 %; at 10000 4 % and 8 %.",
        "The bias being downward, the low ends hold also where the condition fails, on the tested laws.",
        "Mutually independent F, G, Y: μ̂ is not normal, and the width of the interval is of the order of its bias.",
    ),
)

percentile = Claim(
    id="nakkiran2019.percentile-in-use",
    title="a percentile interval of μ is taken at its nominal level: three and five classes, N = 500",
    kind=Kind.PROBABILITY,
    setting=(*JOINT, DELTA, *PERCENTILE),
    parts=_contains("bootstrap", boot_low, mu, boot_high),
    assumptions=(IID,),
    source=in_use("intervals for its measure"),
    erratum=Erratum(
        Severity.CUSTOM,
        "The percentile interval of nominal level 1 − δ, from resampled tables of N samples, contains μ with "
        "probability 1 − δ.",
        "It does where the bias of μ̂ is small against its standard error. Of nominal 95 % and N = 500 it misses 10 % "
        "with three classes and 65 % with five: μ̂ is too low by its bias, and its resamples by the bias once more.",
        "Two classes at N = 500, three at N = 4000. Otherwise the delta interval about the jackknife estimate: "
        "delta_intervals(counts, share=jackknife), or mu(y, f, g, share=jackknife). About the plug-in estimate it "
        "misses 7 % with three classes and 41 % with five.",
        coverage.id,
        "not a quotation: how such intervals are read, tried on drawn samples",
    ),
    notes=("From 400 resamples; from 2000 it missed as often.",),
)

boundary = Claim(
    id="nakkiran2019.percentile-at-zero",
    title="a percentile interval of I(F;Y|G) is taken at its nominal level where I(F;Y|G) = 0",
    kind=Kind.PROBABILITY,
    setting=(*JOINT, DELTA, *PERCENTILE_CMI),
    parts=_contains("bootstrap", cmi_low, cmi, cmi_high),
    assumptions=(IID, NO_INFORMATION),
    source=in_use("intervals for I(F;Y|G)"),
    erratum=Erratum(
        Severity.CUSTOM,
        "The percentile interval of nominal level 1 − δ for I(F;Y|G) contains it with probability 1 − δ, also where G "
        "explains all that F knows.",
        "Where I(F;Y|G) = 0 it never contains it: the estimate is never negative, and its resamples exceed it on "
        "average. Whether I(F;Y|G) = 0 is for a test to say, exactly by permutation at every N.",
        "The χ² test for large N (nakkiran2019.chi-square) and the permutation test: chi_square_test and "
        "permutation_test. Of a positive I(F;Y|G) the interval still misses more than it says: 20 % of nominal 5 % "
        "with three classes, N = 500 and I(F;Y|G) = 0.09.",
        "nakkiran2019.permutation",
        "not a quotation: how such intervals are read, tried on drawn samples",
    ),
)

permutation = Claim(
    id="nakkiran2019.permutation",
    title="permuting Y within the values of G: a valid test of I(F;Y|G) = 0 at every N",
    kind=Kind.PROBABILITY,
    setting=(
        *JOINT,
        DELTA,
        Quantity(p_value, "p-value of the permutation test", latex=r"\hat p", unicode="p̂", measured=True),
    ),
    parts=(
        Part(
            "level",
            sp.Gt(p_value, delta),
            Quantifier.PROBABILITY,
            note="over the samples and the permutations",
            trivial=sp.Integer(0),
        ),
    ),
    assumptions=(
        IID,
        NO_INFORMATION,
    ),
    source=derived("stratified permutation test"),
    proof=(
        cited("given F, G and the values of Y in each stratum, all orders within the strata are equally likely"),
        lemma("rank", "the rank of the observed value among equally likely ones is at least uniform"),
    ),
    mutants=(Mutant("unstratified", "permuting Y over all samples", setting="unstratified"),),
)

CLAIMS = (normal, chi_square, coverage, percentile, boundary, permutation)
