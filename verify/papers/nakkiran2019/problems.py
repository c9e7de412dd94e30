"""Data sets of nakkiran2019: handwritten digits, mixtures with one linear coordinate, label noise.

A run has a training set and a test set of its own; runs are the leading dimension. Everything is drawn on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

DIGITS_TRAIN, DIGITS_TEST = 897, 900
DIMENSION = 30
"""Coordinates of the mixture."""


@dataclass(frozen=True)
class Problem:
    """Training sets X (B, n, ...), y (B, n) and test sets of B runs; float32 inputs, labels 0 and 1."""

    X: Tensor
    y: Tensor
    X_test: Tensor
    y_test: Tensor

    def mapped(self, change: Callable[[Tensor], Tensor]) -> Problem:
        """The same samples in other coordinates."""
        return replace(self, X=change(self.X), X_test=change(self.X_test))

    def to(self, device: torch.device) -> Problem:
        return Problem(*(x.to(device) for x in (self.X, self.y, self.X_test, self.y_test)))


Draw = Callable[[int, torch.Generator], Problem]
"""Number of runs and generator to their problems."""


@cache
def _digits() -> tuple[Tensor, Tensor]:
    """1797 images of 8 × 8 pixels in [0, 1], as rows, and their digits."""
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    return torch.as_tensor(bunch.data / 16).float(), torch.as_tensor(bunch.target).long()


def digits(label: Callable[[Tensor], Tensor]) -> Draw:
    """Images of digits, split at random for each run; `label` makes the two classes from the digit."""

    def draw(B: int, g: torch.Generator) -> Problem:
        X, digit = _digits()
        order = torch.stack([torch.randperm(len(X), generator=g) for _ in range(B)])
        train, test = order[:, :DIGITS_TRAIN], order[:, DIGITS_TRAIN : DIGITS_TRAIN + DIGITS_TEST]
        y = label(digit).long()
        return Problem(X[train], y[train], X[test], y[test])

    return draw


large = digits(lambda digit: digit >= 5)
odd = digits(lambda digit: digit % 2)


def mixture(train: int, test: int, flipped: float = 0.0) -> Draw:
    """A coordinate s + 0.8z, a noisy pair (a, as) with random sign a, noise in all others; the label is s = ±1.

    A share of the labels is flipped, in the training set and in the test set.
    """

    def draw(B: int, g: torch.Generator) -> Problem:
        n = train + test
        s, a = (2 * torch.randint(0, 2, (B, n), generator=g) - 1 for _ in range(2))
        X = torch.randn(B, n, DIMENSION, generator=g)
        X[..., 0] = s + 0.8 * X[..., 0]
        X[..., 1] = a + SPREAD * X[..., 1]
        X[..., 2] = a * s + SPREAD * X[..., 2]
        y = torch.where(torch.rand(B, n, generator=g) < flipped, -s, s) > 0
        return Problem(X[:, :train], y[:, :train].long(), X[:, train:], y[:, train:].long())

    return draw


SPREAD = 0.3
"""Standard deviation of the noise of the pair."""
