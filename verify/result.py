"""One claim's entry of the report: the verdicts that its evidence carries, and the figures behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from theory import Claim, fully_checked, proof_status, trust_base

from .batch import SEARCHED
from .counterexample import save
from .findings import is_finding
from .profiles import CONFIDENCE
from .sampling import is_coverage
from .score import summary_of
from .search import Found
from .statistics import BELOW, UNRESOLVED, violation_upper_limit, worst_upper_limit
from .vacuity import Vacuity, vacuity_section
from .verdict import Verdict, as_expected


def claim_result(claim: Claim, merged: dict[str, Any], out: Path) -> dict[str, Any]:
    """One claim's entry of the report."""
    verdicts = _verdicts(claim, merged)
    names = {v["name"] for v in verdicts}
    survivors = [m.name for m in claim.mutants if m.name not in merged["mutants"]]
    slacks, found = merged["slacks"], merged["findings"]
    return {
        "id": claim.id,
        "title": claim.title,
        "kind": claim.kind.value,
        "printed": claim.printed,
        "expected": claim.expected,
        "verdicts": verdicts,
        "as_expected": as_expected(claim.printed, names, len(survivors)),
        "instances": {k: merged[k] for k in ("planned", "run", "skipped", "violations", "inconclusive")},
        "violation_probability_upper": _limit(claim, merged),
        "confidence": CONFIDENCE,
        "worst_slack": min(slacks, default=None),
        "mutants": {
            "planted": len(claim.mutants),
            "refuted": len(claim.mutants) - len(survivors),
            "survivors": survivors,
            "table": _mutant_table(claim, merged["mutants"]),
            "systematic": summary_of(found["power"]) if "power" in found else None,
        },
        "sharpness": found.get("sharpness", []),
        "ablation": found.get("ablation", []),
        "certificates": merged.get("certificates"),
        "vacuity": vacuity_section(found.get("vacuity", Vacuity(claim).rows())),
        "engines": merged["engines"],
        "families": merged["families"],
        "statistics": merged["statistics"],
        "slack": _histogram(slacks, merged["unit"]),
        "curves": merged.get("curves", []),
        "counterexample": _counterexample(claim, merged.get("found"), out),
        "proof": _proof(claim),
        "notes": list(claim.notes),
        "seconds": merged["seconds"],
    }


def _verdicts(claim: Claim, merged: dict[str, Any]) -> list[dict[str, str]]:
    against = _against(merged)
    doubts = _doubts(merged)
    nothing = merged["run"] <= merged["inconclusive"] or merged["engines"]["disagreed"]
    broken = merged["violations"] and not merged["statistics"]
    support = [] if against or nothing or broken or _left_open(merged) else _support(claim, merged)
    return [*against, *support, *doubts]


def _against(merged: dict[str, Any]) -> list[dict[str, str]]:
    """What refutes the claim."""
    verdicts, found, certificates = [], merged.get("found"), merged.get("certificates")
    if found:
        how = "ball arithmetic" if found["certified"] else found["confirmed_by"]
        sides = {k: found[k] for k in ("part", "measured", "predicted", "budget")}
        verdicts.append(Verdict.REFUTED.as_dict(how=how, **sides))
        if found["certified"]:
            verdicts.append(Verdict.CERTIFIED.as_dict())
        elif found.get("elsewhere"):
            verdicts.append(Verdict.CERTIFIED_ELSEWHERE.as_dict(note=found["elsewhere"]))
    if certificates and certificates["fails"]:
        sentence = certificates["sentence"]
        verdicts.append(Verdict.REFUTED_RIGOROUSLY.as_dict(count=certificates["fails"], sentence=sentence))
    failed = [t for t in merged["statistics"] if not t["passed"]]
    return verdicts + [Verdict.REJECTED.as_dict(level=t["level"], name=t["name"], p=t["p_value"]) for t in failed]


def _support(claim: Claim, merged: dict[str, Any]) -> list[dict[str, str]]:
    """What speaks for the claim."""
    proved = [Verdict.PROVED.as_dict()] if claim.proof and fully_checked(claim.proof) else []
    certificates = merged.get("certificates")
    holds = certificates["holds"] if certificates else 0
    sentence = certificates["sentence"] if certificates else ""
    rigorous = [Verdict.HOLDS_RIGOROUSLY.as_dict(count=holds, sentence=sentence)] if holds else []
    return [*proved, _supported(claim, merged), *rigorous]


