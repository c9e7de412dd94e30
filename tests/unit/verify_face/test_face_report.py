"""The report in its four formats, from a hand-written campaign."""

from __future__ import annotations

import json
import re
from functools import reduce
from html.parser import HTMLParser
from operator import getitem
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
    for data in (None, demo.DATA, demo.LABELS):
        whole = json.loads(report.render_json(demo.report(data=data)))
        jsonschema.Draft202012Validator(report.schema()).validate(whole)


@pytest.mark.parametrize("change", [{"seed": -1}, {"extra": 1}, {"schema_version": "2.0"}, {"claims": [{}]}])
def test_schema_is_strict(change):
    whole = json.loads(report.render_json(demo.report())) | change
    assert not jsonschema.Draft202012Validator(report.schema()).is_valid(whole)


NEW = {
    "mutants": [("systematic", 0), ("systematic", {}), ("extra", 1)],
    "certificates": [("holds", -1), ("holds", None), ("extra", 1)],
    "vacuity": [("parts", None), ("assumptions", [{}]), ("extra", 1)],
    "engines": [("compared", None), ("worst", -1), ("extra", 1)],
    "proof": [("trust", {}), ("trust", None)],
}


@pytest.mark.parametrize(("section", "key", "value"), [(s, k, v) for s, changes in NEW.items() for k, v in changes])
def test_schema_is_strict_in_the_sections_of_a_claim(section, key, value):
    whole = json.loads(report.render_json(demo.report()))
    whole["claims"][0][section][key] = value
    assert not jsonschema.Draft202012Validator(report.schema()).is_valid(whole)


ROWS = {
    "sharpness": {"limit": "2", "how": "guess", "witness": [1]},
    "ablation": {"necessary": None, "instance": 1},
    "mutants.systematic.table": {"outcome": "lost", "operator": "", "curve": {}},
    "vacuity.parts": {"share": 1.1, "trivial": 1},
    "vacuity.assumptions": {"strict": -1},
}


@pytest.mark.parametrize(("table", "key", "value"), [(t, k, v) for t, row in ROWS.items() for k, v in row.items()])
def test_schema_is_strict_in_the_rows_of_a_claim(table, key, value):
    valid = jsonschema.Draft202012Validator(report.schema()).is_valid
    whole = json.loads(report.render_json(demo.report()))
    rows = reduce(getitem, table.split("."), whole["claims"][0])
    kept = rows[0].copy()
    rows[0][key] = value
    assert not valid(whole)
    rows[0] = kept
    assert valid(whole)
    del rows[0][key]
    assert not valid(whole)


def test_a_curve_of_a_survivor_is_short():
    whole = json.loads(report.render_json(demo.report()))
    survivor = next(m for m in whole["claims"][0]["mutants"]["systematic"]["table"] if m["curve"])
    survivor["curve"]["x"] = list(range(34))
    assert not jsonschema.Draft202012Validator(report.schema()).is_valid(whole)


@pytest.mark.parametrize(("key", "value"), [("power", 2), ("n", None), ("power_at", None), ("extra", 1)])
def test_schema_is_strict_in_the_error_budget(key, value):
    whole = json.loads(report.render_json(demo.report()))
    whole["error_level"]["table"][0][key] = value
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
    assert text.count("<math") > 10 and text.count('<svg class="plot"') == 6


def test_predictions_that_a_user_brought_are_told_with_their_accuracies():
    whole = demo.report(data=demo.LABELS)
    for text in (report.render_html(whole), report.render_markdown(whole)):
        assert "mine.npz" in text
        assert "900 samples, 10 classes, 61 checkpoints; accuracy of f at the last 98\u202f%, of g 91\u202f%" in text


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


def section(text, claim):
    """The article of one claim."""
    return text.split(f'<article id="demo-{claim}"')[1].split("</article>")[0]


def test_page_says_how_wrong_a_claim_could_be():
    article = section(report.render_html(demo.report()), "rate")
    for words in (
        "How wrong could it be?",
        "3 of 5 stronger systematic mutants refuted (60\u202f%); not counted: 2 weaker, 1 not applicable.",
        "rate: λ<sub>r</sub> → λ<sub>1</sub>",
        "no instance with k ≤ 1 &amp; h &lt; n",
        "predicted &lt;0.01&gt;",
        "the mutant&#39;s bound",
        "on 512 instances",
        "Sharpness",
        "factor &lt;of&gt; ℓ(0)",
        "2.003",
        "× 1.0015",
        "no limit found",
        "the constant 2 in −2·ρ·t cannot be raised above 2.003",
        "1 of 2 shown necessary",
        "Dropped, part rate is violated: measured 0.5, predicted 0.25.",
        "149 of 198",
        "12 hold,",
        "Two engines agree on 40 instances",
        "Rests on 1 step checked by exact algebra, 2 steps decided by z3",
    ):
        assert words in article, words


