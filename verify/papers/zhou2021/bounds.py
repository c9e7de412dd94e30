"""Experiments on the bounds of zhou2021 that hold for every W, and on networks of zero loss."""

from . import averages, certificates, zeros

EXPERIMENTS = (*certificates.EXPERIMENTS, *averages.EXPERIMENTS, *zeros.EXPERIMENTS)
