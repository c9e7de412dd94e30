"""Numbers, axes, and the reader of exact values."""

from __future__ import annotations

import math

import pytest
import sympy as sp

from verify.cli.values import parse_value
from verify.errors import UsageError
from verify.report import axis, figures, numbers
from verify.report.html import prose


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.0, "0"),
        (12345, "12\u202f345"),
        (-2, "−2"),
        (0.1, "0.1"),
        (1234.5678, "1235"),
        (1e-10, "1\u202f·\u202f10⁻¹⁰"),
        (-2.5e7, "−2.5\u202f·\u202f10⁷"),
        (math.inf, "∞"),
        (math.nan, "undefined"),
        ("as text", "as text"),
        (True, "yes"),
        (999999.9, "1\u202f·\u202f10⁶"),
    ],
)
def test_number(value, text):
    assert numbers.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (1.0, "100"), (0.954, "95"), (0.996, "99.6"), (0.99996, "99.996"), (0.004, "0.4")],
)
def test_share_reads_as_everything_only_where_it_is(value, text):
    assert numbers.share(value) == (text if text == "–" else f"{text}\u202f%")


def test_seconds():
    assert [numbers.seconds(s) for s in (0.26, 75, 7300)] == [
        "0.3\u202fs",
        "1\u202fmin 15\u202fs",
        "2\u202fh 1\u202fmin",
    ]


@pytest.mark.parametrize("values", [[0, 1], [1e-300, 1e300], [5], [-3, -2.999], [2, 3], [], [None, math.nan], [0, 0]])
@pytest.mark.parametrize("log", [False, True])
def test_axes_show_every_value_with_a_few_ticks(values, log):
    found = axis.fit(values, 0, 100, log=log)
    shown = [v for v in values if v is not None and math.isfinite(v) and (v > 0 or not log)]
    assert all(-1e-9 <= found(v) <= 100 + 1e-9 for v in shown)
    assert 1 <= len(found.ticks()) <= 12
    assert all(found.shows(value) or math.isclose(value, found.high) for value, _ in found.ticks())


def test_a_line_breaks_where_a_value_is_missing():
    curve = {
        "title": "<",
        "xlabel": "",
        "ylabel": "&",
        "xscale": "linear",
        "yscale": "log",
        "x": [0, 1, 2, 3, 4],
    }
    svg = figures.curve_plot({**curve, "series": [{"label": "", "role": "measured", "y": [1, 0.1, None, 0.01, 0.001]}]})
    assert svg.count("M") == 2 and "&lt;" in svg and "&amp;" in svg


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", sp.Integer(3)),
        ("0.1", sp.Rational(1, 10)),
        ("1e-3", sp.Rational(1, 1000)),
        ("-1/3", sp.Rational(-1, 3)),
        ("2^10", sp.Integer(1024)),
        ("sqrt(2)*exp(1)", sp.sqrt(2) * sp.E),
        ("[[1,2],[3,4]]", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("[1,2]", sp.ImmutableMatrix([1, 2])),
    ],
)
def test_exact_values(text, value):
    assert parse_value("x", text) == value


def test_names_are_the_claims_symbols():
    m = sp.Symbol("m", integer=True)
    assert parse_value("h", "m + 1", {"m": m}) == m + 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2 3",
        "'a'",
        "True",
        "1j",
        "a.b",
        "f(1)",
        "__import__('os')",
        "lambda: 1",
        "[x for x in y]",
        "1/0",
        "0**-1",
        "9**9**9",
        "(10**5000)**5000",
        "1e999999",
        "sqrt()",
        "[[1],[2,3]]",
        "[]",
        "x" * 3000,
        "(" * 300,
        "1 if 1 else 2",
    ],
)
def test_nothing_else_is_read(text):
    with pytest.raises(UsageError, match=r"^x"):
        parse_value("x", text)


def test_prose():
    assert prose("λ_r(Λ) ≤ e^{−at} & h^(−2α), ‖E‖_F²") == (
        "λ<sub>r</sub>(Λ) ≤ e<sup>−at</sup> &amp; h<sup>−2α</sup>, ‖E‖<sub>F</sub>²"
    )
    assert prose("σ_h₀(W)") == "σ<sub>h₀</sub>(W)"
    assert prose("the name lambda_r stays") == "the name lambda_r stays"
