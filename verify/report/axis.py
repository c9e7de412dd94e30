"""Axes of a drawing: from numbers to pixels, and where the ticks stand."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from .numbers import number, power_of_ten


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis from `low` to `high`, drawn from pixel `start` to pixel `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (self._scaled(x) for x in (self.low, self.high, value))
        return self.start + (self.end - self.start) * (at - low) / (high - low)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def shows(self, value: float | None) -> bool:
        return value is not None and math.isfinite(value) and self.low <= value <= self.high

    def ticks(self) -> list[tuple[float, str]]:
        """(value, label) of at most about seven ticks."""
        return _log_ticks(self.low, self.high) if self.log else _linear_ticks(self.low, self.high)


def fit(values: Iterable[float | None], start: float, end: float, *, log: bool, margin: float = 0.04) -> Axis:
    """The axis that shows all finite (positive, if logarithmic) values with a small margin."""
    seen = [v for v in values if v is not None and math.isfinite(v) and (v > 0 or not log)]
    if not seen:
        return Axis(1.0 if log else 0.0, 10.0 if log else 1.0, start, end, log)
    low, high = min(seen), max(seen)
    if log:
        return _fit_log(low, high, start, end, margin)
    if low == high:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    space = margin * (high - low)
    return Axis(low - (space if low != 0 else 0), high + space, start, end)


def _fit_log(low: float, high: float, start: float, end: float, margin: float) -> Axis:
    a, b = math.log10(low), math.log10(high)
    if b - a < 0.3:
        a, b = a - 0.2, b + 0.2
    space = margin * (b - a)
    return Axis(10 ** max(a - space, -307.0), 10 ** min(b + space, 308.0), start, end, log=True)


def _linear_ticks(low: float, high: float) -> list[tuple[float, str]]:
    rough = (high - low) / 6
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [(k * step, number(round(k * step, 12), 6)) for k in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    a, b = math.log10(low), math.log10(high)
    decades = list(range(math.ceil(a), math.floor(b) + 1))
    if len(decades) >= 2:
        every = math.ceil(len(decades) / 6)
        return [(10.0**e, power_of_ten(e)) for e in decades if e % every == 0]
    fine = [k * 10.0**e for e in range(math.floor(a), math.ceil(b) + 1) for k in (1, 2, 3, 5, 7)]
    return [(v, number(v, 2)) for v in fine if low <= v <= high]
