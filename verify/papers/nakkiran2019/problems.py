"""Data sets of nakkiran2019: handwritten digits, patches of photographs, measurements of tumours, mixtures with one
linear coordinate, label noise.

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
TUMOURS_TRAIN = 285
"""Half of them."""
PATCH = 8
"""Pixels along the side of a patch; each has three colours."""
DIMENSION = 30
"""Coordinates of the mixture, and measurements of a tumour."""


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
        return _split(X, label(digit).long(), DIGITS_TRAIN, DIGITS_TEST, B, g)

    return draw


def _split(X: Tensor, y: Tensor, train: int, test: int, B: int, g: torch.Generator) -> Problem:
    """B random choices of a training set and of a test set, which have no sample in common."""
    order = torch.stack([torch.randperm(len(X), generator=g) for _ in range(B)])
    fitted, held_out = order[:, :train], order[:, train : train + test]
    return Problem(X[fitted], y[fitted], X[held_out], y[held_out])


large = digits(lambda digit: digit >= 5)
odd = digits(lambda digit: digit % 2)


@cache
def _patches() -> tuple[Tensor, Tensor]:
    """The 8480 patches of two photographs, as rows of colours in [0, 1]; which photograph each is of."""
    from sklearn.datasets import load_sample_images

    bunch: Any = load_sample_images()
    cut = [_cut(torch.tensor(image)) for image in bunch.images]
    of = torch.arange(len(cut)).repeat_interleave(torch.tensor([len(patches) for patches in cut]))
    return torch.cat(cut).float() / 255, of


def _cut(image: Tensor) -> Tensor:
    """All patches of an image (H, W, 3) that do not overlap, as rows; what is left at its edges is dropped."""
    return image.unfold(0, PATCH, PATCH).unfold(1, PATCH, PATCH).reshape(-1, 3 * PATCH**2)


def photographs(train: int, test: int) -> Draw:
    """Which of two photographs a patch is of, the temple's or the flower's; split at random for each run."""
    return lambda B, g: _split(*_patches(), train, test, B, g)


def tumours(B: int, g: torch.Generator) -> Problem:
    """Whether a breast tumour is benign, from 30 measurements, each standardised by its values in the training set."""
    from sklearn.datasets import load_breast_cancer

    bunch: Any = load_breast_cancer()
    X, y = torch.as_tensor(bunch.data).float(), torch.as_tensor(bunch.target).long()
    raw = _split(X, y, TUMOURS_TRAIN, len(X) - TUMOURS_TRAIN, B, g)
    mean, spread = raw.X.mean(1, keepdim=True), raw.X.std(1, keepdim=True)
    return raw.mapped(lambda x: (x - mean) / spread)


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
