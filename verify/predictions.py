"""What the theorems predict for a user's data set, beside what happened."""

from __future__ import annotations

import importlib
from typing import Any

import torch

from numerics.linalg import rank
from theory import paper_keys

from . import papers
from .data import Dataset, Predictions


def data_section(data: Dataset | Predictions, seed: int) -> dict[str, Any]:
    """The report's section on the user's data: sizes, and for a regression problem conditioning and what the papers
    predict; for predictions their accuracies."""
    if isinstance(data, Predictions):
        accuracy = {"f": float((data.f[-1] == data.y).mean()), "g": float((data.g == data.y).mean())}
        sizes = {"samples": len(data.y), "checkpoints": len(data.f), "classes": data.classes}
        return {"name": data.name, **sizes, "accuracy": accuracy}
    X = torch.as_tensor(data.X, dtype=torch.float64)
    r = int(rank(X[None])[0])
    sigma = torch.linalg.svdvals(X)
    rows: list[dict[str, Any]] = []
    for key in paper_keys():
        predict = getattr(importlib.import_module(f"{papers.__name__}.{key}"), "predict", None)
        if predict is not None:
            rows += predict(data, seed)
    return {
        "name": data.name,
        "samples": len(X),
        "features": X.shape[1],
        "targets": data.Y.shape[1],
        "rank": r,
        "condition": float((sigma[0] / sigma[r - 1]) ** 2),
        "predictions": rows,
    }
