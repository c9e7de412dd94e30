"""Task C: the population gradient of 256 networks with tied top weights, by closed form, by autograd, by samples.

    taskset -c 1 python benchmarks/tied.py

Medians of interleaved repetitions in one process, one thread each; memory is that of a process of its own.
"""

import argparse
import multiprocessing
import resource
import statistics
import time

import instances  # noqa: F401  (one thread, before torch works)
import torch

from numerics import tied
from numerics.tied import tied_gradient, tied_loss

B, D, M, R = 256, 10, 50, 5
TOGETHER = 200
"""Samples whose residuals are held at once."""
BITS = (18, 20, 22, 24)
"""log2 of the numbers in a chunk of pairs; 22 is the default."""
AIMS = (1e-2, 1e-3)
"""Relative errors for which the number of samples is extrapolated, besides that of the closed form."""


def draw() -> tuple[torch.Tensor, torch.Tensor]:
    """Students (B, M, D) and teachers (B, R, D), Gaussian; the masses of both are alike."""
    g = torch.Generator().manual_seed(0)
    W = torch.randn(B, M, D, generator=g, dtype=torch.float64) * (R / M) ** 0.5 / D**0.25
    return W, torch.randn(B, R, D, generator=g, dtype=torch.float64)


def closed(W, T):
    return tied_gradient(W, T)[1]


def autograd(W, T):
    """Through the closed form of the loss."""
    leaf = W.clone().requires_grad_()
    return torch.autograd.grad(tied_loss(T)({"W": leaf}).sum(), leaf)[0]


def sampled(W, T, N, seed=1):
    """The gradient of the mean of R^2/2 over N inputs, the same for all networks."""
    g = torch.Generator().manual_seed(seed)
    leaf, total = W.clone().requires_grad_(), torch.zeros_like(W)
    for k in range(0, N, TOGETHER):
        x = torch.randn(D, min(TOGETHER, N - k), generator=g, dtype=torch.float64)
        residual = torch.einsum("bm,bmn->bn", leaf.norm(dim=2), (leaf @ x).abs()) - (T @ x).abs().sum(1)
        total += torch.autograd.grad(residual.square().sum() / 2, leaf)[0]
    return total / N


def error(one, exact):
    """Median over the networks of the relative error in Frobenius norm."""
    return float(((one - exact).norm(dim=(1, 2)) / exact.norm(dim=(1, 2))).median())


def _peak(program, data, pipe):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    program(*data)
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def peak(program, data) -> float:
    """Memory in MB that the program needs on top of the networks: of a forked process."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=_peak, args=(program, data, there))
    child.start()
    kilobytes = here.recv()
    child.join()
    return kilobytes / 1024


def in_chunks(bits):
    """The closed form with chunks of 2^bits numbers."""

    def run(W, T):
        default, tied.CHUNK = tied.CHUNK, 2**bits
        try:
            return closed(W, T)
        finally:
            tied.CHUNK = default

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    data = draw()
    programs = {f"closed form, chunks of 2^{b}": in_chunks(b) for b in BITS}
    programs["autograd through the closed form of the loss"] = autograd
    programs |= {f"{N} samples": lambda W, T, N=N: sampled(W, T, N) for N in options.samples}
    memory = {name: peak(program, data) for name, program in programs.items()}  # before the heap has grown
    exact = closed(*data)
    errors = {name: error(program(*data), exact) for name, program in programs.items()}
    spent = timed(programs, data, options.repeat)
    default = spent["closed form, chunks of 2^22"]
    print("| program | ms a network | over the closed form | peak memory, MB | relative difference to it |")
    print("|---|---:|---:|---:|---:|")
    for name in programs:
        print(f"| {name} | {spent[name]:.3f} | {spent[name] / default:.3g} | {memory[name]:.0f} | {errors[name]:.1e} |")
    most = max(options.samples)
    each, constant = spent[f"{most} samples"] / most, errors[f"{most} samples"] * most**0.5
    for aim in (*AIMS, errors["autograd through the closed form of the loss"]):
        needed = (constant / aim) ** 2
        ratio = needed * each / default
        print(f"| {needed:.1e} samples, extrapolated | {needed * each:.2g} | {ratio:.2g} | as above | {aim:.1e} |")


def timed(programs, data, repeat) -> dict[str, float]:
    """Median time of each, in ms a network; the programs take turns."""
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(repeat):
        for name, program in programs.items():
            start = time.perf_counter()
            program(*data)
            spent[name].append((time.perf_counter() - start) / B * 1e3)
    return {name: statistics.median(series) for name, series in spent.items()}


if __name__ == "__main__":
    main()
