"""`lemmaflow doctor`: the table, the exit codes, JSON. The comparisons themselves: tests/unit/verify/test_doctor.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from verify import doctor
from verify.doctor.check import Compared, Comparison, Untested


def _untested(_: Any) -> Compared:
    raise Untested("not tested: no CUDA device")


def _interrupted(_: Any) -> Compared:
    raise KeyboardInterrupt


GOOD = Comparison("good pair", "one · other", lambda _: Compared(torch.tensor([0.25, 0.5])))
BAD = Comparison("bad pair", "one · other", lambda _: Compared(torch.tensor([0.5, 3.0])))
ABSENT = Comparison("absent pair", "CPU · CUDA", _untested)
STOPPED = Comparison("stopped", "", _interrupted)


@pytest.fixture
def comparisons(monkeypatch: pytest.MonkeyPatch):
    def install(*chosen: Comparison) -> None:
        examine = doctor.examine
        monkeypatch.setattr(doctor, "examine", lambda bench: examine(bench, chosen))

    return install


def test_agreement(command, comparisons):
    comparisons(GOOD, ABSENT)
    ran = command("doctor")
    assert ran.code == 0 and ran.err == ""
    assert "python-flint" in ran.out and "rounding to nearest" in ran.out and "z3-solver" in ran.out
    assert "1 of 2 comparisons agree." in ran.out
    assert "absent pair: not tested: no CUDA device" in ran.out
    assert "NOT TESTED: absent pair." in ran.out and "UNSOUND" not in ran.out


def test_disagreement(command, comparisons):
    comparisons(GOOD, BAD)
    ran = command("doctor")
    assert ran.code == 1
    assert "UNSOUND: bad pair. The engines of this machine contradict each other" in ran.out
    assert "believe none of its figures" in ran.out


def test_json(command, comparisons):
    comparisons(GOOD, BAD, ABSENT)
    ran = command("doctor", "--json")
    found = json.loads(ran.out)
    assert ran.code == 1 and found["sound"] is False
    assert [check["passed"] for check in found["checks"]] == [True, False, None]
    assert [check["worst"] for check in found["checks"]] == [0.5, 3.0, None]
    assert found["environment"]["versions"]["torch"] == torch.__version__
    assert found["environment"]["floating point"]["TensorFloat-32"] == "off"


def test_wrong_usage(fails):
    assert "--device" in fails("doctor", "--device", "tpu")
    assert "unrecognized arguments" in fails("doctor", "patient")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device: its absence cannot be tested")
def test_cuda_that_is_not_there(fails):
    assert "no CUDA device" in fails("doctor", "--device", "cuda")


def test_interrupted(command, comparisons):
    comparisons(GOOD, STOPPED)
    ran = command("doctor")
    assert ran.code == 130 and ran.err == "lemmaflow: interrupted\n"


def test_a_spoilt_machine_is_found_out(command, monkeypatch):
    """The command, its real comparisons and a LAPACK that is off by a millionth."""
    sound = torch.linalg.eigvalsh
    monkeypatch.setattr(torch.linalg, "eigvalsh", lambda A: sound(A) * (1 + 1e-6))
    cheap = tuple(c for c in doctor.COMPARISONS if c.name in ("matrix products", "eigenvalues"))
    examine = doctor.examine
    monkeypatch.setattr(doctor, "examine", lambda bench: examine(bench, cheap))
    ran = command("doctor", "--json")
    assert ran.code == 1
    assert {c["name"]: c["passed"] for c in json.loads(ran.out)["checks"]} == {
        "matrix products": True,
        "eigenvalues": False,
    }
