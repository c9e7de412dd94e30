"""Verdicts: what the evidence carries, and no more."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """A verdict with the sentence that users read."""

    PROVED = ("proved", "Every proof step was decided by machine: shape-free exact algebra, z3, or ball arithmetic.")
    CERTIFIED = ("certified", "Ball arithmetic encloses both sides of the counterexample.")
    CERTIFIED_ELSEWHERE = ("certified", "Ball arithmetic refutes it on another instance: {note}.")
    HOLDS_RIGOROUSLY = ("certified", "Ball arithmetic encloses both sides on {count} instances: it holds {sentence}.")
    SUPPORTED = (
        "supported",
        "No violation beyond the error budget on {run} instances. {drawn} of them are draws of the generators; were "
        "these independent, the probability of a violation would be below {limit:.2g} at {confidence:.0%} confidence.",
    )
    STOOD = ("supported", "No violation beyond the error budget on {run} instances, none of them drawn at random.")
    COVERED = (
        "supported",
        "{violations} of {run} draws exceeded the bound; of {tests} tests {below} show that it is exceeded less often "
        "than it allows, and none rejects it.",
    )
    FITTED = ("supported", "{tests} tests on {run} fresh draws passed, each at the level {level:.2g}.")
    FOUND = (
        "supported",
        "Runs: {run}. Of {tests} effects, each has its {confidence:.0%} interval on the claimed side.",
    )
    REFUTED = (
        "refuted",
        "A counterexample outside the error budget, confirmed by {how}: part {part}, measured {measured:.6g}, "
        "predicted {predicted:.6g}, budget {budget:.2g}.",
    )
    REFUTED_RIGOROUSLY = ("refuted", "Ball arithmetic shows that it fails on {count} drawn instances: {sentence}.")
    REJECTED = ("refuted", "A test at the fixed level {level:.2g} rejects it: {name}, p = {p:.2g}.")
    INCONCLUSIVE = ("inconclusive", "{count} of {run} instances could not be judged: {remedy}")
    OPEN = ("inconclusive", "Of {tests} effects {count} neither supported nor refuted: {names}.")
    FAILED = ("inconclusive", "A part of the work could not be done: {error}")
    VACUOUS = ("vacuous", "Part {part} said nothing on any instance: its condition was never met.")
    TRIVIAL = ("vacuous", "Part {part} beat the trivial bound {trivial} on none of {run} instances.")
    UNSOUND = (
        "unsound",
        "Two engines contradict each other on {count} of {compared} instances, {worst}: the numbers cannot be "
        "believed, and nothing is said about the theorem.",
    )

    def as_dict(self, **values: object) -> dict[str, str]:
        """Name and completed sentence, as they stand in the report."""
        name, sentence = self.value
        return {"name": name, "sentence": sentence.format(**values)}


def as_expected(printed: bool, names: set[str], mutants_left: int) -> bool:
    """Whether the verdicts are those that the catalogue expects.

    printed  refuted  mutants left  ->  expected
    yes      yes      any               yes
    yes      no       any               no
    no       yes      any               no
    no       no       some              no
    no       no       none              yes, if supported or proved and nothing is inconclusive or vacuous

    Nothing is as expected where two engines contradict each other.
    """
    if "unsound" in names:
        return False
    if printed:
        return "refuted" in names
    return (
        not mutants_left
        and not names & {"refuted", "inconclusive", "vacuous"}
        and bool(names & {"supported", "proved"})
    )


def unexpected(printed: bool, names: set[str], mutants_left: int) -> bool:
    """Whether something contradicts the catalogue, or the checker itself (exit code 1); inconclusive does not."""
    if "unsound" in names:
        return True
    if printed:
        return not names & {"refuted", "inconclusive"}
    return "refuted" in names or mutants_left > 0
