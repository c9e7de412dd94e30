"""Nakkiran et al.: how much of what a network knows about the label a simpler classifier knows already."""

from . import estimators, information, phases, simple

CLAIMS = (*information.CLAIMS, *estimators.CLAIMS, *simple.CLAIMS, *phases.CLAIMS)
