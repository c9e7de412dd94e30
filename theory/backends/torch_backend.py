"""Torch: batched tensors on any device, differentiable.

Results have the dtype and device of the inputs (float64 on the CPU if there are none).
"""

from contextlib import nullcontext
from typing import Any

import torch

from theory.backends.arrays import ArrayOps
from theory.backends.names import CIRCULAR, HYPERBOLIC, PLAIN
from theory.errors import TheoryError

_NAMES = {n: n for n in (*CIRCULAR, *HYPERBOLIC, *PLAIN)} | {"loggamma": "lgamma", "ceiling": "ceil"}


def _by_name(name: str) -> Any:
    function = getattr(torch, name)
    return lambda self, x: function(x)


class TorchOps(ArrayOps):
    """Operations in one floating dtype on one device."""

    xp = torch

    def __init__(self, dtype: torch.dtype, device: torch.device):
        self.dtype, self.device = dtype, device

    @classmethod
    def of(cls, values: list[Any]) -> "TorchOps":
        """Operations in the dtype and on the device of the tensors given."""
        tensors = [v for v in values if isinstance(v, torch.Tensor)]
        dtypes = {v.dtype for v in tensors if v.dtype.is_floating_point}
        devices = {v.device for v in tensors}
        for kind, found in (("dtypes", dtypes), ("devices", devices)):
            if len(found) > 1:
                raise TheoryError(f"tensors of {kind} {', '.join(sorted(map(str, found)))}: convert them to one")
        return cls(next(iter(dtypes), torch.float64), next(iter(devices), torch.device("cpu")))

    def quiet(self) -> Any:
        """Torch gives nan and inf without warnings."""
        return nullcontext()

    def real(self, value: Any) -> torch.Tensor:
        return torch.as_tensor(value, dtype=self.dtype, device=self.device)

    def scalar(self, name: str, value: Any) -> torch.Tensor:
        if isinstance(value, torch.Tensor) and value.dtype == self.dtype:
            return value
        try:
            return self.real(value)
        except (TypeError, ValueError, RuntimeError):
            raise TheoryError(f"{name}={value!r}: expected a number or a tensor of real numbers") from None

    def finish(self, value: Any) -> torch.Tensor:
        if isinstance(value, bool):
            return torch.tensor(value, device=self.device)
        return value if isinstance(value, torch.Tensor) else self.real(value)

    for _name, _target in _NAMES.items():
        locals()[_name] = _by_name(_target)

    def gamma(self, x: torch.Tensor) -> torch.Tensor:
        """Γ; by reflection for x < 1/2, where `lgamma` forgets the sign."""
        high = torch.where(x < 0.5, 1 - x, x)
        value = torch.exp(torch.lgamma(high))
        return torch.where(x < 0.5, torch.pi / (torch.sin(torch.pi * x) * value), value)

    def pow(self, a: Any, b: Any, clip: bool = False) -> torch.Tensor:
        return torch.pow(a, b)

    def atan2(self, y: Any, x: Any) -> torch.Tensor:
        return torch.atan2(self.real(y), self.real(x))

    def gamma_cdf(self, a: Any, x: Any) -> torch.Tensor:
        return torch.special.gammainc(self.real(a), self.real(x))

    def max(self, a: Any, b: Any) -> torch.Tensor:
        if isinstance(a, float):
            return b.clamp_min(a)
        return a.clamp_min(b) if isinstance(b, float) else torch.maximum(a, b)

    def min(self, a: Any, b: Any) -> torch.Tensor:
        if isinstance(a, float):
            return b.clamp_max(a)
        return a.clamp_max(b) if isinstance(b, float) else torch.minimum(a, b)

    def trace(self, A: torch.Tensor) -> torch.Tensor:
        return A.diagonal(dim1=-2, dim2=-1).sum(-1)

    def identity(self, size: int) -> torch.Tensor:
        return torch.eye(size, dtype=self.dtype, device=self.device)

    def zeros(self, shape: tuple[int, int]) -> torch.Tensor:
        return torch.zeros(shape, dtype=self.dtype, device=self.device)

    def ones(self, shape: tuple[int, int]) -> torch.Tensor:
        return torch.ones(shape, dtype=self.dtype, device=self.device)

    def dense(self, *entries: Any, shape: tuple[int, int]) -> torch.Tensor:
        spread = torch.broadcast_tensors(*map(self.real, entries))
        return torch.stack(spread, dim=-1).reshape(tuple(spread[0].shape) + shape)

    def eigenvalues(self, A: torch.Tensor) -> torch.Tensor:
        return torch.linalg.eigvalsh(A).flip(-1)

    def singular_values(self, A: torch.Tensor) -> torch.Tensor:
        return torch.linalg.svdvals(A)

    def frobenius(self, A: torch.Tensor) -> torch.Tensor:
        """Gradient 0 at A = 0."""
        return torch.linalg.vector_norm(A, dim=(-2, -1))

    def vstack(self, *blocks: torch.Tensor) -> torch.Tensor:
        batch = torch.broadcast_shapes(*(A.shape[:-2] for A in blocks))
        return torch.cat([A.expand(batch + A.shape[-2:]) for A in blocks], dim=-2)

    def _nan(self, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.full(shape, torch.nan, dtype=self.dtype, device=self.device)

    def _mask(self, condition: Any, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.as_tensor(condition, device=self.device).broadcast_to(shape)

    def _put(self, result: torch.Tensor, mask: torch.Tensor, value: Any) -> torch.Tensor:
        count = int(mask.sum())
        return result.masked_scatter(mask, self.real(value).expand(count))
