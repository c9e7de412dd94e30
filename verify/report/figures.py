"""Pictures as inline SVG, drawn by hand: small files, text as text, the same bytes for the same numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Any

from .axis import Axis, fit

LEFT, RIGHT, TOP, BOTTOM = 68, 14, 12, 50
WIDE_RANGE = 100.0  # largest over smallest value from which a logarithmic axis shows more than a linear one


@dataclass(frozen=True)
class Canvas:
    """A drawing's size in pixels, with room for the labels of its axes at the left and below."""

    width: int
    height: int

    def across(self, values: list[Any], *, log: bool, margin: float) -> Axis:
        """The horizontal axis that shows the values."""
        return fit(values, LEFT, self.width - RIGHT, log=log, margin=margin)

    def up(self, values: list[Any], *, log: bool) -> Axis:
        """The vertical axis that shows the values."""
        return fit(values, self.height - BOTTOM, TOP, log=log)


PLOT, SMALL = Canvas(560, 320), Canvas(400, 220)

MEASURED = ("#1f5fa8", "#2f8f83", "#7b57a6", "#4d7c2a", "#a3476b")
BOUND = "#c4540a"
REFERENCE = "#6b7280"
MUTANT = "#7b57a6"


def curve_plot(curve: dict[str, Any]) -> str:
    """Trajectories against their bound: measured solid, bounds dashed, references dotted."""
    x = PLOT.across(curve["x"], log=curve["xscale"] == "log", margin=0)
    values = [y for series in curve["series"] for y in series["y"]]
    y = PLOT.up(values, log=curve["yscale"] == "log")
    styles = line_styles(curve["series"])
    lines = [line(curve["x"], s["y"], x, y, style) for s, style in zip(curve["series"], styles, strict=True)]
    axes = frame(PLOT, x, y, curve["xlabel"], curve["ylabel"])
    return svg(PLOT, curve["title"], axes + "".join(lines))


AXES = {"t": "time of the flow", "k": "steps", "instance": "instance"}
SIDES = {
    "measured": {"colour": MEASURED[0], "dash": "", "width": 1.9, "opacity": 1},
    "claim": {"colour": BOUND, "dash": "7 4", "width": 1.9, "opacity": 1},
    "mutant": {"colour": MUTANT, "dash": "2.5 3", "width": 1.9, "opacity": 1},
}


def survivor_plot(curve: dict[str, Any], title: str) -> str:
    """Where a surviving mutant came closest to being refuted: both bounds and the measurement between or below them.

    Over time the three are lines; over instances, which have no order, dots between level strokes.
    """
    values = [v for side in SIDES for v in curve[side] if v is not None]
    log = min(values, default=0.0) > 0 and max(values) > WIDE_RANGE * min(values)
    apart = curve["axis"] == "instance"
    x, y = SMALL.across(curve["x"], log=False, margin=0.05 if apart else 0), SMALL.up(values, log=log)
    draw = _marks if apart else line
    drawn = [draw(curve["x"], curve[side], x, y, style) for side, style in SIDES.items()]
    return svg(SMALL, title, frame(SMALL, x, y, AXES[curve["axis"]], "") + "".join(drawn))


def histogram(slack: dict[str, Any]) -> str:
    """The distribution of the slack over instances; a rule marks zero, where bound and measurement meet."""
    edges, counts = slack["edges"], slack["counts"]
    x = PLOT.across(edges, log=False, margin=0.02)
    y = PLOT.up([0, max(counts, default=1)], log=False)
    bars = "".join(_bar(x, y, a, b, n) for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True) if n)
    zero = ""
    if x.shows(0.0):
        at = f"{x(0.0):.1f}"
        zero = f'<line class="zero" x1="{at}" x2="{at}" y1="{TOP}" y2="{PLOT.height - BOTTOM}"/>'
    axes = frame(PLOT, x, y, slack["unit"], "instances")
    return svg(PLOT, f"Distribution of the slack ({slack['unit']})", axes + bars + zero)


