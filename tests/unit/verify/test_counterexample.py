"""Counterexamples: few digits, a file that can be replayed, clear words for what is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from theory import get_claim
from verify.counterexample import load, replay, save, shorten
from verify.errors import VerifyError
from verify.experiment import Experiment, Instances, Measured, Run
from verify.papers import experiment_of
from verify.search import Found, Search, Violation

ERROR = "min2021.tail-E1"


def found_in(claim_id: str, t: float) -> tuple[Experiment, Found]:
    experiment = experiment_of(claim_id)
    assert isinstance(experiment, Experiment)
    search = Search(get_claim(claim_id), experiment, Run())
    with pytest.raises(Violation):
        search.examine(experiment.realise(t, 1), "drawn")
    assert search.tally.found is not None
    return experiment, search.tally.found


def test_digits_are_dropped_while_the_claim_stays_violated() -> None:
    experiment, found = found_in(ERROR, 6.7777)
    short = shorten(get_claim(ERROR), experiment, found, torch.device("cpu"))
    assert short.instances["t"].tolist() == [7.0]
    experiment, found = found_in(ERROR, 5.76)
    short = shorten(get_claim(ERROR), experiment, found, torch.device("cpu"))
    assert short.instances["t"].tolist() == [6.0]


def test_a_stored_counterexample_replays(tmp_path: Path) -> None:
    _, found = found_in(ERROR, 6.0)
    path = save(get_claim(ERROR), found, tmp_path / "counterexamples")
    assert [p.name for p in path.parent.iterdir()] == [f"{ERROR}.json"]
    stored = load(path)
    assert stored["claim"] == ERROR and stored["instances"]["t"].tolist() == [6.0]
    again = replay(str(path))
    assert again["violates"] is True
    assert again["measured"] == pytest.approx(1.244e-15, rel=1e-3)
    assert again["predicted"] == pytest.approx(4.64e-16, rel=1e-2)


def test_an_error_of_the_literature_is_replayed_by_its_name() -> None:
    assert replay(ERROR)["violates"] is True


@pytest.mark.parametrize(
    "target, message",
    [
        ("min2021.tail", "no counterexample found"),
        ("min2021.thm2-law", "no single instance to replay"),
        ("missing.json", "cannot read 'missing.json'"),
    ],
)
def test_what_cannot_be_replayed(target: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VerifyError, match=message):
        replay(target)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({"format": "another"}),
        json.dumps({"format": "lemmaflow-counterexample-1", "instance": {"x": "text"}}),
        json.dumps({"format": "lemmaflow-counterexample-1", "claim": ERROR, "part": "tail", "instance": [6.0]}),
        json.dumps({"format": "lemmaflow-counterexample-1", "claim": [ERROR], "part": "tail", "instance": {}}),
    ],
)
def test_other_files_are_no_counterexamples(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(VerifyError, match="is no counterexample file"):
        load(path)


PAIR = {"X": [[1.0]], "Y": [[3.0]], "U": [[-2.0, 1.0]], "V": [[-2.0, 0.2]], "r": 1}


def stored(folder: Path, claim: str, part: str, instance: str) -> str:
    path = folder / "file.json"
    head = json.dumps({"format": "lemmaflow-counterexample-1", "claim": claim, "part": part})
    path.write_text(f'{head[:-1]}, "instance": {instance}}}')
    return str(path)


@pytest.mark.parametrize(
    "value, message",
    [
        ("NaN", "t in the counterexample holds NaN: give finite"),
        ("Infinity", "t in the counterexample holds Infinity: give finite"),
        ("1e400", "t in the counterexample holds Infinity: give finite"),
        ("1" + "0" * 400, "t in the counterexample holds 1000.*…: give finite"),
        ("true", "t in the counterexample holds true: give finite"),
        ('"6"', 't in the counterexample holds "6": give finite'),
        ("null", "t in the counterexample holds null: give finite"),
        ("[]", r"t = \[\] in the counterexample: give"),
        ("[-1.5]", r"t = \[-1.5\] in the counterexample is a list of numbers: give a number"),
        ("-7.0", "t = -7.0 in the counterexample is outside the domain of min2021.tail, which assumes t >= 0"),
    ],
)
def test_impossible_values_are_refused(value: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match=message):
        replay(stored(tmp_path, "min2021.tail", "tail", f'{{"t": {value}}}'))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"V": [[1.0]]}, "V is 1 × 1 in the counterexample, so that h = 1, but U has h = 2"),
        ({"V": [1.0, 2.0]}, "V = .* is a list of numbers: give a matrix"),
        ({"V": 1.0}, "V = 1.0 in the counterexample is a number: give a matrix"),
        ({"V": [[1.0, 2.0], [3.0]]}, "V = .* give a matrix as a list of rows, of one length"),
        ({"V": [[1.0, 2.0], 3.0]}, "V = .* give a matrix as a list of rows, of one length"),
        ({"V": [[]]}, "V = .* of one length and not empty"),
        ({"V": [[[1.0, 2.0]]]}, "V = .* give a matrix"),
        ({"V": [[1.0, float("nan")]]}, "V in the counterexample holds NaN"),
        ({"r": 1.5}, "r = 1.5 in the counterexample: give a whole number"),
        ({"r": [1]}, r"r = \[1\] in the counterexample: give a whole number"),
        ({"r": -1}, "r = -1 in the counterexample is outside the domain .* r > 0"),
    ],
)
def test_impossible_matrices_are_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match=message):
        replay(stored(tmp_path, "min2021.v2-cor6-printed", "rate", json.dumps(PAIR | change)))


def test_a_number_outside_the_domain_of_a_quantity_is_refused(tmp_path: Path) -> None:
    instance = {"W_1": [[0.7]], "W_2": [[-0.6, 0.3]], "Y": [[-0.4, 0.2]], "c_1": 1.5}
    claim = get_claim("min2021.gd-thm31")
    with pytest.raises(VerifyError, match=r"c_1 = 1\.5 in the counterexample is outside the domain"):
        replay(stored(tmp_path, claim.id, claim.parts[0].name, json.dumps(instance)))
    instance["c_1"] = 0.7
    assert replay(stored(tmp_path, claim.id, claim.parts[0].name, json.dumps(instance)))["violates"] is True


@pytest.mark.parametrize(
    "claim, instance",
    [
        ("v2-cor6-printed", PAIR | {"r": 5}),
        ("deep-drift", {"W_1": [[0.5]], "W_2": [[1.5]], "W_3": [[0.7]], "W_4": [[0.7], [0.7]], "Y": [[1.0]]}),
    ],
)
def test_what_cannot_be_measured_is_refused(claim: str, instance: dict[str, object], tmp_path: Path) -> None:
    part = get_claim(f"min2021.{claim}").parts[0].name
    with pytest.raises(VerifyError, match="cannot be measured on the counterexample"):
        replay(stored(tmp_path, f"min2021.{claim}", part, json.dumps(instance)))


def test_what_float64_cannot_judge_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = experiment_of(ERROR)
    assert isinstance(sound, Experiment)

    def silent(instances: Instances, run: Run) -> Measured:
        return replace(sound.measure(instances, run), ok=torch.tensor([False]))

    monkeypatch.setattr("verify.papers.experiment_of", lambda _: replace(sound, measure=silent))
    with pytest.raises(VerifyError, match="float64 cannot judge the counterexample"):
        replay(stored(tmp_path, ERROR, "tail", '{"t": 6.0}'))


def test_whole_numbers_may_stand_for_real_ones(tmp_path: Path) -> None:
    assert replay(stored(tmp_path, ERROR, "tail", '{"t": 6}'))["instance"] == {"t": 6.0}
