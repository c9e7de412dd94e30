"""`lemmaflow eval ID name=value ...`: the predicted side of a claim at numbers, at symbols, at data."""

from __future__ import annotations

import argparse
import contextlib
import math
import textwrap
from typing import Any

import flint
import sympy as sp

from theory import render
from theory.catalogue import get_claim
from theory.claim import Claim, Part
from theory.errors import TheoryError

from .. import data
from ..errors import UsageError
from .binding import bind, find_quantity
from .expanding import Expansion
from .outcome import OK
from .output import print_json
from .solving import solve

PRECISIONS = (64, 128, 256, 512)  # bits
SYMBOL = {
    "Equality": "=",
    "LessThan": "≤",
    "StrictLessThan": "<",
    "GreaterThan": "≥",
    "StrictGreaterThan": ">",
}


def run(arguments: argparse.Namespace) -> int:
    claim = get_claim(arguments.id)
    if arguments.target and not arguments.data:
        raise UsageError("--target names columns of a data file; give --data FILE too")
    dataset = data.load_problem(arguments.data, arguments.target) if arguments.data else None
    binding = bind(claim, arguments.values, dataset)
    parts = (claim.part(arguments.part),) if arguments.part else claim.parts
    answer: dict[str, Any] = {"id": claim.id}
    if arguments.solve_for:
        answer |= _solved(claim, parts, arguments.solve_for, binding)
    expansion = Expansion(claim, binding)
    shown = [_part(claim, part, expansion, balls=arguments.balls) for part in parts]
    answer |= {name: shown[0][name] for name in ("part", "value", "expression", "formula")}
    answer["quantities"], enclosures = _quantities(claim, parts, expansion, balls=arguments.balls)
    if arguments.balls:
        answer |= {"enclosure": shown[0]["enclosure"], "enclosures": enclosures}
    answer |= {"parts": shown, "remarks": [*binding.remarks, *_unmet(claim, expansion)]}
    print_json(answer) if arguments.json else print(_text(claim, answer))
    return OK


def _part(claim: Claim, part: Part, expansion: Expansion, *, balls: bool) -> dict[str, Any]:
    right = part.relation.rhs
    expanded = expansion.expand(right)
    applies = sp.sympify(expansion.expand(part.when))
    shown = {
        "part": part.name,
        "value": _number(right, expansion),
        "left": render.pretty(part.relation.lhs, claim.names("unicode")),
        "relation": SYMBOL[type(part.relation).__name__],
        "expression": render.latex(expanded, claim.names("latex")),
        "formula": render.pretty(expanded, claim.names("unicode")),
        "missing": expansion.missing(right),
        "symbolic": sorted({s.name for s in expanded.free_symbols} - {m.name for m in expansion.binding.matrices}),
        "condition": None if part.when == sp.true else render.pretty(part.when, claim.names("unicode")),
        "applies": bool(applies) if applies in (sp.true, sp.false) else None,
    }
    return shown | ({"enclosure": _ball(right, expansion)} if balls else {})


def _unmet(claim: Claim, expansion: Expansion) -> list[str]:
    """The assumptions that are false at these values: there the claim promises nothing."""
    predicates = [(a.text, a.predicate) for a in claim.assumptions if a.predicate is not None]
    false = [text for text, predicate in predicates if expansion.expand(predicate) == sp.false]
    return [f"the assumption “{text}” is not met at these values, so the claim promises nothing here" for text in false]


def _is_number(expr: Any, expansion: Expansion) -> bool:
    return not expansion.missing(expr) and not getattr(sp.sympify(expr), "is_Matrix", False)


def _number(expr: Any, expansion: Expansion) -> float | None:
    """The value, if everything it rests on is given; None where it is not a finite number."""
    if not _is_number(expr, expansion):
        return None
    value = expansion.number(expr)
    return value if math.isfinite(value) else None


def _ball(expr: Any, expansion: Expansion) -> dict[str, Any] | None:
    """A rigorous enclosure as text, with its end points rounded outward; None where none was found."""
    ball = _enclosure(expr, expansion) if _is_number(expr, expansion) else None
    if ball is None or not ball.is_finite():
        return None
    low, high = float(ball.lower()), float(ball.upper())
    return {"ball": str(ball), "low": math.nextafter(low, -math.inf), "high": math.nextafter(high, math.inf)}


def _enclosure(expr: Any, expansion: Expansion) -> Any:
    """The ball, at more digits where few do not separate the eigenvalues."""
    for bits in PRECISIONS:
        with flint.ctx.workprec(bits), contextlib.suppress(TheoryError):
            return expansion.run(expr, "arb")
    return None


