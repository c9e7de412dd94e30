"""Certified evidence: instances re-run in ball arithmetic, and refutations as scripts that prove themselves.

The dynamics are in `rigorous`, arithmetic in `operations`; both need python-flint only.
"""

from __future__ import annotations

import math

from theory import Claim

from ..experiment import Experiment, Run
from ..search import Found
from .agreement import float_against_balls
from .certificate import FAILS, Certificate, certify
from .instances import certify_refutation, certify_some
from .script import export_script

__all__ = [
    "Certificate",
    "certified",
    "certify",
    "certify_refutation",
    "certify_some",
    "contradicted",
    "export_script",
    "float_against_balls",
]


def certified(claim: Claim, experiment: Experiment, found: Found) -> tuple[bool, str]:
    """Whether balls prove that the part fails on the counterexample itself; and, where they prove it on an explicit
    instance of the experiment instead, a sentence that says so."""
    if experiment.enclose is None:
        return False, ""
    if certify(claim, experiment, found.instances, found.part).outcome == FAILS:
        return True, ""
    other = certify_refutation(claim, experiment, found)
    return False, other.note if other.outcome == FAILS else ""


def contradicted(claim: Claim, experiment: Experiment, found: Found, run: Run) -> bool:
    """Whether the float64 measurement of the counterexample contradicts its enclosure, at the places where it was
    measured: the engine was wrong, whatever the theorem is."""
    ratio = float_against_balls(claim, experiment, found.instances, run).get(found.part, math.nan)
    return ratio > 1
