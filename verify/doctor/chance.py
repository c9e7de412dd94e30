"""Random draws and statistics against exact fractions, closed forms and an independent generator."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from .. import statistics
from .check import EPS, Compared, ratio, together

SEEDS = (0, 2021, 2**32 - 1)


def binomial() -> Compared:
    """P(Bin(n, δ) ≥ k) against its sum in fractions: as accurate as the same sum in float64, whose positive terms are
    products of at most 3n factors. Half of the comparisons are of the Clopper–Pearson limit, put into that sum."""
    parts = []
    for n, k, delta in ((10, 0, 0.1), (10, 3, 0.1), (60, 12, 0.1), (150, 25, 0.1), (150, 3, 0.001), (25, 25, 0.5)):
        p = statistics.coverage_test("", k, n, delta, 0.01).p_value
        parts.append(_relative(p, _tail(n, k, Fraction(delta)), 4 * n * EPS))
        if k < n:
            limit = statistics.violation_upper_limit(k, n, 0.95)
            beyond = 1 - _tail(n, k + 1, Fraction(limit or 0.0))
            # a rounding of the limit changes the probability by at most n/(1 − limit) as much, relative to itself
            parts.append(_relative(float(beyond), 1 - Fraction(0.95), 8 * n * EPS / (1 - (limit or 0.0))))
    return Compared(together(parts))


def _tail(n: int, k: int, p: Fraction) -> Fraction:
    return sum((math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1)), Fraction(0))


def _relative(found: float, exact: Fraction, tolerance: float) -> Tensor:
    """Relative error over the tolerance, in exact arithmetic."""
    return torch.tensor(float(abs(Fraction(found) / exact - 1) / Fraction(tolerance)), dtype=torch.float64)


def kolmogorov() -> Compared:
    """The statistic on known data against fractions, and its p-value where it has a closed form: 2(1−d)ⁿ for
    d ≥ 1 − 1/n, 1 − n!(2d − 1/n)ⁿ for 1/(2n) ≤ d ≤ 1/n (Simard, L'Ecuyer, J. Stat. Soft. 39(11), 2011)."""
    parts = []
    for n, low, step in ((5, 0.03, 0.03), (10, 0.03, 0.09375), (10, 0.0625, 0.09765625), (40, 0.013, 0.02490234375)):
        u = low + step * np.arange(n)
        exact = [Fraction(x) for x in u.tolist()]
        d = max(max(Fraction(i + 1, n) - x, x - Fraction(i, n)) for i, x in enumerate(exact))
        test = statistics.uniform_test("", u, 0.01)
        parts.append(_relative(test.observed, d, 4 * n * EPS))
        p = _kolmogorov_tail(n, d)
        if p is not None:
            # one rounding of d changes p by its slope, n/(1−d) or n/(2d−1/n) relative to itself
            slope = n / (1 - d) if d >= 1 - Fraction(1, n) else 2 * n / (2 * d - Fraction(1, n))
            parts.append(_relative(test.p_value, p, 16 * n * EPS + float(4 * d * slope) * EPS))
    return Compared(together(parts))


def _kolmogorov_tail(n: int, d: Fraction) -> Fraction | None:
    if d >= 1 - Fraction(1, n):
        return 2 * (1 - d) ** n
    return 1 - math.factorial(n) * (2 * d - Fraction(1, n)) ** n if d <= Fraction(1, n) else None


# ---- the seeded generator: every random instance comes from it
def generator() -> Compared:
    """torch's seeded draws against numpy's Mersenne Twister: uniforms and integers exactly, normals by Box and Muller
    to 8 roundings of their radius (those of log, √, 2πu, cos and the product)."""
    parts = []
    for seed in SEEDS:
        words = _words(seed, 64)
        parts.append(ratio(_draw(torch.rand, seed, 20), _uniform(words[:20]), EPS / 4))
        integers = torch.randint(2**62, (20,), generator=torch.Generator().manual_seed(seed))
        parts.append(ratio(integers, torch.tensor([w % 2**62 for w in words[:20]]), 0.5))
        for size in (5, 16, 32):
            normal, radius = _box_muller(_uniform(words[: size + size % 2]), size)
            parts.append(ratio(_draw(torch.randn, seed, size), normal, 8 * EPS * (1 + radius)))
    parts.append(_chi_squares())
    return Compared(together(parts), "an instance is the same on every machine")


def _words(seed: int, count: int) -> list[int]:
    """64-bit words of the Mersenne Twister, the first 32 bits on top."""
    bits = np.random.RandomState(seed).randint(0, 2**32, size=2 * count, dtype=np.uint64).tolist()
    return [high << 32 | low for high, low in zip(bits[::2], bits[1::2], strict=True)]


def _uniform(words: list[int]) -> Tensor:
    return torch.tensor([(w & (2**53 - 1)) / 2**53 for w in words], dtype=torch.float64)


def _draw(sample, seed: int, size: int) -> Tensor:
    return sample(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _box_muller(u: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The normals that torch makes of uniforms, and their radii: in blocks of 16 the first half gives radii and the
    second angles; fewer than 16 are made pair by pair, angle first."""
    if size < 16:
        angle, radius = 2 * math.pi * u[::2], (-2 * torch.log1p(-u[1::2])).sqrt()
        pairs = torch.stack((radius * angle.cos(), radius * angle.sin()), 1)
        return pairs.flatten()[:size], radius.repeat_interleave(2)[:size]
    first, second = u.view(-1, 2, 8).unbind(1)
    angle, radius = 2 * math.pi * second, (-2 * torch.log(1 - first)).sqrt()
    return torch.cat((radius * angle.cos(), radius * angle.sin()), 1).flatten(), radius.repeat(1, 2).flatten()


CHI_SQUARES = (2.187714999890741, 6.324346136660052, 199.12327492065518, 999944.6587735643)
"""`numpy.random.default_rng(2021).chisquare([3, 10, 200, 1e6])`, recorded with numpy 2.4."""


def _chi_squares() -> Tensor:
    drawn = torch.from_numpy(np.random.default_rng(2021).chisquare([3, 10, 200, 1e6]))
    known = torch.tensor(CHI_SQUARES, dtype=torch.float64)
    return ratio(drawn, known, 64 * EPS * known)
