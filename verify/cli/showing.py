"""`lemmaflow show ID`: one claim, complete."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from theory import render
from theory.catalogue import get_claim
from theory.claim import Claim, Quantity
from theory.proof import Step, fully_checked, trust_base

from ..report.describe import describe, shape_text
from .outcome import OK
from .output import print_json

PROCEDURES = {"algebra": "exact algebra", "smt": "z3", "balls": "ball arithmetic"}


def run(arguments: argparse.Namespace) -> int:
    claim = get_claim(arguments.id)
    if arguments.latex:
        print("\n".join(part["latex"] for part in describe(claim)["statement"]["parts"]))
    elif arguments.json:
        print_json(everything(claim))
    else:
        print(page(claim))
    return OK


def everything(claim: Claim) -> dict[str, Any]:
    """All that the catalogue says about a claim, as JSON data. The steps of the proof are carried out."""
    return {
        "id": claim.id,
        "title": claim.title,
        "kind": claim.kind.value,
        "printed": claim.printed,
        "expected": claim.expected,
        **describe(claim),
        "quantities": [_quantity(claim, q) for q in claim.quantities],
        "proof": {
            "steps": [_step(step) for step in claim.proof],
            "fully_checked": fully_checked(claim.proof),
            "trust": trust_base(claim.proof),
        },
        "mutants": [{"name": m.name, "text": m.text} for m in claim.mutants],
        "notes": list(claim.notes),
    }


def _step(step: Step) -> dict[str, str]:
    text = f"{step.lemma}: {step.text}" if step.lemma else step.text
    found = step.find()
    return {"kind": step.kind.value, "text": text, "status": found.status.value, "detail": found.detail}


def _quantity(claim: Claim, quantity: Quantity) -> dict[str, Any]:
    defined = quantity.definition is not None
    return {
        "name": quantity.name,
        "symbol": render.pretty(quantity.symbol, claim.names("unicode")),
        "shape": shape_text(quantity.shape),
        "meaning": quantity.meaning,
        "definition": render.pretty(quantity.definition, claim.names("unicode")) if defined else None,
        "unit": quantity.unit,
    }


def page(claim: Claim) -> str:
    """The claim for a reader at a terminal."""
    about = everything(claim)
    kind = f"erratum, {about['kind']}" if claim.printed else about["kind"]
    blocks = [f"{about['id']} · {kind}\n{about['title']}", _statement(about["statement"]["parts"])]
    blocks += [
        _erratum(about["erratum"]),
        _quantities(about["quantities"]),
        _bullets("Assumes", about["assumptions"]),
    ]
    blocks += [
        _proof(about["proof"]),
        _bullets("Mutants", [f"{m['name']}: {m['text']}" for m in about["mutants"]]),
    ]
    blocks += [_bullets("Notes", about["notes"]), _source(about["source"])]
    return "\n\n".join(block for block in blocks if block)


def _statement(parts: list[dict[str, str]]) -> str:
    lines = []
    for part in parts:
        name = f"({part['name']}) " if len(parts) > 1 else ""
        where = f", where {part['condition']}" if part["condition"] else ""
        note = f"; {part['note']}" if part["note"] else ""
        lines.append(f"{name}{part['quantifier']}{where}{note}\n\n{textwrap.indent(part['unicode'], '    ')}")
    return "Statement\n" + textwrap.indent("\n\n".join(lines), "  ")


def _quantities(quantities: list[dict[str, Any]]) -> str:
    rows = [(q["name"], q["symbol"], q["shape"] or "scalar", _meaning(q)) for q in quantities]
    widths = [max(len(row[k]) for row in rows) for k in range(3)] if rows else []
    lines = ["  " + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]]) for row in rows]
    return "\n".join(["Quantities (name, symbol, shape, meaning)", *lines]) if rows else ""


def _meaning(quantity: dict[str, Any]) -> str:
    definition = quantity["definition"]
    defined = f" = {definition}" if definition and "\n" not in definition else ""
    return quantity["meaning"] + defined


def _bullets(title: str, items: list[str]) -> str:
    return "\n".join([title, *(_bullet(item) for item in items)]) if items else ""


def _bullet(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="  - ", subsequent_indent="    ", break_long_words=False)


def _erratum(erratum: dict[str, str] | None) -> str:
    if erratum is None:
        return ""
    lines = [
        f"As stated: {erratum['printed']}",
        f"What is true: {erratum['true']} ({erratum['corrected'] or 'no corrected claim in the catalogue'})",
        f"What it leaves standing: {erratum['stands']}",
        f"Second, independent reading: {erratum['reading']}",
    ]
    return _bullets(f"Erratum ({erratum['severity']})", lines)


def _proof(proof: dict[str, Any]) -> str:
    if not proof["steps"]:
        return "Proof\n  no steps are recorded"
    title = "Proof (every step proven by machine)" if proof["fully_checked"] else "Proof"
    steps = [f"{step['text']} [{': '.join(filter(None, (step['status'], step['detail'])))}]" for step in proof["steps"]]
    return f"{_bullets(title, steps)}\n{_trust(proof['trust'])}"


def _trust(trust: dict[str, Any]) -> str:
    """What the proof rests on, in one sentence."""
    counts = [f"{trust[key]} by {name}" for key, name in PROCEDURES.items() if trust[key]]
    proven = f"steps proven by machine: {', '.join(counts) or 'none'}"
    named = [f"{key}: {', '.join(trust[key]) or 'none'}" for key in ("lemmas", "claims", "cited")]
    missing = [f"{key}: {trust[key]}" for key in ("failed", "undecided") if trust[key]]
    text = f"Rests on: {'; '.join([proven, *named, *missing])}."
    return textwrap.fill(text, 100, initial_indent="  ", subsequent_indent="    ", break_long_words=False)


def _source(source: dict[str, str]) -> str:
    head = f"Source\n  {source['paper']}, {source['where']} ({source['status']})"
    return f"{head}\n\n{textwrap.indent(source['bibtex'].strip(), '  ')}"
