"""From sympy nodes to operations: one small rule a node type."""

from theory.backends.lowering import matrices, scalars, truth
from theory.backends.lowering.core import Lowering, fixed_positions, integer_positions, lower, supported

__all__ = ["Lowering", "fixed_positions", "integer_positions", "lower", "matrices", "scalars", "supported", "truth"]
