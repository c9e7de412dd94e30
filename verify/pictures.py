"""Pictures that a paper contributes to the report, as plain data; `report.panels` draws them.

A paper's package may offer `PICTURES`: functions of (seed, profile, run), each of which returns one figure; and
`PICTURES_OF_PREDICTIONS`: functions of the predictions that a user brought.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from theory import Claim, select

from .data import Dataset, Predictions
from .errors import UNTRAINABLE, VerifyError
from .experiment import Run
from .profiles import Profile

Role = Literal["measured", "bound", "reference"]
Mark = Literal["line", "dots", "rings", "stars", "band"]
AxisScale = Literal["linear", "log"]
Value = float | None
LARGEST = 20_000
"""Points of one figure, at most."""


@dataclass(frozen=True)
class Series:
    """Points (x, y), joined by a line or marked each; a line is interrupted where a value is None or no number.

    A band is the area within a closed line, shaded in the colour of the series of the same label.
    """

    label: str
    role: Role
    mark: Mark
    x: Sequence[Value]
    y: Sequence[Value]

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise VerifyError(f"series {self.label!r}: {len(self.x)} values of x, {len(self.y)} of y; give as many")


@dataclass(frozen=True)
class Panel:
    """One pair of axes; `equal` gives both the same unit, as for positions in a plane."""

    title: str
    xlabel: str
    ylabel: str
    series: tuple[Series, ...]
    xscale: AxisScale = "linear"
    yscale: AxisScale = "linear"
    equal: bool = False

    def __post_init__(self) -> None:
        if self.equal and "log" in (self.xscale, self.yscale):
            raise VerifyError(f"panel {self.title!r}: equal units need two linear axes")


@dataclass(frozen=True)
class Figure:
    """Panels side by side under one title, with one legend and one caption."""

    title: str
    caption: str
    panels: tuple[Panel, ...]

    def __post_init__(self) -> None:
        points = sum(len(s.x) for p in self.panels for s in p.series)
        if points > LARGEST:
            raise VerifyError(f"figure {self.title!r}: {points} points; draw at most {LARGEST}")


Picture = Callable[[int, Profile, Run], Figure]


def line_of(pieces: Iterable[tuple[Sequence[Value], Sequence[Value]]]) -> tuple[list[Value], list[Value]]:
    """Several polylines as the x and y of one series, with a gap after each."""
    x: list[Value] = []
    y: list[Value] = []
    for a, b in pieces:
        x += [*a, None]
        y += [*b, None]
    return x, y


def band_of(x: Sequence[float], low: Sequence[float], high: Sequence[float]) -> tuple[list[Value], list[Value]]:
    """The area between two curves over the same x, as the x and y of a band."""
    return [*x, *reversed(x)], [*low, *reversed(high)]


def pictures_of(key: str) -> tuple[Picture, ...]:
    """The pictures of a paper; none if it offers none."""
    return _offered(key, "PICTURES")


def whole_papers(claims: Iterable[Claim]) -> list[str]:
    """Keys of the papers all of whose claims are among these: only they are illustrated."""
    given = {c.id for c in claims}
    keys = dict.fromkeys(claim_id.partition(".")[0] for claim_id in given)
    return sorted(k for k in keys if {c.id for c in select((k,))} <= given)


def figures_of(key: str, seed: int, profile: Profile, run: Run) -> list[dict[str, Any]]:
    """The figures of a paper as plain data. One that cannot be made is a figure without panels that says why."""
    return [_row(key, picture, seed, profile, run) for picture in pictures_of(key)]


def figures_of_data(keys: Iterable[str], data: Dataset | Predictions) -> list[dict[str, Any]]:
    """The figures that papers draw of a user's predictions; of other data there are none."""
    if not isinstance(data, Predictions):
        return []
    offered = {key: _offered(key, "PICTURES_OF_PREDICTIONS") for key in sorted(keys)}
    return [_row(key, picture, data) for key, pictures in offered.items() for picture in pictures]


def _offered(key: str, name: str) -> tuple[Callable[..., Figure], ...]:
    return getattr(importlib.import_module(f"{__package__}.papers.{key}"), name, ())


def _row(key: str, picture: Callable[..., Figure], *given: Any) -> dict[str, Any]:
    try:
        figure = picture(*given)
    except UNTRAINABLE as error:
        figure = Figure(picture.__name__.replace("_", " "), f"It could not be drawn: {error}", ())
    panels = tuple(replace(p, series=tuple(map(_finite, p.series))) for p in figure.panels)
    return {"paper": key, **asdict(replace(figure, panels=panels))}


def _finite(series: Series) -> Series:
    """Values in five digits, None for what is no number: a picture needs no more, and the report stays small."""
    return replace(series, x=[_digits(v) for v in series.x], y=[_digits(v) for v in series.y])


def _digits(value: Value) -> Value:
    return float(f"{value:.5g}") if value is not None and math.isfinite(value) else None
