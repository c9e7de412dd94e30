"""The linear network of nakkiran2019 trained in exact rationals: what `Experiment.enclose` gives for its paths."""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpq_mat

from ...certify.operations import Undecided
from ...certify.rigorous import descend

Instance = dict[str, Any]
Places = list[dict[str, Any]]
STEPS = 6
"""Steps of gradient descent that are enclosed: the numbers grow with each."""


def trained(i: Instance, steps: int) -> list[fmpq_mat]:
    """Weights before and after each step of descent on ‖Xw − y‖²/(2n), from (ϑ₀/a, 0)."""
    s, Xi = i["s"], i["Xi"]
    n, D = Xi.nrows(), Xi.ncols()
    X = fmpq_mat([[i["a"] * s[r, 0], *(Xi[r, k] for k in range(D))] for r in range(n)])
    w = fmpq_mat([[i["theta_0"] / i["a"]], *([fmpq(0)] for _ in range(D))])
    path = [w]
    for _ in range(steps):
        (w,) = descend((path[-1],), X, i["y"], i["eta"] / n)
        path.append(w)
    return path


def place(i: Instance, w: fmpq_mat, t: int | fmpq) -> dict[str, Any]:
    """Quantities after t steps."""
    v = fmpq_mat([[w[k, 0]] for k in range(1, w.nrows())])
    shape = {"n": i["Xi"].nrows(), "D": i["Xi"].ncols()}
    return {**i, **shape, "b": i["scale"], "sigma": i["scale"], "theta": i["a"] * w[0, 0], "v": v, "t": t}


def block_path(i: Instance) -> Places:
    """The weights after t steps."""
    t = int(i["t"])
    if t > STEPS:
        raise Undecided(f"{t} steps in exact rationals are too many")
    return [place(i, trained(i, t)[-1], t)]


def keys_path(i: Instance) -> Places:
    """The weights at every step of a few; and what the first one removes of the error along s and across it."""
    if i["Xi"].nrows() > 8:
        raise Undecided("more than 8 samples in exact rationals are too many")
    path = trained(i, STEPS)
    return [{**place(i, w, fmpq(t)), **removed(i, path), "overlap": pairs(i["Xi"])} for t, w in enumerate(path)]


def removed(i: Instance, path: list[fmpq_mat]) -> dict[str, Any]:
    """Shares of the error along s and across s that the first step removes."""
    s, n = i["s"], i["Xi"].nrows()
    errors = []
    for w in path[:2]:
        theta, stored = i["a"] * w[0, 0], i["Xi"] * fmpq_mat([[w[k, 0]] for k in range(1, w.nrows())])
        errors.append(i["y"] - theta * s - stored)
    along = [sum((s[k, 0] * r[k, 0] for k in range(n)), fmpq(0)) / n for r in errors]
    first, second = (r - c * s for r, c in zip(errors, along, strict=True))
    size = sum((x * x for x in first.entries()), fmpq(0))
    if along[0] == 0 or size == 0:
        raise Undecided("there is no error along s, or none across it")
    kept = sum((x * z for x, z in zip(first.entries(), second.entries(), strict=True)), fmpq(0))
    return {"signal": 1 - along[1] / along[0], "memory": 1 - kept / size}


def pairs(Xi: fmpq_mat) -> fmpq:
    """Pairs of samples with the same coordinate."""
    gram, n = Xi * Xi.transpose(), Xi.nrows()
    return fmpq(sum(1 for j in range(n) for k in range(j) if gram[j, k] != 0))
