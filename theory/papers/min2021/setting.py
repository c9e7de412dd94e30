"""Symbols of min2021: squared loss, one hidden linear layer, gradient flow (dossier: "Setting").

Loss L = ½‖Y − XUVᵀ‖_F² (factor ½, sum over samples), ℓ = L − L* = ½‖E‖_F². λ_i are eigenvalues of XᵀX, that is
*squared* singular values of X. The unseen part of the weights is written (I − Π)U, which has the same products
with other matrices as U₂ = Φ₂ᵀU.
"""

from typing import Any

import sympy as sp

from ...claim import Quantity, Source
from ...render.boxes import Box, Fence, Row
from ...render.names import Name
from ...words import (
    ColumnProjector,
    Eigenvalue,
    FrobeniusNorm,
    PositivePart,
    PseudoInverse,
    RowProjector,
    ScalarWord,
    SingularValue,
    SpectralNorm,
    Stack,
)

n, D, m, h, r = sp.symbols("n D m h r", integer=True, positive=True)
t = sp.Symbol("t", nonnegative=True)
X, Y = sp.MatrixSymbol("X", n, D), sp.MatrixSymbol("Y", n, m)
U, V = sp.MatrixSymbol("U", D, h), sp.MatrixSymbol("V", m, h)


def scalar(name: str) -> sp.Symbol:
    """A real quantity that is not negative: norms, losses, rates, levels."""
    return sp.Symbol(name, nonnegative=True)


# Objects of the data and of the weights at the start
Pi = RowProjector(X, r)
seen, unseen = Pi * U, U - Pi * U
Lambda = sp.MatrixSymbol("Lambda", h, h)
E = sp.MatrixSymbol("E", n, m)
Theta_hat = sp.MatrixSymbol("Theta_hat", D, m)
lambda_1, lambda_r = sp.Symbol("lambda_1", positive=True), sp.Symbol("lambda_r", positive=True)
c, ell_0, q, Z_norm = scalar("c"), scalar("ell_0"), scalar("q"), scalar("Z_norm")
kappa_minus, mu, theta_norm = scalar("kappa_minus"), scalar("mu"), scalar("theta_norm")
Delta_plus, Delta_minus = scalar("Delta_plus"), scalar("Delta_minus")
E_norm = scalar("E_norm")

# Measured while training
ell_t, speed, E_t = scalar("ell_t"), scalar("speed"), scalar("E_t")
Lambda_t = sp.MatrixSymbol("Lambda_t", h, h)
I_t, length_t = scalar("I_t"), scalar("length_t")


def q_of(symbol: str, meaning: str, latex: str, uni: str = "", **more) -> Quantity:
    """A quantity given by name for a symbol of this module."""
    return Quantity(globals()[symbol], meaning, latex=latex, unicode=uni, **more)


def sizes() -> tuple[Quantity, ...]:
    return (
        Quantity(n, "number of samples"),
        Quantity(D, "input dimension"),
        Quantity(m, "output dimension"),
        Quantity(h, "width of the hidden layer"),
        Quantity(r, "rank of X, at least 1"),
    )


