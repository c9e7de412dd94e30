"""Explicit students and teachers at which a bound of zhou2021 is tight, or an altered one fails."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...experiment import Instances
from .networks import cone
from .networks import rows as network


def aligned(b: float, size: float = 1.0) -> Instances:
    """One student on one teacher of norm `size`, of mass b·size."""
    return {"W": network([math.sqrt(b * size), 0.0]), "T": network([size, 0.0])}


def isotropic(d: int, mass: float = 1.0) -> Instances:
    """d orthogonal students of that total mass, and a teacher of norm 1 that is one of their directions."""
    eye = torch.eye(d, dtype=torch.float64)[None]
    return {"W": math.sqrt(mass / d) * eye, "T": eye[:, :1]}


def around(d: int, a: float = 0.5) -> Instances:
    """Students of total mass a orthogonal to the teacher, isotropic, and the main one at its optimum 1 − 2a/π."""
    return cone(d, math.pi / 2, a, 1 - 2 / math.pi * a)


def between(r: int) -> Instances:
    """r teachers equispaced in a plane, and as many students halfway between them."""

    def star(shift: float) -> Tensor:
        phi = (torch.arange(r, dtype=torch.float64) + shift) * math.pi / r
        return torch.stack((phi.cos(), phi.sin()), 1)[None]

    return {"W": star(0.5), "T": star(0.0)}


def scattered(r: int) -> Instances:
    """r orthogonal teachers in 2r dimensions, and as many students orthogonal to all of them, next to the optimum."""
    eye = torch.eye(2 * r, dtype=torch.float64)[None]
    beta = 2 / math.pi / (1 + 2 / math.pi * (r - 1))  # what makes ∇ by the main students' masses 0
    main = math.sqrt(max(0.0, 1 - 0.5 * beta)) * eye[:, :r]
    return {"W": torch.cat((main, math.sqrt(0.5 / r) * eye[:, r:]), 1), "T": eye[:, :r]}


def turned(delta: float) -> Instances:
    """One student of the teacher's mass at an angle."""
    return {"W": network([math.cos(delta), math.sin(delta)]), "T": network([1.0, 0.0])}


def exchanged(separation_: float) -> Instances:
    """Two unit teachers at an angle; on the first there is a student of mass 1.9, on the second one of mass 0.1."""
    T = network([1.0, 0.0], [math.cos(separation_), math.sin(separation_)])
    masses = torch.tensor([[[1.9], [0.1]]], dtype=torch.float64)
    return {"W": masses.sqrt() * T, "T": T}


def one_unseen() -> Instances:
    """Two orthogonal teachers and one student on the first, of the best mass: ∇L = 0."""
    return {"W": network([math.sqrt(1 + 2 / math.pi), 0.0]), "T": network([1.0, 0.0], [0.0, 1.0])}


def unborn(separation: float) -> Instances:
    """Two unit teachers at an angle and two students of mass 1/100 each on them: all v_i nearly −w_i*."""
    T = exchanged(separation)["T"]
    return {"W": 0.1 * T, "T": T}
