"""Constant subexpressions of the floating backends, at 40 digits."""

from typing import Any

import mpmath as mp

from theory.backends.mpmath_backend import MpmathOps

DIGITS = 40


def fold(op: str, values: list[Any]) -> Any:
    """Result of a scalar operation on constants (sympy numbers, mpf, booleans)."""
    with mp.workdps(DIGITS):
        ops = MpmathOps()
        known = [v if isinstance(v, mp.mpf | bool) else ops.constant(v) for v in values]
        return known[0] if op == "constant" else getattr(ops, op)(*known)
