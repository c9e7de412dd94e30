"""The pictures of nakkiran2019 show what their captions say."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from numerics.classifiers import draw_mlp
from verify.experiment import Run
from verify.papers.nakkiran2019 import PICTURES, disc, hierarchy, runs
from verify.papers.nakkiran2019.pictures import SHOWN
from verify.pictures import figures_of
from verify.profiles import get_profile


@cache
def figures() -> list[dict[str, Any]]:
    return figures_of("nakkiran2019", 0, get_profile("quick"), Run())


def curve(
    name: str, label: str, mark: str = "line", role: str | None = None, figure: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    (panel,) = [p for p in figures()[figure]["panels"] if p["title"] == name]
    of_kind = [s for s in panel["series"] if s["label"] == label and s["mark"] == mark]
    (series,) = [s for s in of_kind if role in (None, s["role"])]
    return np.array(series["x"]), np.array(series["y"])


def test_there_is_a_panel_for_every_setup() -> None:
    assert len(figures()) == len(PICTURES) == 4
    assert [p["title"] for p in figures()[0]["panels"]] == list(SHOWN)
    assert all(p["xscale"] == "log" for p in figures()[0]["panels"])


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_explained_and_the_rest_add_up_and_lie_in_their_bands(name: str) -> None:
    F, mu, rest = (curve(name, label)[1] for label in ("I(F_t;Y)", "μ(F_t;L)", "I(F_t;Y|L)"))
    np.testing.assert_allclose(F, mu + rest, atol=2e-5)
    for label in ("I(F_t;Y)", "μ(F_t;L)", "I(F_t;Y|L)"):
        steps, mean = curve(name, label)
        ring, edge = curve(name, label, "band")
        assert (ring == np.concatenate((steps, steps[::-1]))).all()
        low, high = edge[: len(steps)], edge[len(steps) :][::-1]
        assert (low - 1e-5 <= mean).all() and (mean <= high + 1e-5).all()


def test_first_what_is_known_is_explained_then_it_grows_and_what_is_explained_stays() -> None:
    for name in ("digits, MLP", "mixture, MLP"):
        known = curve(name, "I(L;Y)")[1][0]
        knows, mu = (curve(name, label)[1] for label in ("I(F_t;Y)", "μ(F_t;L)"))
        early = (knows < known) & (knows > known / 4)
        assert early.any() and (mu[early] > 0.8 * knows[early]).all()
        assert knows[-1] > known + 0.1 and abs(mu[-1] - known) < 0.03


def test_with_noise_part_of_what_was_known_is_lost() -> None:
    known = curve("noisy mixture, MLP", "I(L;Y)")[1][0]
    mu = curve("noisy mixture, MLP", "μ(F_t;L)")[1]
    assert mu.max() > mu[-1] + 0.01 and mu[-1] < 0.9 * known


def test_every_run_has_its_interval_around_it() -> None:
    for panel in figures()[1]["panels"]:
        rule = [s for s in panel["series"] if s["role"] == "reference"]
        assert rule[0]["x"] == [0.8, 0.8]
        marks = {m: [s for s in panel["series"] if s["mark"] == m] for m in ("dots", "rings")}
        bars = [s for s in panel["series"] if s["mark"] == "line" and s["role"] == "measured"]
        assert sum(len(s["x"]) for s in marks["dots"]) >= 20
        for dots, line in zip(marks["dots"], bars, strict=True):
            low, high = line["x"][0::3], line["x"][1::3]
            assert all(a <= x <= b for a, x, b in zip(low, dots["x"], high, strict=True))


# ---- the chain
@pytest.mark.parametrize("name", hierarchy.SHOWN)
def test_the_chain_begins_with_the_linear_classifier_and_no_curve_is_above_its_level(name: str) -> None:
    knows = curve(name, "I(F_t;Y)", figure=2)[1]
    assert (knows == curve(name, "I(F_t;Y)")[1]).all()
    assert (curve(name, hierarchy.LABELS[0], role="measured", figure=2)[1] == curve(name, "μ(F_t;L)")[1]).all()
    for label in hierarchy.LABELS:
        mu = curve(name, label, role="measured", figure=2)[1]
        level = curve(name, label, role="reference", figure=2)[1]
        assert (mu <= level[0] + 1e-5).all() and (mu <= knows + 1e-5).all()


@pytest.mark.parametrize("name", hierarchy.SHOWN)
def test_the_widest_perceptron_explains_more_than_the_linear_classifier(name: str) -> None:
    linear, widest = (curve(name, hierarchy.LABELS[k], role="measured", figure=2)[1][-1] for k in (0, -1))
    assert widest > linear + 0.05


def test_units_without_connections_stay_without() -> None:
    g = torch.Generator().manual_seed(0)
    X, y = torch.randn(2, 96, 5, generator=g), torch.randint(0, 2, (2, 96), generator=g)
    narrow, order = draw_mlp((5, 3, 1), 2, g), runs.orders(96, 50, g)
    alone, among = (runs.trained_linear(X, y, w, order, 0.3) for w in (narrow, hierarchy.with_idle_units(narrow, 8)))
    assert not among["W1"][..., 3:].any() and not among["b1"][:, 3:].any() and not among["W2"][:, 3:].any()
    kept = {"W1": among["W1"][..., :3], "b1": among["b1"][:, :3], "W2": among["W2"][:, :3], "b2": among["b2"]}
    for n, v in alone.items():
        torch.testing.assert_close(v, kept[n], rtol=1e-4, atol=1e-5)
        assert not torch.equal(v, narrow[n])


# ---- the disc
def test_the_points_are_in_the_disc_and_a_tenth_of_them_is_flipped() -> None:
    for panel in figures()[3]["panels"]:
        marked = {s["label"]: np.array([s["x"], s["y"]]) for s in panel["series"] if s["mark"] != "line"}
        assert sum(p.shape[1] for p in marked.values()) == disc.POINTS
        flipped = 0
        for label, (x, y) in marked.items():
            assert (np.hypot(x, y) <= 1 + 1e-4).all()
            turned = label.endswith("flip")
            above = y > np.sin(5 * x) / 2
            assert (above == (("label 1" in label) != turned)).all()
            flipped += turned * len(x)
        assert abs(flipped / disc.POINTS - disc.FLIPPED) < 0.05


def test_the_boundary_is_nearest_to_the_sinusoid_where_the_test_error_is_least() -> None:
    away = []
    for panel in figures()[3]["panels"]:
        (line,) = [s for s in panel["series"] if s["mark"] == "line" and s["role"] == "measured"]
        x, y = (np.array([v for v in line[axis] if v is not None]) for axis in "xy")
        assert (np.hypot(x, y) <= 1 + 1 / 30).all()
        away.append(np.abs(y - np.sin(5 * x) / 2).mean())
    titles = [p["title"] for p in figures()[3]["panels"]]
    assert "as good as a line" in titles[0] and "least test error" in titles[1] and "the end" in titles[-1]
    assert away[0] > 0.2 > away[1]


def test_the_level_of_a_known_function() -> None:
    ticks = torch.linspace(-1, 1, 41, dtype=torch.float64)
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    circle = disc.zero_level(x**2 + y**2 - 0.49, ticks)
    length = (circle[:, 0] - circle[:, 1]).norm(dim=1)
    assert float(length.sum()) == pytest.approx(2 * np.pi * 0.7, rel=2e-3)
    torch.testing.assert_close(circle.norm(dim=2), torch.full(circle.shape[:2], 0.7).double(), rtol=0, atol=2e-3)
    slanted = disc.zero_level(y - 0.3 * x - 0.1, ticks)
    torch.testing.assert_close(slanted[..., 1], 0.3 * slanted[..., 0] + 0.1)
    for nowhere in (torch.ones(41, 41), torch.full((41, 41), torch.nan)):
        assert len(disc.zero_level(nowhere, ticks.float())) == 0


@pytest.mark.parametrize(
    "train, test, expected",
    [
        ((0.5, 0.3, 0.2, 0.1), (0.5, 0.2, 0.2, 0.3), {1: "least test error", 2: "as good as a line", 3: "the end"}),
        ((0.5, 0.4, 0.2, 0.1), (0.5, 0.3, 0.2, 0.3), {2: "as good as a line, least test error", 3: "the end"}),
        ((0.5, 0.5, 0.5, 0.2), (0.5, 0.4, 0.3, 0.2), {3: "as good as a line, least test error, the end"}),
        ((0.5, 0.5, 0.5, 0.5), (0.5, 0.4, 0.5, 0.5), {1: "least test error", 3: "the end"}),
    ],
)
def test_checkpoints_may_coincide_and_one_may_be_missing(train, test, expected) -> None:
    problem = disc.points(1, torch.Generator().manual_seed(0))
    seen = disc.Seen(problem, torch.arange(4), torch.tensor(train), torch.tensor(test), {}, 0.25)
    assert disc.shown(seen) == expected