def _doubts(merged: dict[str, Any]) -> list[dict[str, str]]:
    """What keeps the evidence from being more, or from being any."""
    verdicts, engines = [], merged["engines"]
    if merged.get("error"):
        verdicts.append(Verdict.FAILED.as_dict(error=merged["error"]))
    if merged["inconclusive"]:
        remedy = (
            "the integrator's error estimate was too large or a value was not finite; the report's families say where"
        )
        counts = {"count": merged["inconclusive"], "run": merged["run"]}
        verdicts.append(Verdict.INCONCLUSIVE.as_dict(**counts, remedy=remedy))
    if names := _left_open(merged):
        counts = {"count": len(names), "tests": len(merged["statistics"])}
        verdicts.append(Verdict.OPEN.as_dict(**counts, names=", ".join(names)))
    if not merged.get("found"):
        verdicts += [Verdict.VACUOUS.as_dict(part=p) for p, n in merged["spoke"].items() if n == 0]
    if engines["disagreed"]:
        ratio = engines["worst"] or 0.0
        worst = f"at worst by {ratio:.3g} times what their error estimates allow" if ratio > 1 else "float64 and balls"
        sides = {"count": engines["disagreed"], "compared": engines["compared"], "worst": worst}
        verdicts.append(Verdict.UNSOUND.as_dict(**sides))
    return verdicts + _trivial(merged)


def _left_open(merged: dict[str, Any]) -> list[str]:
    """Names of the tests of a finding that neither reject nor support it."""
    return [t["name"] for t in merged["statistics"] if t["test"].endswith(UNRESOLVED)]


def _trivial(merged: dict[str, Any]) -> list[dict[str, str]]:
    """The parts that never beat the trivial bound; a campaign too small for a study cannot tell."""
    rows = merged["findings"]["vacuity"]["parts"] if "power" in merged["findings"] else []
    return [
        Verdict.TRIVIAL.as_dict(part=r["part"], trivial=r["trivial"], run=r["run"])
        for r in rows
        if r["trivial"] is not None and r["run"] and not r["informative"]
    ]


def _supported(claim: Claim, merged: dict[str, Any]) -> dict[str, str]:
    tests, run = merged["statistics"], merged["run"] - merged["inconclusive"]
    if not tests:
        limit, drawn = _limit(claim, merged), _drawn(merged)
        if limit is None:
            return Verdict.STOOD.as_dict(run=run)
        return Verdict.SUPPORTED.as_dict(run=run, drawn=drawn, limit=limit, confidence=CONFIDENCE)
    if is_finding(claim):
        return Verdict.FOUND.as_dict(run=run, tests=len(tests), confidence=CONFIDENCE)
    if is_coverage(claim):
        below = sum(t["test"].endswith(BELOW) for t in tests)
        return Verdict.COVERED.as_dict(run=run, violations=merged["violations"], tests=len(tests), below=below)
    return Verdict.FITTED.as_dict(run=run, tests=len(tests), level=tests[0]["level"])


def _limit(claim: Claim, merged: dict[str, Any]) -> float | None:
    """Upper confidence limit of the violation probability of the generators' draws; None where instances are not judged
    one by one, or none was drawn."""
    if merged["statistics"]:
        counts = [(f["violations"] + f["inconclusive"], f["run"]) for f in merged["families"]]
        return worst_upper_limit(counts) if is_coverage(claim) else None
    return violation_upper_limit(min(merged["violations"], _drawn(merged)), _drawn(merged))


def _drawn(merged: dict[str, Any]) -> int:
    """Instances that the generators drew and that were judged: those that a search led to are no sample of anything."""
    rows = [f for f in merged["families"] if f["name"] not in SEARCHED]
    return sum(f["run"] - f["inconclusive"] for f in rows)


def _mutant_table(claim: Claim, refuted: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": m.name, "text": m.text, "refuted": m.name in refuted, "evidence": refuted.get(m.name, "")}
        for m in claim.mutants
    ]


def _histogram(slacks: list[float], unit: str) -> dict[str, Any] | None:
    if not slacks:
        return None
    counts, edges = np.histogram(np.clip(slacks, -1e6, 1e6), bins=24)
    return {"unit": unit, "edges": edges.tolist(), "counts": counts.tolist()}


def _counterexample(claim: Claim, found: dict[str, Any] | None, out: Path) -> dict[str, Any] | None:
    if not found:
        return None
    worst = {k: found[k] for k in ("measured", "predicted", "budget", "excess", "index")}
    instances = {
        k: v if isinstance(v, int) else torch.tensor([v], dtype=torch.float64) for k, v in found["instance"].items()
    }
    path = save(claim, Found(found["part"], instances, worst), out / "counterexamples")
    relative = path.relative_to(out).as_posix()
    return {
        "part": found["part"],
        "file": relative,
        **{k: worst[k] for k in ("measured", "predicted", "budget", "excess")},
        "instance": found["instance"],
        "at": {"index": worst["index"]},
        "replay": f"lemmaflow replay {path}",
    }


def _proof(claim: Claim) -> dict[str, Any]:
    steps = [
        {
            "kind": s.kind.value,
            "text": f"{s.lemma}: {s.text}" if s.lemma else s.text,
            "status": s.check().value,
        }
        for s in claim.proof
    ]
    return {
        "steps": steps,
        "counts": proof_status(claim.proof),
        "fully_checked": fully_checked(claim.proof),
        "trust": trust_base(claim.proof),
    }
