"""A part of a claim as straight-line code on exact rationals and balls; run here, or written out as a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb, arb_mat, fmpq, fmpq_mat

from theory import Claim, Part
from theory.backends.ir import Builder, Code, Node
from theory.backends.lowering import Lowering
from theory.errors import UnsupportedError
from theory.evaluate import Leaves

from ..domain import signs
from . import operations

Values = Mapping[str, Any]
CONSTANTS: dict[Any, str] = {
    sp.pi: "pi",
    sp.E: "const_e",
    sp.EulerGamma: "const_euler",
    sp.Catalan: "const_catalan",
    sp.oo: "pos_inf",
    -sp.oo: "neg_inf",
    sp.nan: "nan",
}
"""Constants that are no rationals, and the balls' names for them."""


@dataclass(frozen=True)
class PartCode:
    """The code of one part for instances of one shape.

    Outputs: measured side, predicted side, the part's condition, the predicates of the claim's assumptions and the
    declared signs.
    """

    part: Part
    code: Code
    inputs: tuple[str, ...]


def inputs_of(claim: Claim, expressions: list[Any]) -> dict[str, Any]:
    """name -> symbol of what must be given to evaluate the expressions."""
    leaves = Leaves(claim.definitions)
    for expression in expressions:
        leaves.visit(expression)
    return leaves.symbols


def lowered(claim: Claim, part: Part, values: Values) -> PartCode:
    """The code of a part for values of these shapes; sizes are read off the matrices."""
    expressions = _stated(claim, part)
    symbols = inputs_of(claim, expressions)
    expressions += signs(claim, symbols.values())
    ints = _integers(symbols, values)
    go = Lowering(Builder(None), claim.definitions, ints)
    code = go.ir.code([go(sp.sympify(e)) for e in expressions])
    needed = {dict(n.static)["name"] for n in code.nodes if n.op == "input"}
    return PartCode(part, code, tuple(sorted(needed)))


def predicates(claim: Claim) -> list[Any]:
    """The assumptions that can be evaluated, and the domains of the quantities."""
    domains = [q.domain for q in claim.quantities if q.domain is not sp.true]
    return [*(a.predicate for a in claim.assumptions if a.predicate is not None), *domains]


def _stated(claim: Claim, part: Part) -> list[Any]:
    """Both sides of a part, its condition, and the predicates of the claim."""
    return [part.relation.lhs, part.relation.rhs, part.when, *predicates(claim)]


def given_for(claim: Claim, part: Part, values: Values) -> bool:
    """Whether these values suffice for the part and the claim's assumptions."""
    symbols = inputs_of(claim, _stated(claim, part))
    ints = {str(s) for s in _integers(symbols, values)}
    return all(name in values or name in ints for name in symbols)


def _integers(symbols: Mapping[str, Any], values: Values) -> dict[Any, sp.Integer]:
    """Sizes that the matrices show, and what is given as a Python int."""
    ints = {s: sp.Integer(values[n]) for n, s in symbols.items() if isinstance(values.get(n), int)}
    for name, symbol in symbols.items():
        A = values.get(name)
        if isinstance(symbol, sp.MatrixSymbol) and isinstance(A, fmpq_mat | arb_mat):
            ints |= {
                s: sp.Integer(k)
                for s, k in zip(symbol.shape, (A.nrows(), A.ncols()), strict=True)  # type: ignore[arg-type]
                if isinstance(s, sp.Symbol)
            }
    return ints


def operation(name: str) -> str:
    """The name of the function of `operations` that carries out an operation of the intermediate representation."""
    return f"{name}_" if hasattr(operations, f"{name}_") else name


def constant(value: Any) -> Any:
    """A constant of the code as a rational, or as a ball at the working precision."""
    if getattr(value, "is_Rational", False):
        return fmpq(int(value.p), int(value.q))
    if value not in CONSTANTS:
        raise UnsupportedError(f"constant {value}: no ball for it; write it with pi, E or rationals")
    return getattr(arb, CONSTANTS[value])()


def evaluate(code: Code, values: Values, captured: tuple[Any, ...] = ()) -> tuple[list[Any], list[int]]:
    """Results of the outputs, and a number for what each is: outputs of one number are the same real number.

    Two operations are the same real number when they are one operation of the same real numbers; a maximum or minimum
    that is decided is its operand.
    """
    results: list[Any] = []
    same: list[int] = []
    numbers: dict[Any, int] = {}
    for node in code.nodes:
        result = _result(node, values, results, captured)
        chosen = [same[a] for a in node.args if node.op in ("max", "min") and results[a] is result]
        key = (node.op, tuple(same[a] for a in node.args), node.static)
        results.append(result)
        same.append(chosen[0] if chosen else numbers.setdefault(key, len(numbers)))
    return [results[s] for s in code.outputs], [same[s] for s in code.outputs]


def _result(node: Node, values: Values, results: list[Any], captured: tuple[Any, ...]) -> Any:
    static, args = dict(node.static), [results[a] for a in node.args]
    if node.op == "input":
        return values[static["name"]]
    if node.op == "capture":
        return captured[static["position"]]
    if node.op == "constant":
        return constant(static["value"])
    if node.op == "truth":
        return static["value"]
    if node.op == "piecewise":
        return _selected(static["codes"], args, values)
    return getattr(operations, operation(node.op))(*args, **static)


def _selected(codes: tuple[Code, ...], args: list[Any], values: Values) -> Any:
    """The value of the first case that holds; where a condition is undecided, so is the value."""
    captured = tuple(args[len(codes) :])
    for condition, code in zip(args, codes, strict=False):
        if condition is None:
            raise operations.Undecided("a case distinction is undecided")
        if condition:
            return evaluate(code, values, captured)[0][0]
    raise operations.Undecided("no case of a case distinction holds")
