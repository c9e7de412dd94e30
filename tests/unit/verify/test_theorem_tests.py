"""Claims as tests of a user's own suite: what passes, and what a failure says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import toys

from theory import Erratum, Severity
from verify.theorem_tests import Bench, TheoremFailure


def test_a_true_claim_passes_and_its_mutants_are_refuted() -> None:
    bench = Bench(toys.SQUARE, toys.experiment())
    bench.check()
    assert bench.mutants == ("half", "cube")
    assert all("measured" in bench.check_mutant(name) for name in bench.mutants)


def test_a_failure_tells_the_claim_the_part_both_sides_and_the_shrunk_family() -> None:
    with pytest.raises(TheoremFailure) as failure:
        Bench(toys.FALSE, toys.experiment("toy.false")).check()
    lines = str(failure.value).splitlines()
    assert lines[0] == "toy.false is violated: part square"
    words = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:] if line.strip()}
    assert "y" in words["statement"] or "y" in str(failure.value)
    assert words["family"] == "1"
    assert float(words["measured"]) > float(words["predicted"])
    assert words["budget"] == "1e-09"
    assert words["x"] == "8.0"


def test_an_error_of_the_literature_passes_when_it_is_refuted() -> None:
    erratum = Erratum(Severity.FALSE, "printed", "true", "stands", "toy.square", "read")
    Bench(replace(toys.FALSE, id="toy.printed", erratum=erratum), toys.experiment("toy.printed")).check()
    with pytest.raises(TheoremFailure, match=r"toy\.true is false as stated, but no counterexample was found on \d+"):
        Bench(replace(toys.SQUARE, id="toy.true", erratum=erratum), toys.experiment("toy.true")).check()


def test_a_mutant_that_survives_is_a_failure() -> None:
    weak = replace(
        toys.SQUARE,
        id="toy.weak",
        mutants=(replace(toys.SQUARE.mutants[0], name="weaker", relations={"square": toys.y <= 2 * toys.x**2}),),
    )
    with pytest.raises(TheoremFailure, match=r"toy.weak: mutant 'weaker' .* survived .* too weak to see it"):
        Bench(weak, toys.experiment("toy.weak")).check_mutant("weaker")


def test_inconclusive_is_no_pass() -> None:
    with pytest.raises(TheoremFailure, match=r"toy\.square is inconclusive: (\d+) of \1"):
        Bench(toys.SQUARE, toys.experiment(excess=(5.0, float("nan")))).check()
