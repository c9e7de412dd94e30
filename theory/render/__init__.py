"""Expressions as LaTeX, one line of Unicode, or presentation MathML."""

from collections.abc import Mapping
from typing import Any

from theory.render.boxes import latex_of, mathml_of, unicode_of


def _box(expr: Any, names: Mapping[str, str] | None) -> Any:
    from theory.render import rules_matrices, rules_scalars, rules_truth  # noqa: F401 (registers the rules)
    from theory.render.draw import Draw

    return Draw(names or {})(expr)


def latex(expr: Any, names: Mapping[str, str] | None = None) -> str:
    """LaTeX for math mode; ``names`` maps symbol names to LaTeX."""
    return latex_of(_box(expr, names))


def pretty(expr: Any, names: Mapping[str, str] | None = None) -> str:
    """One line of Unicode; ``names`` maps symbol names to LaTeX or Unicode."""
    return unicode_of(_box(expr, names))


def mathml(expr: Any, names: Mapping[str, str] | None = None, *, block: bool = False) -> str:
    """A `math` element for HTML5; ``names`` maps symbol names to LaTeX or Unicode."""
    display = "block" if block else "inline"
    body = mathml_of(_box(expr, names))
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{display}">{body}</math>'


__all__ = ["latex", "mathml", "pretty"]
