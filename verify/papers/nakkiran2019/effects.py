"""From predictions to the quantities of the findings: ratios at two checkpoints, and their bootstrap samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics.estimators import estimated_information, jackknife, plug_in
from numerics.explained import Cells, Shares, last_before, occupied, shares_of, shares_on
from numerics.inference import delta_intervals, outweighs, resampled
from numerics.information import CHUNK, count_table, frequencies

from ...experiment import Measured
from .runs import Labels

RESAMPLES = 2000
Explain = Callable[[Cells, Tensor], Shares]
"""What counts (..., S) of some cells say."""
LEAST = 0.25
"""Share of I(L;Y) that F must know at T₀: below it R₁ is the ratio of two small numbers."""


class Needs(Enum):
    """What a run must have done for a part to say something about it; the estimates that the part compares must have a
    small bias there, unless nothing is needed."""

    CROSSING = "F knew less than L first, a quarter of it at T₀, and then more"
    MEMORY = "training error 0 at the end"
    FITTED = "training error 0 at the end, of a part in which μ does not occur"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Path:
    """Count tables (B, T, K, K, K) of B runs at T checkpoints, what they say, and the places of T₀ (B,), −1 if none."""

    steps: Tensor
    counts: Tensor
    shares: Shares
    early: Tensor


def path_of(p: Labels) -> Path:
    """The tables of all checkpoints."""
    labels = (p.y[:, None], p.f, p.g[:, None])
    counts = count_table(*labels, 1 + max(int(x.max()) for x in labels))
    shares = _joined(shares_of(frequencies(c)) for c in counts.split(max(1, CHUNK // counts[:, 0].numel()), 1))
    early = last_before(shares.F, shares.G[:, 0])
    known = shares.F.gather(1, early.clamp_min(0)[:, None])[:, 0]
    return Path(p.steps, counts, shares, torch.where(known >= LEAST * shares.G[:, 0], early, -1))


def measured(
    p: Labels, needs: Mapping[str, Needs], *, seed: int, last: int = -1, explain: Explain = shares_on
) -> Measured:
    """The quantities of the findings, one row a run, with bootstrap samples; `needs` by part.

    `last` is the checkpoint that stands for the end of training.
    """
    path = path_of(p)
    place = path.early.clamp_min(0)[:, None, None, None, None].expand(-1, 1, *path.counts.shape[2:])
    whole = (path.counts.gather(1, place)[:, 0], path.counts[:, last])
    tables = [occupied(c) for c in whole]
    exact = (explain(cells, counts[:, None]) for cells, counts in tables)
    drawn = (_drawn(cells, counts, seed, explain) for cells, counts in tables)
    every = torch.ones_like(path.early, dtype=torch.bool)
    (early, _), (late, known) = (_unbiased(c) for c in whole)
    fitted = p.train_error[:, last] == 0
    met = {
        Needs.CROSSING: (path.early >= 0) & early,
        Needs.MEMORY: fitted & late,
        Needs.FITTED: fitted & known,
        Needs.NOTHING: every,
    }
    return Measured(
        _values(*exact),
        dict.fromkeys(needs, torch.zeros(1, 1, dtype=torch.float64)),
        judged={part: met[need][:, None] for part, need in needs.items()},
        resampled=_values(*drawn),
    )


def _unbiased(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Whether the biases of μ and of I(F;Y) − I(G;Y), by the jackknife, are at most an eighth of half the intervals of
    μ and of the wider one of I(F;Y) and I(G;Y): what a percentile interval can bear (nakkiran2019.intervals)."""
    plain, better = (estimated_information(counts, share) for share in (plug_in, jackknife))
    ends = delta_intervals(counts)
    of_difference = plain.f_y - better.f_y - (plain.g_y - better.g_y)
    outweighed = outweighs(of_difference, ends.f_y, 0.125) & outweighs(of_difference, ends.g_y, 0.125)
    return ~outweighs(plain.mu - better.mu, ends.mu, 0.125), ~outweighed


def _drawn(cells: Cells, counts: Tensor, seed: int, explain: Explain) -> Shares:
    """What bootstrap samples of tables (B, S) say, (B, RESAMPLES): in chunks, which change no draw."""
    K = max(cells.sizes)
    draws, size = np.random.default_rng(seed), max(1, CHUNK // (len(counts) * max(counts.shape[1], K**2)))
    sizes = (min(size, RESAMPLES - first) for first in range(0, RESAMPLES, size))
    return _joined(explain(cells, resampled(counts, n, draws, 1).transpose(0, 1)) for n in sizes)


def _joined(parts: Iterable[Shares]) -> Shares:
    """Shares of laws (B, n), one part behind the other."""
    said = list(parts)
    return Shares(**{f.name: torch.cat([getattr(s, f.name) for s in said], -1) for f in fields(Shares)})


def explained_by_constant(cells: Cells, counts: Tensor) -> Shares:
    """What the counts say when a constant takes the place of G in μ: I(G;Y) stays that of G."""
    K_F, _, K_Y = cells.sizes
    f, y = (torch.arange(K, device=counts.device) for K in (K_F, K_Y))
    values = torch.stack((f.repeat_interleave(K_Y), torch.zeros_like(f).repeat(K_Y), y.repeat(K_F)))
    merged = cells.margin(counts, 0, 2).flatten(-2)
    return replace(shares_on(Cells(values, cells.sizes), merged), G=shares_on(cells, counts).G)


def _values(early: Shares, late: Shares) -> dict[str, Any]:
    return {
        "R_1": early.explained,
        "null_1": early.explained_null,
        "forced_1": early.explained_forced,
        "R_2": late.retained,
        "null_2": late.retained_null,
        "forced_2": late.retained_forced,
        "I_F": late.F,
        "I_L": late.G,
    }
