"""Confidence intervals and tests for the information in predictions, and the call for a user's own: ``mu(y, f, g)``.

Intervals by the delta method (asymptotic) and by the percentile bootstrap of the count table; tests of
``I(F;Y|G) = 0`` by chi-square (asymptotic) and by permutation within the strata of G (exact at every N). An estimate of
``I(F;Y|G)`` is never negative and the percentile interval never reaches 0: at the boundary use a test. Everything is
in nats.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from .errors import require
from .estimators import Information, Share, estimated_information, jackknife, plug_in
from .information import (
    CHUNK,
    Counts,
    JointLaw,
    Labels,
    Numbers,
    as_labels,
    conditional_mutual_information,
    count_table,
    frequencies,
)

__all__ = [
    "ChiSquare",
    "Correlation",
    "Interval",
    "bootstrap_interval",
    "chi_square_test",
    "delta_intervals",
    "densities",
    "mu",
    "outweighs",
    "permutation_test",
    "resampled",
]

CONFIDENCE = 0.95
DENSE = 64
"""Labels below this are counted as they are; larger ones are recoded first."""
SAME = 1e-12
"""Values of I(F;Y|G) within this count as equal: rounding must not decide between tables of one value."""


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its confidence interval, each of shape (...), in nats."""

    estimate: Tensor
    low: Tensor
    high: Tensor


@dataclass(frozen=True)
class ChiSquare:
    """``statistic = 2N I(F;Y|G)``, its degrees of freedom and p-value under ``I(F;Y|G) = 0``, each of shape (...)."""

    statistic: Tensor
    degrees: Tensor
    p_value: Tensor


@dataclass(frozen=True)
class Correlation:
    """How much of what F knows of Y is known to G: intervals of shape (T,), or () for one F. All values in nats.

    ``mu`` is ``I(F;Y) - I(F;Y|G)``. ``test`` asks whether ``I(F;Y|G) = 0``, that is whether G explains all that F
    knows; no interval decides that. ``bias`` is by how much the jackknife lowers the estimate of ``mu`` (0 if that is
    the jackknife's): of the order of (number of cells)/N, and of either sign.
    """

    mu: Interval
    f_y: Interval
    g_y: Interval
    f_y_given_g: Interval
    test: ChiSquare
    bias: Tensor
    samples: int
    confidence: float
    unit: str = "nats"

    @property
    def biased(self) -> Tensor:
        """Whether the bias is more than a quarter of half the interval of ``mu``, which then misses more often than it
        says: take more samples, merge classes, or correct the estimate (``share``)."""
        return outweighs(self.bias, self.mu, 0.25)


def outweighs(bias: Tensor, interval: Interval, share: float) -> Tensor:
    """Whether a bias is more than a share of half the interval, beyond rounding."""
    return bias.abs() > share * (interval.high - interval.low) / 2 + SAME


# ---- delta method
def densities(p: JointLaw) -> Information[Tensor]:
    """The functions of (f, g, y), (..., K_F, K_G, K_Y), whose means under p are the four values; 0 where p is 0."""
    log = {dims: _log(p.sum(dims, keepdim=True)) if dims else _log(p) for dims in _SUMS}
    f, g, y = log[-2, -1], log[-3, -1], log[-3, -2]
    fg, fy, gy, fgy = log[-1,], log[-2,], log[-3,], log[()]
    seen = (p > 0).to(p)
    f_y, f_y_given_g = (fy - f - y) * seen, (fgy + g - fg - gy) * seen
    return Information(f_y - f_y_given_g, f_y, (gy - g - y) * seen, f_y_given_g)


_SUMS = ((-2, -1), (-3, -1), (-3, -2), (-1,), (-2,), (-3,), ())


def _log(p: Tensor) -> Tensor:
    return torch.where(p > 0, p, torch.ones_like(p)).log()


def spread(p: JointLaw, density: Numbers) -> Float[Tensor, "*lead"]:
    """Standard deviation of a density under p."""
    cells = (-3, -2, -1)
    mean = (p * density).sum(cells, keepdim=True)
    return (p * (density - mean).square()).sum(cells).sqrt()


