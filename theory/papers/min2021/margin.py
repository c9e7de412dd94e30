"""min2021 (second version): imbalance and margin together."""

import sympy as sp

from ...claim import Claim, Kind, Mutant, Part, Quantifier, Quantity, Scale
from ...decide import Implication
from ...proof import algebra, by_claim, lemma, polynomial
from ...words import ColumnProjector, Eigenvalue, PositivePart, SingularValue
from .flow import FLOW
from .setting import (
    BASE,
    MARGIN_NOTE,
    Delta_minus,
    Delta_plus,
    E_norm,
    Margin,
    X,
    Y,
    c,
    ell_0,
    ell_t,
    lambda_1,
    lambda_r,
    m,
    r,
    scalar,
    sigma_product,
    speed,
    t,
    v2,
)

c_2, c_2_t, t_0, ell_start = scalar("c_2"), scalar("c_2_t"), scalar("t_0"), scalar("ell_start")
E_norm_t, c_2_end = scalar("E_norm_t"), scalar("c_2_end")
bracket = scalar("bracket")


def nu(k, error):
    """[σ_k(Ỹ) − ‖E‖_F]₊ / √λ₁: what the error leaves of the k-th singular value of the product."""
    return PositivePart(SingularValue(ColumnProjector(X, r) * Y, k) - error) / sp.sqrt(lambda_1)


def rate_at(error):
    return Margin(Delta_plus, c, nu(m, error)) + Margin(Delta_minus, c, nu(r, error))


def bracket_with(plus, minus, index_plus=m, index_minus=r):
    return Margin(plus, c, sigma_product(index_plus)) + Margin(minus, c, sigma_product(index_minus))


MARGIN_SETTING = (
    *BASE,
    Quantity(
        bracket,
        "g(Δ₊, c, σ_m(U₁Vᵀ)) + g(Δ₋, c, σ_r(U₁Vᵀ)) with g(a,b,s) = −a + √((a+b)² + 4s²)",
        bracket_with(Delta_plus, Delta_minus),
        latex="b_2",
        unicode="b₂",
    ),
    Quantity(c_2, "rate of imbalance and margin at the start", rate_at(E_norm), latex="c_2(0)", unicode="c₂(0)"),
    Quantity(E_norm_t, "‖E(t)‖_F", latex=r"\|E(t)\|_F", unicode="‖E(t)‖", measured=True),
    Quantity(c_2_t, "rate of imbalance and margin at time t", rate_at(E_norm_t), latex="c_2(t)", unicode="c₂(t)"),
    Quantity(c_2_end, "the rate with E = 0", rate_at(sp.Integer(0)), latex=r"c_2(\infty)", unicode="c₂(∞)"),
    Quantity(t_0, "a later start", unit="time of the flow", latex="t_0", unicode="t₀"),
    Quantity(ell_start, "excess loss at t₀", latex=r"\ell(t_0)", unicode="ℓ(t₀)", measured=True),
)

# ---- Lemma 8, on any A, B with AᵀA − BBᵀ = D₀
p, h_, k_ = sp.symbols("p h m_B", integer=True, positive=True)
A_, B_ = sp.MatrixSymbol("A", p, h_), sp.MatrixSymbol("B", h_, k_)
D_0 = sp.MatrixSymbol("D_0", h_, h_)
low, high, gap = scalar("low"), scalar("high"), scalar("smallest")
LEMMA8_SETTING = (
    Quantity(p, "rows of A"),
    Quantity(h_, "inner dimension"),
    Quantity(k_, "columns of B"),
    Quantity(A_, "a matrix"),
    Quantity(B_, "a matrix"),
    Quantity(D_0, "AᵀA − BBᵀ", A_.T * A_ - B_ * B_.T, latex="D_0", unicode="D₀"),
    Quantity(
        high,
        "largest eigenvalue of D₀, cut at 0",
        PositivePart(Eigenvalue(D_0, 1)),
        latex=r"\bar\lambda",
        unicode="λ̄",
    ),
    Quantity(
        low,
        "m-th largest eigenvalue of −D₀, cut at 0",
        PositivePart(Eigenvalue(-D_0, k_)),
        latex=r"\underline\lambda",
        unicode="λ̲",
    ),
    Quantity(gap, "smallest eigenvalue of BᵀB", latex=r"\lambda_m(B^\top B)", unicode="λ_m(BᵀB)", measured=True),
)


def _equivalence():
    mu_, lo, hi, s = sp.symbols("mu low high sigma", nonnegative=True)
    square = (2 * mu_ + hi - lo) ** 2 - ((hi + lo) ** 2 + 4 * s**2)
    return [(square, 4 * ((mu_ + hi) * (mu_ - lo) - s**2))]


