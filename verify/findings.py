"""Findings: what a paper only observed, as a statement on the mean over independent runs.

A run gives each part's two sides, and bootstrap samples of them. Supported is a part whose 95 % interval of the mean
of left − right lies on the claimed side; rejected one that the test rejects at its level; inconclusive any other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats
from torch import Tensor

from theory import Claim, Part, Quantifier

from .checks import Judgement, Sides, judge
from .errors import VerifyError
from .experiment import Measured
from .profiles import CONFIDENCE
from .statistics import UNRESOLVED, Test, student_interval


def is_finding(claim: Claim) -> bool:
    """True for a claim on the mean over independent runs."""
    return all(p.quantifier is Quantifier.RUNS for p in claim.parts)


def finding_test(part: Part, judgement: Judgement, name: str, level: float, beside: str = "") -> Test:
    """One-sided t test of the mean over runs; runs on which the part says nothing are left out.

    The interval that is told is that of the mean of left − right, moved to the mean of the right side; `beside` is
    told with it. On which side the part holds is read off the judgement, which may be that of an altered relation.
    """
    left, right, margin = _runs(part, judgement.sides)
    n, made = len(left), judgement.sides.judged.shape[0]
    if n < 2:
        return Test(name, f"only {n} of {made} runs count: {UNRESOLVED}", n, *_none(), level)
    error = float(margin.std(ddof=1)) / np.sqrt(n)
    ends = student_interval(float(margin.mean()), error, n - 1)
    p = float(stats.t.cdf(margin.mean() / error, n - 1)) if error else float(margin[0] >= 0)
    runs = f"{n} runs" if n == made else f"{n} of {made} runs, the others do not count"
    return _told(f"mean of {runs}{beside}, one-sided t test", left, right, margin, ends, p, name, level)


def bootstrap_test(
    part: Part, judgement: Judgement, drawn: Judgement, name: str, level: float, beside: str = ""
) -> Test:
    """The same for a single run, by the percentile bootstrap: p is the share of samples on which the part holds."""
    left, right, margin = _runs(part, judgement.sides)
    if not len(left):
        return Test(name, f"the part says nothing on this run: {UNRESOLVED}", 0, *_none(), level)
    samples = _margins(drawn.sides)[0]
    samples = samples[~np.isnan(samples)]
    p = (1 + int((samples >= 0).sum())) / (1 + len(samples))
    what = f"one run{beside}, percentile bootstrap of {len(samples)} samples"
    return _told(what, left, right, margin, percentiles(samples), p, name, level)


def alone(judgement: Judgement, drawn: Judgement) -> tuple[Tensor, Tensor]:
    """(B,) which runs refute the part by their own 95 % interval, and which leave it open."""
    seen = ~judgement.silent
    low, high = np.array([percentiles(m) for m in _margins(drawn.sides)]).T
    refuted, left_open = high < 0, (low < 0) & (high >= 0)
    return seen & seen.new_tensor(refuted), seen & seen.new_tensor(left_open)


def beside(claim: Claim, measured: Measured, judgement: Judgement) -> str:
    """What a claim's measured quantities are on average over the runs that count for a part, in words."""
    counts = judgement.sides.judged[:, 0].cpu()
    means = [
        f"{q.unicode or q.name} = {float(measured.values[q.name][:, 0].cpu()[counts].mean()):.3f}"
        for q in claim.quantities
        if q.measured and bool(counts.any())
    ]
    return f" ({', '.join(means)})" if means else ""


def judge_resampled(claim: Claim, measured: Measured) -> list[Judgement]:
    """Every part of the claim on the bootstrap samples of each run."""
    if not measured.resampled:
        raise VerifyError(f"{claim.id}: the experiment gives no bootstrap samples of its runs; add `resampled`")
    return judge(claim, replace(measured, values=measured.resampled, judged={}))


def _told(
    what: str,
    left: np.ndarray,
    right: np.ndarray,
    margin: np.ndarray,
    ends: tuple[float, float],
    p: float,
    name: str,
    level: float,
) -> Test:
    """The test with its interval in words; `ends` are those of the margin, which is left − right or its negative."""
    observed, expected = float(left.mean()), float(right.mean())
    towards = 1 if np.allclose(left - right, margin) else -1
    low, high = sorted(expected + towards * e for e in ends)
    against = f"against it, but not at the level of the test: {UNRESOLVED}" if ends[1] < 0 else UNRESOLVED
    outcome = "rejected" if p < level else "supported" if ends[0] >= 0 else against
    text = f"{what}; {CONFIDENCE:.0%} interval {low:.3f} … {high:.3f}: {outcome}"
    return Test(name, text, len(left), observed, expected, p, level)


def _runs(part: Part, sides: Sides) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is measured, what is claimed, and by how much the part holds, on the runs that count."""
    if part.is_equation:
        raise VerifyError(f"part {part.name!r} of a finding is an equation; say on which side of what the mean lies")
    counts = sides.judged[:, 0] & ~sides.gap[:, 0].isnan()
    left, right, gap = (x[:, 0][counts].double().cpu().numpy() for x in (sides.left, sides.right, sides.gap))
    return left, right, -gap


def _margins(sides: Sides) -> np.ndarray:
    """By how much the part holds on every bootstrap sample, (B, samples)."""
    return -sides.gap.double().cpu().numpy()


def percentiles(values: np.ndarray) -> tuple[float, float]:
    """The ends of the 95 % percentile interval of bootstrap values, (samples,); nan where none is a number."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _none() -> tuple[float, float, float]:
    return float("nan"), float("nan"), float("nan")