BASE = (
    *sizes(),
    Quantity(t, "time of the gradient flow", unit="1/(λ·‖Z‖²): time of the flow of the summed loss"),
    Quantity(X, "inputs, samples in rows, rank r"),
    Quantity(Y, "targets"),
    Quantity(U, "first layer at the start", latex="U(0)", unicode="U₀"),
    Quantity(V, "second layer at the start; the network is x ↦ V Uᵀ x", latex="V(0)", unicode="V₀"),
    q_of("lambda_1", "largest eigenvalue of XᵀX", r"\lambda_1", "λ₁", definition=Eigenvalue(X.T * X, 1)),
    q_of(
        "lambda_r",
        "smallest positive eigenvalue of XᵀX: the squared r-th singular value of X",
        r"\lambda_r",
        "λᵣ",
        definition=Eigenvalue(X.T * X, r),
    ),
    q_of(
        "E",
        "error seen by the data, at the start",
        "E(0)",
        "E₀",
        definition=ColumnProjector(X, r) * (Y - X * U * V.T),
    ),
    q_of(
        "E_norm",
        "Frobenius norm of the error at the start",
        r"\|E(0)\|_F",
        "‖E₀‖",
        definition=FrobeniusNorm(E),
    ),
    q_of("ell_0", "excess loss L − L* at the start", r"\ell(0)", "ℓ(0)", definition=FrobeniusNorm(E) ** 2 / 2),
    q_of(
        "Lambda",
        "imbalance of the layers at the start: U₁ᵀU₁ − VᵀV",
        r"\Lambda",
        "Λ",
        definition=U.T * Pi * U - V.T * V,
    ),
    q_of(
        "c",
        "level of imbalance [λ_r(Λ)]₊ + [λ_m(−Λ)]₊",
        "c",
        "c",
        definition=PositivePart(Eigenvalue(Lambda, r)) + PositivePart(Eigenvalue(-Lambda, m)),
    ),
    q_of(
        "Z_norm",
        "Frobenius norm of Z = [V; U₁] at the start",
        r"\|Z(0)\|_F",
        "‖Z₀‖",
        definition=FrobeniusNorm(Stack(V, seen)),
    ),
    q_of(
        "q",
        "bound on the total drive ∫‖Σ^½E‖",
        "q",
        "q",
        definition=sp.sqrt(lambda_1) * E_norm / (lambda_r * c),
    ),
    q_of("Theta_hat", "minimum-norm solution X⁺Y", r"\hat\Theta", "Θ̂", definition=PseudoInverse(X, r) * Y),
    q_of(
        "theta_norm",
        "spectral norm of the minimum-norm solution",
        r"\|\hat\Theta\|_2",
        "‖Θ̂‖₂",
        definition=SpectralNorm(Theta_hat),
    ),
    q_of(
        "kappa_minus",
        "largest eigenvalue of −Λ, cut at 0",
        r"\kappa_-",
        "κ₋",
        definition=PositivePart(Eigenvalue(-Lambda, 1)),
    ),
    q_of(
        "mu",
        "bound on ‖V‖₂² at the end",
        r"\mu",
        "μ",
        definition=(kappa_minus + sp.sqrt(kappa_minus**2 + 4 * theta_norm**2)) / 2,
    ),
    q_of(
        "Delta_plus",
        "spread of the positive eigenvalues of Λ",
        r"\Delta_+",
        "Δ₊",
        definition=PositivePart(Eigenvalue(Lambda, 1)) - PositivePart(Eigenvalue(Lambda, r)),
    ),
    q_of(
        "Delta_minus",
        "spread of the negative eigenvalues of Λ",
        r"\Delta_-",
        "Δ₋",
        definition=PositivePart(Eigenvalue(-Lambda, 1)) - PositivePart(Eigenvalue(-Lambda, m)),
    ),
    q_of("ell_t", "excess loss L − L* at time t", r"\ell(t)", "ℓ(t)", measured=True),
    q_of("E_t", "Frobenius norm of the error at the end of training", r"\|E(T)\|_F", "‖E(T)‖", measured=True),
    q_of("speed", "speed of descent −dL/dt", r"-\mathrm{d}L/\mathrm{d}t", "−dL/dt", measured=True),
    q_of("Lambda_t", "imbalance at time t", r"\Lambda(t)", "Λ(t)", measured=True),
    q_of("I_t", "drive ∫₀ᵗ‖Σ^½E‖₂", "I(t)", "I(t)", measured=True),
    q_of("length_t", "length of the path of Z up to time t", r"\mathrm{length}(t)", "length(t)", measured=True),
)


def level(matrix, rank=r, out=m):
    """[λ_rank(matrix)]₊ + [λ_out(−matrix)]₊: the level of imbalance of a symmetric matrix."""
    return PositivePart(Eigenvalue(matrix, rank)) + PositivePart(Eigenvalue(-matrix, out))