def _schur_bound():
    # w = ‖Nᵀy‖², d = yᵀD₀y; then what is left of σ_m² ≤ μ² + μd when λ̲ > 0, and when λ̲ = 0
    mu_, lo = sp.symbols("mu low", positive=True)
    hi, s, w = sp.symbols("high sigma w", nonnegative=True)
    d = sp.Symbol("d", real=True)
    product = sp.Le(s**2, mu_**2 + mu_ * d)
    spread = [sp.Ge(w * mu_ / (mu_ + hi), lo / (hi + lo)), sp.Le(d, hi - (hi + lo) * w)]
    return [
        Implication(sp.Le(s**2, (mu_ + hi) * (mu_ - lo)), [product, *spread]),
        Implication(sp.Le(s**2, (mu_ + hi) * mu_), [product, sp.Le(d, hi)]),
    ]


def _equivalent_signs():
    mu_ = sp.Symbol("mu", positive=True)
    lo, hi, s, root = sp.symbols("low high sigma root", nonnegative=True)
    radicand = sp.Eq(root**2, (hi + lo) ** 2 + 4 * s**2)
    return [
        Implication(sp.Ge(2 * mu_, -hi + lo + root), [radicand, sp.Ge((mu_ + hi) * (mu_ - lo), s**2)]),
        Implication(sp.Eq(-hi + lo + root, 0), [radicand, sp.Eq(s, 0), sp.Eq(lo, 0)]),
    ]


def _generator():
    a, b, x = sp.symbols("a b x", positive=True)
    u = sp.Matrix([sp.sqrt(a) * sp.cosh(x), sp.sqrt(b) * sp.sinh(x)])
    v = sp.Matrix([sp.sqrt(a) * sp.sinh(x), sp.sqrt(b) * sp.cosh(x)])
    squares = (u * u.T - v * v.T).applyfunc(lambda e: sp.simplify(e.rewrite(sp.exp)))
    return [
        (squares, sp.diag(a, -b)),
        (sp.simplify((u.dot(v) - (a + b) * sp.sinh(2 * x) / 2).rewrite(sp.exp)), sp.Integer(0)),
    ]


lemma8 = Claim(
    id="min2021.v2-lemma8",
    title="smallest eigenvalue from imbalance and product",
    kind=Kind.INEQUALITY,
    setting=LEMMA8_SETTING,
    parts=(
        Part(
            "eigenvalue",
            sp.Ge(gap, (-high + low + sp.sqrt((high + low) ** 2 + 4 * SingularValue(A_ * B_, k_) ** 2)) / 2),
            trivial=low,
        ),
    ),
    source=v2("Lemma 8"),
    proof=(
        algebra("(2μ + λ̄ − λ̲)² − (λ̄ + λ̲)² − 4σ_m² = 4[(μ + λ̄)(μ − λ̲) − σ_m²]", _equivalence),
        lemma("eigenvector of BᵀB", "σ_m(AB)² ≤ ‖ABz‖² = μ² + μ yᵀD₀y with y = Bz/√μ"),
        lemma("Schur complement", "BBᵀ + λ̄I ⪰ (λ̄ + λ̲)NNᵀ gives ‖Nᵀy‖² μ/(μ + λ̄) ≥ λ̲/(λ̄ + λ̲)"),
        polynomial("with yᵀD₀y ≤ λ̄ − (λ̄ + λ̲)‖Nᵀy‖² this gives σ_m² ≤ (μ + λ̄)(μ − λ̲)", _schur_bound),
        polynomial("hence 2μ ≥ −λ̄ + λ̲ + √(…) for μ > 0; where σ_m = λ̲ = 0 the bound is 0", _equivalent_signs),
        algebra("hyperbolic pairs satisfy uuᵀ − vvᵀ = diag(a, −b) and u·v = (a+b) sinh(2x)/2", _generator),
    ),
    mutants=(
        Mutant("no-high", "λ̄ = 0", definitions={high: sp.Integer(0)}),
        Mutant(
            "double-sigma",
            "16σ² for 4σ²",
            {
                "eigenvalue": sp.Ge(
                    gap, (-high + low + sp.sqrt((high + low) ** 2 + 16 * SingularValue(A_ * B_, k_) ** 2)) / 2
                )
            },
        ),
    ),
)


def _pairing():
    # lemma 8 with (λ̄, λ̲) = ([λ₁(Λ)]₊, [λ_m(−Λ)]₊), then ([λ₁(−Λ)]₊, [λ_r(Λ)]₊); the right sides against g + g
    top, top_minus, p_r, p_m, s_m, s_r = sp.symbols("top top_minus p_r p_m s_m s_r", nonnegative=True)
    first = -top + p_m + sp.sqrt((top + p_m) ** 2 + 4 * s_m**2)
    second = -top_minus + p_r + sp.sqrt((top_minus + p_r) ** 2 + 4 * s_r**2)
    return [(first + second, _g(top - p_r, p_r + p_m, s_m) + _g(top_minus - p_m, p_r + p_m, s_r))]


def _g(a, b, s):
    return -a + sp.sqrt((a + b) ** 2 + 4 * s**2)


PAIRING = algebra("the two bounds add up to g(Δ₊, c, σ_m) + g(Δ₋, c, σ_r)", _pairing)


