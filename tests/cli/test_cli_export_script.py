"""`lemmaflow replay --export-script`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STORED = {
    "format": "lemmaflow-counterexample-1",
    "claim": "min2021.tail-E1",
    "part": "tail",
    "instance": {"t": 6.0},
}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "found.json"
    path.write_text(json.dumps(STORED))
    return path


def test_the_script_proves_the_violation(command: Callable[..., Any], stored: Path, tmp_path: Path) -> None:
    script = tmp_path / "proof.py"
    ran = command("replay", stored, "--export-script", script)
    assert ran.code == 0
    assert f"proved in ball arithmetic by {script}" in ran.out
    proof = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert proof.returncode == 0
    assert "measured [1.24419211485436e-15" in proof.stdout
    assert "VIOLATED (rigorously)" in proof.stdout


def test_json_names_the_script(command: Callable[..., Any], stored: Path, tmp_path: Path) -> None:
    ran = command("replay", stored, "--export-script", tmp_path / "proof.py", "--json")
    assert json.loads(ran.out)["script"] == str(tmp_path / "proof.py")


def test_where_nothing_can_be_written(fails: Callable[..., str], stored: Path, tmp_path: Path) -> None:
    assert "cannot write" in fails("replay", stored, "--export-script", tmp_path / "no" / "proof.py")


def test_a_file_that_is_not_there(fails: Callable[..., str], tmp_path: Path) -> None:
    assert "cannot read" in fails("replay", tmp_path / "no.json", "--export-script", tmp_path / "proof.py")
    assert list(tmp_path.iterdir()) == []


def test_a_counterexample_that_balls_do_not_refute(fails: Callable[..., str], stored: Path, tmp_path: Path) -> None:
    stored.write_text(json.dumps(STORED | {"claim": "min2021.tail"}))
    assert "balls do not refute it" in fails("replay", stored, "--export-script", tmp_path / "proof.py")
    assert not (tmp_path / "proof.py").exists()


@pytest.mark.parametrize("value", ["NaN", "1e400", "[]", "[-1.5]", "-7.0", "[[1.0], [2.0, 3.0]]"])
@pytest.mark.parametrize("claim", ["min2021.tail", "min2021.tail-E1"])
def test_impossible_values(fails: Callable[..., str], stored: Path, tmp_path: Path, claim: str, value: str) -> None:
    stored.write_text(json.dumps(STORED | {"claim": claim, "instance": {"t": "?"}}).replace('"?"', value))
    for options in ((), ("--export-script", tmp_path / "proof.py")):
        assert "in the counterexample" in fails("replay", stored, *options)
    assert not (tmp_path / "proof.py").exists()
