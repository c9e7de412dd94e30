"""From expressions to boxes: one rule a node type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.numbers import NumberSymbol
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom
from sympy.matrices.expressions.hadamard import HadamardProduct
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.printing.precedence import PRECEDENCE, precedence_traditional

from theory.render.alphabet import GREEK
from theory.render.boxes import Alt, Atom, Big, Box, Dot, Fence, Frac, Grid, Name, Op, Root, Row, Sub, Sup

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
        return Name(self.names.get(name) or _spelled(name))


def _spelled(name: str) -> str:
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
        return MUL - 1 if -1 in expr.args else MUL
    if isinstance(expr, sp.MatAdd | sp.Sum | sp.Product):
        return ADD
    return precedence_traditional(expr)


def _call(name: Box, *args: Box) -> Box:
    parts = [b for a in args for b in (Name(", "), a)]
    return Row(name, Fence("(", Row(*parts[1:]) if len(args) > 1 else args[0], ")"))


@singledispatch
def draw(expr: Any, show: Draw) -> Box:
    """Box of an expression."""
    if hasattr(expr, "notation"):
        return expr.notation(show)
    if isinstance(expr, sp.Basic) and expr.args:
        return _call(Atom(type(expr).__name__, upright=True), *map(show, expr.args))
    return Atom(str(expr))


# ---- numbers and names ----


@draw.register(sp.Symbol)
@draw.register(sp.MatrixSymbol)
def _(expr: Any, show: Draw) -> Box:
    return show.name(expr.name)


@draw.register(sp.Rational)
def _(expr: Any, show: Draw) -> Box:
    sign = [Atom("−")] if expr < 0 else []
    top = Atom(str(abs(expr.p)))
    return Row(*sign, top if expr.q == 1 else Frac(top, Atom(str(expr.q))))


@draw.register(sp.Float)
def _(expr: Any, show: Draw) -> Box:
    return Row(*([Atom("−")] if expr < 0 else []), Atom(f"{abs(float(expr)):g}"))


@draw.register(NumberSymbol)
@draw.register(type(sp.oo))
@draw.register(type(-sp.oo))
def _(expr: Any, show: Draw) -> Box:
    signs = {sp.pi: "π", sp.E: "e", sp.EulerGamma: "γ", sp.oo: "∞", -sp.oo: "−∞"}
    return Atom(signs.get(expr, str(expr)), upright=True)


# ---- arithmetic ----


def _signed(expr: Any) -> tuple[bool, Any]:
    """(whether negative, the rest)."""
    if isinstance(expr, sp.MatMul) and expr.args[0].is_number and expr.args[0].is_negative:
        rest = sp.MatMul(-expr.args[0], *expr.args[1:]).doit(deep=False)
        return True, rest
    negative = isinstance(expr, sp.Expr) and expr.is_commutative and expr.could_extract_minus_sign()
    if negative and not expr.is_Add and expr.as_coeff_Mul()[0].is_negative:
        return True, -expr
    return False, expr


def _sum(terms: Any, show: Draw) -> Box:
    parts: list[Box] = []
    for i, term in enumerate(terms):
        negative, rest = _signed(term)
        sign = Atom("−") if i == 0 else Op("−")
        parts += [sign] if negative else [Op("+")] if i else []
        parts.append(show(rest, MUL if negative else ADD))
    return Row(*parts)


@draw.register(sp.Add)
def _(expr: Any, show: Draw) -> Box:
    terms = expr.as_ordered_terms()
    return _sum(sorted(terms, key=lambda t: _signed(t)[0]) if _signed(terms[0])[0] else terms, show)


@draw.register(sp.MatAdd)
def _(expr: Any, show: Draw) -> Box:
    return _sum(sorted(expr.args, key=lambda t: _signed(t)[0]), show)


def _times(factors: list[Any], show: Draw) -> Box:
    if not factors:
        return Atom("1")
    if len(factors) == 1:
        return show(factors[0])
    boxes = [show(f, MUL) for f in factors]
    parts = [boxes[0]]
    for left, box, factor in zip(factors, boxes[1:], factors[1:], strict=False):
        seen = left.is_number and factor.is_number
        parts += [Dot() if seen else Op("·"), box]
    return Row(*parts)


def _calls_last(factors: list[Any]) -> list[Any]:
    """Numbers, names, then functions, as one writes them."""

    def rank(factor: Any) -> int:
        base = factor.as_base_exp()[0] if factor.is_Pow else factor
        return 0 if factor.is_number else 1 if base.is_Atom else 2

    return sorted(factors, key=rank)


@draw.register(sp.Mul)
def _(expr: Any, show: Draw) -> Box:
    negative, rest = _signed(expr)
    if negative:
        return Row(Atom("−"), show(rest, MUL))
    top, bottom = [], []
    for factor in rest.as_ordered_factors():
        base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, sp.S.One)
        if factor.is_Rational:
            top += [sp.Integer(factor.p)] if factor.p != 1 else []
            bottom += [sp.Integer(factor.q)] if factor.q != 1 else []
        elif exponent.is_number and exponent.is_negative:
            bottom.append(sp.Pow(base, -exponent))
        else:
            top.append(factor)
    above = _times(_calls_last(top), show)
    return Frac(above, _times(_calls_last(bottom), show)) if bottom else above


@draw.register(sp.Pow)
def _(expr: Any, show: Draw) -> Box:
    base, exponent = expr.args
    if exponent.is_number and exponent.is_negative:
        return Frac(Atom("1"), show(sp.Pow(base, -exponent)))
    if exponent.is_Rational and exponent.p == 1:
        return Root(show(base), int(exponent.q))
    return Sup(show(base, POW + 1), show(exponent))


@draw.register(sp.exp)
def _(expr: Any, show: Draw) -> Box:
    exponent = show(expr.args[0])
    return Alt(Sup(Atom("e"), exponent), _call(Atom("exp", upright=True), exponent))


# ---- functions ----

_FENCED = {sp.Abs: "||", sp.floor: "⌊⌋", sp.ceiling: "⌈⌉"}


def _fenced(expr: Any, show: Draw) -> Box:
    left, right = _FENCED[expr.func]
    return Fence(left, show(expr.args[0]), right)


for _function in _FENCED:
    draw.register(_function, _fenced)

_NAMED = {sp.gamma: Atom("Γ"), sp.loggamma: Row(Atom("log", upright=True), Atom(" "), Atom("Γ"))}


@draw.register(sp.Function)
@draw.register(AppliedUndef)
def _(expr: Any, show: Draw) -> Box:
    known = isinstance(expr, AppliedUndef)
    name = show.name(expr.func.__name__) if known else Atom(expr.func.__name__, upright=True)
    return _call(_NAMED.get(expr.func, name), *map(show, expr.args))


@draw.register(sp.Max)
@draw.register(sp.Min)
def _(expr: Any, show: Draw) -> Box:
    rest = [a for a in expr.args if a != 0]
    if isinstance(expr, sp.Max) and len(rest) == 1:
        return Sub(Fence("[", show(rest[0]), "]"), Atom("+"))
    args = sorted(expr.args, key=lambda a: (not a.is_number, str(a)))
    return _call(Atom("max" if isinstance(expr, sp.Max) else "min", upright=True), *map(show, args))


@draw.register(sp.Sum)
@draw.register(sp.Product)
def _(expr: Any, show: Draw) -> Box:
    sign = "∑" if isinstance(expr, sp.Sum) else "∏"
    signs = [
        Big(sign, Row(show(i), Op("="), show(low)), show(high)) for i, low, high in reversed(expr.limits)
    ]
    return Row(*signs, show(expr.function, MUL))


@draw.register(sp.Derivative)
def _(expr: Any, show: Draw) -> Box:
    variables = [v for v, count in expr.variable_count for _ in range(int(count))]
    order = [Atom(str(len(variables)))] if len(variables) > 1 else []
    top = Sup(Atom("d", True), order[0]) if order else Atom("d", True)
    bottom = Row(*(b for v in variables for b in (Atom("d", True), show(v))))
    return Row(Frac(top, bottom), Atom(" "), show(expr.expr, MUL))


# ---- truth ----

_RELATIONS = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


@draw.register(Relational)
def _(expr: Any, show: Draw) -> Box:
    return Row(show(expr.lhs), Op(_RELATIONS[expr.rel_op]), show(expr.rhs))


@draw.register(BooleanAtom)
def _(expr: Any, show: Draw) -> Box:
    return Atom("true" if expr else "false", upright=True)


@draw.register(sp.And)
@draw.register(sp.Or)
def _(expr: Any, show: Draw) -> Box:
    sign, other = ("∧", sp.Or) if isinstance(expr, sp.And) else ("∨", sp.And)
    args = sorted(expr.args, key=sp.default_sort_key)
    boxes = [Fence("(", show(a), ")") if isinstance(a, other) else show(a) for a in args]
    return Row(*[b for box in boxes for b in (Op(sign), box)][1:])


@draw.register(sp.Not)
def _(expr: Any, show: Draw) -> Box:
    return Row(Atom("¬"), Fence("(", show(expr.args[0]), ")"))


@draw.register(sp.Implies)
def _(expr: Any, show: Draw) -> Box:
    return Row(show(expr.args[0]), Op("⇒"), show(expr.args[1]))


@draw.register(sp.Piecewise)
def _(expr: Any, show: Draw) -> Box:
    word = Atom("if ", upright=True)
    other = Atom("otherwise", upright=True)
    rows = [(show(v), other if c == sp.true else Row(word, show(c))) for v, c in expr.args]
    return Grid(tuple(rows), cases=True)


# ---- matrices ----


@draw.register(sp.MatMul)
def _(expr: Any, show: Draw) -> Box:
    negative, rest = _signed(expr)
    if negative:
        return Row(Atom("−"), show(rest, MUL))
    boxes = [show(a, MUL) for a in expr.args]
    return Row(*[b for box in boxes for b in (Op("·"), box)][1:])


@draw.register(HadamardProduct)
def _(expr: Any, show: Draw) -> Box:
    return Row(*[b for a in expr.args for b in (Op("⊙"), show(a, POW))][1:])


@draw.register(sp.Transpose)
def _(expr: Any, show: Draw) -> Box:
    return Sup(show(expr.args[0], POW + 1), Atom("⊤"))


@draw.register(sp.Inverse)
@draw.register(sp.MatPow)
def _(expr: Any, show: Draw) -> Box:
    return Sup(show(expr.args[0], POW + 1), show(expr.args[1]))


@draw.register(sp.Trace)
def _(expr: Any, show: Draw) -> Box:
    return _call(Atom("tr", upright=True), show(expr.args[0]))


@draw.register(sp.Determinant)
def _(expr: Any, show: Draw) -> Box:
    return _call(Atom("det", upright=True), show(expr.args[0]))


@draw.register(sp.Identity)
def _(expr: Any, show: Draw) -> Box:
    return Sub(Atom("I"), show(expr.shape[0]))


@draw.register(sp.ZeroMatrix)
def _(expr: Any, show: Draw) -> Box:
    return Atom("0")


@draw.register(sp.ImmutableDenseMatrix)
@draw.register(sp.MutableDenseMatrix)
def _(expr: Any, show: Draw) -> Box:
    return Grid(tuple(tuple(map(show, expr.row(i))) for i in range(expr.rows)))


@draw.register(MatrixElement)
def _(expr: Any, show: Draw) -> Box:
    index = [i + 1 for i in expr.args[1:]]
    return Sub(show(expr.args[0], POW + 1), Row(show(index[0]), Name(","), show(index[1])))
