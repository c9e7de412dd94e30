"""Experiments on the claims of nakkiran2019."""

from . import estimators, information, phases, simple

__all__ = ["EXPERIMENTS"]

EXPERIMENTS = (*information.EXPERIMENTS, *estimators.EXPERIMENTS, *simple.EXPERIMENTS, *phases.EXPERIMENTS)
