"""The figures that papers contribute, drawn panel by panel; a rule, a reference line on its own, carries its label."""

from __future__ import annotations

from html import escape
from typing import Any

from .axis import Axis, fit
from .figures import BOTTOM, BOUND, LEFT, MEASURED, REFERENCE, RIGHT, TOP, Canvas, attributes, frame, line, svg

ALONE, SQUARE = Canvas(680, 460), Canvas(360, 350)
PALETTE = (*MEASURED, "#1d2430")
CROWD = 60
"""Marks of one series from which they are drawn small and faint."""
STAR = "M0-7.5 1.8-2.4 7.1-2.3 2.9 0.9 4.4 6.1 0 3 -4.4 6.1 -2.9 0.9 -7.1-2.3 -1.8-2.4Z"


def panel_plot(panel: dict[str, Any], *, alone: bool) -> str:
    """One panel of a figure; `alone` where it is the only one."""
    canvas = ALONE if alone else SQUARE
    x, y = _axes(panel, canvas)
    styles = panel_styles(panel["series"])
    pairs = sorted(zip(panel["series"], styles, strict=True), key=lambda pair: pair[0]["mark"] != "band")
    drawn = [_drawn(s, x, y, style) for s, style in pairs]
    labels = [_named(s, x, y) for s in _rules(panel["series"])]
    body = frame(canvas, x, y, panel["xlabel"], panel["ylabel"]) + "".join(drawn) + "".join(labels)
    return svg(canvas, panel["title"], body)


def panel_legend(panels: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(label, swatch) of every different series of a figure, without those that are labelled in the drawing."""
    entries: dict[str, str] = {}
    for panel in panels:
        rules = _rules(panel["series"])
        for series, style in zip(panel["series"], panel_styles(panel["series"]), strict=True):
            if series["label"] and series not in rules and series["mark"] != "band":
                entries.setdefault(series["label"], _swatch(series, style))
    return list(entries.items())


def panel_styles(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One style a series: measured ones have a colour for each label, bounds are dashed, references are dotted: in the
    colour of the measured series of the same label, else grey."""
    labels = _measured(series)
    return [_style(s, PALETTE[labels.index(s["label"]) % len(PALETTE)] if s["label"] in labels else "") for s in series]


def _style(series: dict[str, Any], colour: str) -> dict[str, Any]:
    crowd = series["mark"] != "line" and len(series["x"]) > CROWD
    dash = {"measured": "", "bound": "7 4", "reference": "1.5 4"}[series["role"]]
    own = {"measured": colour, "bound": BOUND, "reference": colour or REFERENCE}[series["role"]]
    return {"colour": own, "dash": dash, "width": 1.7, "opacity": 0.5 if crowd else 1, "crowd": crowd}


def _measured(series: list[dict[str, Any]]) -> list[str]:
    """The labels of measured series, in order."""
    return list(dict.fromkeys(s["label"] for s in series if s["role"] == "measured"))


def _rules(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reference lines with a label of their own: they are named in the drawing, and need not be within the axes."""
    labels = _measured(series)
    return [s for s in series if s["role"] == "reference" and s["mark"] == "line" and s["label"] not in labels]


def _axes(panel: dict[str, Any], canvas: Canvas) -> tuple[Axis, Axis]:
    """Axes that show everything that is no reference; with equal units where they are asked for."""
    rules = _rules(panel["series"])
    shown = [s for s in panel["series"] if s not in rules] or panel["series"]
    xs, ys = ([v for s in shown for v in s[name]] for name in ("x", "y"))
    x = fit(xs, LEFT, canvas.width - RIGHT, log=panel["xscale"] == "log")
    y = fit(ys, canvas.height - BOTTOM, TOP, log=panel["yscale"] == "log")
    if not panel["equal"]:
        return x, y
    unit = max((axis.high - axis.low) / abs(axis.end - axis.start) for axis in (x, y))
    return _widened(x, unit), _widened(y, unit)


def _widened(axis: Axis, unit: float) -> Axis:
    """The axis with `unit` a pixel, around the same middle."""
    middle, half = (axis.low + axis.high) / 2, unit * abs(axis.end - axis.start) / 2
    return Axis(middle - half, middle + half, axis.start, axis.end)


def _drawn(series: dict[str, Any], x: Axis, y: Axis, style: dict[str, Any]) -> str:
    if series["mark"] == "line":
        return line(series["x"], series["y"], x, y, style)
    if series["mark"] == "band":
        return _area(series, x, y, style)
    shown = [(x(a), y(b)) for a, b in zip(series["x"], series["y"], strict=True) if x.shows(a) and y.shows(b)]
    return "".join(_marker(series["mark"], a, b, style) for a, b in shown)


def _area(series: dict[str, Any], x: Axis, y: Axis, style: dict[str, Any]) -> str:
    corners = [(x(a), y(b)) for a, b in zip(series["x"], series["y"], strict=True) if x.shows(a) and y.shows(b)]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    return f'<polygon points="{points}" fill="{style["colour"]}" fill-opacity="0.16"/>'


def _marker(mark: str, a: float, b: float, style: dict[str, Any]) -> str:
    """A filled dot, a ring, or a star with a white rim."""
    if mark == "stars":
        colour = f'fill="{style["colour"]}" stroke="#fff" stroke-width="1"'
        return f'<path d="{STAR}" transform="translate({a:.1f} {b:.1f})" {colour}/>'
    radius = 2.1 if style["crowd"] else 3
    if mark == "rings":
        return f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius}" {attributes({**style, "dash": "", "width": 1.2})}/>'
    faint = f' fill-opacity="{style["opacity"]}"' if style["opacity"] != 1 else ""
    return f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{radius}" fill="{style["colour"]}"{faint}/>'


def _named(series: dict[str, Any], x: Axis, y: Axis) -> str:
    """The label of a reference line, below its left end where there is room."""
    ends = [(x(a), y(b)) for a, b in zip(series["x"], series["y"], strict=True) if x.shows(a) and y.shows(b)]
    if not ends or not series["label"]:
        return ""
    a, b = min(ends)
    below = b + 16 if b + 20 < y.start else b - 5
    return f'<text class="tick halo" x="{a + 5:.1f}" y="{below:.1f}">{escape(series["label"])}</text>'


def _swatch(series: dict[str, Any], style: dict[str, Any]) -> str:
    if series["mark"] == "line":
        body = f'<path d="M1 4H25" {attributes(style)}/>'
    else:
        body = _marker(series["mark"], 13, 4, {**style, "crowd": False, "opacity": 1})
    return f'<svg class="swatch" viewBox="0 -4 26 16" aria-hidden="true">{body}</svg>'
