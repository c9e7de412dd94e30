"""Notation as boxes: one tree, three writers (LaTeX, one line of Unicode, MathML)."""

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from theory.render.alphabet import ACCENTS, LATEX_OF, TOKEN
from theory.render.line import lowered, raised, tight

_COMMANDS = {"log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "det", "arg"}


class Box:
    """A piece of notation."""

    def latex(self) -> str:
        raise NotImplementedError

    def unicode(self) -> str:
        raise NotImplementedError

    def mathml(self) -> str:
        raise NotImplementedError


def latex_of(box: Box) -> str:
    """LaTeX source of a box, for math mode."""
    return box.latex()


def unicode_of(box: Box) -> str:
    """One line of Unicode."""
    return box.unicode()


def mathml_of(box: Box) -> str:
    """Presentation MathML of a box, without the `math` element."""
    return box.mathml()


@dataclass(frozen=True)
class Atom(Box):
    """One character, number or word; the element of MathML follows from it."""

    text: str
    upright: bool = False

    def latex(self) -> str:
        if self.upright and " " in self.text:
            return f"\\text{{{self.text}}}"
        if self.upright and len(self.text) > 1:
            known = self.text in _COMMANDS
            return f"\\{self.text} " if known else f"\\operatorname{{{self.text}}}"
        return LATEX_OF.get(self.text, self.text)

    def unicode(self) -> str:
        return self.text

    def mathml(self) -> str:
        text = escape(self.text)
        if re.fullmatch(r"\d+(\.\d+)?", self.text):
            return f"<mn>{text}</mn>"
        if self.text.isspace():
            return "<mspace width='0.3em'/>"
        if any(c.isalpha() or c in "∞∂∅" for c in self.text):
            normal = " mathvariant='normal'" if self.upright and len(self.text) == 1 else ""
            return f"<mi{normal}>{text}</mi>"
        return f"<mo>{'−' if text == '-' else text}</mo>"


@dataclass(frozen=True)
class Op(Box):
    """An infix operator, given in Unicode; spaced unless it is a product."""

    symbol: str

    def latex(self) -> str:
        return " " if self.symbol == "·" else f" {LATEX_OF.get(self.symbol, self.symbol)} "

    def unicode(self) -> str:
        return self.symbol if self.symbol == "·" else f" {self.symbol} "

    def mathml(self) -> str:
        return "<mo>\u2062</mo>" if self.symbol == "·" else f"<mo>{escape(self.symbol)}</mo>"


@dataclass(frozen=True)
class Dot(Box):
    """A product sign that is always seen (between numbers)."""

    def latex(self) -> str:
        return r" \cdot "

    def unicode(self) -> str:
        return "·"

    def mathml(self) -> str:
        return "<mo>·</mo>"


@dataclass(frozen=True, init=False)
class Row(Box):
    """Boxes side by side."""

    items: tuple[Box, ...]

    def __init__(self, *items: Box):
        object.__setattr__(self, "items", items)

    def latex(self) -> str:
        return _spaced([b.latex() for b in self.items])

    def unicode(self) -> str:
        return "".join(b.unicode() for b in self.items)

    def mathml(self) -> str:
        return "<mrow>" + "".join(b.mathml() for b in self.items) + "</mrow>"


def _spaced(parts: list[str]) -> str:
    """Joined, with a space where a command would swallow the next letter."""
    text = ""
    for part in parts:
        glued = re.search(r"\\[A-Za-z]+$", text) and part[:1].isalpha()
        text += (" " if glued else "") + part
    return text


def _script_base(base: Box, mark: str) -> str:
    """LaTeX of a base, in braces if it has a script of the same kind (an error in LaTeX)."""
    depth, source = 0, base.latex()
    for token in TOKEN.findall(source):
        depth += (token in ("{", r"\left")) - (token in ("}", r"\right"))
        if depth == 0 and token == mark:
            return f"{{{source}}}"
    return source


@dataclass(frozen=True)
class Sub(Box):
    base: Box
    sub: Box

    def latex(self) -> str:
        return f"{_script_base(self.base, '_')}_{{{self.sub.latex()}}}"

    def unicode(self) -> str:
        return self.base.unicode() + lowered(self.sub.unicode())

    def mathml(self) -> str:
        return f"<msub>{self.base.mathml()}{self.sub.mathml()}</msub>"


@dataclass(frozen=True)
class Sup(Box):
    base: Box
    sup: Box

    def latex(self) -> str:
        return f"{_script_base(self.base, '^')}^{{{self.sup.latex()}}}"

    def unicode(self) -> str:
        return self.base.unicode() + raised(self.sup.unicode())

    def mathml(self) -> str:
        return f"<msup>{self.base.mathml()}{self.sup.mathml()}</msup>"


@dataclass(frozen=True)
class Frac(Box):
    top: Box
    bottom: Box

    def latex(self) -> str:
        return f"\\frac{{{self.top.latex()}}}{{{self.bottom.latex()}}}"

    def unicode(self) -> str:
        return f"{tight(self.top.unicode(), '·')}/{tight(self.bottom.unicode())}"

    def mathml(self) -> str:
        return f"<mfrac>{self.top.mathml()}{self.bottom.mathml()}</mfrac>"


@dataclass(frozen=True)
class Root(Box):
    body: Box
    degree: int = 2

    def latex(self) -> str:
        degree = "" if self.degree == 2 else f"[{self.degree}]"
        return f"\\sqrt{degree}{{{self.body.latex()}}}"

    def unicode(self) -> str:
        sign = {2: "√", 3: "∛", 4: "∜"}.get(self.degree, raised(str(self.degree)) + "√")
        return sign + tight(self.body.unicode())

    def mathml(self) -> str:
        if self.degree == 2:
            return f"<msqrt>{self.body.mathml()}</msqrt>"
        return f"<mroot>{self.body.mathml()}<mn>{self.degree}</mn></mroot>"


@dataclass(frozen=True)
class Fence(Box):
    """Brackets, bars or corners around a box."""

    left: str
    body: Box
    right: str

    def latex(self) -> str:
        left, right = (LATEX_OF.get(s, s) for s in (self.left, self.right))
        return f"\\left{left} {self.body.latex()} \\right{right}"

    def unicode(self) -> str:
        return f"{self.left}{self.body.unicode()}{self.right}"

    def mathml(self) -> str:
        left, right = (f"<mo fence='true'>{escape(s)}</mo>" for s in (self.left, self.right))
        return f"<mrow>{left}{self.body.mathml()}{right}</mrow>"


@dataclass(frozen=True)
class Accent(Box):
    """A mark over a box, as combining character."""

    mark: str
    base: Box

    def latex(self) -> str:
        command = next(k for k, v in ACCENTS.items() if v == self.mark)
        return f"\\{command}{{{self.base.latex()}}}"

    def unicode(self) -> str:
        return self.base.unicode() + self.mark

    def mathml(self) -> str:
        sign = {"\u0303": "~", "\u0302": "^", "\u0304": "¯", "\u0307": "˙", "\u0308": "¨"}[self.mark]
        return f"<mover accent='true'>{self.base.mathml()}<mo>{sign}</mo></mover>"


@dataclass(frozen=True)
class Big(Box):
    """∑ or ∏ with limits."""

    symbol: str
    low: Box
    high: Box

    def latex(self) -> str:
        return f"{LATEX_OF[self.symbol]}_{{{self.low.latex()}}}^{{{self.high.latex()}}} "

    def unicode(self) -> str:
        low = self.low.unicode().replace(" ", "")
        return f"{self.symbol}{lowered(low)}{raised(self.high.unicode())} "

    def mathml(self) -> str:
        op = f"<mo>{self.symbol}</mo>"
        return f"<munderover>{op}{self.low.mathml()}{self.high.mathml()}</munderover>"


@dataclass(frozen=True)
class Grid(Box):
    """Rows of cells: a matrix, or the cases of a definition."""

    rows: tuple[tuple[Box, ...], ...]
    cases: bool = False

    def latex(self) -> str:
        kind = "cases" if self.cases else "bmatrix"
        body = r" \\ ".join(" & ".join(c.latex() for c in row) for row in self.rows)
        return f"\\begin{{{kind}}} {body} \\end{{{kind}}}"

    def unicode(self) -> str:
        joint = " " if self.cases else ", "
        body = "; ".join(joint.join(c.unicode() for c in row) for row in self.rows)
        return f"{{{body}}}" if self.cases else f"[{body}]"

    def mathml(self) -> str:
        rows = ["".join(f"<mtd>{c.mathml()}</mtd>" for c in row) for row in self.rows]
        align = " columnalign='left'" if self.cases else ""
        table = f"<mtable{align}>" + "".join(f"<mtr>{r}</mtr>" for r in rows) + "</mtable>"
        left, right = ("{", "") if self.cases else ("[", "]")
        closing = f"<mo fence='true'>{right}</mo>" if right else ""
        return f"<mrow><mo fence='true'>{left}</mo>{table}{closing}</mrow>"


@dataclass(frozen=True)
class Alt(Box):
    """Two forms: one for two-dimensional writers, one for the line of Unicode."""

    drawn: Box
    line: Box

    def latex(self) -> str:
        return self.drawn.latex()

    def unicode(self) -> str:
        return self.line.unicode()

    def mathml(self) -> str:
        return self.drawn.mathml()