class Margin(ScalarWord):
    """g(a, b, s) = −a + √((a+b)² + 4s²) for a, b, s ≥ 0, computed as (b² + 2ab + 4s²)/(a + √((a+b)² + 4s²)), which does
    not cancel; 0 at a = b = s = 0."""

    is_nonnegative = True

    def notation(self, show: Any) -> Box:
        a, b, s = (show(x) for x in self.args)
        return Row(Name("g"), Fence("(", Row(a, Name(", "), b, Name(", "), s), ")"))

    @staticmethod
    def rule(ir: Any, a: Any, b: Any, s: Any) -> Any:
        two, four = ir.const(sp.Integer(2)), ir.const(sp.Integer(4))
        squares = ir.mul(four, ir.square(s))
        root = ir.sqrt(ir.add(ir.square(ir.add(a, b)), squares))
        above = ir.add(ir.add(ir.square(b), ir.mul(two, ir.mul(a, b))), squares)
        return ir.div(above, ir.max(ir.add(a, root), ir.const(sp.Rational(1, 10**300))))


MARGIN_NOTE = "g(a, b, s) = −a + √((a + b)² + 4s²)."


def sigma_product(k):
    """k-th singular value of U₁Vᵀ at the start."""
    return SingularValue(seen * V.T, k)


ICML_BIB = """@inproceedings{min2021explicit,
  title = {On the Explicit Role of Initialization on the Convergence and Implicit Bias of
    Overparametrized Linear Networks},
  author = {Min, Hancheng and Tarmoun, Salma and Vidal, Ren{\\'e} and Mallada, Enrique},
  booktitle = {Proceedings of the 38th International Conference on Machine Learning},
  series = {PMLR}, volume = {139}, year = {2021}, note = {arXiv:2105.06351v1}
}"""
V2_BIB = """@misc{min2022convergence,
  title = {Convergence and Implicit Bias of Gradient Flow on Overparametrized Linear Networks},
  author = {Min, Hancheng and Tarmoun, Salma and Vidal, Ren{\\'e} and Mallada, Enrique},
  year = {2022}, note = {arXiv:2105.06351v2}
}"""
DEEP_BIB = """@inproceedings{min2023multilayer,
  title = {On the Convergence of Gradient Flow on Multi-layer Linear Models},
  author = {Min, Hancheng and Vidal, Ren{\\'e} and Mallada, Enrique},
  booktitle = {Proceedings of the 40th International Conference on Machine Learning}, year = {2023}
}"""
GD_BIB = """@inproceedings{xu2023linear,
  title = {Linear Convergence of Gradient Descent for Finite Width Over-parametrized Linear
    Networks with General Initialization},
  author = {Xu, Ziqing and Min, Hancheng and Tarmoun, Salma and Mallada, Enrique and Vidal, Ren{\\'e}},
  booktitle = {Proceedings of the 26th International Conference on Artificial Intelligence
    and Statistics}, year = {2023}
}"""
ICML, V2 = "Min, Tarmoun, Vidal, Mallada, ICML 2021 (v1)", "Min, Tarmoun, Vidal, Mallada, preprint 2022 (v2)"
DEEP, GD = "Min, Vidal, Mallada, ICML 2023", "Xu, Min, Tarmoun, Mallada, Vidal, AISTATS 2023"


def icml(where: str, status: str = "printed") -> Source:
    return Source(ICML, where, status, ICML_BIB)


def v2(where: str, status: str = "printed") -> Source:
    return Source(V2, where, status, V2_BIB)


def deep(where: str, status: str = "printed") -> Source:
    return Source(DEEP, where, status, DEEP_BIB)


def descent(where: str, status: str = "printed") -> Source:
    return Source(GD, where, status, GD_BIB)


def derived(where: str) -> Source:
    """A statement derived here around the paper's objects."""
    return Source(ICML, where, "derived here", ICML_BIB)
