"""nakkiran2019, simplified model A, with high probability: what the spectrum of a Gaussian block gives."""

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...decide import Implication
from ...proof import algebra, by_claim, lemma, polynomial
from .gaussian_block import SETTING, STILL
from .model import FLIPPED, D, a, err, m, misfit, n, p, p_hat, sigma, tail, theta, theta_0
from .setting import derived

delta, tau, kappa = sp.symbols("delta tau kappa", positive=True)
lam_lo, lam_hi = sp.symbols("lam_lo lam_hi", positive=True)
B_lo, B_hi, theta_lo, theta_hi = sp.symbols("B_lo B_hi theta_lo theta_hi", real=True)
g_min = sp.Symbol("g_min", nonnegative=True)


def gain(x: sp.Expr) -> sp.Expr:
    """g(ϑ) = ϑ²/c(ϑ)."""
    return x**2 / misfit(x)


def _polarisation():
    # sᵀKy = ¼[(s+y)ᵀK(s+y) − (s−y)ᵀK(s−y)] in the letters ss, sy = ys, yy; ‖s ± y‖² = 2n(1 ± m)
    ss, sy, yy = sp.symbols("ss sy yy")
    return [
        (((ss + 2 * sy + yy) - (ss - 2 * sy + yy)) / 4, sy),
        (2 * n * (1 + m), (4 * n * (1 - p_hat)).subs(p_hat, (1 - m) / 2)),
        (2 * n * (1 - m), (4 * n * p_hat).subs(p_hat, (1 - m) / 2)),
    ]


def _worst_end():
    # 1/g = z² − 2mz + 1 in z = 1/ϑ is convex: between two values of z it is at most the larger one there
    z, low, high, top, share = sp.symbols("z low high top share", real=True)
    square = [top >= low**2 - 2 * share * low + 1, top >= high**2 - 2 * share * high + 1]
    return [Implication(z**2 - 2 * share * z + 1 <= top, [low <= z, z <= high, *square])]


def _level():
    return [(2 * sp.exp(-(sp.sqrt(2 * sp.log(2 / delta)) ** 2) / 2), delta)]


def _rewritten():
    x = sp.Symbol("x", positive=True)
    return [
        (
            x * sp.sqrt(D) * sigma * (1 - kappa) / (sigma * sp.sqrt(n)),
            x * (sp.sqrt(D) - sp.sqrt(D) * kappa) / sp.sqrt(n),
        )
    ]


HIGH = (
    *SETTING,
    Quantity(delta, "failure probability", domain=sp.And(delta > 0, delta < 1), latex=r"\delta", unicode="δ"),
    Quantity(tau, "√(2 log(2/δ))", sp.sqrt(2 * sp.log(2 / delta)), latex=r"\tau", unicode="τ"),
    Quantity(kappa, "(√n + τ)/√D", (sp.sqrt(n) + tau) / sp.sqrt(D), latex=r"\kappa", unicode="κ"),
    Quantity(lam_lo, "ς²(1 − κ)²", sigma**2 * (1 - kappa) ** 2, latex=r"\lambda_-", unicode="λ₋"),
    Quantity(lam_hi, "ς²(1 + κ)²", sigma**2 * (1 + kappa) ** 2, latex=r"\lambda_+", unicode="λ₊"),
    Quantity(B_lo, "lower limit of B", n * ((1 - p_hat) / lam_hi - p_hat / lam_lo), latex="B^-", unicode="B⁻"),
    Quantity(B_hi, "upper limit of B", n * ((1 - p_hat) / lam_lo - p_hat / lam_hi), latex="B^+", unicode="B⁺"),
    Quantity(
        theta_lo,
        "lower limit of ϑ: the numerator ϑ₀ + a²B⁻ over the larger denominator where it is positive",
        sp.Min(*((theta_0 + a**2 * B_lo) / (1 + a**2 * n / x) for x in (lam_lo, lam_hi))),
        latex=r"\theta_-",
        unicode="ϑ₋",
    ),
    Quantity(
        theta_hi,
        "upper limit of ϑ",
        sp.Max(*((theta_0 + a**2 * B_hi) / (1 + a**2 * n / x) for x in (lam_lo, lam_hi))),
        latex=r"\theta_+",
        unicode="ϑ₊",
    ),
    Quantity(g_min, "min of g at both limits", sp.Min(gain(theta_lo), gain(theta_hi)), latex="g", unicode="g"),
)


