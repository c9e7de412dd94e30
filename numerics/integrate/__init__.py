"""Adaptive integrators in which every instance of a batch has its own time and step."""

from .collocation import solve_collocation
from .driver import Solution
from .explicit import solve_explicit

__all__ = ["Solution", "solve_collocation", "solve_explicit"]
