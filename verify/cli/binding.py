"""What `eval` knows: a user's values for a claim's quantities, read and checked against their domains."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from theory.claim import Claim, Quantity

from ..data import Dataset
from ..errors import UsageError
from .values import parse_value

ASSUMPTIONS = ("integer", "positive", "nonnegative", "negative", "nonpositive", "nonzero", "real")


@dataclass
class Binding:
    """Exact scalars by symbol, matrices by symbol (exact, or arrays of floats), and where each came from."""

    scalars: dict[Any, Any] = field(default_factory=dict)
    matrices: dict[Any, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def __contains__(self, symbol: Any) -> bool:
        return symbol in self.scalars or symbol in self.matrices


def bind(claim: Claim, tokens: Iterable[str], data: Dataset | None) -> Binding:
    """Everything that is given for the claim. Raises `UsageError`, one line."""
    table = {q.name: q for q in claim.setting}
    binding = Binding()
    for name, text in _split(tokens).items():
        _give(binding, find_quantity(table, name, claim), text, table)
    if data is not None:
        _give_data(binding, claim, table, data)
    _give_sizes(binding, table)
    _give_rank(binding, table)
    for symbol, value in binding.scalars.items():
        _check_domain(table[symbol.name], value, binding)
    return binding


def find_quantity(table: Mapping[str, Quantity], name: str, claim: Claim) -> Quantity:
    """The quantity of that name; raises `UsageError` with the nearest names."""
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=3, cutoff=0.5)
    hint = f"nearest: {', '.join(near)}" if near else f"it has {', '.join(q.name for q in claim.quantities)}"
    raise UsageError(f"{claim.id} has no quantity {name!r}; {hint}")


def _split(tokens: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for token in tokens:
        name, equals, text = token.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(f"{token!r} is not of the form name=value")
        if name in pairs:
            raise UsageError(f"{name} is given twice")
        pairs[name] = text
    return pairs


def _give(binding: Binding, quantity: Quantity, text: str, table: Mapping[str, Quantity]) -> None:
    value = parse_value(quantity.name, text, {name: q.symbol for name, q in table.items()})
    is_matrix = isinstance(value, sp.MatrixBase)
    if bool(quantity.shape) != is_matrix:
        expected = "a matrix such as '[[1,2],[3,4]]'" if quantity.shape else "one number"
        raise UsageError(f"{quantity.name}={text!r}: expected {expected}")
    if not is_matrix:
        binding.scalars[quantity.symbol] = value
    elif value.free_symbols:
        raise UsageError(f"{quantity.name}={text!r}: the entries of a matrix must be numbers")
    else:
        binding.matrices[quantity.symbol] = value


def _give_data(binding: Binding, claim: Claim, table: Mapping[str, Quantity], data: Dataset) -> None:
    fitting = [q for name in data.arrays if (q := table.get(name)) is not None and q.shape]
    if not fitting:
        raise UsageError(f"{claim.id} has no quantity X or Y, so --data has nothing to say about it")
    for quantity in fitting:
        if quantity.symbol not in binding.matrices:
            binding.matrices[quantity.symbol] = data.arrays[quantity.name]
    for name in ("U", "V"):
        if name in table and name not in data.arrays and table[name].symbol not in binding:
            binding.remarks.append(f"the data have no {name}: quantities that need it stay symbolic")


def _give_sizes(binding: Binding, table: Mapping[str, Quantity]) -> None:
    """The sizes that the matrices show; raises when two of them, or a given number, disagree."""
    for symbol, matrix in binding.matrices.items():
        for size, seen in zip(symbol.shape, matrix.shape, strict=True):
            known = binding.scalars.get(size, size if sp.sympify(size).is_Integer else None)
            if known is not None and known != seen:
                raise UsageError(f"{symbol.name} is {matrix.shape[0]}×{matrix.shape[1]}, against {size} = {known}")
            if known is None and sp.sympify(size).is_Symbol and size.name in table:
                binding.scalars[size] = sp.Integer(int(seen))


def _give_rank(binding: Binding, table: Mapping[str, Quantity]) -> None:
    """r is the rank of X: exact for exact matrices, by the one numerical rank decision otherwise."""
    X, r = table.get("X"), table.get("r")
    if X is None or r is None or X.symbol not in binding.matrices:
        return
    matrix = binding.matrices[X.symbol]
    rank = matrix.rank() if isinstance(matrix, sp.MatrixBase) else _numerical_rank(matrix)
    if rank == 0:
        raise UsageError("X is zero everywhere (rank 0); there is nothing to learn from")
    given = binding.scalars.setdefault(r.symbol, sp.Integer(rank))
    if given != rank:
        raise UsageError(f"r={given} contradicts X, whose rank is {rank}; leave r out")


def _numerical_rank(matrix: np.ndarray) -> int:
    import torch

    from numerics.linalg import rank

    return int(rank(torch.from_numpy(np.ascontiguousarray(matrix))[None])[0])


def _check_domain(quantity: Quantity, value: Any, binding: Binding) -> None:
    for assumption in ASSUMPTIONS:
        wanted = getattr(quantity.symbol, f"is_{assumption}")
        if wanted and getattr(value, f"is_{assumption}") is False:
            raise UsageError(f"{quantity.name}={value}: expected {_article(assumption)} ({quantity.meaning})")
    domain = sp.sympify(quantity.domain).subs(binding.scalars)
    if domain == sp.false:
        raise UsageError(f"{quantity.name}={value} is outside its domain {quantity.domain} ({quantity.meaning})")


def _article(assumption: str) -> str:
    return "an integer" if assumption == "integer" else f"a {assumption} number".replace("nonneg", "non-neg")
