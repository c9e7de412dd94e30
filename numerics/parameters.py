"""Dicts of batched weights as flat states, and their gradients."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import check_finite, require
from .types import Loss, Params, States

__all__ = ["Layout", "gradient", "with_rates"]


@dataclass(frozen=True)
class Layout:
    """Names and shapes (without the batch) of the entries of a flat state."""

    shapes: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, params: Params) -> "Layout":
        """Read the shapes; all must share their batch dimension, dtype and device."""
        require(len(params) > 0, "params is empty; expected at least one named tensor; add the weights.")
        first = next(iter(params.values()))
        for name, value in params.items():
            require(value.ndim >= 1, f"{name} has no batch dimension; expected (B, ...); add one in front.")
            same = (value.shape[0], value.dtype, value.device) == (first.shape[0], first.dtype, first.device)
            found, wanted = (f"B = {v.shape[0]}, {v.dtype} on {v.device}" for v in (value, first))
            require(same, f"{name} has {found}; expected {wanted} as in the others; convert it.")
            check_finite(name, value)
        return cls({name: tuple(value.shape[1:]) for name, value in params.items()})

    def flatten(self, params: Params) -> States:
        """One row an instance."""
        return torch.cat(
            [params[name].flatten(1) if shape else params[name][:, None] for name, shape in self._items], 1
        )

    def unflatten(self, y: Tensor) -> Params:
        """The named tensors in states (..., N)."""
        sizes = [int(torch.Size(shape).numel()) for _, shape in self._items]
        parts = y.split(sizes, -1)
        return {n: p.reshape(*y.shape[:-1], *s) for (n, s), p in zip(self._items, parts, strict=True)}

    @property
    def _items(self) -> list[tuple[str, tuple[int, ...]]]:
        return list(self.shapes.items())


def gradient(loss: Loss, params: Params) -> Params:
    """The gradient of every instance's own loss, by autograd on their sum."""
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
        slopes = torch.autograd.grad(loss(leaves).sum(), list(leaves.values()), allow_unused=True)
    pairs = zip(leaves.items(), slopes, strict=True)
    return {name: torch.zeros_like(leaf) if slope is None else slope for (name, leaf), slope in pairs}


def with_rates(slopes: Params, rates: dict[str, float] | None) -> Params:
    """Slopes times their layer's rate (1 where none is given)."""
    if rates is None:
        return slopes
    unknown = sorted(set(rates) - set(slopes))
    require(not unknown, f"rates names {unknown}; expected names among {sorted(slopes)}; correct them.")
    return {name: slope * rates.get(name, 1.0) for name, slope in slopes.items()}
