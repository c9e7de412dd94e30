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
    told with it.
    """
    left, right = _sides(part, judgement.sides)
    n = len(left)
    if n < 2:
        return Test(name, f"only {n} of {judgement.sides.judged.shape[0]} runs count: {UNRESOLVED}", n, *_none(), level)
    difference = left - right
    error = float(difference.std(ddof=1)) / np.sqrt(n)
    low, high = student_interval(float(difference.mean()), error, n - 1)
    p = float(stats.t.sf(_towards(part) * -difference.mean() / error, n - 1)) if error else _certain(part, difference)
    what = f"mean of {n} runs{beside}, one-sided t test"
    return _told(part, what, (low, high), (left.mean(), right.mean()), p, n, name, level)


def bootstrap_test(
    part: Part, measured: Judgement, drawn: Judgement, name: str, level: float, beside: str = ""
) -> Test:
    """The same for a single run, by the percentile bootstrap: p is the share of samples on which the part holds."""
    left, right = _sides(part, measured.sides)
    if not len(left):
        return Test(name, f"the part says nothing on this run: {UNRESOLVED}", 0, *_none(), level)
    difference = _differences(drawn.sides)[0]
    low, high = percentiles(difference)
    holds = _towards(part) * difference >= 0
    p = (1 + int(holds.sum())) / (1 + len(difference))
    what = f"one run{beside}, percentile bootstrap of {len(difference)} samples"
    return _told(part, what, (low, high), (left.mean(), right.mean()), p, 1, name, level)


def alone(part: Part, measured: Judgement, drawn: Judgement) -> tuple[Tensor, Tensor]:
    """(B,) which runs refute the part by their own 95 % interval, and which leave it open."""
    seen = ~measured.silent
    ends = np.stack([percentiles(d) for d in _differences(drawn.sides)])
    low, high = np.sort(_towards(part) * ends, 1).T
    return seen & seen.new_tensor(high < 0), seen & seen.new_tensor((low < 0) & (high >= 0))


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
    part: Part,
    what: str,
    ends: tuple[float, float],
    means: tuple[float, float],
    p: float,
    n: int,
    name: str,
    level: float,
) -> Test:
    observed, expected = (float(m) for m in means)
    low, high = (e + expected for e in ends)
    supported = ends[0] >= 0 if part.is_lower_bound else ends[1] <= 0
    outcome = "rejected" if p < level else "supported" if supported else UNRESOLVED
    text = f"{what}; {CONFIDENCE:.0%} interval {low:.3f} … {high:.3f}: {outcome}"
    return Test(name, text, n, observed, expected, p, level)


def _towards(part: Part) -> int:
    """The sign of left − right on which the part holds."""
    if part.is_equation:
        raise VerifyError(f"part {part.name!r} of a finding is an equation; say on which side of what the mean lies")
    return 1 if part.is_lower_bound else -1


def _sides(part: Part, sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """What is measured and what is claimed, on the runs that count."""
    counts = sides.judged[:, 0] & ~sides.gap[:, 0].isnan()
    left, right = (x[:, 0][counts].double().cpu().numpy() for x in (sides.left, sides.right))
    return left, right


def _differences(sides: Sides) -> np.ndarray:
    """left − right on every bootstrap sample, (B, samples)."""
    return (sides.left - sides.right).double().cpu().numpy()


def percentiles(difference: np.ndarray) -> tuple[float, float]:
    """The ends of the 95 % percentile interval of bootstrap values, (samples,); nan where none is a number."""
    known = difference[~np.isnan(difference)]
    if not len(known):
        return float("nan"), float("nan")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _certain(part: Part, difference: np.ndarray) -> float:
    """The p-value where all runs agree to the last bit."""
    return 1.0 if _towards(part) * difference[0] >= 0 else 0.0


def _none() -> tuple[float, float, float]:
    return float("nan"), float("nan"), float("nan")
