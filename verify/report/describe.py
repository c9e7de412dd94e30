"""What a report tells about a claim beside its results: statement, assumptions, source, erratum."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory import render
from theory.claim import Claim, Part


def describe(claim: Claim) -> dict[str, Any]:
    """The part of `report.json` that comes from the claim alone; `show --json` prints it too."""
    parts = [_part(claim, part) for part in claim.parts]
    return {
        "statement": {
            "unicode": "\n".join(part["unicode"] for part in parts),
            "latex": " \\\\ ".join(part["latex"] for part in parts),
            "parts": parts,
        },
        "source": {
            "paper": claim.source.paper,
            "where": claim.source.where,
            "status": claim.source.status,
            "bibtex": claim.source.bibtex,
        },
        "assumptions": [assumption.text for assumption in claim.assumptions],
        "erratum": _erratum(claim),
    }


def _part(claim: Claim, part: Part) -> dict[str, str]:
    return {
        "name": part.name,
        "unicode": render.pretty(part.relation, claim.names("unicode")),
        "latex": render.latex(part.relation, claim.names("latex")),
        "quantifier": part.quantifier.value,
        "condition": "" if part.when == sp.true else render.pretty(part.when, claim.names("unicode")),
        "note": part.note,
    }


def _erratum(claim: Claim) -> dict[str, str] | None:
    erratum = claim.erratum
    if erratum is None:
        return None
    fields = ("printed", "true", "stands", "corrected", "reading")
    return {"severity": erratum.severity.value, **{name: getattr(erratum, name) for name in fields}}


def shape_text(shape: tuple[Any, ...]) -> str:
    """`(n, D)` -> "n×D"; a scalar has no shape."""
    return "×".join(str(size) for size in shape)
