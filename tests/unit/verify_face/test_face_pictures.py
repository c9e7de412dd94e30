"""Pictures that papers contribute: as data, drawn, in the report, and where they cannot be made."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from typing import Any

import demo
import jsonschema
import pytest

from theory import select
from verify import campaign, pictures, report
from verify.errors import VerifyError
from verify.experiment import Run
from verify.pictures import LARGEST, Figure, Panel, Series, band_of, figures_of, line_of, whole_papers
from verify.profiles import get_profile
from verify.report import panels

QUICK = get_profile("quick")
WALK = Series("a walk", "measured", "line", *line_of([([1, 2], [1.0, 4.0]), ([3, 4], [9.0, 16.0])]))
RULE = Series("slope <1>", "reference", "line", [0.5, 1, 2, 4, 8], [0.5, 1, 2, 4, 8])
HOMES = Series("homes", "bound", "stars", [1, 2], [1, None])
PLANE = Panel("in the plane", "x", "", (WALK, HOMES, RULE), equal=True)
FIGURE = Figure("A <title>", "Indices such as w_j.", (PLANE, Panel("powers", "x", "y", (WALK, RULE), "log", "log")))


def drawing(seed: int, profile: Any, run: Run) -> Figure:
    return FIGURE


def no_drawing(seed: int, profile: Any, run: Run) -> Figure:
    raise ArithmeticError("the flow failed")


def plain(*panel: Panel) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(asdict(p))) for p in panel]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(pictures, "pictures_of", lambda key: (drawing, no_drawing))
    return figures_of("min2021", 0, QUICK, Run())


# ---- as data
def test_a_series_needs_as_many_x_as_y():
    with pytest.raises(VerifyError, match="2 values of x, 1 of y"):
        Series("short", "measured", "line", [1, 2], [1])


def test_equal_units_need_linear_axes():
    with pytest.raises(VerifyError, match="linear"):
        Panel("p", "", "", (WALK,), "log", "log", equal=True)


def test_a_figure_is_not_larger_than_a_report_can_bear():
    much = [0.0] * (LARGEST + 1)
    with pytest.raises(VerifyError, match="draw at most"):
        Figure("all", "", (Panel("", "", "", (Series("s", "measured", "dots", much, much),)),))


def test_values_that_are_no_numbers_are_left_out_and_others_rounded(monkeypatch: pytest.MonkeyPatch):
    wild = Series("wild", "measured", "dots", [1 / 3, 2, 3, 4], [1, math.nan, math.inf, None])
    monkeypatch.setattr(
        pictures, "pictures_of", lambda key: (lambda *_: Figure("f", "", (Panel("", "", "", (wild,)),)),)
    )
    (row,) = figures_of("min2021", 0, QUICK, Run())
    assert row["panels"][0]["series"][0]["x"][0] == 0.33333 and row["panels"][0]["series"][0]["y"] == [
        1,
        None,
        None,
        None,
    ]


def test_a_picture_that_cannot_be_made_says_so(figures: list[dict[str, Any]]):
    assert [f["title"] for f in figures] == ["A <title>", "no drawing"]
    assert figures[1]["panels"] == () and figures[1]["caption"] == "It could not be drawn: the flow failed"


# ---- drawn
def test_lines_are_interrupted_and_reference_lines_carry_their_label():
    square, powers = (panels.panel_plot(p, alone=False) for p in plain(*FIGURE.panels))
    assert square.count("<circle") == 0 and square.count(panels.STAR) == 1, "a star without a place is left out"
    walk = re.search(r'<path d="([^"]+)" fill="none" stroke="#1f5fa8"', powers)
    assert walk and walk[1].count("M") == 2
    assert "slope &lt;1&gt;</text>" in powers and "in the plane" in square


def test_equal_units_are_equal_and_references_do_not_widen_the_axes():
    x, y = panels._axes(plain(PLANE)[0], panels.SQUARE)
    assert abs(x(2) - x(1)) == pytest.approx(abs(y(2) - y(1)))
    x, y = panels._axes(plain(FIGURE.panels[1])[0], panels.ALONE)
    assert not x.shows(0.5) and not x.shows(8) and x.shows(1) and x.shows(4)


def test_every_measured_label_has_its_colour_and_bounds_and_references_theirs():
    series = plain(PLANE)[0]["series"]
    more = [{**series[0], "label": str(k)} for k in range(6)]
    styles = panels.panel_styles([*series, *more])
    assert len({s["colour"] for s in styles}) == 6 + 2, "the seventh label begins the colours again"
    assert styles[1]["colour"] == panels.BOUND and styles[2]["colour"] == panels.REFERENCE


def test_a_reference_with_the_label_of_a_curve_is_dotted_in_its_colour_and_within_the_axes():
    curve = Series("mean", "measured", "line", [1, 2], [1.0, 2.0])
    level = Series("mean", "reference", "line", [1, 2], [9.0, 9.0])
    (panel,) = plain(Panel("", "", "", (curve, level)))
    solid, dotted = panels.panel_styles(panel["series"])
    assert solid["colour"] == dotted["colour"] and not solid["dash"] and dotted["dash"]
    assert panels._axes(panel, panels.ALONE)[1].shows(9.0)
    assert "mean</text>" not in panels.panel_plot(panel, alone=True)
    ((label, swatch),) = panels.panel_legend([panel])
    assert label == "mean" and "dasharray" not in swatch


def test_a_crowd_is_faint_and_the_legend_is_not():
    crowd = plain(Panel("", "", "", (Series("crowd", "measured", "dots", [1.0] * 99, [1.0] * 99),)))
    assert 'fill-opacity="0.5"' in panels.panel_plot(crowd[0], alone=True)
    ((label, swatch),) = panels.panel_legend(crowd)
    assert label == "crowd" and "fill-opacity" not in swatch
    assert [label for label, _ in panels.panel_legend(plain(*FIGURE.panels))] == ["a walk", "homes"]


def test_a_band_is_shaded_in_the_colour_of_its_line_and_lies_below_it():
    line = Series("mean", "measured", "line", [1, 2, 4], [1.0, 2.0, 2.0])
    band = Series("mean", "measured", "band", *band_of([1, 2, 4], [0.5, 1.0, 1.5], [1.5, 3.0, 2.5]))
    assert band.x == [1, 2, 4, 4, 2, 1] and band.y == [0.5, 1.0, 1.5, 2.5, 3.0, 1.5]
    (panel,) = plain(Panel("", "", "", (line, band), "log"))
    drawn = panels.panel_plot(panel, alone=True)
    shaded = re.search(r'<polygon points="([^"]+)" fill="(#\w+)"', drawn)
    assert shaded and len(shaded[1].split()) == 6 and f'stroke="{shaded[2]}"' in drawn
    assert drawn.index("<polygon") < drawn.index(f'stroke="{shaded[2]}"')
    ((label, swatch),) = panels.panel_legend([panel])
    assert label == "mean" and "polygon" not in swatch


@pytest.mark.parametrize("series", [(), (Series("", "measured", "line", [], []),), (HOMES,)])
def test_little_can_be_drawn(series: tuple[Series, ...]):
    for equal in (False, True):
        assert panels.panel_plot(plain(Panel("", "", "", series, equal=equal))[0], alone=True).startswith("<svg")


# ---- in the report
@pytest.mark.usefixtures("demo_catalogue")
def test_the_report_carries_them_in_every_format(figures: list[dict[str, Any]]):
    whole = demo.report(figures=figures)
    jsonschema.Draft202012Validator(report.schema()).validate(json.loads(report.render_json(whole)))
    page = report.render_html(report.complete(whole))
    assert page.count('<div class="panel">') == 2 and "A &lt;title&gt;" in page and "w<sub>j</sub>" in page
    assert "It could not be drawn" in page
    text = report.render_markdown(whole)
    assert "## Pictures, in report.html" in text and "- **A <title>** (min2021): Indices such as w_j." in text


@pytest.mark.usefixtures("demo_catalogue")
def test_a_report_without_pictures_has_no_such_section():
    assert 'id="figures"' not in report.render_html(demo.report())
    assert "## Pictures" not in report.render_markdown(demo.report())


def test_only_whole_papers_are_illustrated():
    claims = select(("min2021",))
    assert whole_papers(claims) == ["min2021"]
    assert whole_papers(claims[1:]) == [] == whole_papers([])


def test_a_campaign_makes_them_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
    made: list[str] = []
    monkeypatch.setattr(campaign, "figures_of", lambda key, *_: made.append(key) or [{"paper": key}])
    monkeypatch.setattr(campaign, "whole_papers", lambda claims: ["min2021"])
    claims = select(("min2021.v2-lemma8",))
    piece = campaign.Piece(claims[0].id, 0, QUICK, 0, "cpu", 0.1, None)
    store = campaign.Store(tmp_path / "store.sqlite")
    first, again = (campaign._figures(list(claims), store, piece) for _ in range(2))
    store.close()
    assert first == again == [{"paper": "min2021"}] and made == ["min2021"]
