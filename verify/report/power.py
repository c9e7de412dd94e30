"""What the checks could have caught, in the words and figures that every format of the report shares."""

from __future__ import annotations

import math
from typing import Any

from .numbers import NONE, count, number, share

ENOUGH = 6  # significant digits of a limit: more than the search for it resolves


def score(claim: dict[str, Any]) -> str:
    """Stronger systematic mutants refuted, of how many: "41/43"; a dash where none was tried or none is stronger."""
    found = claim["mutants"]["systematic"]
    return f"{found['refuted']}/{found['stronger']}" if found and found["stronger"] else NONE


def survivors(claim: dict[str, Any]) -> list[dict[str, Any]]:
    """The stronger systematic mutants that no instance refuted."""
    found = claim["mutants"]["systematic"]
    return [m for m in found["table"] if m["outcome"] == "survived"] if found else []


def survived(mutant: dict[str, Any]) -> str:
    """On what a mutant survived, and how close anything came to refuting it."""
    return "; ".join(filter(None, (mutant["decided"], mutant["evidence"])))


def systematic(claim: dict[str, Any]) -> str:
    """The score in a sentence, with what was not counted."""
    found = claim["mutants"]["systematic"]
    if found is None:
        return "Systematic mutants were not tried."
    if not found["tried"]:
        return "No systematic mutant can be made of this claim."
    told = (
        f"{count(found['refuted'])} of {count(found['stronger'])} stronger systematic mutants refuted "
        f"({share(found['score'])})"
        if found["stronger"]
        else f"None of {count(found['tried'])} systematic mutants is stronger than the claim"
    )
    rest = ", ".join(
        f"{count(found[key])} {key.replace('_', ' ')}"
        for key in ("weaker", "equivalent", "not_applicable")
        if found[key]
    )
    return f"{told}; not counted: {rest}." if rest else f"{told}."


def factor(row: dict[str, Any]) -> float | None:
    """limit / printed of a constant; None where there is no limit or the two have no ratio."""
    limit, printed = row["limit"], row["printed"]
    return limit / printed if limit is not None and limit * printed > 0 else None


def tightest(claim: dict[str, Any]) -> dict[str, Any] | None:
    """The row of the constant that can be strengthened by the smallest factor."""
    rows = [(abs(math.log(f)), row) for row in claim["sharpness"] if (f := factor(row)) is not None]
    return min(rows, key=lambda pair: pair[0])[1] if rows else None


def tightest_text(claim: dict[str, Any]) -> str:
    """The tightest constant and its limit: "2 → 2.003"; a dash where no constant has one."""
    row = tightest(claim)
    return f"{row['constant']} → {number(row['limit'], ENOUGH)}" if row else NONE


def informative(claim: dict[str, Any]) -> str:
    """The share of instances on which the bound beats the trivial one; of several parts the least and the most."""
    shares = [p["share"] for p in claim["vacuity"]["parts"] if p["share"] is not None]
    if not shares:
        return NONE
    low, high = share(min(shares)), share(max(shares))
    return low if low == high else f"{low} to {high}"


def said(part: dict[str, Any]) -> str:
    """On how many instances a part's bound beats the trivial one: "149 of 198"; a dash where that was not judged."""
    return NONE if part["share"] is None else f"{count(part['informative'])} of {count(part['run'])}"


def assumptions(claim: dict[str, Any]) -> list[dict[str, Any]]:
    """One row an assumption: whether it was shown necessary, and on how many instances it held strictly or on the
    boundary; None stands for what was not looked at."""
    absent = {"necessary": None, "sentence": "", "instance": None, "strict": None, "boundary": None}
    rows: dict[str, dict[str, Any]] = {}
    for found in (*claim["ablation"], *claim["vacuity"]["assumptions"]):
        rows[found["assumption"]] = rows.get(found["assumption"], absent) | found
    return list(rows.values())


def necessity(row: dict[str, Any]) -> str:
    """Whether an assumption is needed, as far as it was tried."""
    return {True: "necessary", False: "not shown necessary", None: "dropping not tried"}[row["necessary"]]


def ablated(claim: dict[str, Any]) -> str:
    """How many of the dropped assumptions were shown necessary."""
    tried = claim["ablation"]
    return f"{sum(a['necessary'] for a in tried)} of {len(tried)} shown necessary" if tried else "dropping not tried"


def engines(claim: dict[str, Any]) -> str:
    """How two engines agreed, in a sentence; "" where none were compared."""
    found = claim["engines"]
    if not found["compared"]:
        return ""
    if found["disagreed"]:
        return f"Two engines disagree on {count(found['disagreed'])} of {_instances(found['compared'])}{_worst(found)}."
    return f"Two engines agree on {_instances(found['compared'])}{_worst(found)}."


def _instances(n: int) -> str:
    return f"{count(n)} instance{'s' * (n != 1)}"


def _worst(found: dict[str, Any]) -> str:
    if found["worst"] is None:
        return ""
    return f"; the largest difference is {number(found['worst'], 2)} times the sum of their error estimates"


def trust(claim: dict[str, Any]) -> str:
    """What the proof rests on, in a sentence; "" where there is no proof."""
    base = claim["proof"]["trust"]
    words = {"algebra": "checked by exact algebra", "smt": "decided by z3", "balls": "decided by ball arithmetic"}
    decided = [f"{_steps(base[key])} {how}" for key, how in words.items() if base[key]]
    named = [
        f"the lemma{'s' * (len(base['lemmas']) > 1)} {', '.join(base['lemmas'])}" if base["lemmas"] else "",
        f"the claim{'s' * (len(base['claims']) > 1)} {', '.join(base['claims'])}" if base["claims"] else "",
        f"what is only cited: {'; '.join(base['cited'])}" if base["cited"] else "",
    ]
    rests = ", ".join([*decided, *filter(None, named)])
    undone = [f"{_steps(base['failed'])} FAILED"] * (base["failed"] > 0)
    undone += [f"{_steps(base['undecided'])} not proven"] * (base["undecided"] > 0)
    return " ".join(f"{text}." for text in (f"Rests on {rests}" if rests else "", *undone) if text)


def step_class(status: str) -> str:
    """How a proof step is shown: "done" by machine, "undone", or "" where it is only named."""
    first = status.split()[0].lower().rstrip(":")
    return {"checked": "done", "decided": "done", "enclosed": "done", "failed": "undone", "not": "undone"}.get(
        first, ""
    )


def _steps(n: int) -> str:
    return f"{count(n)} step{'s' * (n != 1)}"


def spent(level: dict[str, Any]) -> str:
    """How much of the campaign's error level its tests use up."""
    used = math.fsum(row["level"] for row in level["table"] if row["level"] is not None)
    return f"{number(used, 3)} of {number(level['campaign'], 3)} spent on {count(len(level['table']))} tests"
