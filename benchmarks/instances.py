"""The networks of task A, and one thread for everyone; import this before torch and jax do any work."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import torch

torch.set_num_threads(1)

END, POINTS = 10.0, 33
RTOL, ATOL = 1e-8, 1e-10
"""Tolerances of the peers; the reduced engine sets its own floor, ``rtol/100 * ||Z(0)||_F``."""


def draw(h: int, B: int, n: int = 20, D: int = 10, m: int = 2) -> tuple[torch.Tensor, ...]:
    """X, Y, U, V: standard normal data, weights of variance 1/h."""
    g = torch.Generator().manual_seed(h)
    shapes = ((B, n, D), (B, n, m), (B, D, h), (B, m, h))
    X, Y, U, V = (torch.randn(*s, generator=g, dtype=torch.float64) for s in shapes)
    return X, Y, U / h**0.5, V / h**0.5


def times() -> torch.Tensor:
    return torch.linspace(0, END, POINTS, dtype=torch.float64)
