"""The pictures of zhou2021 show what their captions say."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from verify.experiment import Run
from verify.papers.zhou2021 import PICTURES
from verify.pictures import figures_of
from verify.profiles import get_profile


@cache
def figures() -> list[dict[str, Any]]:
    return figures_of("zhou2021", 0, get_profile("quick"), Run())


def panels(which: int) -> list[dict[str, Any]]:
    assert len(figures()) == len(PICTURES) == 2
    return figures()[which]["panels"]


def points(label: str) -> tuple[np.ndarray, np.ndarray]:
    """L and ‖∇L‖ of the series of that name."""
    (series,) = [s for s in panels(0)[0]["series"] if label in s["label"]]
    x, y = (np.array([v for v in series[name] if v is not None]) for name in ("x", "y"))
    assert len(x) == len(y) > 5
    return x, y


def test_nothing_measured_is_below_the_bound_and_all_of_it_has_its_slope() -> None:
    L, bound = points("T4x")
    np.testing.assert_allclose(bound, L**0.75 / 4, rtol=1e-4)
    for label in ("drawn", "four students", "one student", "pair", "ghost", "falsifier"):
        x, y = points(label)
        low = x <= 1e-3
        assert low.any() and (y[low] > x[low] ** 0.75 / 4).all()


def test_families_and_descent_have_the_slopes_of_the_caption() -> None:
    for label, slope, accuracy in (("pair", 2 / 3, 0.01), ("ghost", 3 / 4, 1e-3), ("one student", 1 / 2, 0.01)):
        x, y = points(label)
        low = x < 1e-3
        assert abs(np.polyfit(np.log(x[low]), np.log(y[low]), 1)[0] - slope) < accuracy


def test_the_falsifier_comes_below_the_ghost_at_every_level() -> None:
    x, y = points("falsifier")
    assert len(x) == 8 and (np.diff(np.log10(x)) < -0.5).all()
    assert (y[:6] < 2.953 * x[:6] ** 0.75).all() and (y < 3.5 * x**0.75).all()


def test_every_student_has_a_start_an_end_and_one_of_three_teachers() -> None:
    assert [p["title"] for p in panels(1)] == ["large start", "small start", "start near the teachers"]
    assert all(p["equal"] for p in panels(1))
    for panel in panels(1):
        marks = {mark: [s for s in panel["series"] if s["mark"] == mark] for mark in ("rings", "dots", "stars")}
        assert sum(len(s["x"]) for s in marks["rings"]) == sum(len(s["x"]) for s in marks["dots"]) == 20
        assert len(marks["stars"][0]["x"]) == 3
