"""Is this machine to be believed? Named comparisons of engines on small fixed cases, with derived tolerances.

No theorem is judged here: every row holds two computations of the same number against each other, as far apart as their
own error estimates allow. A new paper needs nothing added: the last three rows take the catalogue as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from . import algebra, chance, claims, training
from .bench import Bench
from .check import Check, Comparison, Outcome, carry_out
from .machine import machine

__all__ = ["COMPARISONS", "Check", "Comparison", "Outcome", "bench_for", "examine", "machine"]

COMPARISONS = (
    Comparison("float64 arithmetic", "torch, numpy · exact fractions", lambda _: algebra.float64()),
    Comparison("matrix products", "torch, numpy, both precisions · exact fractions", lambda _: algebra.products()),
    Comparison("eigenvalues", "torch, numpy · balls", lambda _: algebra.eigenvalues()),
    Comparison("singular values", "torch, numpy · balls", lambda _: algebra.singular_values()),
    Comparison("factorisations", "SVD, QR, eigenvectors · the matrix itself", lambda _: algebra.factorisations()),
    Comparison("gradients", "autograd · fractions by hand; forward · reverse mode", lambda _: training.gradients()),
    Comparison("scalar gradient flow", "autograd · closed form", lambda _: training.scalar_flow()),
    Comparison(
        "whitened gradient flow",
        "autograd, reduced engine · matrix Riccati solution",
        lambda _: training.whitened_flow(),
    ),
    Comparison("gradient flow", "autograd · reduced engine", lambda _: training.reduced_flow()),
    Comparison("integrators", "Dormand–Prince 8 · Radau · Gauss–Legendre", lambda _: training.integrators()),
    Comparison("path integrals", "integrators · scipy's quadrature, closed form", lambda _: training.path_integrals()),
    Comparison("gradient descent", "autograd · reduced recursion · mini-batches", lambda _: training.descents()),
    Comparison("binomial tests", "scipy · exact fractions", lambda _: chance.binomial()),
    Comparison("Kolmogorov–Smirnov", "scipy · exact fractions, closed forms", lambda _: chance.kolmogorov()),
    Comparison("seeded draws", "torch · numpy's Mersenne Twister; recorded draws", lambda _: chance.generator()),
    Comparison("compiled statements", "numpy, torch, mpmath · balls", claims.statements),
    Comparison("confirming runs", "first · second engine of every experiment", claims.confirmations),
    Comparison("CPU and CUDA", "every experiment on both", claims.devices),
)


def bench_for(device: str) -> Bench:
    """The bench for `--device`: CUDA is held against the CPU where there is one, unless `cpu` is asked for."""
    if device == "cpu":
        return Bench(reason="--device cpu")
    return Bench(cuda=torch.cuda.is_available())


def examine(bench: Bench, comparisons: tuple[Comparison, ...] = COMPARISONS) -> Iterator[Check]:
    """Carry out the comparisons one by one, on one thread, as campaigns run."""
    for comparison in comparisons:
        with _one_thread():
            check = carry_out(comparison, bench)
        yield check


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
