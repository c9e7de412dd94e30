"""Tables of a joint law, as lists in row-major order: margins of numbers of any kind."""

from collections.abc import Sequence
from itertools import product
from typing import Any

NEGATIVE = "a joint law has a negative entry; weights must be nonnegative (their total is divided out)"


def margin(entries: Sequence[Any], sizes: Sequence[int], axes: Sequence[int]) -> list[Any]:
    """Sums of the entries of a table of these sizes over all axes but the given ones."""
    return list(_sums(entries, sizes, axes).values())


def spread_margin(entries: Sequence[Any], sizes: Sequence[int], axes: Sequence[int]) -> list[Any]:
    """For each entry of the table the sum that it is in."""
    sums = _sums(entries, sizes, axes)
    return [sums[tuple(cell[a] for a in axes)] for cell in product(*map(range, sizes))]


def _sums(entries: Sequence[Any], sizes: Sequence[int], axes: Sequence[int]) -> dict[tuple[int, ...], Any]:
    sums: dict[tuple[int, ...], Any] = {}
    for cell, value in zip(product(*map(range, sizes)), entries, strict=True):
        key = tuple(cell[a] for a in axes)
        sums[key] = sums[key] + value if key in sums else value
    return sums
