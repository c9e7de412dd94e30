"""Task D: mu_Y(F;G) of 1,000 checkpoints x 10,000 samples x 10 classes, against a loop over scikit-learn.

    taskset -c 1 python benchmarks/information.py

Medians of interleaved repetitions in one process, one thread; scikit-learn on a sample of the checkpoints.
"""

import argparse
import statistics
import time

import instances  # noqa: F401  (one thread, before torch works)
import torch
from sklearn.metrics import mutual_info_score

from numerics.inference import mu
from numerics.information import observed_correlation

CLASSES = 10
LOOP = "scikit-learn, loop, labels int64"


def draw(steps: int, samples: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """y, f and g: g is right on 70 %, f comes from a guess to being right on 90 %, half of it as g is."""
    generator = torch.Generator().manual_seed(0)

    def guess(*shape: int) -> torch.Tensor:
        return torch.randint(CLASSES, shape, generator=generator)

    def sure(share: float | torch.Tensor, *shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator) < share

    y = guess(samples)
    g = torch.where(sure(0.7, samples), y, guess(samples))
    known = torch.where(sure(0.5, steps, samples), y, g)
    f = torch.where(sure(torch.linspace(0, 0.9, steps)[:, None], steps, samples), known, guess(steps, samples))
    return y, f, g


def ours(y: torch.Tensor, f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """All checkpoints in one call."""
    return observed_correlation(y, f, g, CLASSES)


def with_intervals(y: torch.Tensor, f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """The user's call: four values, their intervals and the chi-square test."""
    return mu(y, f, g).mu.estimate


def by_loop(y: torch.Tensor, f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """``I(F;Y) + I(G;Y) - I((F,G);Y)``: two calls a checkpoint, and one for all of them."""
    y_, g_ = y.numpy(), g.numpy()
    linear = mutual_info_score(g_, y_)
    values = [mutual_info_score(f_, y_) + linear - mutual_info_score(CLASSES * f_ + g_, y_) for f_ in f.numpy()]
    return torch.tensor(values, dtype=torch.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=1000, help="checkpoints of ours")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=50, help="checkpoints of scikit-learn")
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    y, f, g = draw(options.steps, options.samples)
    some = torch.linspace(0, options.steps - 1, options.sample).long()
    small = f.to(torch.int8)
    programs = {
        "lemmaflow, labels int64": lambda: ours(y, f, g),
        "lemmaflow, labels int8": lambda: ours(y.to(torch.int8), small, g.to(torch.int8)),
        "lemmaflow mu(y, f, g): with intervals and test": lambda: with_intervals(y, f, g),
        LOOP: lambda: by_loop(y, f[some], g),
        "scikit-learn, loop, labels int8": lambda: by_loop(y.to(torch.int8), small[some], g.to(torch.int8)),
    }
    values = {name: program() for name, program in programs.items()}  # warms up, not timed
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(options.repeat):
        for name, program in programs.items():
            start = time.perf_counter()
            program()
            spent[name].append((time.perf_counter() - start) / len(values[name]) * 1e3)
    report(spent, values, some)


def report(spent: dict[str, list[float]], values: dict[str, torch.Tensor], some: torch.Tensor) -> None:
    medians = {name: statistics.median(series) for name, series in spent.items()}
    loop = values[LOOP]
    print("| program | checkpoints | ms a checkpoint | scikit-learn over it | largest difference to scikit-learn |")
    print("|---|---:|---:|---:|---:|")
    for name, ms in medians.items():
        own = values[name] if len(values[name]) == len(some) else values[name][some]
        ratio, gap = medians[LOOP] / ms, float((own - loop).abs().max())
        print(f"| {name} | {len(values[name])} | {ms:.4f} | {ratio:.1f} | {gap:.1e} |")


if __name__ == "__main__":
    main()
