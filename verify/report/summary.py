"""The sentences and rows that every format of the report shares."""

from __future__ import annotations

from typing import Any

from ..verdict import unexpected
from . import power
from .numbers import number, percent, seconds, share

MARKS = {
    "proved": "✓",
    "certified": "✓",
    "supported": "✓",
    "refuted": "✗",
    "inconclusive": "?",
    "vacuous": "○",
    "unsound": "≠",
}
CONTRADICTION = "The checker contradicts itself. This says nothing about the theorem."


def headline(report: dict[str, Any]) -> str:
    """One sentence on the whole campaign, true whatever happened."""
    claims = report["claims"]
    if not claims:
        return "Interrupted before any claim had finished." if report["interrupted"] else "No claim was verified."
    text = ". ".join(filter(None, (_contradicted(claims), _unexpected(claims))))
    text = text or _undecided(claims) or _all_as_expected(claims)
    cut = " Interrupted: only these claims had finished." if report["interrupted"] else ""
    return f"{text}.{cut}"


def _contradicted(claims: list[dict[str, Any]]) -> str:
    unsound = [c for c in claims if is_unsound(c)]
    if not unsound:
        return ""
    what = "the theorem" if len(unsound) == 1 else "these theorems"
    which = f"{len(unsound)} of {len(claims)} claims ({_ids(unsound)})"
    return f"The checker contradicts itself on {which}, which says nothing about {what}"


def _unexpected(claims: list[dict[str, Any]]) -> str:
    odd = [c for c in claims if standing(c) == "unexpected"]
    if not odd:
        return ""
    verb = "claim is" if len(odd) == 1 else "claims are"
    return f"{len(odd)} of {len(claims)} {verb} not as expected: {_ids(odd)}"


def _undecided(claims: list[dict[str, Any]]) -> str:
    open_ = [c for c in claims if is_open(c)]
    return f"Nothing unexpected; {len(open_)} of {len(claims)} not decided: {_ids(open_)}" if open_ else ""


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
        parts.append(f"{errata} erratum refuted as stated" if errata == 1 else f"{errata} errata refuted as stated")
    return f"All as expected: {', '.join(parts)}"


def is_unsound(claim: dict[str, Any]) -> bool:
    """True when engines disagree: the fault is the checker's, and no verdict on the theorem stands."""
    return any(v["name"] == "unsound" for v in claim["verdicts"])


def is_open(claim: dict[str, Any]) -> bool:
    """True when nothing contradicts the catalogue and yet not all was decided."""
    return standing(claim) == "open"


def standing(claim: dict[str, Any]) -> str:
    """How the claim came out, in words: "as expected", "open", "unexpected" or "unsound"."""
    if is_unsound(claim):
        return "unsound"
    if claim["as_expected"]:
        return "as expected"
    names = {v["name"] for v in claim["verdicts"]}
    odd = unexpected(claim["printed"], names, len(claim["mutants"]["survivors"]))
    return "unexpected" if odd else "open"


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


def different(claim: dict[str, Any]) -> list[str]:
    """The names of the claim's verdicts, each once: several tests may refute it."""
    return list(dict.fromkeys(v["name"] for v in claim["verdicts"]))


def verdict_names(claim: dict[str, Any]) -> str:
    return " · ".join(f"{MARKS[name]} {name}" for name in different(claim)) or "none"


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
        "systematic": power.score(claim),
        "tightest constant": power.tightest_text(claim),
        "informative": power.informative(claim),
        "worst slack": number(claim["worst_slack"], 3),
        "seconds": f"{claim['seconds']:.1f}",
    }


def data_sentence(data: dict[str, Any]) -> str:
    """The sizes of a user's data: a regression problem, or predictions of two classifiers."""
    if "accuracy" in data:
        accuracies = f"accuracy of f at the last {share(data['accuracy']['f'])}, of g {share(data['accuracy']['g'])}"
        sizes = (f"{number(data[k])} {k}" for k in ("samples", "classes", "checkpoints"))
        return f"Predictions: {', '.join(sizes)}; {accuracies}."
    sizes = ", ".join(
        f"{number(data[k])} {k[: -1 if data[k] == 1 else None]}" for k in ("samples", "features", "targets")
    )
    condition = f"condition number {number(data['condition'])} of XᵀX (largest over smallest non-zero eigenvalue)"
    return f"{sizes}; rank {number(data['rank'])}, {condition}."


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
