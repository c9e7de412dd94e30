"""What values an instance may have: finite numbers in arrays of the right shape, inside the domain of the claim."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from theory import Claim

from .errors import VerifyError
from .experiment import Instances

SIGNS: dict[str, Any] = {
    "is_positive": sp.Gt,
    "is_negative": sp.Lt,
    "is_nonnegative": sp.Ge,
    "is_nonpositive": sp.Le,
    "is_nonzero": sp.Ne,
}
"""What sympy calls a declared sign, strongest first, and the relation to 0 that it is."""
KINDS = ("a number", "a list of numbers", "a matrix as a list of rows")
LONGEST = 40
"""Characters of a value that a message shows."""


def signs(claim: Claim, symbols: Iterable[Any]) -> list[Any]:
    """The signs that numbers are declared to have, of those that are given: neither defined nor measured."""
    measured = {q.symbol for q in claim.setting if q.measured}
    given = [s for s in symbols if isinstance(s, sp.Symbol) and s not in measured]
    return [sign for s in given if (sign := _sign(s)) is not None]


def _sign(symbol: Any) -> Any:
    """The strongest declared sign, unevaluated: sympy would say that it holds."""
    for name, relation in SIGNS.items():
        if getattr(symbol, name):
            return relation(symbol, 0, evaluate=False)
    return None


def checked(claim: Claim, instance: Mapping[str, Any], like: Instances) -> dict[str, Any]:
    """The instance (numbers and nested lists), all numbers but those of integers as floats.

    `like`: an instance of the same experiment, which shows how many indices an array has. Raises `VerifyError` naming
    the value that is not finite, has another shape, or is outside the domain of the claim.
    """
    symbols = {q.name: q.symbol for q in claim.setting}
    found = {name: _value(name, value, symbols.get(name), like.get(name)) for name, value in instance.items()}
    _check_sizes(found, symbols)
    _check_domain(claim, {symbols[k]: _entries(v) for k, v in found.items() if isinstance(symbols.get(k), sp.Symbol)})
    return found


def _value(name: str, value: Any, symbol: Any, like: Any) -> Any:
    if getattr(symbol, "is_integer", False) or isinstance(like, int):
        if type(value) is not int:
            raise VerifyError(f"{name} = {_short(value)} in the counterexample: give a whole number")
        return value
    array = _floats(name, value)
    found = _rank(name, array)
    expected = 2 if isinstance(symbol, sp.MatrixSymbol) else None if like is None else like.ndim - 1
    if expected is not None and found != expected:
        raise VerifyError(f"{name} = {_short(value)} in the counterexample is {KINDS[found]}: give {KINDS[expected]}")
    return array


def _floats(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(name, x) for x in value]
    try:
        number = float(value) if type(value) in (int, float) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise VerifyError(f"{name} in the counterexample holds {_short(value)}: give finite float64 numbers")
    return number


def _rank(name: str, value: Any) -> int:
    """How many indices nested lists have; those of one depth must be of one length, and none may be empty."""
    if not isinstance(value, list):
        return 0
    shapes = {(_rank(name, x), len(x) if isinstance(x, list) else 0) for x in value}
    if len(shapes) != 1 or max(shapes)[0] + 1 >= len(KINDS):
        raise VerifyError(
            f"{name} = {_short(value)} in the counterexample: give {KINDS[2]}, of one length and not empty"
        )
    return max(shapes)[0] + 1


def _check_sizes(found: Mapping[str, Any], symbols: Mapping[str, Any]) -> None:
    """Every size has one value in all matrices."""
    sizes: dict[Any, tuple[int, str]] = {}
    for name, value in found.items():
        if isinstance(symbols.get(name), sp.MatrixSymbol):
            for size, length in zip(symbols[name].shape, (len(value), len(value[0])), strict=True):
                known, other = sizes.setdefault(size, (length, name))
                if known != length:
                    raise VerifyError(
                        f"{name} is {len(value)} × {len(value[0])} in the counterexample, so that {size} = {length}, "
                        f"but {other} has {size} = {known}: give matrices of matching shapes"
                    )


def _check_domain(claim: Claim, numbers: Mapping[Any, list[Any]]) -> None:
    """Declared signs and domains, wherever their numbers are given."""
    exact = {s: [sp.Rational(repr(x)) for x in values] for s, values in numbers.items()}
    point = {s: values[0] for s, values in exact.items()}
    for relation in (*signs(claim, exact), *(q.domain for q in claim.setting if q.domain is not sp.true)):
        for s in [s for s in exact if s in relation.free_symbols]:
            for given, x in zip(numbers[s], exact[s], strict=True):
                if relation.subs(point | {s: x}) == sp.false:
                    raise VerifyError(
                        f"{s} = {given} in the counterexample is outside the domain of {claim.id}, which assumes "
                        f"{relation}: give a value inside it"
                    )


def _entries(value: Any) -> list[Any]:
    return [x for row in value for x in _entries(row)] if isinstance(value, list) else [value]


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