def test_page_is_silent_where_nothing_was_tried():
    text = report.render_html(demo.report())
    parts, slip = section(text, "parts"), section(text, "slip")
    assert "No systematic mutant can be made of this claim." in parts and "not judged" in parts
    assert not re.search("Sharpness|Engines|Ball arithmetic|Survivors", parts)
    assert not re.search("How wrong|Sharpness|Does it say|Engines", slip) and "1 fail," in slip
    untried = demo.result(demo.BOUND)
    untried["mutants"]["systematic"] = None
    assert "systematic mutants not tried" in report.render_html(demo.report(untried))


def test_many_survivors_are_folded_and_need_no_curve():
    result = demo.result(demo.BOUND)
    table = result["mutants"]["systematic"]["table"]
    drawn = next(m for m in table if m["curve"])
    empty = {**drawn["curve"], "measured": [None] * 17}
    table += [{**drawn, "curve": curve} for curve in (drawn["curve"],) * 4 + (None, empty)]
    text = report.render_html(demo.report(result))
    assert 'More survivors <span class="count">2</span>' in text
    assert text.count('<svg class="plot"') == 8 and Page(text).open == []


def test_page_sums_up_the_error_budget():
    text = report.render_html(demo.report())
    assert "0.001 of 0.001 spent on 2 tests." in text
    assert "coverage &lt;first&gt;" in text and "p = 0.2, twice δ" in text and "87\u202f%" in text
    level = {"campaign": 0.001, "tests": 0, "per_test": 0.001, "table": []}
    for render in (report.render_html, report.render_markdown):
        assert "0 of 0.001 spent on 0 tests." in render(report.complete(demo.report(error_level=level)))


def unsound(claim):
    verdicts = [
        {"name": "unsound", "sentence": "Two engines disagree."},
        {"name": "supported", "sentence": "No violation."},
    ]
    engines = {"compared": 40, "disagreed": 3, "worst": 812.0}
    return demo.result(claim, as_expected=False, verdicts=verdicts, engines=engines)


@pytest.mark.parametrize("claim", [demo.BOUND, demo.SLIP])
def test_unsound_is_no_verdict_on_the_theorem(claim):
    whole = report.complete(demo.report(unsound(claim), demo.result(demo.PARTS)))
    for render in (report.render_html, report.render_markdown):
        text = render(whole)
        assert f"The checker contradicts itself on 1 of 2 claims ({claim.id}), which says nothing about the" in text
        assert "The checker contradicts itself. This says nothing about the theorem." in text
        assert "not as expected" not in text and "Two engines disagree on 3 of 40 instances" in text
    page = report.render_html(whole)
    assert 'class="pill unsound"' in page and 'class="pill supported odd"' not in page and 'alarm"' not in page
    root = ET.fromstring(report.render_junit(whole).encode())
    assert {k: root.get(k) for k in ("errors", "failures", "skipped")} == {
        "errors": "1",
        "failures": "0",
        "skipped": "0",
    }
    error = root.find(".//error")
    assert error is not None and error.get("type") == "unsound" and error.text


def test_what_else_is_unexpected_is_told_beside_it():
    refuted = demo.result(demo.PARTS, as_expected=False, verdicts=[{"name": "refuted", "sentence": "!"}])
    text = report.render_markdown(report.complete(demo.report(unsound(demo.BOUND), refuted)))
    assert "nothing about the theorem. 1 of 2 claim is not as expected: demo.parts." in text


def test_vacuous_has_its_badge():
    vacuous = [{"name": "vacuous", "sentence": "Part first never said anything."}]
    text = report.render_html(demo.report(demo.result(demo.PARTS, as_expected=False, verdicts=vacuous)))
    assert 'class="pill vacuous">○ vacuous' in text


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
    mutants = {"planted": 1, "refuted": 0, "survivors": ["rate-2"], "table": [], "systematic": None}
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


def test_a_low_score_is_told_and_fails_nothing():
    root = ET.fromstring(report.render_junit(demo.report()).encode())
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    told = root.findtext(".//system-out") or ""
    assert "systematic: 3/5" in told and "survived: rate: λ_r → λ_1" in told and "cannot be raised above 2.003" in told


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
