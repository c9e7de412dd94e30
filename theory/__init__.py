"""What is claimed: theorems as sympy objects, their proofs, mutants and errata."""

from .catalogue import catalogue, get_claim, paper_keys, select
from .claim import (
    Assumption,
    Claim,
    Erratum,
    Kind,
    Mutant,
    Part,
    Quantifier,
    Quantity,
    Scale,
    Severity,
    Source,
    mutated,
)
from .errors import TheoryError
from .proof import Step, StepKind, StepStatus, algebra, by_claim, cited, fully_checked, lemma, proof_status

__all__ = [
    "Assumption",
    "Claim",
    "Erratum",
    "Kind",
    "Mutant",
    "Part",
    "Quantifier",
    "Quantity",
    "Scale",
    "Severity",
    "Source",
    "Step",
    "StepKind",
    "StepStatus",
    "TheoryError",
    "algebra",
    "by_claim",
    "catalogue",
    "cited",
    "fully_checked",
    "get_claim",
    "lemma",
    "mutated",
    "paper_keys",
    "proof_status",
    "select",
]
