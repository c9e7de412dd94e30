"""Experiments on the claims of min2021."""

from . import bias, closed, deep, descent, flows, gaussian, law, margin
from .predictions import predict

__all__ = ["EXPERIMENTS", "predict"]

EXPERIMENTS = (
    *flows.EXPERIMENTS,
    *bias.EXPERIMENTS,
    *margin.EXPERIMENTS,
    *gaussian.EXPERIMENTS,
    *law.EXPERIMENTS,
    *descent.EXPERIMENTS,
    *closed.EXPERIMENTS,
    *deep.EXPERIMENTS,
)
