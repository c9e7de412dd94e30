"""Experiments on the claims of zhou2021."""

from . import bounds, closed, descent, exponent, families, kl, minibatch
from .pictures import PICTURES

__all__ = ["EXPERIMENTS", "PICTURES"]

EXPERIMENTS = (
    *kl.EXPERIMENTS,
    *closed.EXPERIMENTS,
    *families.EXPERIMENTS,
    *bounds.EXPERIMENTS,
    *exponent.EXPERIMENTS,
    *descent.EXPERIMENTS,
    *minibatch.EXPERIMENTS,
)