def delta_intervals(counts: Counts, *, confidence: float = CONFIDENCE, share: Share = plug_in) -> Information[Interval]:
    """Intervals ``estimate +- z sd/sqrt(N)`` of the four values.

    sd is that of the density under the observed frequencies. Information itself is not negative: both ends of its
    interval are cut at 0 (a corrected estimate may lie below). Where the density is constant (mutual independence)
    the law of the estimate is not normal: the interval of mu then says only that mu is of the order 1/N.
    """
    p, N = frequencies(counts), counts.sum((-3, -2, -1))
    centre, density = estimated_information(counts, share), densities(p)
    z = _normal_quantile(confidence)

    def interval(name: str) -> Interval:
        value: Tensor = getattr(centre, name)
        reach = z * spread(p, getattr(density, name)) / N.double().sqrt()
        least = -math.inf if name == "mu" else 0
        return Interval(value, (value - reach).clamp_min(least), (value + reach).clamp_min(least))

    return Information(*(interval(name) for name in ("mu", "f_y", "g_y", "f_y_given_g")))


def _normal_quantile(confidence: float) -> float:
    require(0 < confidence < 1, f"confidence = {confidence}; expected a number between 0 and 1; 0.95 is customary.")
    return math.sqrt(2) * float(torch.erfinv(torch.tensor(confidence, dtype=torch.float64)))


# ---- bootstrap
def resampled(
    counts: Numbers, resamples: int, seed: int | np.random.Generator = 0, variables: int = 3
) -> Int64[Tensor, "resamples ..."]:
    """Count tables of as many samples, drawn with replacement: multinomial in the observed frequencies (CPU).

    The last ``variables`` dimensions of counts are the variables: three, or one for a list of cells. From one
    generator, several calls draw what one call for all their resamples would.
    """
    p = frequencies(counts, variables).cpu().flatten(-variables).numpy()
    N = counts.sum(tuple(range(-variables, 0))).cpu().numpy()
    drawn = np.random.default_rng(seed).multinomial(N, p, size=(resamples, *counts.shape[:-variables]))
    return torch.as_tensor(drawn, device=counts.device).reshape(resamples, *counts.shape)


