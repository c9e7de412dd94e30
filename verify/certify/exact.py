"""Instances as exact rationals: every number is the decimal that is printed for it.

A float64 is stored and shown as the shortest decimal that names it; the instance that is certified is that decimal,
to the last digit. It differs from the float64 by less than half a unit in the last place, and a counterexample file
or a script says exactly what was proved about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import fmpq

from .rigorous import rational, rationals

Instance = dict[str, Any]
"""name -> `fmpq_mat`, `fmpq`, list of `fmpq`, or int."""


def exact_instance(plain: Mapping[str, Any]) -> Instance:
    """The exact instance of nested lists of floats (one instance, no batch dimension)."""
    return {name: _exact(value) for name, value in plain.items()}


def _exact(value: Any) -> Any:
    if isinstance(value, int):
        return value
    if not isinstance(value, list):
        return rational(_text(value))
    return rationals([[_text(x) for x in row] for row in value]) if is_rows(value) else _numbers(value)


def _numbers(values: list[Any]) -> list[fmpq]:
    return [rational(_text(x)) for x in values]


def is_rows(value: Any) -> bool:
    """Whether a value is a list of rows."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _text(x: float) -> str:
    return repr(float(x))
