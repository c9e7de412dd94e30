"""Steps of proofs: what each kind decides, what it refuses, and what a proof rests on."""

import sys

import pytest
import sympy as sp

from theory import Implication, Inequality, TheoryError, catalogue, trust_base
from theory.proof import (
    PROVEN,
    StepKind,
    StepStatus,
    algebra,
    by_claim,
    cited,
    enclosed,
    fully_checked,
    lemma,
    polynomial,
    proof_status,
)

x, y = sp.symbols("x y", real=True)
CLAIMS = list(catalogue().values())


def square():
    return [((x + 1) ** 2, x**2 + 2 * x + 1)]


def mean():
    return [Implication(2 * x * y <= x**2 + y**2)]


def exponential():
    return [Inequality(1 + x <= sp.exp(x), x, sp.Interval(0, 1))]


PROVED = (algebra("square", square), polynomial("mean", mean), enclosed("exponential", exponential))
NOT_PROVED = (lemma("Weyl", "eigenvalues move little"), by_claim("demo.rate", "at every time"), cited("elsewhere"))


def test_each_procedure_has_its_status():
    assert [s.check() for s in PROVED] == [StepStatus.CHECKED, StepStatus.DECIDED, StepStatus.ENCLOSED]
    assert [s.check() for s in NOT_PROVED] == [StepStatus.NAMED, StepStatus.REFERRED, StepStatus.QUOTED]


def test_fully_checked_needs_every_step():
    assert fully_checked(PROVED)
    assert not fully_checked(())
    assert not any(fully_checked((*PROVED, step)) for step in NOT_PROVED)


def wrong_steps():
    return (
        algebra("wrong square", lambda: [(x, x), ((x + 1) ** 2, x**2 + 1)]),
        polynomial("wrong mean", lambda: [Implication(x**2 + y**2 < 2 * x * y)]),
        enclosed("wrong exponential", lambda: [Inequality(1 + 2 * x <= sp.exp(x), x, sp.Interval(0, 1))]),
    )


@pytest.mark.parametrize("step", wrong_steps(), ids=lambda s: s.text)
def test_false_steps_fail_and_say_where(step):
    found = step.find()
    assert found.status is StepStatus.FAILED and found.detail
    assert not fully_checked((step,))


def test_the_second_statement_of_a_step_counts():
    step = polynomial("two", lambda: [*mean(), Implication(x > 0)])
    assert step.check() is StepStatus.FAILED
    assert algebra("two", lambda: [(x, x), (x, y)]).find().detail == "the two sides of equation 2 differ"


def test_without_z3_a_polynomial_step_is_not_proven(monkeypatch):
    monkeypatch.setitem(sys.modules, "z3", None)
    step = polynomial("mean without z3", mean)
    assert step.find() == (StepStatus.UNDECIDED, "z3 is not installed: pip install 'lemmaflow[proof]'")
    assert proof_status((step,)) == {"not proven": 1}
    assert not fully_checked((step,))


def test_a_step_is_carried_out_once():
    calls = []

    def counted():
        calls.append(1)
        return square()

    step = algebra("counted", counted)
    assert proof_status((step,)) == proof_status((step,)) and fully_checked((step,))
    assert len(calls) == 1


def test_a_step_that_states_nothing_is_an_error():
    with pytest.raises(TheoryError, match="'empty': its statements are empty"):
        polynomial("empty", lambda: []).check()


A, B = sp.symbols("A B", commutative=False)


def test_words_under_a_trace_rotate_and_powers_count():
    assert algebra("turned", lambda: [(A**2 * B, A * B * A)], under_trace=True).check() is StepStatus.CHECKED
    assert algebra("shorter", lambda: [(A**2 * B, A * B)], under_trace=True).check() is StepStatus.FAILED


@pytest.mark.parametrize("factor", [A**-1, A**-2, A ** sp.Rational(1, 2), A ** sp.Symbol("n"), (A + B) ** -1])
def test_what_is_no_word_under_a_trace_is_refused(factor):
    with pytest.raises(TheoryError, match="under a trace: words are of symbols"):
        algebra("not a word", lambda: [(factor * B, B)], under_trace=True).check()


def test_trust_base():
    at_size = algebra("trace", square, size="2 × 2")
    steps = (*PROVED, *NOT_PROVED, NOT_PROVED[0], at_size, *wrong_steps())
    assert trust_base(steps) == {
        "algebra": 1,
        "smt": 1,
        "balls": 1,
        "lemmas": ["Weyl"],
        "claims": ["demo.rate"],
        "cited": ["elsewhere", "trace (2 × 2 only)"],
        "failed": 3,
        "undecided": 0,
    }


@pytest.mark.parametrize("claim", CLAIMS, ids=[c.id for c in CLAIMS])
def test_no_step_of_the_catalogue_failed_or_stayed_open(claim):
    computed = [s for s in claim.proof if s.kind in (StepKind.ALGEBRA, StepKind.SMT, StepKind.BALLS)]
    assert all(step.check() in {*PROVEN, StepStatus.CHECKED_AT_SIZE} for step in computed)


def test_what_the_catalogue_proves_completely():
    complete = {c.id for c in CLAIMS if fully_checked(c.proof)}
    of_min = {f"min2021.{n}" for n in ("tail", "deep-conserved", "deep-drift", "deep-derivative")}
    assert complete == {*of_min, "nakkiran2019.bounded-difference"}


SMT = [(s, i) for c in CLAIMS for s in dict.fromkeys(c.proof) if s.kind is StepKind.SMT for i in s.statements()]


def test_the_polynomial_steps_of_the_catalogue_could_fail():
    """Each statement fails as soon as all its hypotheses are dropped, or has none to drop."""
    from theory.decide import Outcome, decide_implication

    bare = [decide_implication(Implication(i.conclusion)) for _, i in SMT if i.hypotheses]
    assert len(bare) > 20
    assert {d.outcome for d in bare} == {Outcome.FAILS}
