"""Eigenvalues, singular values, norms and the Frobenius inner product.

Decreasing order, 1-based, and 0 beyond the size of the matrix: the convention of the
papers (Min et al. 2021, Sec. 2), under which statements need no case for small widths.
"""

from typing import Any

from theory.errors import ShapeError
from theory.render.boxes import Box, Fence, Row, Sub
from theory.render.names import Name
from theory.words.base import ScalarWord, may_equal, need_index, need_matrix, need_square


class Eigenvalue(ScalarWord):
    """λ_k(A): k-th largest eigenvalue of a symmetric A (d×d); 0 for k > d.

    Symmetry is the author's promise: floating backends read the lower triangle only.
    """

    integers = (1,)

    @classmethod
    def check(cls, A: Any, k: Any) -> None:
        need_square("Eigenvalue", A)
        need_index("Eigenvalue", k, least=1)

    def notation(self, show: Any) -> Box:
        A, k = self.args
        return Row(Sub(Name(r"\lambda"), show(k)), Fence("(", show(A), ")"))

    @staticmethod
    def rule(ir: Any, A: Any, k: int) -> Any:
        return ir.kth(ir.eigenvalues(A), k=k)


class SingularValue(ScalarWord):
    """σ_k(A): k-th largest singular value of A (n×d); 0 for k > min(n, d)."""

    is_nonnegative = True
    integers = (1,)

    @classmethod
    def check(cls, A: Any, k: Any) -> None:
        need_matrix("SingularValue", A)
        need_index("SingularValue", k, least=1)

    def notation(self, show: Any) -> Box:
        A, k = self.args
        return Row(Sub(Name(r"\sigma"), show(k)), Fence("(", show(A), ")"))

    @staticmethod
    def rule(ir: Any, A: Any, k: int) -> Any:
        return ir.kth(ir.singular_values(A), k=k)


class _Norm(ScalarWord):
    """‖A‖ with a mark; A any n×d matrix."""

    is_nonnegative = True
    mark = ""

    @classmethod
    def check(cls, A: Any) -> None:
        need_matrix(cls.__name__, A)

    def notation(self, show: Any) -> Box:
        return Sub(Fence("‖", show(self.args[0]), "‖"), Name(self.mark))


class SpectralNorm(_Norm):
    """‖A‖₂, the largest singular value."""

    mark = "2"

    @staticmethod
    def rule(ir: Any, A: Any) -> Any:
        return ir.kth(ir.singular_values(A), k=1)


class FrobeniusNorm(_Norm):
    """‖A‖_F, the root of the sum of squared entries."""

    mark = "F"

    @staticmethod
    def rule(ir: Any, A: Any) -> Any:
        return ir.frobenius(A)


class NuclearNorm(_Norm):
    """‖A‖_*, the sum of the singular values."""

    mark = "*"

    @staticmethod
    def rule(ir: Any, A: Any) -> Any:
        return ir.total(ir.singular_values(A))


class InnerProduct(ScalarWord):
    """⟨A, B⟩ = tr AᵀB for A and B of one shape."""

    @classmethod
    def check(cls, A: Any, B: Any) -> None:
        need_matrix("InnerProduct", A)
        need_matrix("InnerProduct", B)
        if not all(map(may_equal, A.shape, B.shape)):
            raise ShapeError(f"InnerProduct: shapes {A.shape} and {B.shape} differ; they must be one")

    def notation(self, show: Any) -> Box:
        A, B = self.args
        return Fence("⟨", Row(show(A), Name(", "), show(B)), "⟩")

    @staticmethod
    def rule(ir: Any, A: Any, B: Any) -> Any:
        return ir.inner(A, B)
