"""The report as JUnit XML: a claim is a test case, for continuous integration."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from . import power
from .summary import CONTRADICTION, is_open, is_unsound, row, standing, verdict_names


def render_junit(report: dict[str, Any]) -> str:
    """One test suite a paper. Unexpected claims fail; undecided ones are skipped, never passed; where the checker
    contradicts itself that is an error, not a failure."""
    papers: dict[str, list[dict[str, Any]]] = {}
    for claim in report["claims"]:
        papers.setdefault(claim["id"].split(".", 1)[0], []).append(claim)
    root = ET.Element("testsuites", name="lemmaflow", **_totals(report["claims"]))
    for paper, claims in papers.items():
        suite = ET.SubElement(root, "testsuite", name=paper, timestamp=report["started"], **_totals(claims))
        _properties(suite, report)
        for claim in claims:
            _case(suite, paper, claim)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _totals(claims: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "tests": str(len(claims)),
        "failures": str(sum(standing(c) == "unexpected" for c in claims)),
        "errors": str(sum(is_unsound(c) for c in claims)),
        "skipped": str(sum(is_open(c) for c in claims)),
        "time": f"{sum(c['seconds'] for c in claims):.3f}",
    }


def _properties(suite: ET.Element, report: dict[str, Any]) -> None:
    properties = ET.SubElement(suite, "properties")
    for name in ("profile", "seed", "device"):
        ET.SubElement(properties, "property", name=name, value=str(report[name]))


def _case(suite: ET.Element, paper: str, claim: dict[str, Any]) -> None:
    name = claim["id"].split(".", 1)[1]
    case = ET.SubElement(suite, "testcase", classname=paper, name=name, time=f"{claim['seconds']:.3f}")
    if is_unsound(claim):
        error = ET.SubElement(case, "error", type="unsound", message=CONTRADICTION)
        error.text = _clean(_sentences(claim))
    elif is_open(claim):
        ET.SubElement(case, "skipped", message=_clean(f"{verdict_names(claim)}: {_sentences(claim)}"))
    elif not claim["as_expected"]:
        failure = ET.SubElement(case, "failure", type="unexpected", message=_clean(_message(claim)))
        failure.text = _clean(_evidence(claim))
    ET.SubElement(case, "system-out").text = _clean("\n".join(_told(claim)))


def _told(claim: dict[str, Any]) -> list[str]:
    """The claim's row, then what the checks could have caught; none of it makes a case fail."""
    lines = [f"{name}: {value}" for name, value in row(claim).items()]
    lines += [power.systematic(claim)] * (not claim["printed"])
    lines += [f"survived: {mutant['name']}" for mutant in power.survivors(claim)]
    lines += [constant["sentence"] for constant in claim["sharpness"]]
    return [*lines, *filter(None, (power.engines(claim), power.trust(claim)))]


def _message(claim: dict[str, Any]) -> str:
    survivors = claim["mutants"]["survivors"]
    more = f"; mutants not refuted: {', '.join(survivors)}" if survivors else ""
    return f"expected: {claim['expected']}, verdict: {verdict_names(claim)}{more}"


def _evidence(claim: dict[str, Any]) -> str:
    found = claim["counterexample"]
    replay = f"\n{found['replay']}" if found else ""
    return _sentences(claim) + replay


def _sentences(claim: dict[str, Any]) -> str:
    return " ".join(v["sentence"] for v in claim["verdicts"])


def _clean(text: str) -> str:
    """XML 1.0 forbids most control characters."""
    return "".join(c for c in text if c >= " " or c in "\n\t")
