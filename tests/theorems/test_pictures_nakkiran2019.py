"""The pictures of nakkiran2019 show what their captions say."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from verify.experiment import Run
from verify.papers.nakkiran2019 import PICTURES
from verify.papers.nakkiran2019.pictures import SHOWN
from verify.pictures import figures_of
from verify.profiles import get_profile


@cache
def figures() -> list[dict[str, Any]]:
    return figures_of("nakkiran2019", 0, get_profile("quick"), Run())


def curve(name: str, label: str, mark: str = "line") -> tuple[np.ndarray, np.ndarray]:
    (panel,) = [p for p in figures()[0]["panels"] if p["title"] == name]
    (series,) = [s for s in panel["series"] if s["label"] == label and s["mark"] == mark]
    return np.array(series["x"]), np.array(series["y"])


def test_there_is_a_panel_for_every_setup() -> None:
    assert len(figures()) == len(PICTURES) == 2
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
