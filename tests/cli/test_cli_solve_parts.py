"""`eval --solve-for` on claims of several parts: the part that applies is solved."""

from __future__ import annotations

import json

import pytest


def solved(command, *words):
    return json.loads(command("eval", "zhou2021.kl-flow", "--json", "--solve-for", "t", *words).out)


@pytest.mark.parametrize(
    ("theta", "eps", "part", "time"),
    [
        ("1/2", "1e-6", "exponential", 110.524084463714),
        ("3/4", "1e-6", "power", 30988.0711487461),
        ("1", "1e-6", "power", 15984000),
        ("1/4", "0", "power", 1.01192885125388),
    ],
)
def test_time_to_a_loss(command, theta, eps, part, time):
    answer = solved(command, f"theta={theta}", "kappa=1/4", "f_0=1e-3", f"f_t={eps}")
    assert answer["solved_part"] == part
    assert [s["value"] for s in answer["solutions"]] == [pytest.approx(time)]


def test_in_symbols(command):
    assert [s["formula"] for s in solved(command, "theta=1")["solutions"]] == ["(f₀ − f(t))/(f₀·f(t)·κ²)"]
    assert [s["formula"] for s in solved(command, "theta=1/2")["solutions"]] == ["log(f₀/f(t))/κ²"]
