"""Users' predictions, checked: labels y, predictions f of one classifier at its checkpoints, and g of another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .errors import DataError

LARGEST = 2**25
"""Cells of all count tables together: K³ for each checkpoint, K being the number of classes."""
FEW = 32
"""As many tables are needed at once, even of fewer checkpoints."""


@dataclass(frozen=True)
class Predictions:
    """Labels y (N,), predictions f (T, N) of one classifier after `steps` (T,), and g (N,) of another one.

    int64, the classes 0 … K − 1; `steps` float64 and increasing.
    """

    name: str
    y: np.ndarray
    f: np.ndarray
    g: np.ndarray
    steps: np.ndarray

    kind: ClassVar[str] = "predictions of two classifiers (y, f, g)"

    @property
    def classes(self) -> int:
        return 1 + int(max(self.y.max(), self.f.max(), self.g.max()))

    def digest(self) -> str:
        """A fingerprint of the numbers."""
        return digest_of({"y": self.y, "f": self.f, "g": self.g, "steps": self.steps})


def digest_of(arrays: dict[str, np.ndarray]) -> str:
    """A fingerprint of named arrays."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def predictions_of(name: str, arrays: dict[str, np.ndarray]) -> Predictions:
    """The predictions in arrays y (N,), f (T, N), g (N,) and perhaps steps (T,); classes may be any integers.

    Raises `DataError`, one line that says what is wrong.
    """
    for array, dimensions in (("y", 1), ("f", 2), ("g", 1)):
        _check_labels(name, array, arrays[array], dimensions)
    y, f, g = (arrays[array].astype(np.int64) for array in "yfg")
    for array, labels in (("f", f), ("g", g)):
        if labels.shape[-1] != len(y):
            raise DataError(f"{name}: {array} has {labels.shape[-1]} samples and y has {len(y)}; expected as many")
    for array, labels in (("y", y), ("g", g)):
        if (labels == labels[0]).all():
            raise DataError(f"{name}: {array} has the one class {labels[0]}; expected at least two")
    steps = _steps(name, arrays.get("steps"), len(f))
    values, coded = np.unique(np.concatenate([y, g, f.ravel()]), return_inverse=True)
    if max(len(f), FEW) * len(values) ** 3 > LARGEST:
        what = f"{len(values)} classes at {len(f)} checkpoints"
        raise DataError(f"{name}: {what} are too many tables; merge classes or leave checkpoints out")
    coded = coded.reshape(-1)
    N = len(y)
    return Predictions(name, coded[:N], coded[2 * N :].reshape(f.shape), coded[N : 2 * N], steps)


def _check_labels(name: str, array: str, labels: np.ndarray, dimensions: int) -> None:
    shape = {1: "(samples,)", 2: "(steps, samples)"}[dimensions]
    if labels.ndim != dimensions:
        raise DataError(f"{name}: {array} has shape {labels.shape}; expected {shape}")
    if labels.size == 0:
        raise DataError(f"{name}: {array} is empty (shape {labels.shape})")
    if labels.dtype.kind == "f":
        bad = int((~np.isfinite(labels)).sum())
        more = f" and {bad} entries that are nan or infinite" if bad else ""
        raise DataError(f"{name}: {array} has type {labels.dtype}{more}; expected integer labels, not scores")
    if labels.dtype.kind == "u" and labels.max() > np.iinfo(np.int64).max:
        raise DataError(f"{name}: {array} has the label {labels.max()}; expected labels below 2⁶³; number the classes")


def _steps(name: str, steps: np.ndarray | None, T: int) -> np.ndarray:
    if T < 2:
        raise DataError(f"{name}: f has {T} checkpoint; expected at least two, the first of them early in training")
    if steps is None:
        return np.arange(T, dtype=np.float64)
    if steps.shape != (T,):
        raise DataError(f"{name}: steps has shape {steps.shape} and f has {T} rows; expected ({T},)")
    steps = steps.astype(np.float64)
    if not np.isfinite(steps).all() or steps[0] < 0 or (np.diff(steps) <= 0).any():
        raise DataError(f"{name}: steps must be finite, not negative and increasing")
    return steps
