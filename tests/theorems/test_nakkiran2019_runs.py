"""The protocol of nakkiran2019: data, training, checkpoints, what is measured, and what a user brings."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jsonschema import validate

from numerics import inference
from numerics.information import count_table
from verify import data, report
from verify.campaign import Request, run_campaign
from verify.errors import DataError, UsageError
from verify.experiment import CPU, Run
from verify.labels import predictions_of
from verify.papers.nakkiran2019 import effects, phases, problems, runs
from verify.papers.nakkiran2019.effects import Needs
from verify.pictures import figures_of_data

SHORT = runs.Setup(problems.mixture(200, 300), runs.COORDINATES, 0.1, 300, (0.2, 200))
EXPLAINED = {"explained": Needs.CROSSING}


@cache
def short() -> runs.Trained:
    return runs.trained(SHORT, 3, 0, CPU)


def counts(p: runs.Labels) -> torch.Tensor:
    return count_table(p.y[:, None], p.f, p.y[:, None], 2)


# ---- data
def test_training_and_test_samples_of_a_run_of_digits_are_different_ones() -> None:
    p = problems.large(2, torch.Generator().manual_seed(0))
    assert p.X.shape == (2, 897, 64) and p.X_test.shape == (2, 900, 64)
    assert p.X.min() >= 0 and p.X.max() == 1 and 0.45 < p.y.double().mean() < 0.55
    X, _ = problems._digits()
    for b in range(2):
        together = torch.cat((p.X[b], p.X_test[b]))
        assert torch.equal(together.sum(0), X.sum(0)) and len(together) == len(X)
    assert not torch.equal(p.X[0], p.X[1])


def test_the_mixture_has_one_linear_coordinate_and_a_pair() -> None:
    p = problems.mixture(20_000, 10, 0.1)(1, torch.Generator().manual_seed(0))
    sign = 2 * p.y[0].double() - 1
    linear = (p.X[0].double() * sign[:, None]).mean(0)
    assert abs(linear[0] - 0.8) < 0.03 and (linear[1:].abs() < 0.05).all()  # 0.8 = 1 − 2 · 10 %
    assert abs((p.X[0, :, 1] * p.X[0, :, 2] * sign).mean() - 0.8) < 0.03


# ---- training
def test_a_run_does_not_depend_on_the_others_of_its_batch_but_for_its_draws() -> None:
    again = runs.trained(SHORT, 3, 0, torch.device("cpu"))
    assert torch.equal(again.tested, short().tested)
    assert short().tested.dtype == torch.uint8
    assert short().tested.shape == (3, len(short().steps), 300)
    assert short().steps[0] == 0 and short().steps[-1] == 300 and (short().steps.diff() > 0).all()
    assert (short().train_error[:, -1] < short().train_error[:, 0]).all()


def test_an_epoch_shows_no_sample_twice() -> None:
    order = runs.orders(100, 7, torch.Generator().manual_seed(0))
    assert order.shape == (7, 32)
    assert all(len(order[k : k + 3].unique()) == 96 for k in (0, 3))


# ---- what is measured
def test_shuffling_keeps_what_the_network_knows_of_the_label() -> None:
    p = runs.held_out(short())
    q = runs.shuffled(p, torch.Generator().manual_seed(1))
    assert torch.equal(counts(p), counts(q)) and not torch.equal(p.f, q.f)
    apart = effects.measured(q, EXPLAINED, seed=0).values
    together = effects.measured(p, EXPLAINED, seed=0).values
    assert ((apart["R_2"] - apart["null_2"]).abs() < 0.25).all()
    assert ((together["R_2"] - together["null_2"]).abs() > 0.25).any()


def test_on_the_training_set_everything_is_forced_once_it_is_memorised() -> None:
    p = runs.on_training_set(short())
    m = effects.measured(p, {"retained": Needs.MEMORY}, seed=0)
    done = m.judged["retained"][:, 0]
    assert done.any() and torch.equal(done, p.train_error[:, -1] == 0)
    assert torch.allclose(m.values["R_2"][done], torch.ones(1, dtype=torch.float64))
    assert torch.allclose(m.values["forced_2"][done], torch.ones(1, dtype=torch.float64))


def test_a_constant_in_place_of_the_linear_classifier_explains_nothing() -> None:
    m = effects.measured(runs.held_out(short()), EXPLAINED, seed=0, explain=effects.explained_by_constant)
    counted = m.judged["explained"]  # elsewhere I(F;Y) may be as small as the rounding of mu
    assert counted.any() and m.values["R_1"][counted].abs().max() < 1e-12
    assert m.values["R_2"].abs().max() < 1e-12
    assert (m.values["I_L"] > 0.1).all()


def test_T0_comes_before_the_crossing_and_not_too_early() -> None:
    path = effects.path_of(runs.held_out(short()))
    for b, k in enumerate(path.early.tolist()):
        F, L = path.shares.F[b], path.shares.G[b, 0]
        assert k < 0 or (F[: k + 1].max() <= L and F[k + 1] > L and F[k] >= L / 4)
    known = path.shares.F.amax(1) > path.shares.G[:, 0]
    assert (known | (path.early < 0)).all()


def test_bootstrap_samples_lie_around_the_estimate() -> None:
    m = effects.measured(runs.held_out(short()), EXPLAINED, seed=0)
    for name in ("R_2", "I_F", "I_L"):
        drawn, value = m.resampled[name], m.values[name]
        assert drawn.shape == (3, effects.RESAMPLES)
        assert ((drawn.mean(1, keepdim=True) - value).abs() < 3 * drawn.std(1, keepdim=True)).all()


def test_chunks_of_bootstrap_samples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    p = runs.held_out(short())
    whole = effects.measured(p, EXPLAINED, seed=5)
    monkeypatch.setattr(effects, "CHUNK", 700 * 3 * 2**3)  # 700, 700 and 600 resamples of three runs
    parts = effects.measured(p, EXPLAINED, seed=5)
    assert all(torch.equal(parts.resampled[k].nan_to_num(), v.nan_to_num()) for k, v in whole.resampled.items())
    assert all(torch.equal(parts.values[k].nan_to_num(), v.nan_to_num()) for k, v in whole.values.items())


def test_no_more_is_drawn_at_once_than_a_chunk_or_one_resample(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, most = np.random.default_rng(0), []
    y, g = rng.integers(0, 100, (2, 4000))
    f = np.stack([y, g])
    monkeypatch.setattr(effects, "RESAMPLES", 3)

    def spied(c: torch.Tensor, *given: Any) -> torch.Tensor:
        drawn = inference.resampled(c, *given)
        most.append(drawn.numel())
        return drawn

    monkeypatch.setattr(effects, "resampled", spied)
    m = effects.measured(runs.brought(predictions_of("mine", {"y": y, "f": f, "g": g}), CPU), EXPLAINED, seed=0)
    assert m.resampled["R_2"].shape == (1, 3) and max(most) <= 3 * 4000  # of a million cells at most 4000 are occupied


def test_a_run_of_too_few_samples_for_its_classes_does_not_count() -> None:
    """Where the bias of the estimate is large, a bootstrap interval around it decides nothing."""
    needs = {"explained": Needs.CROSSING, "retained": Needs.MEMORY}

    def counted(N: int) -> dict[str, bool]:
        rng = np.random.default_rng(0)
        y, other, late = rng.integers(0, 6, (3, N))
        g = np.where(rng.random(N) < 0.5, y, other)
        f = np.stack([np.where(rng.random(N) < 0.8, g, late), np.where(rng.random(N) < 0.9, y, late)])
        mine = predictions_of("mine", {"y": y, "f": f, "g": g})
        seen = effects.measured(runs.brought(mine, CPU), needs, seed=0)
        return {part: bool(mask) for part, mask in seen.judged.items()}

    assert counted(100) == {"explained": False, "retained": False}
    assert counted(200_000) == {"explained": True, "retained": True}


# ---- what a user brings
def labels(N: int = 400, T: int = 6) -> dict[str, Any]:
    """F_t learns what G knows first, then more: predictions without a network."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, N)
    wrong = {t: rng.random(N) for t in ("f", "g")}
    g = np.where(wrong["g"] < 0.3, rng.integers(0, 3, N), y)
    rates = np.linspace(0.9, 0.05, T)
    f = np.stack([np.where(wrong["f"] < r, rng.integers(0, 3, N), g if r > 0.3 else y) for r in rates])
    return {"y": y, "f": f, "g": g, "steps": 10 ** np.arange(T)}


