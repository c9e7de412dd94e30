"""Shapes, once: B networks, n samples, D inputs, m outputs, h hidden units, rank r, T times."""

from collections.abc import Callable

from jaxtyping import Float, Int64
from torch import Tensor

Batch = Float[Tensor, " B"]
Indices = Int64[Tensor, " B"]
Times = Float[Tensor, "B T"]
States = Float[Tensor, "B N"]
Inputs = Float[Tensor, "B n D"]
Targets = Float[Tensor, "B n m"]
FirstLayer = Float[Tensor, "B D h"]
LastLayer = Float[Tensor, "B m h"]
Matrix = Float[Tensor, "*lead p q"]
Square = Float[Tensor, "*lead p p"]

Params = dict[str, Tensor]
"""Weights by name, each with the leading batch dimension."""

Loss = Callable[[Params], Tensor]
"""Weights to one loss a network, (B,)."""

BatchLoss = Callable[[Params, Tensor], Tensor]
"""Weights and the indices of a mini-batch to one loss a network, (B,)."""

Field = Callable[[Tensor, Tensor], Tensor]
"""The right side of an ODE: times (B,) and states (B, N) to derivatives (B, N)."""

StagedField = Callable[[Tensor, Tensor], Tensor]
"""The same at s points of every instance: times (B, s) and states (B, s, N) to derivatives (B, s, N)."""

Jacobian = Callable[[Tensor, Tensor], Tensor]
"""The derivative of a right side by the state: times (B,) and states (B, N) to matrices (B, N, N)."""
