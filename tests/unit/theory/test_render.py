"""LaTeX, Unicode, MathML of the same expression."""

from xml.etree import ElementTree

import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from random_expressions import matrix_scalars, scalars

from theory.render import latex, mathml, pretty
from theory.words import (
    ChiSquareCDF,
    Eigenvalue,
    FrobeniusNorm,
    InnerProduct,
    NuclearNorm,
    PositivePart,
    PseudoInverse,
    RowProjector,
    SingularValue,
    SpectralNorm,
    Stack,
)

x, t, c, l = sp.symbols("x t c lambda_r", real=True)
before, after = sp.symbols("ell_0 ell_t", nonnegative=True)
n, d, r, k = sp.symbols("n d r k", integer=True, positive=True)
X, U = sp.MatrixSymbol("X", n, d), sp.MatrixSymbol("U_1", n, d)
NAMES = {"ell_0": r"\ell(0)", "ell_t": r"\ell(t)"}
DECAY = sp.Le(after, sp.exp(-2 * l * c * t) * before)

LINES = [
    (x - t / 2, "x − t/2", r"x - \frac{t}{2}"),
    (-t * (x + 1), "−t·(x + 1)", r"-t \left( x + 1 \right)"),
    (sp.sqrt(x + 1) / x, "√(x + 1)/x", r"\frac{\sqrt{x + 1}}{x}"),
    (1 / (2 * x), "1/(2·x)", r"\frac{1}{2 x}"),
    (x ** (k + 1), "xᵏ⁺¹", "x^{k + 1}"),
    ((x + t) ** 2, "(t + x)²", r"\left( t + x \right)^{2}"),
    (PositivePart(x), "[x]₊", r"\left[ x \right]_{+}"),
    (sp.Rational(-2, 3), "−2/3", r"-\frac{2}{3}"),
    (Eigenvalue(X.T * X, r), "λᵣ(Xᵀ·X)", r"\lambda_{r}\left( X^{\top} X \right)"),
    (SingularValue(U, 2), "σ₂(U₁)", r"\sigma_{2}\left( U_{1} \right)"),
    (SpectralNorm(X) ** 2, "‖X‖₂²", r"\left\| X \right\|_{2}^{2}"),
    (FrobeniusNorm(X - U), "‖X − U₁‖_F", r"\left\| X - U_{1} \right\|_{F}"),
    (NuclearNorm(X), "‖X‖_*", r"\left\| X \right\|_{*}"),
    (InnerProduct(X, U), "⟨X, U₁⟩", r"\left\langle X, U_{1} \right\rangle"),
    (RowProjector(X, r), "Pᵣ(Xᵀ)", r"P_{r}\left( X^{\top} \right)"),
    (PseudoInverse(X, r), "Xᵣ⁺", "X_{r}^{+}"),
    (Stack(X, U), "[X; U₁]", r"\left[ X; U_{1} \right]"),
    (ChiSquareCDF(x, k), "F_χ²ₖ(x)", r"F_{\chi^{2}_{k}}\left( x \right)"),
    (sp.Sum(x**k, (k, 1, n)), "∑ₖ₌₁ⁿ xᵏ", r"\sum_{k = 1}^{n} x^{k}"),
    (U[0, 1], "U₁_(1,2)", "{U_{1}}_{1,2}"),
    ((X.T * U).inv(), "(Xᵀ·U₁)⁻¹", r"\left( X^{\top} U_{1} \right)^{-1}"),
    (sp.Eq(sp.Trace(X.T * X), 1), "tr(Xᵀ·X) = 1", r"\operatorname{tr}\left( X^{\top} X \right) = 1"),
    (sp.And(x > 0, t >= 1), "t ≥ 1 ∧ x > 0", r"t \ge 1 \wedge x > 0"),
    (sp.Piecewise((x, x > 0), (0, True)), "{x if x > 0; 0 otherwise}", None),
]


def test_the_decay_of_the_loss():
    assert pretty(DECAY, NAMES) == "ℓ(t) ≤ ℓ(0)·exp(−2·c·λᵣ·t)"
    assert latex(DECAY, NAMES) == r"\ell(t) \le \ell(0) e^{-2 c \lambda_{r} t}"
    assert pretty(DECAY) == "ℓₜ ≤ ℓ₀·exp(−2·c·λᵣ·t)"


@pytest.mark.parametrize(("expr", "line", "source"), LINES, ids=[line for _, line, _ in LINES])
def test_lines(expr, line, source):
    assert pretty(expr) == line
    assert source is None or latex(expr) == source
    ElementTree.fromstring(mathml(expr))


def test_mathml_of_the_decay():
    root = ElementTree.fromstring(mathml(DECAY, NAMES, block=True))
    tags = [node.tag.split("}")[1] for node in root.iter()]
    assert tags[0] == "math" and root.get("display") == "block"
    assert "msup" in tags and "msub" in tags
    assert "≤" in "".join(root.itertext())


@pytest.mark.parametrize(
    ("expr", "tag", "text"),
    [
        (x / t, "mfrac", "xt"),
        (sp.sqrt(x), "msqrt", "x"),
        (X.T, "msup", "X⊤"),
        (FrobeniusNorm(X), "msub", "‖X‖F"),
    ],
)
def test_mathml_elements(expr, tag, text):
    (node,) = [e for e in ElementTree.fromstring(mathml(expr)).iter() if e.tag.endswith("}" + tag)]
    assert "".join(node.itertext()) == text


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (r"\tilde Y", "Ỹ"),
        (r"\Sigma_x^{1/2}", "Σₓ^(1/2)"),
        (r"\hat{\Theta}", "Θ̂"),
        (r"\mathrm{dist}(t)", "dist(t)"),
        (r"\|E\|_F", "‖E‖_F"),
        ("ℓ(t)", "ℓ(t)"),
        (r"\frac{a}{b}", "a/b"),
        ("a < b & c", "a < b & c"),
    ],
)
def test_names_are_read_from_latex(name, line):
    import unicodedata

    shown = pretty(sp.Symbol("q"), {"q": name})
    assert unicodedata.normalize("NFC", shown) == unicodedata.normalize("NFC", line)
    ElementTree.fromstring(mathml(sp.Symbol("q"), {"q": name}))


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(scalars() | matrix_scalars())
def test_any_expression_renders(expr):
    ElementTree.fromstring(mathml(expr))
    source = latex(expr)
    assert source.count("{") == source.count("}") and "\n" not in pretty(expr)
    assert source.count(r"\left") == source.count(r"\right")
