"""What all words share: shapes checked at construction, one notation, one rule.

A *word* is a sympy node for something that sympy lacks.  To add one, write one class:

- ``integers``: positions of the arguments that are indices (Python ints when evaluated);
- ``fixed``: positions of the arguments that are names, say: passed on as they are, never evaluated or altered;
- ``check(*args)``: raise `ShapeError` unless the arguments make sense;
- ``notation(show)``: its picture, as boxes; LaTeX, Unicode and MathML derive from it;
- ``rule(ir, *args)``: how to compute it from the operations of the backends
  (`theory.backends.ir.Builder`), written once for numpy, torch, mpmath and Arb.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixElement, MatrixExpr
from sympy.printing.pretty.stringpict import prettyForm

from theory.errors import ShapeError
from theory.render.boxes import Box, Fence, latex_of, unicode_of
from theory.render.names import Name


class Word:
    """Mixin of every word; see the module's docstring."""

    integers: ClassVar[tuple[int, ...]] = ()
    fixed: ClassVar[tuple[int, ...]] = ()
    args: Any

    @classmethod
    def check(cls, *args: Any) -> None:
        """Raise `ShapeError` unless the arguments make sense together."""

    def notation(self, show: Any) -> Box:
        """The word as boxes; ``show(arg, level)`` gives the box of an argument,
        in parentheses if it binds looser than ``level`` (default 0: never)."""
        raise NotImplementedError

    @staticmethod
    def rule(ir: Any, *args: Any) -> Any:
        """The word from operations of ``ir``; integer arguments arrive as ints."""
        raise NotImplementedError

    def _latex(self, printer: Any) -> str:
        return latex_of(self.notation(_printed(printer)))

    def _sympystr(self, printer: Any) -> str:
        return unicode_of(self.notation(_printed(printer)))

    def _pretty(self, printer: Any) -> prettyForm:
        return prettyForm(unicode_of(self.notation(_printed(None))))


class ScalarWord(Word, sp.Expr):
    """A real number made of matrices or scalars.

    It is an atom to sympy's rewriting of scalars: `factor_terms` (which `Max` calls) would
    otherwise descend into matrix sums and fail.  Substitution still reaches the arguments.
    """

    is_Atom = True
    is_commutative = True
    is_real = True

    def __new__(cls, *args: Any) -> Any:
        args = tuple(sp.sympify(a) for a in args)
        cls.check(*args)
        return sp.Expr.__new__(cls, *args)

    def _xreplace(self, rule: Any) -> Any:
        """Without the rewriting of matrix sums as scalar products that `signsimp` (called by
        `Abs`) asks for: it takes every sum that it finds for a sum of scalars."""
        if isinstance(rule, Mapping):
            rule = {old: new for old, new in rule.items() if not is_matrix(old) or is_matrix(new)}
        return super()._xreplace(rule)  # type: ignore[misc]

    def _eval_derivative(self, s: Any) -> Any:
        return None if self.has(s) else sp.S.Zero


class MatrixWord(Word, MatrixExpr):
    """A matrix made of matrices; subclasses give ``shape``."""

    is_commutative = False

    def __new__(cls, *args: Any) -> Any:
        args = tuple(sp.sympify(a) for a in args)
        cls.check(*args)
        return MatrixExpr.__new__(cls, *args)

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return MatrixElement(self, i, j)


TIGHT = 100  # the level at which all but single symbols and calls get parentheses


def _printed(printer: Any) -> Any:
    """``show`` of a word inside sympy's own printers."""

    def show(expr: Any, level: int = 0) -> Box:
        text = Name(str(expr) if printer is None else printer._print(expr))
        return Fence("(", text, ")") if level and expr.args and not expr.is_symbol else text

    return show


def is_matrix(expr: Any) -> bool:
    """Whether a sympy object is a matrix, explicit or symbolic."""
    return isinstance(expr, MatrixExpr) or bool(getattr(expr, "is_Matrix", False))


def may_equal(a: Any, b: Any) -> bool:
    """False only when two (symbolic) sizes are known to differ."""
    return sp.sympify(a - b).is_zero is not False


def need_matrix(word: str, A: Any) -> None:
    """Raise unless ``A`` is a matrix expression."""
    if not is_matrix(A):
        raise ShapeError(f"{word}: argument {A} is not a matrix; pass a sympy matrix expression")


def need_square(word: str, A: Any) -> None:
    """Raise unless ``A`` may be square."""
    need_matrix(word, A)
    if not may_equal(*A.shape):
        raise ShapeError(f"{word}: shape of {A} is {A.shape}, expected a square matrix")


def need_index(word: str, k: Any, *, least: int) -> None:
    """Raise unless ``k`` may be an integer of at least ``least``."""
    if k.is_integer is False or (k.is_number and not k.is_integer):
        raise ShapeError(f"{word}: index {k} is not an integer; use an integer symbol or number")
    if (k - least).is_negative:
        raise ShapeError(f"{word}: index {k} is below {least}; indices count from {least}")
