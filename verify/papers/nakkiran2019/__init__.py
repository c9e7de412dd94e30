"""Experiments on the claims of nakkiran2019."""

from . import disc, estimators, hierarchy, information, phases, pictures, simple
from .pictures import PICTURES_OF_PREDICTIONS

__all__ = ["EXPERIMENTS", "PICTURES", "PICTURES_OF_PREDICTIONS"]

EXPERIMENTS = (*information.EXPERIMENTS, *estimators.EXPERIMENTS, *simple.EXPERIMENTS, *phases.EXPERIMENTS)
PICTURES = (*pictures.PICTURES, hierarchy.explained_along_a_chain, disc.boundary_over_training)
