"""Counterexamples: few digits, a file that can be replayed, clear words for what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from theory import get_claim
from verify.counterexample import load, replay, save, shorten
from verify.errors import VerifyError
from verify.experiment import Experiment, Run
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
    ],
)
def test_other_files_are_no_counterexamples(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(VerifyError, match="is no counterexample file"):
        load(path)
