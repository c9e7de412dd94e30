"""What each command prints and writes."""

from __future__ import annotations

import json
import sys
import types
from xml.etree import ElementTree as ET

import demo
import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("demo_catalogue")


def test_alone_it_explains_itself(command):
    ran = command()
    assert ran.code == 0
    for name in ("list", "show", "eval", "verify", "replay", "report", "doctor"):
        assert f"lemmaflow {name}" in ran.out


def test_version_and_help(command):
    assert command("--version").out.startswith("lemmaflow ")
    assert "--profile" in command("verify", "--help").out


def test_list(command):
    out = command("list", "demo").out
    assert "demo.rate" in out and "1 algebra, 1 lemma" in out and "erratum: trajectory bound" in out
    rows = json.loads(command("list", "--json").out)
    assert [row["id"] for row in rows] == list(demo.CATALOGUE)


def test_show(command):
    out = command("show", "demo.slip").out
    assert "Erratum (slip)" in out and "What it leaves standing: Everything else." in out
    assert "@misc{nobody2020," in out
    about = json.loads(command("show", "demo.rate", "--json").out)
    assert about["proof"]["steps"][0]["status"] == "checked by exact algebra"
    assert about["statement"]["parts"][0]["quantifier"] == "for all t ≥ 0 along the trajectory"
    assert r"\ell(t)" in command("show", "demo.rate", "--latex").out


def evaluate(command, *words):
    return json.loads(command("eval", *words, "--json").out)


def test_eval_at_numbers(command):
    answer = evaluate(command, "demo.rate", "rate=2", "start=3", "t=1/2")
    assert answer["value"] == pytest.approx(3 * np.exp(-1), rel=1e-15)
    assert answer["quantities"] == {"t": 0.5, "rate": 2, "start": 3}
    assert answer["expression"] == r"3 \cdot e^{-1}" or "e^{-1}" in answer["expression"]


def test_eval_leaves_unset_symbols(command):
    answer = evaluate(command, "demo.rate", "rate=2")
    assert answer["value"] is None
    assert answer["parts"][0]["symbolic"] == ["start", "t"]
    assert "ℓ(0)" in answer["formula"]


def test_eval_from_data(command, tmp_path):
    np.savez(tmp_path / "d.npz", X=np.diag([3.0, 2.0]), Y=np.ones(2))
    answer = evaluate(command, "demo.rate", "--data", tmp_path / "d.npz", "start=1", "t=1")
    assert answer["quantities"]["r"] == 2
    assert answer["quantities"]["rate"] == pytest.approx(8)
    assert answer["value"] == pytest.approx(np.exp(-8))
    assert answer["remarks"] == ["the data have no U: quantities that need it stay symbolic"]


def test_eval_exact_matrices(command):
    answer = evaluate(command, "demo.rate", "X=[[3,0],[0,1/2]]", "start=1", "t=1")
    assert answer["quantities"]["rate"] == pytest.approx(0.5)


def test_eval_balls_enclose(command):
    answer = evaluate(command, "demo.rate", "X=[[3,0],[0,1/3]]", "start=1", "t=0.1", "--balls")
    exact = np.exp(-2 / 90)
    assert answer["enclosure"]["low"] <= exact <= answer["enclosure"]["high"]
    assert answer["enclosure"]["high"] - answer["enclosure"]["low"] < 1e-12


def test_eval_solves(command):
    answer = evaluate(command, "demo.rate", "--solve-for", "t", "rate=2", "start=1", "loss=1/100")
    assert [s["value"] for s in answer["solutions"]] == [pytest.approx(np.log(10))]
    symbolic = evaluate(command, "demo.rate", "--solve-for", "t")
    assert [s["formula"] for s in symbolic["solutions"]] == ["log(ℓ(0)/ℓ(t))/ρ"]
    assert command("eval", "demo.rate", "--solve-for", "t", "rate=1").out.count("t = ") == 1


def test_eval_says_where_a_claim_is_silent(command):
    assert "promises nothing" in command("eval", "demo.rate", "k=1/2").out
    answer = evaluate(command, "demo.parts", "h=1", "n=2", "k=1", "p=1/2")
    assert [part["applies"] for part in answer["parts"]] == [True, False]
    assert answer["part"] == "first" and answer["value"] == pytest.approx(2 + np.sqrt(2))


def test_eval_reads_decimals_exactly(command):
    answer = evaluate(command, "demo.parts", "k=0.1", "p=0.3", "--part", "first")
    assert answer["formula"].startswith("1/3")


@pytest.mark.parametrize("code", [0, 1, 3])
def test_verify(command, campaign, tmp_path, code):
    requests = campaign(demo.report(exit_code=code))
    ran = command("verify", "demo", "--out", tmp_path / "o", "--seed", 5, "--jobs", 2, "--profile", "deep")
    assert ran.code == code and ran.err == ""
    assert ran.out.rstrip().endswith(f"Report: {tmp_path / 'o' / 'report.html'}")
    assert "198/200" in ran.out and "1 erratum refuted as stated" in ran.out
    assert (requests[0].claims, requests[0].seed, requests[0].profile) == (("demo",), 5, "deep")
    assert {f.name for f in (tmp_path / "o").iterdir()} == {"report.json", "report.html"}


def test_verify_names_on_both_sides_of_options(command, campaign, tmp_path):
    requests = campaign(demo.report())
    command("verify", "demo.rate", "--out", tmp_path, "demo.slip")
    assert requests[0].claims == ("demo.rate", "demo.slip")


def test_verify_json_and_data(command, campaign, tmp_path):
    requests = campaign(demo.report(data=demo.DATA))
    ran = command("verify", "--out", tmp_path, "--json", "--data", "diabetes")
    assert json.loads(ran.out) == json.loads((tmp_path / "report.json").read_text())
    assert requests[0].data.X.shape == (442, 10)


def test_interrupted_keeps_what_was_finished(command, campaign, tmp_path):
    finished = demo.report(demo.result(demo.BOUND), interrupted=True, exit_code=130)
    campaign(finished)
    ran = command("verify", "--out", tmp_path)
    assert ran.code == 130
    assert "Interrupted" in ran.out and (tmp_path / "report.html").exists()


def test_report_formats(command, campaign, tmp_path):
    campaign(demo.report())
    command("verify", "--out", tmp_path)
    assert command("report", tmp_path).out.startswith("<!DOCTYPE html>")
    assert json.loads(command("report", tmp_path, "--format", "json").out)["schema_version"] == "1.2"
    assert command("report", tmp_path, "--format", "md").out.startswith("# lemmaflow report")
    assert command("report", tmp_path, "--format", "junit", "-o", tmp_path / "j.xml").out == ""
    assert ET.parse(tmp_path / "j.xml").getroot().tag == "testsuites"


@pytest.mark.parametrize(("violates", "code"), [(True, 0), (False, 1)])
def test_replay(command, monkeypatch, violates, code):
    found = demo.result(demo.SLIP)["counterexample"]
    answer = {"claim": "demo.slip", "violates": violates, **found}
    module = types.ModuleType("verify.counterexample")
    module.__dict__["replay"] = lambda target, device: answer
    monkeypatch.setitem(sys.modules, "verify.counterexample", module)
    ran = command("replay", "demo.slip")
    assert ran.code == code
    assert "measured" in ran.out and "0.3678794412" in ran.out
    assert json.loads(command("replay", "demo.slip", "--json").out)["violates"] is violates