def saved(folder: Path, **arrays: Any) -> Path:
    path = folder / "mine.npz"
    np.savez(path, **{k: v for k, v in {**labels(), **arrays}.items() if v is not None})
    return path


def test_predictions_are_read_and_recoded(tmp_path: Path) -> None:
    found = data.load(saved(tmp_path, y=labels()["y"] * 10 - 5, f=labels()["f"] * 10 - 5, g=labels()["g"] * 10 - 5))
    assert isinstance(found, data.Predictions) and found.classes == 3
    assert (found.y == labels()["y"]).all() and (found.f == labels()["f"]).all()
    assert found.digest() != data.load(saved(tmp_path, steps=None)).digest()
    bools = {k: labels()[k] > 0 for k in "yfg"}
    few = data.load(saved(tmp_path, **bools))
    assert isinstance(few, data.Predictions) and few.classes == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"g": None}, "no array 'g'; found f, steps, y"),
        ({"g": np.zeros(7, int)}, "g has 7 samples and y has 400"),
        ({"f": np.zeros((6, 3), int)}, "f has 3 samples and y has 400"),
        ({"f": np.zeros(400, int)}, "f has shape (400,); expected (steps, samples)"),
        ({"y": np.full(400, np.nan)}, "y has type float64 and 400 entries that are nan"),
        ({"f": np.full((6, 400), 0.5)}, "f has type float64; expected integer labels, not scores"),
        ({"y": np.zeros(400, int)}, "y has the one class 0"),
        ({"g": np.ones(400, int)}, "g has the one class 1"),
        ({"steps": np.zeros(6)}, "steps must be finite, not negative and increasing"),
        ({"steps": np.arange(4)}, "steps has shape (4,) and f has 6 rows"),
        ({"y": np.zeros(0, int)}, "y is empty"),
        ({"y": np.array(["a"] * 400)}, "expected real numbers"),
        ({"y": np.arange(400), "f": np.tile(np.arange(400), (6, 1))}, "400 classes at 6 checkpoints are too many"),
        ({"g": np.arange(400).astype(np.uint64) + 2**63}, "g has the label 9223372036854776207; expected labels below"),
        ({"f": np.zeros((1, 400), int)}, "f has 1 checkpoint"),
    ],
)
def test_predictions_that_cannot_be_judged_are_told_in_a_line(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as error:
        data.load(saved(tmp_path, **wrong))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_predictions_are_no_regression_problem(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a regression problem"):
        data.load_problem(saved(tmp_path))


def test_a_campaign_on_a_users_run_judges_what_speaks_of_it(tmp_path: Path) -> None:
    mine = data.load(saved(tmp_path, **labels(4000)))
    result = run_campaign(Request(("nakkiran2019",), "standard", 0, "cpu", 1, tmp_path / "out", mine))
    assert [c["id"].split(".")[1] for c in result["claims"]] == ["phase1", "phase2", "unforced", "growth"]
    tests = {(c["id"], t["name"]): t for c in result["claims"] for t in c["statistics"]}
    assert len(tests) == result["error_level"]["tests"] == 6
    assert all(t["n"] == 1 and t["level"] == pytest.approx(0.025) for t in tests.values())
    assert tests["nakkiran2019.growth", "mine.npz: growth"]["test"].endswith("supported")
    assert result["data"]["accuracy"]["f"] > 0.9 and len(result["figures"]) == 1
    validate(json.loads(report.render_json(result)), report.schema())
    with pytest.raises(UsageError, match="phase1: not about a regression problem"):
        diabetes = data.load("diabetes")
        run_campaign(Request(("nakkiran2019.phase1",), "quick", 0, "cpu", 1, tmp_path / "out", diabetes))
    with pytest.raises(UsageError, match="control: not about predictions of two classifiers"):
        run_campaign(Request(("nakkiran2019.control",), "quick", 0, "cpu", 1, tmp_path / "out", mine))


def test_a_users_run_is_measured_and_drawn(tmp_path: Path) -> None:
    mine = data.load(saved(tmp_path, **labels(4000)))
    assert isinstance(mine, data.Predictions)
    for sampling in (phases.phase_1, phases.phase_2, phases.unforced, phases.growth):
        assert sampling.on_data is not None
        m = sampling.on_data(mine)(sampling.designs[0], 1, torch.Generator().manual_seed(0), Run())
        assert all(v.shape == (1, 1) for v in m.values.values()) and all(j.all() for j in m.judged.values())
    assert phases.memorised.on_data is None and phases.control.on_data is None
    (figure,) = figures_of_data({"nakkiran2019"}, mine)
    (panel,) = figure["panels"]
    curves = {s["label"]: s for s in panel["series"] if s["mark"] == "line"}
    exact = effects.path_of(runs.brought(mine, CPU))
    assert np.allclose(curves["μ(F_t;L)"]["y"], exact.shares.mu[0], atol=1e-5)
    assert curves["I(F_t;Y)"]["x"] == [float(s) for s in mine.steps]
    assert np.allclose(curves["I(L;Y)"]["y"], float(exact.shares.G[0, 0]), atol=1e-5)
