"""Expectations over x ~ N(0, I) of absolute values and signs of linear forms, in closed form.

For vectors a, b at an angle ϑ in [0, π], with N = aᵀb and D = ‖a‖²‖b‖² − N² = (‖a‖‖b‖ sin ϑ)²:
E|aᵀx||bᵀx| = ‖a‖‖b‖ k(ϑ) = 2/π (√D + Nα) and E|bᵀx| x sgn(aᵀx) = 2/π (αb + √D a/‖a‖²), α = atan2(N, √D) = π/2 − ϑ.
The derivatives of both by D vanish at D = 0, so that what rounding does to D at small angles does not show.

Words are the matrices of such expectations and the Hermite coefficients of |x|; functions of an angle are sympy's own.
"""

from typing import Any

import sympy as sp

from theory.errors import ShapeError
from theory.render.boxes import Atom, Box, Fence, Row, Sub, Sup
from theory.render.names import Name
from theory.words.base import TIGHT, MatrixWord, ScalarWord, may_equal, need_index, need_matrix


class RowNorms(MatrixWord):
    """diag(‖a₁‖, …, ‖a_n‖), n×n, for the rows of A (n×d). `RowNorms(W) * W` has the rows ‖w_j‖w_j."""

    @classmethod
    def check(cls, A: Any) -> None:
        need_matrix("RowNorms", A)

    @property
    def shape(self) -> Any:
        return (self.args[0].shape[0],) * 2

    def _eval_transpose(self) -> Any:
        return self

    def notation(self, show: Any) -> Box:
        return Row(Atom("diag", upright=True), Fence("‖", show(self.args[0]), "‖"))

    @staticmethod
    def rule(ir: Any, A: Any) -> Any:
        return ir.row_norms(A)


class _OfTwo(MatrixWord):
    """A matrix made of the rows of A (p×d) and B (q×d)."""

    @classmethod
    def check(cls, A: Any, B: Any) -> None:
        need_matrix(cls.__name__, A)
        need_matrix(cls.__name__, B)
        if not may_equal(A.shape[1], B.shape[1]):
            raise ShapeError(f"{cls.__name__}: {A} and {B} have {A.shape[1]} and {B.shape[1]} columns; expected one")


class AbsoluteKernel(_OfTwo):
    """p×q matrix of E|a_iᵀx||b_jᵀx|, x ~ N(0, I_d), for the rows of A (p×d) and B (q×d)."""

    @property
    def shape(self) -> Any:
        return self.args[0].shape[0], self.args[1].shape[0]

    def _eval_transpose(self) -> Any:
        return AbsoluteKernel(*reversed(self.args))

    def notation(self, show: Any) -> Box:
        A, B = (Fence("|", Row(show(M, TIGHT), Name("x")), "|") for M in self.args)
        return _expectation(A, Sup(B, Name(r"\top")))

    @staticmethod
    def rule(ir: Any, A: Any, B: Any) -> Any:
        return ir.absolute_kernel(A, B)


class AbsoluteSlope(_OfTwo):
    """p×d matrix with the rows Σ_j E|b_jᵀx| sgn(a_iᵀx) xᵀ, for the rows of A (p×d), none of them 0, and B (q×d):
    row i is the derivative of Σ_ij E|a_iᵀx||b_jᵀx| by a_i."""

    @property
    def shape(self) -> Any:
        return self.args[0].shape

    def notation(self, show: Any) -> Box:
        A, B = (Row(show(M, TIGHT), Name("x")) for M in self.args)
        total = Sub(Fence("‖", B, "‖"), Name("1"))
        return _expectation(Atom("sgn", upright=True), Fence("(", A, ")"), total, Sup(Name("x"), Name(r"\top")))

    @staticmethod
    def rule(ir: Any, A: Any, B: Any) -> Any:
        return ir.absolute_slope(A, B)


class HermiteCoefficient(ScalarWord):
    """σ̂_l = E|x| h_l(x), h_l = He_l/√(l!), for even l ≥ 2: (−1)^{l/2−1} √(2/(π l!)) (l−3)!!.

    Computed as ±√(2/π^{3/2} Γ((l+1)/2)/Γ(l/2+1))/(l−1), by log Γ: no factorial overflows. (sympy would rewrite its own
    log Γ at half-integers into factorials.)
    """

    @classmethod
    def check(cls, l: Any) -> None:
        need_index("HermiteCoefficient", l, least=1)

    def notation(self, show: Any) -> Box:
        return Sub(Name(r"\hat\sigma"), show(self.args[0]))

    @staticmethod
    def rule(ir: Any, l: Any) -> Any:
        one, half = ir.const(sp.S.One), ir.const(sp.S.Half)
        m = ir.mul(half, l)
        logarithm = ir.sub(ir.loggamma(ir.add(m, half)), ir.loggamma(ir.add(m, one)))
        size = ir.mul(ir.const(sp.Integer(2)), ir.exp(logarithm))
        root = ir.sqrt(ir.div(size, ir.pow(ir.const(sp.pi), ir.const(sp.Rational(3, 2)))), clip=True)
        sign = ir.cos(ir.mul(ir.const(sp.pi), ir.sub(m, one)))
        return ir.div(ir.mul(sign, root), ir.sub(l, one))


def _expectation(*boxes: Box) -> Box:
    return Row(Name(r"\mathbb{E}"), Fence("[", Row(*boxes), "]"))


# ---- functions of an angle


def sine_excess(theta: Any) -> Any:
    """g(ϑ) = sin ϑ − ϑ cos ϑ."""
    return sp.sin(theta) - theta * sp.cos(theta)


def absolute_kernel(theta: Any) -> Any:
    """k(ϑ) = E|aᵀx||bᵀx| for unit vectors at the angle ϑ in [0, π]."""
    return 2 / sp.pi * (sp.sin(theta) + (sp.pi / 2 - theta) * sp.cos(theta))


def relu_kernel(theta: Any) -> Any:
    """E[aᵀx]₊[bᵀx]₊ for unit vectors at the angle ϑ in [0, π]."""
    return (sp.sin(theta) + (sp.pi - theta) * sp.cos(theta)) / (2 * sp.pi)


def wedge_moments(delta: Any) -> Any:
    """E[xxᵀ 1] on (e₁, e₂), 1 where sgn(x₁) ≠ sgn(cx₁ + sx₂), c and s the cosine and sine of δ in [0, π]."""
    c, s = sp.cos(delta), sp.sin(delta)
    return sp.ImmutableDenseMatrix([[delta - s * c, -(s**2)], [-(s**2), delta + s * c]]) / sp.pi


def xi(delta: Any) -> Any:
    """ξ(δ) = √(s² + δ² − 2δsc) = π‖E[xxᵀ 1] e₁‖, for the moments of `wedge_moments`."""
    c, s = sp.cos(delta), sp.sin(delta)
    return sp.sqrt(s**2 + delta**2 - 2 * delta * s * c)
