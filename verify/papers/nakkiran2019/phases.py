"""Experiments."""

EXPERIMENTS = ()
