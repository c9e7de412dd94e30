"""Exact values and balls as text for the reader; this text is copied into scripts too."""

from __future__ import annotations

from typing import Any

from flint import arb_mat, fmpq, fmpq_mat

from .operations import ball, frobenius

SHOWN = 15
"""Digits of a ball, and length of a rational, that are shown."""


def shown(x: Any) -> str:
    """A value for the reader: a short rational exactly, else a ball; a long matrix by its Frobenius norm."""
    if isinstance(x, fmpq_mat | arb_mat):
        rows = "; ".join(", ".join(map(shown, row)) for row in x.tolist())
        return f"[{rows}]" if len(rows) <= 6 * SHOWN else f"a matrix of norm {shown(frobenius(x))}"
    if isinstance(x, int) or (isinstance(x, fmpq) and len(str(x)) <= SHOWN):
        return str(x)
    return ball(x).str(SHOWN)
