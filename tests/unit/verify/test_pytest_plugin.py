"""`pytest --theorems`, run as a user runs it: in a process of its own, without other plugins but hypothesis'."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from verify.pytest_plugin import _benches

ROOT = Path(__file__).resolve().parents[3]


def run_pytest(*words: str, folder: Path) -> tuple[int, str]:
    """The exit code and output of pytest in a folder outside the repository."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_ADDOPTS", None)
    plugins = ("-p", "_hypothesis_pytestplugin", "-p", "verify.pytest_plugin")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    return tmp_path


def test_claims_errors_and_mutants_are_items(project: Path) -> None:
    names = ("--theorems", "min2021.tail,min2021.tail-E1", "--theorems", "min2021.gd-thm31")
    code, out = run_pytest(*names, "-v", folder=project)
    assert code == 0, out
    items = re.findall(r"^theorems::(.*?) PASSED", out, re.MULTILINE)
    tail = ["min2021.tail", "min2021.tail[mutant printed]", "min2021.tail-E1[printed]"]
    assert items == [*tail, "min2021.gd-thm31[printed]"]
    assert "test_own" not in out
    assert "theorems: min2021.tail,min2021.tail-E1, min2021.gd-thm31; profile quick" in out


def test_mutants_are_items_and_can_be_chosen(project: Path) -> None:
    code, out = run_pytest(
        "--theorems", "min2021.deep-derivative", "-v", "-k", "two-terms", "--hypothesis-seed", "5", folder=project
    )
    assert code == 0, out
    assert "theorems::min2021.deep-derivative[mutant two-terms] PASSED" in out
    assert "1 passed, 1 deselected" in out


def test_with_paths_the_claims_are_added(project: Path) -> None:
    code, out = run_pytest("--theorems=min2021.tail", "test_own.py", "-q", folder=project)
    assert code == 0 and "3 passed" in out, out


def test_in_the_options_of_a_project_the_claims_are_added(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\naddopts = --theorems=min2021.tail\n")
    code, out = run_pytest("-q", "--collect-only", folder=project)
    assert code == 0 and {"test_own.py::test_own", "theorems::min2021.tail"} <= set(out.splitlines()), out


def test_a_wrong_name_is_one_line(project: Path) -> None:
    code, out = run_pytest("--theorems", "min2021.tail-E2", folder=project)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --theorems: unknown claim or paper 'min2021.tail-E2'; nearest: min2021.tail-E1" in out
    assert "Traceback" not in out


def test_a_wrong_profile_is_one_line() -> None:
    config = types.SimpleNamespace(getoption=lambda name, default=None: "huge" if "profile" in name else default)
    with pytest.raises(pytest.UsageError, match="unknown profile 'huge'; choose one of quick, standard, deep"):
        _benches(["min2021.tail"], config)  # type: ignore[arg-type]


def test_without_the_option_nothing_happens_and_nothing_is_imported(project: Path) -> None:
    text = "import sys\ndef test_own(): assert not {'torch', 'sympy'} & set(sys.modules)\n"
    (project / "test_own.py").write_text(text)
    code, out = run_pytest("-q", folder=project)
    assert code == 0 and "1 passed" in out, out


def test_a_failure_is_told_without_a_traceback_and_remembered(project: Path) -> None:
    (project / "conftest.py").write_text(BROKEN)
    code, out = run_pytest("--theorems", "min2021.tail", folder=project)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "min2021.tail is violated: part tail" in out
    for word in ("statement", "measured", "predicted", "budget", "family"):
        assert f"  {word} " in out
    assert "  family     0.0" in out, "hypothesis shrinks to the smallest"
    assert "Traceback" not in out and "search.py" not in out
    assert any((project / ".hypothesis" / "examples").iterdir()), "hypothesis keeps the counterexample"


BROKEN = """
import dataclasses, torch
import verify.papers as papers
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

# Without a profile of its own, hypothesis keeps no database where it sees a CI service.
settings.register_profile("remembering", database=DirectoryBasedExampleDatabase(".hypothesis/examples"))
settings.load_profile("remembering")

right = papers.experiments()

def wrong(claim_id):
    e = right[claim_id]
    def measure(instances, run):
        m = e.measure(instances, run)
        return dataclasses.replace(m, values={**m.values, "P_tail": 100 * m.values["P_tail"] + 100})
    return dataclasses.replace(e, measure=measure, witnesses=())

papers.experiment_of = wrong
"""
