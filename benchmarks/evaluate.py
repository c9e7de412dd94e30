"""Task B: the bound of min2021.thm1 at 10^6 points, against sympy and against torch written by hand.

    taskset -c 1 python benchmarks/evaluate.py

Medians in one process, one thread; sympy on a sample of the points.
"""

import statistics
import time

import instances  # noqa: F401  (one thread, before torch works)
import sympy as sp
import torch

from theory.evaluate import compile
from theory.papers.min2021.flow import thm1
from theory.papers.min2021.setting import c, ell_0, lambda_r, t

POINTS, SAMPLE, REPEAT = 10**6, 500, 51
a, b = sp.symbols("a b", real=True)
BOUND = thm1.parts[0].relation.rhs.subs(c, sp.Max(a, 0) + sp.Max(b, 0))
NAMES = tuple(s.name for s in (a, b, ell_0, lambda_r, t))


def by_hand(values: dict[str, torch.Tensor]) -> torch.Tensor:
    """What one would write: ``exp(-2 lambda_r c t) ell_0``."""
    level = torch.clamp(values["a"], min=0) + torch.clamp(values["b"], min=0)
    return torch.exp(-2 * values["lambda_r"] * level * values["t"]) * values["ell_0"]


def by_sympy(values: dict[str, torch.Tensor]) -> torch.Tensor:
    """``evalf``, point by point."""
    rows = zip(*(values[n].tolist() for n in NAMES), strict=True)
    symbols = {s.name: s for s in BOUND.free_symbols}
    return torch.tensor(
        [float(BOUND.evalf(subs={symbols[n]: x for n, x in zip(NAMES, row, strict=True)})) for row in rows],
        dtype=torch.float64,
    )


def points() -> dict[str, torch.Tensor]:
    """a and b of either sign, the others in (0, 1)."""
    generator = torch.Generator().manual_seed(0)
    draws = torch.rand(len(NAMES), POINTS, generator=generator, dtype=torch.float64)
    values = dict(zip(NAMES, draws.unbind(), strict=True))
    return values | {n: 2 * values[n] - 1 for n in ("a", "b")}


def seconds(function, data: dict[str, torch.Tensor]) -> float:
    """Wall time of one call, for each point."""
    start = time.perf_counter()
    function(data)
    return (time.perf_counter() - start) / len(data["a"])


def main() -> None:
    program, values = compile(BOUND, backend="torch"), points()
    sample = {n: v[:SAMPLE] for n, v in values.items()}
    ours, hand, exact = program(values), by_hand(values), by_sympy(sample)
    # The two fast ones take turns; sympy, which would leave cold caches behind, comes after them.
    pairs = [(seconds(program, values), seconds(by_hand, values)) for _ in range(REPEAT)]
    compiled, written = (statistics.median(series) for series in zip(*pairs, strict=True))
    symbolic = statistics.median(seconds(by_sympy, sample) for _ in range(5))
    print("| program | points per second | time over torch by hand | largest relative difference to ours |")
    print("|---|---:|---:|---:|")
    report("theory.evaluate.compile, torch", compiled, written, 0.0)
    report("torch by hand", written, written, gap(ours, hand))
    report(f"sympy evalf ({SAMPLE} points)", symbolic, written, gap(ours[:SAMPLE], exact))


def report(name: str, each: float, written: float, difference: float) -> None:
    print(f"| {name} | {1 / each:.3g} | {each / written:.3g} | {difference:.1e} |")


def gap(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(((one - other) / other).abs().max())


if __name__ == "__main__":
    main()