def line_styles(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One style a series. A bound has the colour of its trajectory where they pair up."""
    of = {role: [s for s in series if s["role"] == role] for role in ("measured", "bound", "reference")}
    paired = 1 < len(of["measured"]) == len(of["bound"]) <= len(MEASURED)
    colours = {id(s): _colour(of["measured"], k) for k, s in enumerate(of["measured"])}
    colours |= {id(s): MEASURED[k] if paired else BOUND for k, s in enumerate(of["bound"])}
    return [_style(s["role"], colours.get(id(s), REFERENCE), crowd=len(of["measured"]) > len(MEASURED)) for s in series]


def legend(series: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(label, swatch) of every different entry, in order."""
    entries: dict[str, str] = {}
    for one, style in zip(series, line_styles(series), strict=True):
        entries.setdefault(one["label"], _swatch(style))
    return list(entries.items())


def survivor_legend() -> list[tuple[str, str]]:
    """(label, swatch) of the three sides of `survivor_plot`."""
    labels = {"measured": "measured", "claim": "the claim's bound", "mutant": "the mutant's bound"}
    return [(labels[side], _swatch(style)) for side, style in SIDES.items()]


def _swatch(style: dict[str, Any]) -> str:
    stroke = f'<path d="M1 4H25" {attributes(style)}/>'
    return f'<svg class="swatch" viewBox="0 0 26 8" aria-hidden="true">{stroke}</svg>'


def _colour(measured: list[dict[str, Any]], index: int) -> str:
    labels = list(dict.fromkeys(s["label"] for s in measured))
    return MEASURED[labels.index(measured[index]["label"])] if len(labels) <= len(MEASURED) else MEASURED[0]


def _style(role: str, colour: str, *, crowd: bool) -> dict[str, Any]:
    if role == "measured":
        return {"colour": colour, "dash": "", "width": 1.3 if crowd else 1.9, "opacity": 0.45 if crowd else 1}
    return {"colour": colour, "dash": "7 4" if role == "bound" else "1.5 4", "width": 1.9, "opacity": 1}


def attributes(style: dict[str, Any]) -> str:
    """How a line of this style is stroked."""
    dash = f' stroke-dasharray="{style["dash"]}"' if style["dash"] else ""
    faint = f' stroke-opacity="{style["opacity"]}"' if style["opacity"] != 1 else ""
    return f'fill="none" stroke="{style["colour"]}" stroke-width="{style["width"]}"{dash}{faint}'


def line(xs: list[Any], ys: list[Any], x: Axis, y: Axis, style: dict[str, Any]) -> str:
    """A polyline, interrupted where a value is missing or cannot be shown on the axis."""
    path, pen_down = [], False
    for a, b in zip(xs, ys, strict=False):
        if x.shows(a) and y.shows(b):
            path.append(f"{'L' if pen_down else 'M'}{x(a):.1f} {y(b):.1f}")
        pen_down = x.shows(a) and y.shows(b)
    return f'<path d="{"".join(path)}" {attributes(style)} stroke-linejoin="round"/>' if path else ""


def _marks(xs: list[Any], ys: list[Any], x: Axis, y: Axis, style: dict[str, Any]) -> str:
    """A dot for each measured value, a short level stroke for each bound."""
    shown = [(x(a), y(b)) for a, b in zip(xs, ys, strict=False) if x.shows(a) and y.shows(b)]
    if style["dash"]:
        strokes = "".join(f"M{a - 7:.1f} {b:.1f}h14" for a, b in shown)
        return f'<path d="{strokes}" {attributes({**style, "dash": ""})}/>'
    return "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{style["colour"]}"/>' for a, b in shown)


def _bar(x: Axis, y: Axis, left: float, right: float, number: int) -> str:
    a, b, top, base = x(left), x(right), y(number), y(0)
    width = max(b - a - 1, 0.8)
    return f'<rect class="bar" x="{a + 0.5:.1f}" y="{top:.1f}" width="{width:.1f}" height="{base - top:.1f}"/>'


def frame(canvas: Canvas, x: Axis, y: Axis, xlabel: str, ylabel: str) -> str:
    """Grid, tick labels and axis titles."""
    floor, right = canvas.height - BOTTOM, canvas.width - RIGHT
    parts = []
    for value, label in y.ticks():
        at = f"{y(value):.1f}"
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at}" y2="{at}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 7}" y="{at}" dy=".32em" text-anchor="end">{label}</text>')
    for value, label in x.ticks():
        at = f"{x(value):.1f}"
        parts.append(f'<line class="mark" x1="{at}" x2="{at}" y1="{floor}" y2="{floor + 4}"/>')
        parts.append(f'<text class="tick" x="{at}" y="{floor + 17}" text-anchor="middle">{label}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{floor}" y2="{floor}"/>')
    middle = (LEFT + right) / 2
    parts.append(
        f'<text class="label" x="{middle}" y="{canvas.height - 6}" text-anchor="middle">{escape(xlabel)}</text>'
    )
    turn = f"translate(13 {(TOP + floor) / 2}) rotate(-90)"
    parts.append(f'<text class="label" transform="{turn}" text-anchor="middle">{escape(ylabel)}</text>')
    return "".join(parts)


def svg(canvas: Canvas, title: str, body: str) -> str:
    """A whole drawing, with its title for those who do not see it."""
    name = escape(title, quote=True)
    return f'<svg class="plot" viewBox="0 0 {canvas.width} {canvas.height}" role="img" aria-label="{name}">{body}</svg>'


def is_drawable(curve: dict[str, Any]) -> bool:
    """False for a curve without two points to join."""
    return sum(v is not None and math.isfinite(v) for v in curve["x"]) >= 2 and bool(curve["series"])


def is_comparable(curve: dict[str, Any]) -> bool:
    """False for a survivor's curve without a point at which anything was measured."""
    return any(a is not None and b is not None for a, b in zip(curve["x"], curve["measured"], strict=False))
