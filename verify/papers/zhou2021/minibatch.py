"""Experiments of zhou2021: placeholder."""

EXPERIMENTS = ()