def bootstrap_interval(
    counts: Counts,
    value: Callable[[JointLaw], Tensor],
    *,
    resamples: int = 2000,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Percentile interval of any value of the joint law: ``value`` takes laws (..., K_F, K_G, K_Y) to (...).

    Draws from a seeded CPU generator, in chunks: memory is bounded by ``CHUNK`` cells and one number a resample.
    """
    _normal_quantile(confidence)
    size = max(1, CHUNK // max(1, counts.numel()))
    seeds = np.random.SeedSequence(seed).generate_state(-(-resamples // size), np.uint64)
    sizes = [min(size, resamples - k) for k in range(0, resamples, size)]
    drawn = [value(frequencies(resampled(counts, n, int(s)))) for n, s in zip(sizes, seeds, strict=True)]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    ends = torch.as_tensor(np.quantile(torch.cat(drawn).cpu().numpy(), tails, axis=0), device=counts.device)
    return Interval(value(frequencies(counts)), ends[0], ends[1])


# ---- tests of I(F;Y|G) = 0
def chi_square_test(counts: Counts, possible: Tensor | None = None) -> ChiSquare:
    """Chi-square test with ``sum_g (K_F|g - 1)(K_Y|g - 1)`` degrees of freedom.

    K_F|g and K_Y|g are the numbers of values of F and of Y that can occur together with g: those that did, or those
    that the law or mask ``possible`` (..., K_F, K_G, K_Y) allows. Without degrees of freedom the p-value is 1.
    """
    cells = (counts if possible is None else possible) > 0
    f_given_g, y_given_g = cells.any(-1).sum(-2), cells.any(-3).sum(-1)
    degrees = ((f_given_g - 1).clamp_min(0) * (y_given_g - 1).clamp_min(0)).sum(-1)
    N = counts.sum((-3, -2, -1))
    statistic = 2 * N * conditional_mutual_information(frequencies(counts)).clamp_min(0)
    free = degrees > 0
    p = torch.special.gammaincc(torch.where(free, degrees, 1).double() / 2, statistic / 2)
    return ChiSquare(statistic, degrees, torch.where(free, p, 1.0))


def permutation_test(
    y: Labels, f: Labels, g: Labels, classes: int | tuple[int, int, int], *, permutations: int = 999, seed: int = 0
) -> Float[Tensor, "*lead"]:
    """p-values of ``I(F;Y|G) = 0`` by permuting Y within each value of G: valid for every number of samples.

    Labels as in ``count_table``; (1 + number of permuted values that are as large)/(1 + permutations).
    """
    counts = count_table(y, f, g, classes)
    observed = conditional_mutual_information(frequencies(counts))
    y, g = torch.broadcast_tensors(y, g)
    order = g.argsort(-1)
    draws = torch.Generator().manual_seed(seed)
    size = max(1, CHUNK // max(g.numel(), f.numel(), counts.numel()))
    extreme = torch.zeros_like(observed)
    for first in range(0, permutations, size):
        some = (min(size, permutations - first), *g.shape)
        keys = g + torch.rand(some, generator=draws, dtype=torch.float64).to(g.device)
        moved = y.expand(some).gather(-1, keys.argsort(-1))
        shuffled = torch.empty_like(moved).scatter_(-1, order.expand(some), moved)
        shuffled = shuffled.reshape(some[0], *[1] * (f.ndim - g.ndim), *g.shape)
        counts = count_table(shuffled, f, g, classes)
        extreme += (conditional_mutual_information(frequencies(counts)) >= observed - SAME).sum(0)
    return (1 + extreme) / (1 + permutations)


# ---- a user's own predictions
def mu(y: Any, f: Any, g: Any, *, confidence: float = CONFIDENCE, share: Share = plug_in) -> Correlation:
    """``mu_Y(F;G)`` and the information behind it, with intervals by the delta method, in nats.

    y (N,): true labels of N samples that were used for nothing else; f (N,) or (T, N): predictions of one model, or
    of its T checkpoints; g (N,): predictions of the model that explains. Integers from 0 on, numpy arrays or torch
    tensors; counting happens on the device of ``f``. ``share`` corrects the estimates for bias (``miller_madow``,
    ``jackknife``, ``digamma``); none is best for all laws: see ``biased`` in the result. Raises ``NumericsError``, one
    line, for labels that are not integers, negative, masked or beyond int64, of different numbers, or of which y has
    one class only.
    """
    labels = {name: as_labels(name, value) for name, value in (("y", y), ("f", f), ("g", g))}
    device, samples = labels["f"].device, labels["y"].numel()
    for name, dims in (("y", (1,)), ("f", (1, 2)), ("g", (1,))):
        _check_call(name, labels[name], dims, samples)
    coded = {name: _coded(value.to(device)) for name, value in labels.items()}
    first = int(labels["y"][0])
    require(
        bool((labels["y"] != first).any()), f"y has the one label {first}; expected at least 2 classes; add others."
    )
    (y_, K_Y), (f_, K_F), (g_, K_G) = (coded[name] for name in "yfg")
    counts = count_table(y_, f_, g_, (K_F, K_G, K_Y))
    ends = delta_intervals(counts, confidence=confidence, share=share)
    bias = ends.mu.estimate - estimated_information(counts, jackknife).mu
    test = chi_square_test(counts)
    return Correlation(ends.mu, ends.f_y, ends.g_y, ends.f_y_given_g, test, bias, samples, confidence)


def _check_call(name: str, labels: Tensor, dims: tuple[int, ...], samples: int) -> None:
    wanted = " or ".join("(N,)" if d == 1 else "(T, N)" for d in dims)
    shape = tuple(labels.shape)
    require(labels.ndim in dims and labels.numel() > 0, f"{name} has shape {shape}; expected {wanted}, not empty.")
    whole = not (labels.is_floating_point() or labels.is_complex())
    require(whole, f"{name} has dtype {labels.dtype}; expected integer labels; number the classes 0, 1, 2.")
    require(shape[-1] == samples, f"{name} has {shape[-1]} samples and y has {samples}; expected as many; align them.")
    low = int(labels.min())
    require(low >= 0, f"{name} has the label {low}; expected labels from 0 on; number the classes 0, 1, 2.")


def _coded(labels: Tensor) -> tuple[Tensor, int]:
    """Labels 0 .. K - 1 and K: the labels themselves where they are small, otherwise their ranks."""
    if (high := int(labels.max())) < DENSE:
        return labels, high + 1
    values, ranks = labels.unique(return_inverse=True)
    return ranks, len(values)
