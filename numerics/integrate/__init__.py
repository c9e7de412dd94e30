"""Adaptive integrators in which every instance of a batch has its own time and step."""

from .collocation import solve_collocation
from .driver import Solution
from .explicit import solve_explicit
from .implicit import solve_implicit

__all__ = ["Solution", "solve_collocation", "solve_explicit", "solve_implicit"]
