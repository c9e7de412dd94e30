"""Pictures of nakkiran2019: information over training, single runs with their intervals, a user's own predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from numerics.inference import Interval, mu

from ...data import Predictions
from ...experiment import Run
from ...findings import percentiles
from ...pictures import Figure, Panel, Series, band_of, line_of
from ...profiles import Profile
from ...sampling import shared_seed
from . import runs
from .effects import Needs, Path, measured, path_of
from .phases import FAST, SHARED
from .runs import SETUPS, Labels

SHOWN = ("digits, MLP", "digits, CNN", "photographs, MLP", "mixture, MLP", "noisy mixture, MLP")
CURVES = ("I(F_t;Y)", "μ(F_t;L)", "I(F_t;Y|L)")
LONGEST = 400
"""Checkpoints that are drawn, at most."""


def information_over_training(seed: int, profile: Profile, run: Run) -> Figure:
    """The paper's figure: what the network knows, and what of it the linear classifier explains."""
    drawn = [(name, path_of(_seen(name, seed, run))) for name in _setups(profile)]
    counts = sorted({len(path.early) for _, path in drawn})
    caption = (
        f"Networks and a linear classifier L, trained by SGD on the same data; test sets; {either(counts)} runs a "
        "panel, their mean and the range between the lowest and the highest. Where μ is near I(F_t;Y), the "
        "linear classifier explains what the network knows; where I(F_t;Y) is above the dotted I(L;Y) and μ still near "
        "it, what L knows is retained; I(F_t;Y|L) is the rest. In the noisy mixture 10 % of the labels are flipped."
    )
    return Figure("Information over training", caption, tuple(_panel(name, path) for name, path in drawn))


def runs_one_by_one(seed: int, profile: Profile, run: Run) -> Figure:
    """R₁ and R₂ of every run with their bootstrap intervals, against the threshold, and what chance would give."""
    names = _setups(profile)
    early, late = ("1", "explained: R₁ at T₀", Needs.CROSSING), ("2", "retained: R₂ at the end", Needs.MEMORY)
    panels = tuple(_forest(title, k, names, need, seed, run) for k, title, need in (early, late))
    caption = (
        "Every run with its 95 % interval (percentile bootstrap of the count table). The dotted line is the threshold "
        "4/5; a ring is what the ratio would be if network and linear classifier had nothing in common but "
        "the label. Runs that the findings do not count are left out: without a crossing of I(L;Y) from a quarter of "
        "it or more, with training errors at the end, or with too large a bias."
    )
    return Figure("Explained and retained, run by run", caption, panels)


def your_predictions(data: Predictions) -> Figure:
    """Information over training in predictions that a user brought, with 95 % intervals."""
    kept = _spread(len(data.f))
    seen = mu(data.y, data.f[kept.numpy()], data.g)
    steps = torch.as_tensor(data.steps)[kept]
    later = steps > 0
    series: list[Series] = []
    for label, interval in zip(CURVES, (seen.f_y, seen.mu, seen.f_y_given_g), strict=True):
        series += _with_band(label, steps[later], *(x[later] for x in _ends(interval)))
    known = float(seen.g_y.estimate.flatten()[-1])
    panel = Panel(data.name, "step", "nats", (*series, level("I(L;Y)", steps[later], known)), "log")
    biased = _of_bias(int(seen.biased[later].sum()), int(later.sum()))
    caption = (
        f"{seen.samples} samples, {len(data.f)} checkpoints; F is f, L is g. Bands are 95 % intervals by the delta "
        f"method: asymptotic, and too narrow where I(F_t;Y|L) is near 0.{biased}"
    )
    return Figure("Information over training", caption, (panel,))


def _of_bias(biased: int, drawn: int) -> str:
    """A sentence on the checkpoints at which the interval of μ misses more often than it says."""
    if not biased:
        return ""
    return (
        f" At {biased} of the {drawn} checkpoints that are drawn μ is biased by more than a quarter of half its band, "
        "which then misses more often than 5 %: more samples or fewer classes are needed."
    )


