"""`lemmaflow list`: the catalogue."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from rich.table import Table

from theory.claim import Claim
from theory.errors import TheoryError
from theory.proof import Step, StepKind

from .outcome import OK
from .output import console, print_json


def run(arguments: argparse.Namespace) -> int:
    claims = _claims(arguments.paper)
    if arguments.json:
        print_json([_row(claim) for claim in claims])
        return OK
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("id", "kind", "title", "proof"):
        table.add_column(name, no_wrap=name == "id")
    for claim in claims:
        row = _row(claim)
        table.add_row(row["id"], _kind(claim), row["title"], row["proof"], style="yellow" if claim.printed else None)
    console().print(table)
    errata = sum(claim.printed for claim in claims)
    console().print(f"\n{len(claims)} claims, {errata} of them errata (false as stated, expected to be refuted)")
    return OK


def _claims(paper: str | None) -> list[Claim]:
    from theory.catalogue import catalogue, paper_keys

    if paper is not None and paper not in paper_keys():
        raise TheoryError(f"unknown paper {paper!r}; the catalogue has {', '.join(paper_keys())}")
    return [claim for claim in catalogue().values() if paper in (None, claim.paper)]


def _kind(claim: Claim) -> str:
    return f"erratum: {claim.kind.value}" if claim.printed else claim.kind.value


def _row(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "kind": claim.kind.value,
        "title": claim.title,
        "printed": claim.printed,
        "expected": claim.expected,
        "proof": proof_summary(claim.proof),
    }


def proof_summary(steps: tuple[Step, ...]) -> str:
    """How the steps are justified, without carrying them out: "2 algebra, 1 lemma"."""
    short = {
        StepKind.ALGEBRA: "algebra",
        StepKind.SMT: "z3",
        StepKind.BALLS: "balls",
        StepKind.LEMMA: "lemma",
        StepKind.CLAIM: "claim",
        StepKind.CITED: "cited",
    }
    counts = Counter(short[step.kind] for step in steps)
    return ", ".join(f"{n} {kind}" for kind, n in counts.items()) or "none"