def _test_error(argument: sp.Expr) -> sp.Expr:
    return p + (1 - 2 * p) * tail(argument)


SURE = sp.sqrt(D) - sp.sqrt(n) - tau
probability = Claim(
    id="nakkiran2019.A-probability",
    title="the interpolating network keeps the simple classifier, with high probability",
    kind=Kind.PROBABILITY,
    setting=HIGH,
    parts=(
        Part("signal-low", sp.Ge(theta, theta_lo), Quantifier.PROBABILITY, note="the noise blocks Ξ are drawn"),
        Part("signal-high", sp.Le(theta, theta_hi), Quantifier.PROBABILITY),
        Part(
            "error",
            sp.Le(err, _test_error(SURE / sp.sqrt(n) * sp.sqrt(g_min))),
            Quantifier.PROBABILITY,
            when=sp.Gt(theta_lo, 0),
            trivial=sp.Rational(1, 2),
        ),
    ),
    assumptions=(
        FLIPPED,
        Assumption("√D > √n + τ", sp.Gt(sp.sqrt(D), sp.sqrt(n) + tau)),
        Assumption("the entries of Ξ are independent N(0, ς²/D)", dropped="wider"),
        STILL,
        Assumption("training reaches zero loss"),
    ),
    source=derived("the theorem in a simplified model, Gaussian noise: test error with probability 1 − δ"),
    proof=(
        lemma("Davidson–Szarek", "ς(1 − κ) ≤ σ(Ξ) ≤ ς(1 + κ) with probability 1 − 2e^{−τ²/2}"),
        algebra("2e^{−τ²/2} = δ at τ = √(2 log(2/δ))", _level),
        algebra("B by polarisation; ‖s + y‖² = 4n(1 − p̂), ‖s − y‖² = 4np̂", _polarisation),
        by_claim("nakkiran2019.A-limit", "ϑ∞ = (ϑ₀ + a²B)/(1 + a²A), n/λ₊ ≤ A ≤ n/λ₋, B⁻ ≤ B ≤ B⁺"),
        by_claim("nakkiran2019.A-margin", "ρ ≥ σ_min √(D g(ϑ∞)/n)/ς"),
        polynomial("1/g is convex in 1/ϑ: on an interval g is least at an end", _worst_end),
        algebra("√D(1 − κ) = √D − √n − τ", _rewritten),
        by_claim("nakkiran2019.A-sampled", "test error p ⋆ Q(ρ), which decreases in ρ"),
    ),
    mutants=(
        Mutant("flips-ignored", "B⁻ = n/λ₊", definitions={B_lo: n / lam_hi}),
        Mutant("no-count", "without √n", {"error": sp.Le(err, _test_error(SURE * sp.sqrt(g_min)))}),
        Mutant("twice", "twice the margin", {"error": sp.Le(err, _test_error(2 * SURE / sp.sqrt(n) * sp.sqrt(g_min)))}),
        Mutant("no-noise", "p for the test error", {"error": sp.Le(err, p)}),
        Mutant("start-ignored", "ϑ₀ = 0 above", {"signal-high": sp.Le(theta, a**2 * B_hi / (1 + a**2 * n / lam_hi))}),
        Mutant("noisy-start", "noise weights that do not start from 0", setting="noisy-start"),
    ),
    notes=(
        "Davidson and Szarek's tail is far from sharp for few samples. Least slack is left with many more coordinates "
        "than samples, where K is nearly ς²I.",
    ),
)

CLAIMS = (probability,)
