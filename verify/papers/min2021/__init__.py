"""Experiments on the claims of min2021."""

from . import bias, flows, margin

EXPERIMENTS = (*flows.EXPERIMENTS, *bias.EXPERIMENTS, *margin.EXPERIMENTS)
