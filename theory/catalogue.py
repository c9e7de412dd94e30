"""The catalogue: every claim of every paper, found by id."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from . import papers
from .claim import Claim
from .errors import TheoryError


@cache
def paper_keys() -> tuple[str, ...]:
    """The keys of the papers in the catalogue: the modules of `theory.papers`."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(papers.__path__)))


@cache
def catalogue() -> dict[str, Claim]:
    """id -> claim, in the papers' order."""
    return {claim_id: claim for key in paper_keys() for claim_id, claim in claims_of(key).items()}


@cache
def claims_of(key: str) -> dict[str, Claim]:
    """id -> claim of one paper, in the paper's order; no other paper is imported."""
    found: dict[str, Claim] = {}
    for claim in importlib.import_module(f"{papers.__name__}.{key}").CLAIMS:
        if claim.id in found:
            raise TheoryError(f"claim id {claim.id!r} is registered twice")
        if claim.paper != key:
            raise TheoryError(f"claim {claim.id!r} stands in the module of paper {key!r}")
        found[claim.id] = claim
    return found


def get_claim(claim_id: str) -> Claim:
    """The claim of that id; raises `TheoryError` with the nearest ids."""
    key = claim_id.partition(".")[0]
    if key in paper_keys() and claim_id in claims_of(key):
        return claims_of(key)[claim_id]
    raise TheoryError(f"unknown claim {claim_id!r}; {_nearest(claim_id, list(catalogue()))}")


def select(names: tuple[str, ...]) -> list[Claim]:
    """The claims of these ids and paper keys (all, if none is named), each once, in the catalogue's order."""
    claims = catalogue()
    for name in names:
        if name not in paper_keys() and name not in claims:
            raise TheoryError(f"unknown claim or paper {name!r}; {_nearest(name, [*claims, *paper_keys()])}")
    return [c for c in claims.values() if not names or c.id in names or c.paper in names]


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    near = near or difflib.get_close_matches(name.split(".")[-1], [k.split(".")[-1] for k in known], n=3)
    return f"nearest: {', '.join(near)}" if near else "`lemmaflow list` shows all"
