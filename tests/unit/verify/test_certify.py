"""Certificates: three-valued, never more than the balls show; scripts that prove refutations on their own."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import flint
import pytest
import sympy as sp
import torch
import toys
from flint import arb, fmpq, fmpq_mat

from theory import Claim, catalogue, get_claim, mutated
from theory.evaluate import compile as compile_expression
from verify.certify import (
    Certificate,
    certified,
    certify,
    certify_refutation,
    certify_some,
    export_script,
    float_against_balls,
    operations,
)
from verify.certify.bundle import bundle
from verify.certify.code import evaluate, lowered
from verify.certify.exact import dyadic, exact_instance
from verify.certify.instances import of_rank
from verify.certify.rigorous import rational
from verify.errors import OutputError, VerifyError
from verify.experiment import Experiment, Instances, Measured, Run, plain
from verify.papers import experiment_of
from verify.papers.min2021.families import scalar
from verify.rigour import certificates, float_agreement
from verify.search import Found

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
ERRATA: dict[str, dict[str, Any]] = {
    "tail-E1": {"t": 6.0},
    "deep-eq9": {"W_1": [[0.6]], "W_2": [[0.9, -1.0]], "Y": [[0.5, -1.0]]},
    "gd-thm31": {"W_1": [[0.7]], "W_2": [[-0.6, 0.3]], "Y": [[-0.4, 0.2]], "c_1": 0.7},
    "deep-balanced-printed": {"W_1": [[0.3], [0.4]], "W_2": [[0.5]], "Y": [[0.1], [0.2]]},
    "v2-cor6-printed": {"X": [[1.0]], "Y": [[3.0]], "U": [[-2.0, 1.0]], "V": [[-2.0, 0.2]], "r": 1},
    "deep-eq12": {"W_1": [[0.8]], "W_2": [[0.1]], "Y": [[0.1]]},
    "deep-cor2": {"W_1": [[0.5]], "W_2": [[0.5]], "W_3": [[0.5]], "Y": [[0.1]]},
}
"""Short counterexamples of the statements that are false as printed."""


def bound(name: str) -> tuple[Claim, Experiment]:
    experiment = experiment_of(f"min2021.{name}")
    assert isinstance(experiment, Experiment)
    return get_claim(experiment.claim), experiment


def tensors(instance: dict[str, Any]) -> Instances:
    return {k: v if isinstance(v, int) else torch.tensor([v], dtype=torch.float64) for k, v in instance.items()}


# ---- toys: the three values


def toy(claim: Claim, y: Any, x: float = 2.0, places: int = 1) -> Certificate:
    """The certificate of y ≤ bound(x) where y is enclosed by the given value."""
    experiment = replace(toys.experiment(claim.id), enclose=lambda i: [{**i, "y": y}] * places)
    return certify(claim, experiment, {"x": torch.tensor([x], dtype=torch.float64)})


@pytest.mark.parametrize(
    "y, outcome",
    [
        (arb(3, 0.5), "holds"),
        (fmpq(4), "holds"),
        (arb(4, 0.001), "undecided"),
        (arb(5, 0.5), "fails"),
        (fmpq(401, 100), "fails"),
        (arb.nan(), "undecided"),
    ],
)
def test_a_ball_against_a_bound(y: Any, outcome: str) -> None:
    assert toy(toys.SQUARE, y).outcome == outcome


@pytest.mark.parametrize(
    "y, note",
    [
        (arb(4, 0.001), "the balls overlap: both sides agree to within 0.001"),
        (arb.nan(), "a side has no finite enclosure"),
        (arb(0, math.inf), "a side has no finite enclosure"),
    ],
)
def test_why_nothing_is_decided(y: Any, note: str) -> None:
    assert toy(toys.SQUARE, y).note.startswith(note)


def test_outside_the_assumptions_nothing_is_shown() -> None:
    certificate = toy(toys.SQUARE, arb(100), x=0.5)
    assert certificate.outcome == "undecided"
    assert "outside the assumptions" in certificate.note


def test_outside_the_domain_of_a_quantity_nothing_is_shown() -> None:
    claim, experiment = bound("gd-thm31")
    beyond = tensors({**ERRATA["gd-thm31"], "c_1": 1.5})
    assert certify(claim, experiment, beyond).outcome == "undecided"


def test_outside_the_declared_sign_of_a_number_nothing_is_shown() -> None:
    certificate = certify(*bound("tail"), tensors({"t": -7.0}))
    assert certificate.outcome == "undecided"
    assert "outside the assumptions" in certificate.note
    assert certify(*bound("tail"), tensors({"t": 0.0})).outcome == "holds"


def test_a_part_that_says_nothing_is_silent() -> None:
    part = replace(toys.SQUARE.parts[0], when=sp.Gt(toys.x, 10))
    certificate = toy(replace(toys.SQUARE, parts=(part,)), arb(100))
    assert certificate.outcome == "undecided"
    assert certificate.parts == {"square": "silent"}


def test_one_bad_place_is_enough() -> None:
    values = iter([arb(1), arb(9), arb(1)])
    experiment = replace(toys.experiment(), enclose=lambda i: [{**i, "y": y} for y in values])
    assert certify(toys.SQUARE, experiment, {"x": torch.tensor([2.0], dtype=torch.float64)}).outcome == "fails"


def test_an_equation_is_never_shown_by_balls_only_by_rationals() -> None:
    part = replace(toys.SQUARE.parts[0], relation=sp.Eq(toys.y, toys.x**2))
    claim = replace(toys.SQUARE, parts=(part,))
    assert toy(claim, arb(4) + arb(0, 1e-30)).outcome == "undecided"
    assert toy(claim, fmpq(4)).outcome == "holds"
    assert toy(claim, fmpq(4) + fmpq(1, 10**50)).outcome == "fails"


def test_what_gives_no_enclosure_is_no_evidence() -> None:
    def broken(i: Any) -> Any:
        raise operations.Undecided("no box")

    experiment = replace(toys.experiment(), enclose=broken)
    certificate = certify(toys.SQUARE, experiment, {"x": torch.tensor([2.0], dtype=torch.float64)})
    assert (certificate.outcome, certificate.note) == ("undecided", "no box")
    with pytest.raises(VerifyError, match="no `enclose`"):
        certify(toys.SQUARE, toys.experiment(), {"x": torch.tensor([2.0], dtype=torch.float64)})


def test_a_number_is_the_decimal_that_is_printed() -> None:
    assert exact_instance({"a": [[0.1, -0.3]]})["a"] == fmpq_mat([[fmpq(1, 10), fmpq(-3, 10)]])
    assert exact_instance({"a": 0.1}, dyadic)["a"] == rational(
        "0.1000000000000000055511151231257827021181583404541015625"
    )


# ---- operations: exact where they can be, and the same numbers as the Arb backend


def test_roots_stay_exact() -> None:
    two = operations.sqrt(fmpq(2))
    assert operations.square(two) == 2
    assert operations.mul(two, operations.sqrt(fmpq(8))) == 4
    assert operations.eq(operations.div(operations.sqrt(fmpq(8)), two), fmpq(2)) is True
    assert operations.lt(two, fmpq(141422, 100000)) is True
    assert operations.lt(operations.neg(two), fmpq(0)) is True
    assert operations.kth(operations.singular_values_(fmpq_mat([[3, 4]])), 1) == 5


def test_pseudo_inverse_of_a_deficient_matrix() -> None:
    A = fmpq_mat([[1, 2, 3], [2, 4, 6]])
    P = operations.pseudo_inverse(A, 1)
    assert A * P * A == A
    assert P * A * P == P
    assert (A * P).transpose() == A * P
    assert (P * A).transpose() == P * A
    with pytest.raises(operations.Undecided, match="rank 1, not the 2"):
        operations.pseudo_inverse(A, 2)


@pytest.mark.parametrize("name", ["deep-margin", "v2-lemma8", "lemma1-det", "dLdt", "gd-drift", "v2-instant"])
def test_same_numbers_as_the_arb_backend(name: str) -> None:
    """Two implementations of the operations, one formula."""
    claim, experiment = bound(name)
    assert experiment.enclose is not None
    g = torch.Generator().manual_seed(1)
    shapes = {
        "X": (2, 2),
        "Y": (2, 1),
        "U": (2, 4),
        "V": (1, 4),
        "W_1": (2, 3),
        "W_2": (3, 2),
        "A": (2, 3),
        "B": (3, 2),
    }
    if name == "deep-margin":
        shapes["Y"] = (2, 2)
    if name == "lemma1-det":
        shapes |= {"X": (1, 2), "Y": (1, 1)}
    instance: dict[str, Any] = {
        k: torch.randn(*s, generator=g, dtype=torch.float64).mul(100).round().div(100).tolist()
        for k, s in shapes.items()
    }
    instance["r"] = shapes["X"][0]
    for values in experiment.enclose(exact_instance(instance)):
        balls = {k: v if isinstance(v, int) else operations.ball(v) for k, v in values.items()}
        for part in claim.parts:
            program = compile_expression(
                [part.relation.lhs, part.relation.rhs], definitions=claim.definitions, backend="arb"
            )
            if not set(program.inputs) <= set(values):
                continue
            ours = evaluate(lowered(claim, part, values).code, values)[0][:2]
            for a, b in zip(ours, program(balls), strict=True):
                a = operations.ball(a)
                assert a.overlaps(b)
                assert not isinstance(a, arb) or float(a.rad()) <= 1e-9 * (1 + float(abs(a).mid()))


# ---- claims


@pytest.mark.parametrize("name", ERRATA)
def test_every_erratum_fails_rigorously(name: str) -> None:
    claim, experiment = bound(name)
    certificate = certify(claim, experiment, tensors(ERRATA[name]))
    assert certificate.outcome == "fails", certificate


@pytest.mark.parametrize(
    "name, instance",
    [
        ("tail", ERRATA["tail-E1"]),
        ("deep-margin", {"W_1": [[0.6, 0.1]], "W_2": [[0.9, -1.0], [0.2, 0.3]], "Y": [[0.5, -1.0]]}),
        ("deep-margin-rate", ERRATA["deep-eq12"]),
        ("deep-balanced-rate", ERRATA["deep-cor2"]),
        ("v2-cor6", ERRATA["v2-cor6-printed"]),
    ],
)
def test_the_corrected_statement_holds_on_the_counterexample(name: str, instance: dict[str, Any]) -> None:
    claim, experiment = bound(name)
    certificate = certify(claim, experiment, tensors(instance))
    assert certificate.outcome == "holds", certificate


@pytest.mark.parametrize(
    "name, mutant, instance",
    [
        ("dLdt", "lower-4", lambda: scalar(0.5, 1.1, 1.0, 0.2)),
        ("dLdt", "sigma_r", lambda: scalar(0.5, 1.1, 1.0, 0.2)),
        ("dLdt", "one-sigma", lambda: scalar(0.5, 1.1, 1.0, 0.2)),
        ("gd-drift", "exact", lambda: scalar(1.0, 0.0, 2.0, 1.9)),
        ("gd-drift", "sign", lambda: scalar(1.0, 0.0, 2.0, 1.9)),
        ("thm1", "rate-4", lambda: scalar(1.0, 0.0, 1.0, 0.1)),
        ("thm1", "absolute", lambda: scalar(1.0, 0.0, 1.0, 0.1)),
        ("v2-rate", "double", lambda: scalar(1.0, 1.0, 1.5, 0.5)),
        ("deep-drift", "sign", lambda: tensors({"W_1": [[0.5]], "W_2": [[1.5]], "W_3": [[0.7]], "Y": [[1.0]]})),
    ],
)
def test_mutants_fail_rigorously(name: str, mutant: str, instance: Any) -> None:
    claim, experiment = bound(name)
    parts, definitions = mutated(claim, next(m for m in claim.mutants if m.name == mutant))
    setting = tuple(replace(q, definition=definitions.get(q.symbol, q.definition)) for q in claim.setting)
    wrong = replace(claim, parts=parts, setting=setting, mutants=())
    assert certify(claim, experiment, instance()).outcome == "holds"
    assert certify(wrong, experiment, instance()).outcome == "fails"


def test_a_deficient_matrix_of_decimals_is_undecided() -> None:
    claim, experiment = bound("dLdt")
    X = [[0.1, 0.3], [0.2, 0.6000000000000001]]
    instance = tensors({"X": X, "Y": [[1.0], [1.0]], "U": [[1.0], [0.5]], "V": [[0.5]], "r": 1})
    certificate = certify(claim, experiment, instance)
    assert certificate.outcome == "undecided"
    assert "rank 2, not the 1" in certificate.note


def test_a_matrix_of_lower_rank_in_decimals() -> None:
    claim, experiment = bound("dLdt")
    X = of_rank(torch.tensor([[[1.0, 0.7, -0.4], [0.3, 0.2, 0.9], [1.3, 0.9, 0.5]]], dtype=torch.float64), 2)
    instance = tensors({"Y": [[1.0], [0.5], [0.2]], "U": [[1.0], [0.5], [0.3]], "V": [[0.5]], "r": 2}) | {"X": X}
    assert exact_instance(plain(instance))["X"].rank() == 2
    assert certify(claim, experiment, instance).outcome == "holds"


def test_layers_balanced_up_to_rounding_prove_nothing() -> None:
    claim, experiment = bound("deep-balanced-printed")
    root = math.sqrt(0.5)
    instance = tensors({"W_1": [[1.0]], "W_2": [[root, root]], "Y": [[1.0, 1.0]]})
    certificate = certify(claim, experiment, instance)
    assert certificate.outcome == "undecided"
    assert "exactly balanced" in certificate.note


def test_a_counterexample_that_proves_nothing_gives_way_to_an_explicit_one() -> None:
    claim, experiment = bound("deep-balanced-printed")
    root = math.sqrt(0.5)
    found = Found("value", tensors({"W_1": [[1.0]], "W_2": [[root, root]], "Y": [[1.0, 1.0]]}), {})
    certificate = certify_refutation(claim, experiment, found)
    assert certificate.outcome == "fails"
    assert certificate.note.startswith("an explicit instance")
    assert certified(claim, experiment, found) == (False, certificate.note)


@pytest.mark.parametrize("name", ["dLdt", "v2-lemma8", "gd-rate", "thm1", "deep-rate", "oracles"])
def test_drawn_instances_of_true_claims_never_fail(name: str) -> None:
    outcomes = [c.outcome for c in certify_some(*bound(name), 4, 11)]
    assert "fails" not in outcomes
    assert "holds" in outcomes


# ---- float64 against balls


@pytest.mark.parametrize("name", ["dLdt", "gd-drift", "gd-rate", "thm1", "deep-rate", "tail"])
def test_float64_agrees_with_the_balls(name: str) -> None:
    claim, experiment = bound(name)
    instance = {
        "deep-rate": tensors({"W_1": [[0.9]], "W_2": [[0.4]], "Y": [[1.0]]}),
        "tail": tensors({"t": 2.5}),
    }.get(name, scalar(0.7, 1.1, 1.3, 0.3, 0.6 if name == "gd-rate" else None))
    ratios = [r for r in float_against_balls(claim, experiment, instance).values() if not math.isnan(r)]
    assert ratios
    assert max(ratios) < 1


def test_an_engine_that_is_wrong_is_seen() -> None:
    claim, experiment = bound("dLdt")

    def wrong(instances: Instances, run: Run) -> Measured:
        measured = experiment.measure(instances, run)
        return replace(measured, values={**measured.values, "speed": measured.values["speed"] * (1 + 1e-9)})

    ratios = float_against_balls(claim, replace(experiment, measure=wrong), scalar(0.7, 1.1, 1.3, 0.3))
    assert ratios["norms"] > 1


def along(times: list[float]) -> Experiment:
    """y = 10⁹·t at the given times, measured and enclosed."""

    def measure(instances: Instances, run: Run) -> Measured:
        t = torch.tensor([times], dtype=torch.float64)
        budget = {"square": torch.full_like(t, toys.BUDGET)}
        return Measured({"x": instances["x"][:, None], "y": 1e9 * t, "t": t}, budget, axis="t")

    enclosed = replace(
        toys.experiment(), enclose=lambda i: [{"x": i["x"], "t": t, "y": 10**9 * t} for t in list(i["t"])]
    )
    return replace(enclosed, measure=measure)


def test_times_of_any_size_are_told_apart() -> None:
    ratios = float_against_balls(toys.SQUARE, along([0.0, 1e-9, 2e-9]), toys.realise(3, 1))
    assert ratios["square"] < 1


@pytest.mark.parametrize("excess", [math.nan, math.inf, -math.inf])
def test_what_float64_cannot_tell_is_not_compared(excess: float) -> None:
    enclosed = toys.experiment(excess=(excess, 0.0))
    experiment = replace(enclosed, enclose=lambda i: [{"x": i["x"], "y": i["x"] * i["x"]}])
    assert math.isnan(float_against_balls(toys.SQUARE, experiment, toys.realise(3, 1))["square"])
    assert float_agreement(toys.SQUARE, experiment, 2, 0, Run()) == {"compared": 0, "disagreed": 0, "worst": None}


def test_an_instance_that_cannot_be_measured_or_enclosed_is_not_compared() -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("no such instance")

    experiment = replace(toys.experiment(), measure=broken, enclose=broken)
    assert float_agreement(toys.SQUARE, experiment, 2, 0, Run())["compared"] == 0
    shown = certificates(toys.SQUARE, experiment, 2, 0)
    assert shown == {"holds": 0, "fails": 0, "undecided": 0, "sentence": "nothing could be enclosed: no such instance"}


# ---- scripts


def bare(folder: Path) -> dict[str, str]:
    """An environment in which python-flint is the only package: a folder of links to it, no site-packages."""
    only = folder / "only-flint"
    only.mkdir()
    site = Path(flint.__file__).parent.parent
    for name in ("flint", "python_flint.libs"):
        if (site / name).exists():
            (only / name).symlink_to(site / name)
    return {"PYTHONPATH": str(only), "PATH": os.environ["PATH"]}


def run_bare(script: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """The script, run by an interpreter without site-packages; fails if it loads another package of this project."""
    check = (
        "import runpy, sys\n"
        f"try: runpy.run_path({str(script)!r}, run_name='__main__')\n"
        "finally:\n"
        "    found = {'torch', 'sympy', 'numpy', 'theory', 'numerics', 'verify'} & set(sys.modules)\n"
        "    assert not found, found\n"
    )
    words = [sys.executable, "-S", "-s", "-B", "-c", check]
    return subprocess.run(words, env=bare(folder), capture_output=True, text=True, timeout=120, cwd=folder)


@pytest.mark.parametrize("name", ERRATA)
def test_a_script_proves_the_refutation_with_python_flint_alone(name: str, tmp_path: Path) -> None:
    claim = get_claim(f"min2021.{name}")
    path = tmp_path / "proof.py"
    stored = {"claim": claim.id, "part": claim.parts[0].name, "instance": ERRATA[name]}
    export_script(stored, path)
    ran = run_bare(path, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "VIOLATED (rigorously)" in ran.stdout
    assert claim.title in ran.stdout


def test_a_script_of_what_is_true_says_so(tmp_path: Path) -> None:
    path = tmp_path / "proof.py"
    export_script({"claim": "min2021.tail-E1", "part": "tail", "instance": {"t": 6.0}}, path)
    path.write_text(path.read_text().replace('rational("6.0")', 'rational("1.0")'))
    ran = run_bare(path, tmp_path)
    assert ran.returncode == 1
    assert "not decided" in ran.stdout


def test_an_instance_that_proves_nothing_is_replaced_by_an_explicit_one(tmp_path: Path) -> None:
    root = math.sqrt(0.5)
    instance = {"W_1": [[1.0]], "W_2": [[root, root]], "Y": [[1.0, 1.0]]}
    refuted = export_script(
        {"claim": "min2021.deep-balanced-printed", "part": "value", "instance": instance}, tmp_path / "proof.py"
    )
    assert refuted.note.startswith("an explicit instance")
    assert refuted.instance["W_1"] == [[0.3], [0.4]]


@pytest.mark.parametrize(
    "claim, part, instance, message",
    [
        ("min2021.tail", "tail", {"t": 1.0}, "balls do not refute it"),
        ("min2021.tail", "tail", {"t": -7.0}, "outside the assumptions"),
        ("min2021.tail-E1", "tail", {}, "has no array 't'"),
        ("min2021.lemma1", "level", {}, "nothing encloses"),
        ("min2021.conserved", "imbalance", {}, "nothing encloses"),
    ],
)
def test_what_cannot_be_exported(claim: str, part: str, instance: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match=message):
        export_script({"claim": claim, "part": part, "instance": instance}, tmp_path / "proof.py")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    stored = {"claim": "min2021.tail-E1", "part": "tail", "instance": {"t": 6.0}}
    for path in (tmp_path / "no" / "proof.py", tmp_path):
        with pytest.raises(OutputError, match="cannot write"):
            export_script(stored, path)
    assert list(tmp_path.iterdir()) == []


def test_a_script_cannot_hold_other_packages() -> None:
    with pytest.raises(VerifyError, match="a standalone script cannot hold it"):
        bundle([(certify.__module__, "certify")])


def test_enclosures_need_python_flint_only() -> None:
    """Every enclosure of the catalogue can be bundled."""
    for claim_id in catalogue():
        experiment = experiment_of(claim_id)
        enclose = experiment.enclose if isinstance(experiment, Experiment) else None
        if enclose is not None:
            assert f"def {enclose.__name__}(" in bundle([(enclose.__module__, enclose.__name__)])[1]
