"""Matrix-valued words: projectors, the pseudo-inverse, stacking.

The rank r is an explicit integer: whether a data set has rank r is decided where it is
made, not by a threshold hidden in a formula.
"""

from typing import Any

from sympy import Add

from theory.errors import ShapeError
from theory.render.boxes import Box, Fence, Row, Sub, Sup
from theory.render.names import Name
from theory.words.base import TIGHT, MatrixWord, may_equal, need_index, need_matrix


class _OfRank(MatrixWord):
    """A matrix made of the top-r singular vectors of X (n×D), r ≤ min(n, D)."""

    integers = (1,)

    @classmethod
    def check(cls, X: Any, r: Any) -> None:
        need_matrix(cls.__name__, X)
        need_index(cls.__name__, r, least=0)
        if any((size - r).is_negative for size in X.shape):
            raise ShapeError(f"{cls.__name__}: rank {r} exceeds the shape {X.shape} of {X}")


class RowProjector(_OfRank):
    """D×D orthogonal projector on the span of the top-r right singular vectors of X (n×D)."""

    @property
    def shape(self) -> Any:
        return (self.args[0].shape[1],) * 2

    def _eval_transpose(self) -> Any:
        return self

    def notation(self, show: Any) -> Box:
        X, r = self.args
        return Row(Sub(Name("P"), show(r)), Fence("(", Sup(show(X, TIGHT), Name(r"\top")), ")"))

    @staticmethod
    def rule(ir: Any, X: Any, r: int) -> Any:
        return ir.row_projector(X, r=r)


class ColumnProjector(_OfRank):
    """n×n orthogonal projector on the span of the top-r left singular vectors of X (n×D)."""

    @property
    def shape(self) -> Any:
        return (self.args[0].shape[0],) * 2

    def _eval_transpose(self) -> Any:
        return self

    def notation(self, show: Any) -> Box:
        X, r = self.args
        return Row(Sub(Name("P"), show(r)), Fence("(", show(X), ")"))

    @staticmethod
    def rule(ir: Any, X: Any, r: int) -> Any:
        return ir.row_projector(ir.transpose(X), r=r)


class PseudoInverse(_OfRank):
    """D×n Moore–Penrose inverse of the best rank-r approximation of X (n×D)."""

    @property
    def shape(self) -> Any:
        return self.args[0].shape[::-1]

    def notation(self, show: Any) -> Box:
        X, r = self.args
        return Sup(Sub(show(X, TIGHT), show(r)), Name("+"))

    @staticmethod
    def rule(ir: Any, X: Any, r: int) -> Any:
        return ir.pseudo_inverse(X, r=r)


class Stack(MatrixWord):
    """[A; B; …]: matrices of equal column number above one another."""

    @classmethod
    def check(cls, *blocks: Any) -> None:
        if not blocks:
            raise ShapeError("Stack: no blocks; pass at least one matrix")
        for A in blocks:
            need_matrix("Stack", A)
            if not may_equal(A.shape[1], blocks[0].shape[1]):
                raise ShapeError(f"Stack: {A} has {A.shape[1]} columns, expected {blocks[0].shape[1]}")

    @property
    def shape(self) -> Any:
        return Add(*(A.shape[0] for A in self.args)), self.args[0].shape[1]

    def notation(self, show: Any) -> Box:
        parts = [b for A in self.args for b in (Name("; "), show(A))]
        return Fence("[", Row(*parts[1:]), "]")

    @staticmethod
    def rule(ir: Any, *blocks: Any) -> Any:
        return ir.vstack(*blocks)
