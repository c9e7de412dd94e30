"""Reads what a user writes after `name=`: an exact number, a formula, a matrix. Evaluates no code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from ..errors import UsageError

MAX_LENGTH = 2000
MAX_EXPONENT = 10_000

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": sp.sqrt,
    "exp": sp.exp,
    "log": sp.log,
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": sp.tan,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tanh": sp.tanh,
    "abs": sp.Abs,
    "min": sp.Min,
    "max": sp.Max,
}
CONSTANTS = {"pi": sp.pi, "E": sp.E, "e": sp.E, "oo": sp.oo, "inf": sp.oo}


def parse_value(name: str, text: str, symbols: Mapping[str, Any] | None = None) -> Any:
    """The exact sympy object that `text` denotes; `symbols` gives the names with a meaning.

    Decimals are read as exact rationals: `0.1` is 1/10. Raises `UsageError`.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(f"{name}: the value is longer than {MAX_LENGTH} characters; put it into a file for --data")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
        value = _Reader(name, text, symbols or {}).read(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{name}={text!r} is no number; write 3, 1/3, 0.1, sqrt(2) or a formula of symbols") from None
    if value.has(sp.nan, sp.zoo):
        raise UsageError(f"{name}={text!r} is undefined (a division by zero?)")
    return value


class _Reader:
    """Walks the syntax tree; every kind of node that is allowed has a rule, everything else is refused."""

    def __init__(self, name: str, text: str, symbols: Mapping[str, Any]):
        self.name, self.text, self.symbols = name, text, symbols

    def refuse(self, what: str) -> UsageError:
        allowed = f"numbers, symbols, + - * / **, and {', '.join(FUNCTIONS)}"
        return UsageError(f"{self.name}={self.text!r}: {what} has no meaning here; allowed are {allowed}")

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.Name(id=name):
                return self.symbol(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand)
            case ast.BinOp():
                return self.operation(node)
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]) if function in FUNCTIONS:
                return self.call(function, arguments)
            case ast.List(elts=rows) if rows:
                return self.matrix(rows)
        raise self.refuse(repr(ast.unparse(node)))

    def number(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.refuse(repr(node.value))
        literal = ast.get_source_segment(self.text.strip().replace("^", "**"), node) or repr(node.value)
        if isinstance(node.value, int):
            return sp.Integer(node.value)
        if abs(int(literal.lower().partition("e")[2] or 0)) > MAX_EXPONENT:
            raise self.out_of_range()
        return sp.Rational(literal.replace("_", ""))

    def out_of_range(self) -> UsageError:
        return UsageError(f"{self.name}={self.text!r}: an exponent is out of range")

    def symbol(self, name: str) -> Any:
        if name in self.symbols:
            return self.symbols[name]
        return CONSTANTS.get(name, sp.Symbol(name, real=True))

    def operation(self, node: ast.BinOp) -> Any:
        left, right = self.read(node.left), self.read(node.right)
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left / right
            case ast.Pow():
                size = max(left.p.bit_length(), left.q.bit_length()) if left.is_Rational else 1
                if right.is_number and abs(right) * size > 4 * MAX_EXPONENT:
                    raise self.out_of_range()
                return left**right
        raise self.refuse(repr(ast.unparse(node)))

    def call(self, function: str, arguments: list[ast.expr]) -> Any:
        try:
            return FUNCTIONS[function](*map(self.read, arguments))
        except TypeError:
            raise UsageError(f"{self.name}={self.text!r}: wrong number of arguments for {function}") from None

    def matrix(self, rows: list[ast.expr]) -> Any:
        """[[1, 2], [3, 4]] row by row; [1, 2] is a column."""
        table = [row.elts if isinstance(row, ast.List) else [row] for row in rows]
        if len({len(row) for row in table}) > 1 or not table[0]:
            raise UsageError(f"{self.name}={self.text!r}: the rows of the matrix differ in length")
        return sp.ImmutableMatrix([[self.read(cell) for cell in row] for row in table])
