"""Scalar words: the positive part and the χ² distribution function."""

from typing import Any

import sympy as sp

from theory.render.boxes import Box, Fence, Row, Sub, Sup
from theory.render.names import Name
from theory.words.base import ScalarWord


def PositivePart(x: Any) -> Any:
    """[x]₊ = max(x, 0), as sympy's own ``Max``."""
    return sp.Max(x, 0)


class ChiSquareCDF(ScalarWord):
    """P(χ²_k ≤ x) = P(k/2, x/2), the regularised lower incomplete gamma function; 0 for x ≤ 0."""

    is_nonnegative = True

    @classmethod
    def check(cls, x: Any, k: Any) -> None:
        if k.is_nonpositive:
            from theory.errors import TheoryError

            raise TheoryError(f"ChiSquareCDF: degrees of freedom {k}, expected a positive number")

    def notation(self, show: Any) -> Box:
        x, k = self.args
        law = Sub(Sup(Name(r"\chi"), Name("2")), show(k))
        return Row(Sub(Name("F"), law), Fence("(", show(x), ")"))

    def _eval_derivative(self, s: Any) -> Any:
        x, k = self.args
        if k.has(s):
            return None
        density = (x / 2) ** (k / 2 - 1) * sp.exp(-x / 2) / (2 * sp.gamma(k / 2))
        return sp.Piecewise((density, x > 0), (0, True)) * x.diff(s)

    @staticmethod
    def rule(ir: Any, x: Any, k: Any) -> Any:
        half = ir.const(sp.Rational(1, 2))
        return ir.gamma_cdf(ir.mul(half, k), ir.mul(half, ir.max(x, ir.const(sp.S.Zero))))
