"""Instances as exact rationals: every number is the decimal that is printed for it.

A float64 is stored and shown as the shortest decimal that names it; the instance that is certified is that decimal,
to the last digit. It differs from the float64 by less than half a unit in the last place, and a counterexample file
or a script says exactly what was proved about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from .rigorous import rational, rationals

Instance = dict[str, Any]
"""name -> `fmpq_mat`, `fmpq`, list of `fmpq`, or int."""


def exact_instance(plain: Mapping[str, Any], write: Callable[[float], str] = repr) -> Instance:
    """The exact instance of nested lists of floats (one instance, no batch dimension); `write` says what a float is."""
    return {name: value if isinstance(value, int) else _exact(written(value, write)) for name, value in plain.items()}


def dyadic(x: float) -> str:
    """The value of a float64 itself, to the last bit."""
    return str(Fraction(x))


def written(value: Any, write: Callable[[float], str] = repr) -> Any:
    """The decimals that are printed for a number or for nested lists of numbers."""
    return [written(x, write) for x in value] if isinstance(value, list) else write(float(value))


def _exact(text: Any) -> Any:
    if not isinstance(text, list):
        return rational(text)
    return rationals(text) if isinstance(text[0], list) else [rational(x) for x in text]
