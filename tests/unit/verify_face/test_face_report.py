"""The report in its four formats, from a hand-written campaign."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import demo
import jsonschema
import pytest

from verify import report
from verify.errors import DataError

pytestmark = pytest.mark.usefixtures("demo_catalogue")
SNAPSHOT = Path(__file__).parent / "report.md"
VOID = {"meta", "br", "line", "path", "rect", "col"}


class Page(HTMLParser):
    """Checks the nesting and collects everything that a browser would load."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.loads += [given[a] for a in ("src", "srcset", "data", "action", "poster") if a in given]
        self.loads += [given["href"]] if tag in ("link", "use", "image", "base") else []
        self.loads += ["script"] if tag in ("script", "iframe", "object", "embed") else []
        self.ids |= {given["id"]} if "id" in given else set()
        self.links |= {given["href"]} if tag == "a" else set()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_schema_is_a_schema_and_accepts_a_report():
    jsonschema.Draft202012Validator.check_schema(report.schema())
    for data in (None, demo.DATA):
        whole = json.loads(report.render_json(demo.report(data=data)))
        jsonschema.Draft202012Validator(report.schema()).validate(whole)


@pytest.mark.parametrize("change", [{"seed": -1}, {"extra": 1}, {"schema_version": "2.0"}, {"claims": [{}]}])
def test_schema_is_strict(change):
    whole = json.loads(report.render_json(demo.report())) | change
    assert not jsonschema.Draft202012Validator(report.schema()).is_valid(whole)


def test_json_carries_what_the_catalogue_says():
    claim = json.loads(report.render_json(demo.report()))["claims"][2]
    assert claim["erratum"]["stands"] == "Everything else."
    assert claim["statement"]["parts"][0]["latex"] and claim["source"]["where"] == "Theorem 1"


def test_infinite_numbers_become_null():
    whole = report.render_json(demo.report(demo.result(demo.BOUND, worst_slack=float("inf"))))
    assert json.loads(whole)["claims"][0]["worst_slack"] is None


def test_page_is_well_formed_and_loads_nothing():
    text = report.render_html(demo.report(data=demo.DATA))
    page = Page(text)
    assert page.open == [] and page.loads == []
    assert not re.search(r"https?:|@import|url\(", text)
    assert {link[1:] for link in page.links} <= page.ids
    assert text.count("<math") > 10 and text.count('<svg class="plot"') == 4


def test_page_says_what_matters():
    text = report.render_html(demo.report(data=demo.DATA))
    for words in (
        "lemmaflow replay out/counterexamples/demo.slip.json",
        "What it leaves standing",
        "rank-deficient &lt;X&gt;",
        "A &lt;b&gt; &amp; c",
        "twice the rate",
        "checked by exact algebra",
        "&lt; 1.5\u202f%",
        "mine.csv",
        "0123abc",
    ):
        assert words in text, words


def test_same_report_same_bytes():
    assert report.render_html(demo.report()) == report.render_html(demo.report())


def test_claims_that_the_catalogue_lost_are_shown_from_the_report():
    kept = json.loads(report.render_json(demo.report()))
    for claim in kept["claims"]:
        claim["id"] = "gone" + claim["id"][4:]
    text = report.render_html(kept)
    assert "gone.slip" in text and "Everything else." in text
    Page(text)


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        ({}, "All as expected: no counterexample to the 1 claim."),
        (
            {"as_expected": False, "verdicts": [{"name": "refuted", "sentence": "!"}]},
            "1 of 1 claim is not as expected",
        ),
        (
            {"as_expected": False, "verdicts": [{"name": "inconclusive", "sentence": "?"}]},
            "Nothing unexpected; 1 of 1",
        ),
        ({"as_expected": False, "verdicts": []}, "Nothing unexpected; 1 of 1 not decided"),
    ],
)
def test_headline(changes, headline):
    for render in (report.render_html, report.render_markdown):
        assert headline in render(demo.report(demo.result(demo.BOUND, **changes)))


def test_a_surviving_mutant_is_told():
    mutants = {"planted": 1, "refuted": 0, "survivors": ["rate-2"], "table": []}
    text = report.render_html(demo.report(demo.result(demo.BOUND, mutants=mutants, as_expected=False)))
    assert "1 mutant not refuted (rate-2)" in text


def test_interrupted_report():
    text = report.render_html(demo.report(demo.result(demo.BOUND), interrupted=True))
    assert "Interrupted: only these claims had finished." in text


def test_junit():
    verdicts = [{"name": "inconclusive", "sentence": "?"}]
    results = [
        demo.result(demo.BOUND, as_expected=False, verdicts=[{"name": "refuted", "sentence": "\x00 no"}]),
        demo.result(demo.PARTS, as_expected=False, verdicts=verdicts),
        demo.result(demo.SLIP),
    ]
    root = ET.fromstring(report.render_junit(demo.report(*results)).encode())
    assert {k: root.get(k) for k in ("tests", "failures", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "skipped": "1",
    }
    assert [case.get("name") for case in root.iter("testcase")] == ["rate", "parts", "slip"]


def test_markdown_snapshot(tmp_path):
    """The text that users read; after a wanted change, copy the new text over the snapshot."""
    report.write(demo.report(data=demo.DATA), tmp_path)
    assert report.render_markdown(report.read(tmp_path)) == SNAPSHOT.read_text(encoding="utf-8")


def test_write_then_read(tmp_path):
    page = report.write(demo.report(), tmp_path / "new" / "folder")
    assert page.name == "report.html" and {f.name for f in page.parent.iterdir()} == {
        "report.html",
        "report.json",
    }
    assert report.read(page.parent)["seed"] == 7
    with pytest.raises(DataError, match="no report at"):
        report.read(tmp_path / "other")
