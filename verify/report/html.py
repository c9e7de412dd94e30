"""The report as one HTML page that opens offline: formulas as MathML, plots as inline SVG, no script."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import jinja2
import sympy as sp
from markupsafe import Markup

from theory import render
from theory.catalogue import get_claim
from theory.claim import Claim, Part, Quantity
from theory.errors import TheoryError

from . import figures, numbers, panels, power, summary
from .describe import describe, shape_text

FOLDER = Path(__file__).parent
LARGEST_MATRIX = 8


def render_html(report: dict[str, Any]) -> str:
    """The page. Claims that the catalogue does not have are shown from the report alone."""
    sections = [_section(result) for result in report["claims"]]
    page = _environment().get_template("page.html.j2")
    return page.render(
        report=report,
        sections=[s for s in sections if not s["result"]["printed"]],
        errata=[s for s in sections if s["result"]["printed"]],
        figures=[_figure(figure) for figure in report["figures"]],
        headline=summary.headline(report),
        facts=summary.run_facts(report),
        css=Markup((FOLDER / "style.css").read_text(encoding="utf-8")),
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "number": numbers.number,
        "percent": numbers.percent,
        "share": numbers.share,
        "seconds": numbers.seconds,
        "setting": summary.setting_text,
        "matrix": _matrix,
        "prose": prose,
        "place": _place,
        "anchor": lambda claim_id: claim_id.replace(".", "-"),
    }
    environment.globals |= {"summary": summary, "power": power, "marks": summary.MARKS}
    return environment


def _section(result: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of one claim."""
    section: dict[str, Any] = {
        "result": result,
        "curves": _curves(result),
        "slack": _slack(result),
        "survivors": _survivors(result),
        "survivor_legend": [(label, Markup(swatch)) for label, swatch in figures.survivor_legend()],
    }
    try:
        claim = get_claim(result["id"])
    except TheoryError:
        empty = {"statement": [], "quantifier": "", "quantities": []}
        return section | empty | {"about": _from_report(result)}
    quantifiers = {part.quantifier.value for part in claim.parts}
    return section | {
        "about": describe(claim),
        "statement": [_formula(claim, part) for part in claim.parts],
        "quantifier": quantifiers.pop() if len(quantifiers) == 1 else "",
        "quantities": [_quantity(claim, q) for q in claim.quantities],
    }


def _from_report(result: dict[str, Any]) -> dict[str, Any]:
    absent = {
        "statement": {"unicode": "", "latex": "", "parts": []},
        "source": None,
        "assumptions": [],
        "erratum": None,
    }
    return {name: result.get(name, default) for name, default in absent.items()}


def _formula(claim: Claim, part: Part) -> dict[str, Any]:
    names = claim.names("latex")
    return {
        "name": part.name,
        "math": _math(part.relation, names, block=True),
        "quantifier": part.quantifier.value,
        "condition": "" if part.when == sp.true else _math(part.when, names),
        "note": part.note,
    }


def _quantity(claim: Claim, quantity: Quantity) -> dict[str, Any]:
    names = claim.names("latex")
    defined = quantity.definition is not None
    return {
        "symbol": _math(quantity.symbol, names),
        "meaning": quantity.meaning,
        "shape": shape_text(quantity.shape),
        "definition": _math(quantity.definition, names) if defined else "",
        "role": "measured while training" if quantity.measured else "given",
        "unit": quantity.unit,
    }


def _math(expr: Any, names: dict[str, str], *, block: bool = False) -> Markup:
    """A <math> element, without the namespace, which HTML does not need: the page holds no address."""
    return Markup(re.sub(r' xmlns="[^"]*"', "", render.mathml(expr, names, block=block)))


INDEX = re.compile(r"((?<![A-Za-z])[A-Za-zΑ-Ωα-ωℓ]|[‖)\]}⁺])_(\{[^{}]+\}|[A-Za-z0-9∞₀-₉]+)")
POWER = re.compile(r"\^(\{[^{}]+\}|\([^()]+\)|[A-Za-z0-9½∞+]+)")


def prose(text: str) -> Markup:
    """A sentence of the catalogue, with its indices (λ_r) lowered and its exponents (e^{−at}) raised."""
    lowered = INDEX.sub(lambda m: f"{m[1]}<sub>{m[2].strip('{}')}</sub>", escape(text))
    return Markup(POWER.sub(lambda m: f"<sup>{m[1].strip('{}()')}</sup>", lowered))


def _curves(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "title": curve["title"],
            "svg": Markup(figures.curve_plot(curve)),
            "legend": [(label, Markup(swatch)) for label, swatch in figures.legend(curve["series"])],
        }
        for curve in result["curves"]
        if figures.is_drawable(curve)
    ]


def _figure(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure that a paper contributes: its panels drawn, and one legend."""
    alone = len(figure["panels"]) == 1
    drawn = [(panel["title"], Markup(panels.panel_plot(panel, alone=alone))) for panel in figure["panels"]]
    legend = [(label, Markup(swatch)) for label, swatch in panels.panel_legend(figure["panels"])]
    return {**figure, "panels": drawn, "legend": legend, "alone": alone}


def _slack(result: dict[str, Any]) -> Markup | None:
    slack = result["slack"]
    return Markup(figures.histogram(slack)) if slack and any(slack["counts"]) else None


def _survivors(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The surviving systematic mutants, drawn where there is a curve."""
    return [
        {
            "mutant": mutant,
            "svg": Markup(figures.survivor_plot(curve, mutant["name"]))
            if (curve := mutant["curve"]) and figures.is_comparable(curve)
            else "",
        }
        for mutant in power.survivors(result)
    ]


def _matrix(value: Any) -> Markup:
    """A number, or nested lists as a matrix; a large one is told by its shape alone."""
    if not isinstance(value, list):
        return Markup(escape(numbers.number(value, 6)))
    rows = value if value and isinstance(value[0], list) else [value]
    if any(isinstance(cell, list) for row in rows for cell in row) or not rows[0]:
        return Markup("an array (see report.json)")
    if len(rows) > LARGEST_MATRIX or len(rows[0]) > LARGEST_MATRIX:
        return Markup(f"a {len(rows)}×{len(rows[0])} matrix (see report.json)")
    cells = "".join(f"<mtr>{''.join(_cell(cell) for cell in row)}</mtr>" for row in rows)
    return Markup(f"<math><mo>(</mo><mtable>{cells}</mtable><mo>)</mo></math>")


def _place(value: Any) -> str:
    """A time, or an index such as (0, 2)."""
    return f"({', '.join(map(_place, value))})" if isinstance(value, list) else numbers.number(value)


def _cell(value: Any) -> str:
    return f"<mtd><mn>{escape(numbers.number(value, 6))}</mn></mtd>"
