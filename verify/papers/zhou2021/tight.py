"""Explicit instances around the gradient lower bound: extremes, copies, cones, points beside saddles."""

from __future__ import annotations

import math

import torch

from ...experiment import Instances
from .networks import cone


def scaled(instances: Instances, factor: float) -> Instances:
    """Teachers and masses of the students times a factor."""
    return {"W": math.sqrt(factor) * instances["W"], "T": factor * instances["T"]}


def beside(instances: Instances) -> Instances:
    """A little away from a saddle, so that the size of the gradient can be told from rounding."""
    return {**instances, "W": (1 + 1e-6) * instances["W"]}


def copies(instances: Instances, n: int) -> Instances:
    """Every student as n equal ones of the same total mass."""
    return {**instances, "W": (instances["W"] / math.sqrt(n)).repeat_interleave(n, 1)}


def exact(size: float, d: int) -> Instances:
    """One student in the direction of its teacher e₁, of mass `size` times too large."""
    W = torch.zeros(1, 1, d, dtype=torch.float64)
    W[..., 0] = math.sqrt(size)
    return {"W": W, "T": torch.eye(d, dtype=torch.float64)[None, :1]}


CONES = (
    (2, 0.561, 0.169, 0.849),
    (3, 0.566, 0.198, 0.824),
    (5, 0.571, 0.219, 0.806),
    (9, 0.576, 0.232, 0.795),
    (17, 0.579, 0.239, 0.789),
    (33, 0.58, 0.244, 0.7847),
)
"""(d, δ, a, b): nearly the smallest ‖∇L‖/L^¾ among cones with L ≤ 10⁻³."""


def isotropic(d: int, a: float) -> Instances:
    """Mass a in 2(d−1) equal students orthogonal to the teacher, the main one at its optimum."""
    return cone(d, math.pi / 2, a, 1 - 2 / math.pi * a)
