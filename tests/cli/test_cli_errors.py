"""Every wrong use gives one clear line and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("demo_catalogue")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["bogus"], "invalid choice: 'bogus'"),
        (["list", "nobody"], "unknown paper 'nobody'; the catalogue has demo"),
        (["show"], "required: id"),
        (["show", "demo.rat"], "nearest: demo.rate"),
        (["eval", "demo.rat"], "nearest: demo.rate"),
        (["verify", "demo.rat"], "nearest: demo.rate"),
        (["verify", "--profile", "huge"], "invalid choice: 'huge'"),
        (["verify", "--seed", "-1"], "-1 is out of range"),
        (["verify", "--seed", "x"], "'x' is no integer"),
        (["verify", "--jobs", "0"], "0 is out of range"),
        (["verify", "--target", "y"], "give --data FILE too"),
        (["verify", "--dato", "f"], "unrecognized arguments: --dato"),
        (["eval", "demo.rate", "h=-3"], "h=-3: expected a positive number (width)"),
        (["eval", "demo.rate", "h=0"], "h=0: expected a positive number (width)"),
        (["eval", "demo.rate", "h=5/2"], "h=5/2: expected an integer (width)"),
        (["eval", "demo.rate", "t=-1"], "t=-1: expected a non-negative number (time)"),
        (["eval", "demo.parts", "p=2"], "p=2 is outside its domain"),
        (["eval", "demo.rate", "H=1"], "no quantity 'H'"),
        (["eval", "demo.rate", "t"], "'t' is not of the form name=value"),
        (["eval", "demo.rate", "t=1", "t=2"], "t is given twice"),
        (["eval", "demo.rate", "t="], "is no number"),
        (["eval", "demo.rate", "t=__import__('os')"], "has no meaning here"),
        (["eval", "demo.rate", "t=1/0"], "undefined"),
        (["eval", "demo.rate", "X=3"], "expected a matrix"),
        (["eval", "demo.rate", "t=[[1]]"], "expected one number"),
        (["eval", "demo.rate", "X=[[1,2],[2,4]]", "r=2"], "contradicts X, whose rank is 1"),
        (["eval", "demo.rate", "X=[[1,2]]", "Y=[1,2]"], "Y is 2×1, against n = 1"),
        (["eval", "demo.rate", "X=[[0,0]]"], "rank 0"),
        (["eval", "demo.rate", "--part", "other"], "no part 'other'; its parts are rate"),
        (["eval", "demo.rate", "t=1", "--solve-for", "t"], "t has a value already"),
        (["eval", "demo.rate", "--solve-for", "X"], "only numbers can be solved for"),
        (["eval", "demo.rate", "--solve-for", "k"], "k does not occur"),
        (["eval", "demo.rate", "--solve-for", "tt"], "no quantity 'tt'"),
        (["eval", "demo.rate", "--data", "diabetis"], "did you mean 'diabetes'?"),
        (["report", "nowhere"], "no report at nowhere"),
        (["report", "nowhere", "--format", "pdf"], "invalid choice: 'pdf'"),
    ],
)
def test_wrong_use(fails, words, expected):
    assert expected in fails(*words)


def test_data_errors_reach_the_user(fails, tmp_path):
    np.savez(tmp_path / "d.npz", X=np.ones((3, 2)), Y=np.ones(4))
    for words in (["eval", "demo.rate"], ["verify", "demo"]):
        assert "X has 3 rows and Y has 4" in fails(*words, "--data", tmp_path / "d.npz")


def test_cuda_without_cuda(fails, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "no CUDA device" in fails("verify", "--device", "cuda")
    assert "no CUDA device" in fails("replay", "demo.slip", "--device", "cuda")


def test_unwritable_out_is_found_before_any_work(fails, tmp_path, campaign):
    requests = campaign({"claims": []})
    (tmp_path / "file").write_text("")
    assert "is a file" in fails("verify", "--out", tmp_path / "file")
    assert "cannot be written to" in fails("verify", "--out", "/proc/nowhere")
    assert "cannot be written to" in fails("verify", "--out", tmp_path / "file" / "below")
    assert requests == []


def test_report_of_something_else(fails, tmp_path):
    from verify.report import schema

    (tmp_path / "report.json").write_text("{")
    assert "not JSON" in fails("report", tmp_path)
    (tmp_path / "report.json").write_text("[]")
    assert "schema version None" in fails("report", tmp_path)
    (tmp_path / "report.json").write_text('{"schema_version": "1.0"}')
    assert "schema version '1.0'" in fails("report", tmp_path)
    version = schema()["properties"]["schema_version"]["const"]
    (tmp_path / "report.json").write_text(json.dumps({"schema_version": version}))
    assert "no valid report" in fails("report", tmp_path)


def test_full_disk_is_one_line(fails, monkeypatch, campaign, tmp_path):
    import demo

    from verify import report

    def full(*_):
        raise OSError(28, "No space left on device")

    campaign(demo.report())
    monkeypatch.setattr(report.os, "replace", full)
    assert "No space left on device" in fails("verify", "--out", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bug_shows_no_traceback(command, monkeypatch):
    monkeypatch.setattr("verify.cli.parser.build", lambda: 1 / 0)
    ran = command("list")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert ran.err.startswith("lemmaflow: internal error, please report it: ZeroDivisionError")


def test_ctrl_c_is_130(command, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("verify.cli.parser.build", interrupt)
    ran = command("list")
    assert (ran.code, ran.err) == (130, "lemmaflow: interrupted\n")


@pytest.mark.parametrize("words", [["show", "min2021.thm"], ["verify", "--profile", "x"]])
def test_as_a_process(words):
    ran = subprocess.run([sys.executable, "-m", "verify", *words], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1 and "Traceback" not in ran.stderr
