"""The walk from expressions to boxes; the rules are in the modules beside this one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE, precedence_traditional

from theory.render.alphabet import GREEK
from theory.render.boxes import Atom, Box, Fence, Op, Row
from theory.render.names import Name

ADD, MUL, POW = PRECEDENCE["Add"], PRECEDENCE["Mul"], PRECEDENCE["Pow"]


@dataclass(frozen=True)
class Draw:
    """Draws expressions; ``names`` gives LaTeX (or Unicode) for symbol names."""

    names: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, expr: Any, level: int = 0) -> Box:
        """Box of ``expr``, in parentheses if it binds looser than ``level``."""
        box = draw(expr, self)
        return Fence("(", box, ")") if binding(expr) < level else box

    def name(self, name: str) -> Box:
        """Box of a symbol: its display name, else Greek letters and scripts from its own."""
        return Name(self.names.get(name) or spelled(name))


def spelled(name: str) -> str:
    """LaTeX of a plain symbol name: lambda_r, ell0, Sigma_x."""
    stem, *subs = name.split("_")
    digits = stem[len(stem.rstrip("0123456789")) :]
    stem = stem[: len(stem) - len(digits)] if stem != digits else stem
    subs = ([digits] if digits and stem != digits else []) + [s for s in subs if s]
    spelled = [_letter(s) for s in (stem, *subs)]
    return spelled[0] + (f"_{{{','.join(spelled[1:])}}}" if subs else "")


def _letter(word: str) -> str:
    if word in GREEK or word == "ell":
        return f"\\{word}"
    return word if len(word) <= 1 or not word.isalpha() else f"\\mathrm{{{word}}}"


def binding(expr: Any) -> int:
    """How tightly an expression binds."""
    if isinstance(expr, sp.MatMul) or (isinstance(expr, sp.Rational) and expr.q != 1):
        return MUL
    if isinstance(expr, sp.MatAdd | sp.Sum | sp.Product):
        return ADD
    return precedence_traditional(expr)


def call(name: Box, first: Box, *rest: Box) -> Box:
    """name(first, …)."""
    return Row(name, Fence("(", Row(first, *(b for a in rest for b in (Name(", "), a))), ")"))


@singledispatch
def draw(expr: Any, show: Draw) -> Box:
    """Box of an expression."""
    if hasattr(expr, "notation"):
        return expr.notation(show)
    if isinstance(expr, sp.Basic) and expr.args:
        return call(Atom(type(expr).__name__, upright=True), *map(show, expr.args))
    return Atom(str(expr))


def signed(expr: Any) -> tuple[bool, Any]:
    """(whether negative, the rest)."""
    if isinstance(expr, sp.MatMul) and expr.args[0].is_number and expr.args[0].is_negative:
        rest = sp.MatMul(-expr.args[0], *expr.args[1:]).doit(deep=False)
        return True, rest
    negative = isinstance(expr, sp.Expr) and expr.is_commutative and expr.could_extract_minus_sign()
    if negative and not expr.is_Add and expr.as_coeff_Mul()[0].is_negative:
        return True, -expr
    return False, expr


def joined(terms: Any, show: Draw) -> Box:
    """Terms with plus and minus between them."""
    parts: list[Box] = []
    for i, term in enumerate(terms):
        negative, rest = signed(term)
        sign = Atom("−") if i == 0 else Op("−")
        parts += [sign] if negative else [Op("+")] if i else []
        parts.append(show(rest, MUL if negative else ADD))
    return Row(*parts)