def _quantities(
    claim: Claim, parts: tuple[Part, ...], expansion: Expansion, *, balls: bool
) -> tuple[dict[str, float], dict[str, Any]]:
    """name -> number of every scalar quantity of these parts that gets one; with `balls`, enclosures too."""
    used = set().union(*(expansion.leaves(p.relation) | _named(p.relation, expansion) for p in parts))
    scalars = [q.symbol for q in claim.quantities if not q.shape and q.symbol in used]
    numbers = {s.name: v for s in scalars if (v := _number(s, expansion)) is not None}
    enclosures = {s.name: _ball(s, expansion) for s in scalars if s.name in numbers} if balls else {}
    return {name: _tidy(v) for name, v in numbers.items()}, enclosures


def _named(expr: Any, expansion: Expansion) -> set[Any]:
    """The defined quantities that the expression uses, directly or through others."""
    found: set[Any] = set()
    todo = list(expr.free_symbols)
    while todo:
        symbol = todo.pop()
        if symbol in expansion.definitions and symbol not in found:
            todo += expansion.definitions[symbol].free_symbols
        found.add(symbol)
    return found


def _tidy(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _solved(claim: Claim, parts: tuple[Part, ...], name: str, binding: Any) -> dict[str, Any]:
    """Solutions of the first part in which the quantity occurs and whose condition is not false at these values."""
    symbol = find_quantity({q.name: q for q in claim.setting}, name, claim).symbol
    if symbol in binding:
        raise UsageError(f"--solve-for {name}: {name} has a value already")
    if isinstance(symbol, sp.MatrixSymbol):
        raise UsageError(f"--solve-for {name}: it is a matrix; only numbers can be solved for")
    expansion = Expansion(claim, binding, free=symbol)
    parts = tuple(p for p in parts if expansion.expand(p.when) != sp.false) or parts
    sides = [[expansion.expand(side) for side in (p.relation.lhs, p.relation.rhs)] for p in parts]
    chosen = next((k for k, pair in enumerate(sides) if _occurs(symbol, pair)), 0)
    left, right = sides[chosen]
    part, solutions = parts[chosen], solve(left, right, symbol)
    return {
        "solved_for": name,
        "solved_part": part.name,
        "solutions": [
            {
                "value": float(s) if s.is_number and s.is_real else None,
                "expression": render.latex(s, claim.names("latex")),
                "formula": render.pretty(s, claim.names("unicode")),
            }
            for s in solutions
        ],
    }


def _occurs(symbol: Any, sides: list[Any]) -> bool:
    """True when the symbol occurs in a relation of numbers (matrix equations cannot be solved for it)."""
    return any(symbol in s.free_symbols for s in sides) and not any(getattr(s, "is_Matrix", False) for s in sides)


# --- for readers ---


def _text(claim: Claim, answer: dict[str, Any]) -> str:
    blocks = [f"{claim.id} · {claim.title}", _quantity_lines(answer)]
    blocks += [_part_lines(part, alone=len(answer["parts"]) == 1) for part in answer["parts"]]
    if "solutions" in answer:
        blocks.append(_solution_lines(answer))
    blocks.append("\n".join(f"Note: {remark}." for remark in answer["remarks"]))
    return "\n\n".join(block for block in blocks if block)


def _quantity_lines(answer: dict[str, Any]) -> str:
    numbers, enclosures = answer["quantities"], answer.get("enclosures", {})
    width = max(map(len, numbers), default=0)
    lines = []
    for name, value in numbers.items():
        ball = enclosures.get(name)
        lines.append(
            f"  {name.ljust(width)} = {_digits(value)}"
            + (f"   in {ball['ball']}" if ball and "+/-" in ball["ball"] else "")
        )
    return "\n".join(lines)


def _part_lines(part: dict[str, Any], *, alone: bool) -> str:
    head = [] if alone else [f"{part['part']}:"]
    if part["condition"]:
        verdict = {True: "so here", False: "not so here: this part says nothing", None: "not decided"}[part["applies"]]
        head.append(f"  claimed where {part['condition']} ({verdict})")
    formula = part["formula"]
    separator = "\n" + textwrap.indent(formula, "      ") if "\n" in formula else f" {formula}"
    lines = [*head, f"  {part['left']} {part['relation']}{separator}"]
    if part["value"] is not None:
        lines.append(f"  right side = {_digits(part['value'])}")
    elif part["symbolic"]:
        lines.append(f"  not given: {', '.join(part['symbolic'])}")
    elif not part["missing"]:
        lines.append("  right side = not a finite number at these values")
    if part.get("enclosure"):
        lines.append(f"  enclosed in {part['enclosure']['ball']}, rigorously")
    elif "enclosure" in part and part["value"] is not None:
        lines.append("  no rigorous enclosure was found")
    return "\n".join(lines)


def _solution_lines(answer: dict[str, Any]) -> str:
    lines = [f"Solved for {answer['solved_for']} (part {answer['solved_part']}, read as an equation):"]
    for solution in answer["solutions"]:
        lines.append(textwrap.indent(f"{answer['solved_for']} = {solution['formula']}", "  "))
        if solution["value"] is not None:
            lines.append(f"    = {_digits(solution['value'])}")
    return "\n".join(lines)


def _digits(value: float) -> str:
    return f"{value:.15g}"