def _margin_level():
    a, b, s, root = sp.symbols("a b s root", nonnegative=True)
    return [Implication(sp.Ge(-a + root, b), [sp.Eq(root**2, (a + b) ** 2 + 4 * s**2)])]


def _margin_grows():
    a, b, s, more, root, higher = sp.symbols("a b s more root higher", nonnegative=True)
    roots = [sp.Eq(root**2, (a + b) ** 2 + 4 * s**2), sp.Eq(higher**2, (a + b) ** 2 + 4 * (s + more) ** 2)]
    return [Implication(sp.Ge(-a + higher, -a + root), roots)]


MARGIN_GROWS = polynomial("g(a, b, s) does not decrease in s", _margin_grows)
instant = Claim(
    id="min2021.v2-instant",
    title="rate of descent from imbalance and margin",
    kind=Kind.INEQUALITY,
    setting=MARGIN_SETTING,
    parts=(Part("rate", sp.Ge(speed, lambda_r * bracket * ell_0), trivial=2 * lambda_r * c * ell_0),),
    assumptions=FLOW,
    source=v2("Proposition 1"),
    proof=(
        by_claim("min2021.v2-lemma8", "applied to (U₁, Vᵀ) and to (V, U₁ᵀ)"),
        PAIRING,
        by_claim("min2021.dLdt", "the lower bound on −dℓ/dt"),
    ),
    mutants=(
        Mutant("no-spread", "Δ± = 0", definitions={Delta_plus: sp.Integer(0), Delta_minus: sp.Integer(0)}),
        Mutant(
            "swapped",
            "σ_r paired with Δ₊",
            definitions={bracket: bracket_with(Delta_plus, Delta_minus, r, m)},
        ),
    ),
    notes=(
        MARGIN_NOTE,
        "σ_k = 0 beyond the size: for r ≠ m one of the two margins vanishes.",
    ),
)


def _later(factor):
    return sp.Le(ell_t, sp.exp(-factor * t) * ell_0)


v2_rate = Claim(
    id="min2021.v2-rate",
    title="exponential rate from imbalance and margin",
    kind=Kind.TRAJECTORY,
    setting=MARGIN_SETTING,
    parts=(
        Part("rate", _later(lambda_r * c_2), Quantifier.ALONG, Scale.LOG, trivial=ell_0),
        Part("stronger", sp.Ge(c_2, 2 * c), note="never weaker than thm1", trivial=sp.Integer(0)),
    ),
    assumptions=FLOW,
    source=v2("Theorem 3"),
    proof=(
        by_claim("min2021.v2-instant", "the rate at every time"),
        lemma("Weyl", "σ_k(Σ^½U₁Vᵀ) ≥ σ_k(Ỹ) − ‖E‖, and ‖E‖_F does not increase"),
        MARGIN_GROWS,
        lemma("Grönwall", "−dℓ/dt ≥ a·ℓ with constant a gives ℓ(t) ≤ e^{−at}ℓ(0)"),
        polynomial("g(a, b, s) ≥ b, hence c₂ ≥ 2c", _margin_level),
    ),
    mutants=(
        Mutant("double", "rate 2λ_r c₂", {"rate": _later(2 * lambda_r * c_2)}),
        Mutant(
            "balanced-4",
            "rate with 4σ for the balanced case also when r ≠ m",
            definitions={
                c_2: Margin(Delta_plus, c, nu(sp.Min(r, m), E_norm)) + Margin(Delta_minus, c, nu(sp.Min(r, m), E_norm))
            },
        ),
    ),
    notes=(MARGIN_NOTE,),
)

cor6 = Claim(
    id="min2021.v2-cor6",
    title="the rate after t₀ and its growth",
    kind=Kind.TRAJECTORY,
    setting=MARGIN_SETTING,
    parts=(
        Part(
            "rate",
            sp.Le(ell_t, sp.exp(-lambda_r * c_2_t * (t - t_0)) * ell_start),
            Quantifier.ALONG,
            Scale.LOG,
            note="c₂ is taken at t₀",
            trivial=ell_start,
        ),
        Part("grows", sp.Ge(c_2_t, c_2), Quantifier.ALONG, trivial=2 * c),
        Part("limit", sp.Le(c_2_t, c_2_end), Quantifier.ALONG),
    ),
    assumptions=FLOW,
    source=v2("Corollaries 4–6, with t − t₀ in the exponent", "restated"),
    proof=(
        by_claim("min2021.v2-rate", "started at t₀; Λ is constant and ‖E‖_F does not increase, so the margins grow"),
        MARGIN_GROWS,
    ),
    mutants=(
        Mutant(
            "absolute-time",
            "t for t − t₀, as printed",
            {"rate": sp.Le(ell_t, sp.exp(-lambda_r * c_2_t * t) * ell_start)},
        ),
        Mutant(
            "double",
            "rate 2λ_r c₂(t₀)",
            {"rate": sp.Le(ell_t, sp.exp(-2 * lambda_r * c_2_t * (t - t_0)) * ell_start)},
        ),
    ),
    notes=(MARGIN_NOTE,),
)

CLAIMS = (lemma8, instant, v2_rate, cor6)
