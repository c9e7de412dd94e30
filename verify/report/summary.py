"""The sentences and rows that every format of the report shares."""

from __future__ import annotations

from typing import Any

from ..verdict import unexpected
from .numbers import number, percent, seconds

MARKS = {
    "proved": "✓",
    "certified": "✓",
    "supported": "✓",
    "refuted": "✗",
    "inconclusive": "?",
    "vacuous": "○",
}


def headline(report: dict[str, Any]) -> str:
    """One sentence on the whole campaign, true whatever happened."""
    claims = report["claims"]
    if not claims:
        return "Interrupted before any claim had finished." if report["interrupted"] else "No claim was verified."
    odd = [c for c in claims if not c["as_expected"] and not is_open(c)]
    open_ = [c for c in claims if is_open(c)]
    if odd:
        verb = "claim is" if len(odd) == 1 else "claims are"
        text = f"{len(odd)} of {len(claims)} {verb} not as expected: {_ids(odd)}"
    elif open_:
        text = f"Nothing unexpected; {len(open_)} of {len(claims)} not decided: {_ids(open_)}"
    else:
        text = _all_as_expected(claims)
    cut = " Interrupted: only these claims had finished." if report["interrupted"] else ""
    return f"{text}.{cut}"


def _ids(claims: list[dict[str, Any]], most: int = 4) -> str:
    more = f" and {len(claims) - most} more" if len(claims) > most else ""
    return ", ".join(c["id"] for c in claims[:most]) + more


def _all_as_expected(claims: list[dict[str, Any]]) -> str:
    errata = sum(c["printed"] for c in claims)
    true = len(claims) - errata
    parts = []
    if true:
        parts.append(f"no counterexample to {'the' if true == 1 else 'any of the'} {true} claim{'s' * (true > 1)}")
    if errata:
        parts.append(f"{errata} erratum refuted as printed" if errata == 1 else f"{errata} errata refuted as printed")
    return f"All as expected: {', '.join(parts)}"


def is_open(claim: dict[str, Any]) -> bool:
    """True when nothing contradicts the catalogue and yet not all was decided."""
    return not claim["as_expected"] and not _is_unexpected(claim)


def _is_unexpected(claim: dict[str, Any]) -> bool:
    names = {v["name"] for v in claim["verdicts"]}
    return not claim["as_expected"] and unexpected(claim["printed"], names, len(claim["mutants"]["survivors"]))


def standing(claim: dict[str, Any]) -> str:
    """How the claim came out, in words: "as expected", "open" or "unexpected"."""
    if is_open(claim):
        return "open"
    return "as expected" if claim["as_expected"] else "unexpected"


def contradicts(claim: dict[str, Any], verdict: str) -> bool:
    """True for a verdict that is itself the surprise; a surviving mutant leaves the verdict as it is."""
    surprising = {"holds": {"refuted"}, "refuted": {"supported", "proved"}}
    return verdict in surprising[claim["expected"]]


def surprise(claim: dict[str, Any]) -> str:
    """Why the claim is not as expected, in a few words; "" when it is."""
    if standing(claim) != "unexpected":
        return ""
    survivors = claim["mutants"]["survivors"]
    if any(contradicts(claim, v["name"]) for v in claim["verdicts"]) or not survivors:
        return "expected to be refuted" if claim["expected"] == "refuted" else "expected to hold"
    return f"{len(survivors)} mutant{'s' * (len(survivors) > 1)} not refuted"


def verdict_names(claim: dict[str, Any]) -> str:
    return " · ".join(f"{MARKS[v['name']]} {v['name']}" for v in claim["verdicts"]) or "none"


def mutants(claim: dict[str, Any]) -> str:
    """3/3, or a dash when none was planted."""
    planted = claim["mutants"]["planted"]
    return f"{claim['mutants']['refuted']}/{planted}" if planted else "–"


def row(claim: dict[str, Any]) -> dict[str, str]:
    """The claim's line in a table of verdicts."""
    ran = claim["instances"]
    return {
        "claim": claim["id"],
        "kind": "erratum" if claim["printed"] else claim["kind"],
        "verdict": verdict_names(claim),
        "instances": f"{number(ran['run'])}/{number(ran['planned'])}",
        "violations": number(ran["violations"]),
        "mutants refuted": mutants(claim),
        "worst slack": number(claim["worst_slack"], 3),
        "seconds": f"{claim['seconds']:.1f}",
    }


def violation_limit(claim: dict[str, Any]) -> tuple[str, str] | None:
    """(name, value) of the upper limit of the violation probability; None once a violation is known."""
    upper = claim["violation_probability_upper"]
    if upper is None or claim["instances"]["violations"]:
        return None
    return f"violation probability, {100 * claim['confidence']:g}\u202f% limit", f"< {percent(upper)}"


def run_facts(report: dict[str, Any]) -> list[tuple[str, str]]:
    """How the campaign was run: (name, value) pairs."""
    environment, level = report["environment"], report["error_level"]
    facts = [
        ("Profile", report["profile"]),
        ("Seed", str(report["seed"])),
        ("Device", " · ".join(filter(None, (report["device"], environment.get("device"))))),
        ("Started", report["started"]),
        ("Duration", seconds(report["seconds"])),
        ("lemmaflow", report["tool"]["version"]),
        ("Commit", environment["commit"] or "unknown"),
        ("Python", environment["python"]),
        ("Platform", environment["platform"]),
        ("Threads", str(environment["threads"])),
        ("Libraries", ", ".join(f"{k}\u00a0{v}" for k, v in environment["versions"].items())),
    ]
    facts.append(
        (
            "Error level",
            f"false alarm of the whole campaign below {number(level['campaign'])}, split over "
            f"{number(level['tests'])} statistical tests ({number(level['per_test'], 3)} each)",
        )
    )
    facts += [(f"Setting: {k}", setting_text(v)) for k, v in report["settings"].items()]
    return facts


def setting_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} = {setting_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(setting_text(v) for v in value)
    return number(value)
