"""Experiments on the claims of zhou2021."""

from . import bounds, closed, descent, exponent, families, kl, minibatch

EXPERIMENTS = (
    *kl.EXPERIMENTS,
    *closed.EXPERIMENTS,
    *families.EXPERIMENTS,
    *bounds.EXPERIMENTS,
    *exponent.EXPERIMENTS,
    *descent.EXPERIMENTS,
    *minibatch.EXPERIMENTS,
)