PICTURES = (information_over_training, runs_one_by_one)
PICTURES_OF_PREDICTIONS = (your_predictions,)


# ---- curves
def _setups(profile: Profile) -> tuple[str, ...]:
    return SHOWN if profile.all_designs else tuple(name + FAST for name in SHOWN)


def _seen(name: str, seed: int, run: Run) -> Labels:
    """The runs on which the findings are judged, where these have them."""
    own = shared_seed(seed, SHARED)
    return runs.held_out(runs.trained(SETUPS[name], SETUPS[name].runs, own, run.device))


def _panel(name: str, path: Path) -> Panel:
    later = path.steps > 0
    steps = path.steps[later].double()
    series: list[Series] = []
    for label, values in zip(CURVES, (path.shares.F, path.shares.mu, path.shares.rest), strict=True):
        series += over_runs(label, steps, values[:, later])
    known = level("I(L;Y)", steps, float(path.shares.G[:, 0].mean()))
    return Panel(name.removesuffix(FAST), "step", "nats", (*series, known), "log")


def over_runs(label: str, steps: Tensor, values: Tensor) -> list[Series]:
    """The mean of values (runs, steps), and the range between the lowest and the highest run."""
    v = values.cpu()
    return _with_band(label, steps, v.mean(0), v.amin(0), v.amax(0))


def _with_band(label: str, x: Tensor, middle: Tensor, low: Tensor, high: Tensor) -> list[Series]:
    band = Series(label, "measured", "band", *band_of(x.tolist(), low.tolist(), high.tolist()))
    return [Series(label, "measured", "line", x.tolist(), middle.tolist()), band]


def level(label: str, x: Tensor, value: float) -> Series:
    """A horizontal reference line; with the label of a curve it has the colour of that curve."""
    return Series(label, "reference", "line", [float(x[0]), float(x[-1])], [value, value])


def _ends(interval: Interval) -> tuple[Tensor, Tensor, Tensor]:
    return interval.estimate.cpu(), interval.low.cpu(), interval.high.cpu()


def _spread(count: int) -> Tensor:
    """Indices of the checkpoints that are drawn: all, or many that are evenly spread on a logarithmic axis."""
    if count <= LONGEST:
        return torch.arange(count)
    return (torch.logspace(0, 1, LONGEST, base=count, dtype=torch.float64).round().long() - 1).unique()


def either(counts: Sequence[int]) -> str:
    """How many runs the panels show."""
    return " or ".join(str(c) for c in counts)


# ---- single runs
def _forest(title: str, k: str, names: tuple[str, ...], need: Needs, seed: int, run: Run) -> Panel:
    series: list[Series] = []
    row = 0
    for name in names:
        seen = measured(_seen(name, seed, run), {"R": need}, seed=seed)
        counted = seen.judged["R"][:, 0].nonzero()[:, 0].tolist()
        rows = {i: row + j for j, i in enumerate(counted)}
        row += len(counted) + 1
        series += _rows(name.removesuffix(FAST), k, seen.values, seen.resampled, rows)
    rule = Series("4/5", "reference", "line", [0.8, 0.8], [0.0, float(row - 2)])
    return Panel(title, "share", "run", (*series, rule))


def _rows(
    label: str, k: str, values: Mapping[str, Tensor], drawn: Mapping[str, Tensor], rows: dict[int, int]
) -> list[Series]:
    """Intervals, estimates and nulls of one design's runs, each in its row."""
    ends = {i: percentiles(drawn[f"R_{k}"][i].cpu().numpy()) for i in rows}
    bars = line_of(((list(ends[i]), [float(r), float(r)]) for i, r in rows.items()))
    at = [float(r) for r in rows.values()]
    dots, rings = ([float(values[n][i, 0]) for i in rows] for n in (f"R_{k}", f"null_{k}"))
    marks = (("line", *bars), ("dots", dots, at), ("rings", rings, at))
    return [Series(label, "measured", mark, x, y) for mark, x, y in marks]  # type: ignore[arg-type]
