"""What every registered claim owes: an experiment, altered settings for its mutants, names, a true statement beside
each error. The numbers of claims are stated here and nowhere else."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator

import pytest
from sympy.core.alphabets import greeks

from theory import Claim, Quantifier, StepKind, StepStatus, catalogue, get_claim, mutated, paper_keys
from theory.render import pretty
from verify.experiment import Experiment, Sampling
from verify.papers import experiment_of, experiments

COUNTS = {"min2021": 38, "nakkiran2019": 35, "zhou2021": 39}
"""paper -> claims, errors of the literature included. A new claim changes this number on purpose."""

CLAIMS = list(catalogue().values())
every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=[c.id for c in CLAIMS])


def test_nothing_is_unregistered() -> None:
    assert Counter(c.paper for c in CLAIMS) == COUNTS
    assert set(paper_keys()) == set(COUNTS)


def test_every_claim_object_of_a_paper_is_in_its_list() -> None:
    missing = {c.id for key in paper_keys() for c in _claims_in(key)} - set(catalogue())
    assert not missing, "written, but not in CLAIMS"


def _claims_in(key: str) -> Iterator[Claim]:
    package = importlib.import_module(f"theory.papers.{key}")
    modules = [package, *(v for v in vars(package).values() if type(v) is type(importlib))]
    for module in modules:
        yield from (v for v in vars(module).values() if isinstance(v, Claim))


def test_experiments_and_claims_correspond() -> None:
    assert set(experiments()) == set(catalogue())


@every_claim
def test_the_experiment_fits_the_kind_of_statement(claim: Claim) -> None:
    statistical = {Quantifier.PROBABILITY, Quantifier.LAW, Quantifier.ASYMPTOTIC, Quantifier.RUNS}
    quantifiers = {p.quantifier for p in claim.parts}
    assert isinstance(experiment_of(claim.id), Sampling) == bool(quantifiers & statistical)
    assert quantifiers <= statistical or not quantifiers & statistical


@every_claim
def test_every_altered_setting_exists(claim: Claim) -> None:
    dropped = set() if claim.printed else {a.dropped for a in claim.assumptions if a.dropped}
    named = {m.setting for m in claim.mutants if m.setting} | dropped
    assert named == set(experiment_of(claim.id).settings)


@every_claim
def test_the_picture_is_of_a_part(claim: Claim) -> None:
    experiment = experiment_of(claim.id)
    if isinstance(experiment, Experiment) and experiment.picture:
        claim.part(experiment.picture)


@every_claim
def test_a_claim_has_power_or_is_an_error(claim: Claim) -> None:
    assert claim.mutants or claim.printed
    names = [m.name for m in claim.mutants]
    assert len(set(names)) == len(names)
    assert all(m.setting or mutated(claim, m)[0] for m in claim.mutants)


@every_claim
def test_every_part_can_be_written(claim: Claim) -> None:
    names = claim.names("unicode")
    assert len({p.name for p in claim.parts}) == len(claim.parts)
    assert all(pretty(p.relation, names).strip() for p in claim.parts)


@every_claim
def test_symbols_have_a_display_name_or_a_short_one(claim: Claim) -> None:
    long = [
        q.name for q in claim.quantities if len(q.name) > 3 and q.name not in greeks and not (q.latex and q.unicode)
    ]
    assert not long, "give them latex= and unicode="
    assert all(q.meaning for q in claim.quantities)


ERRATA = [c for c in CLAIMS if c.printed]


@pytest.mark.parametrize("claim", ERRATA, ids=[c.id for c in ERRATA])
def test_an_error_names_what_is_true_and_what_stands(claim: Claim) -> None:
    erratum = claim.erratum
    assert erratum is not None
    corrected = catalogue()[erratum.corrected]
    assert not corrected.printed
    assert erratum.printed and erratum.true and erratum.stands and erratum.reading


@every_claim
def test_proof_steps_hold(claim: Claim) -> None:
    assert all(step.check() is not StepStatus.FAILED for step in claim.proof)


@every_claim
def test_claims_that_a_proof_uses_stand_in_the_catalogue(claim: Claim) -> None:
    used = [step.lemma for step in claim.proof if step.kind is StepKind.CLAIM]
    assert all(not get_claim(used_id).printed for used_id in used) and claim.id not in used
