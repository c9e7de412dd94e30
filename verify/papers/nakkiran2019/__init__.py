"""Experiments on the claims of nakkiran2019."""

from . import estimators, information, phases, simple
from .pictures import PICTURES, PICTURES_OF_PREDICTIONS

__all__ = ["EXPERIMENTS", "PICTURES", "PICTURES_OF_PREDICTIONS"]

EXPERIMENTS = (*information.EXPERIMENTS, *estimators.EXPERIMENTS, *simple.EXPERIMENTS, *phases.EXPERIMENTS)
