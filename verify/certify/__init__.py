"""Certified evidence: instances re-run in ball arithmetic, and refutations as scripts that prove themselves.

The dynamics are in `rigorous`, arithmetic in `operations`; both need python-flint only.
"""

from __future__ import annotations

from theory import Claim

from ..experiment import Experiment
from ..search import Found
from .agreement import float_against_balls
from .certificate import Certificate, certify
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


def certified(claim: Claim, experiment: Experiment, found: Found) -> bool:
    """True when balls prove that the part which a counterexample breaks is false."""
    return experiment.enclose is not None and certify_refutation(claim, experiment, found).outcome == "fails"


def contradicted(claim: Claim, experiment: Experiment, found: Found) -> bool:
    """True when balls prove that the part holds on the counterexample itself: the float64 engine was wrong."""
    return experiment.enclose is not None and certify(claim, experiment, found.instances, found.part).outcome == "holds"
