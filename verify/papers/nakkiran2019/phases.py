"""Experiments on what is observed: networks and linear classifiers trained by SGD, on real data and on mixtures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ...data import Predictions
from ...experiment import Design, Measured, Run, Sampling
from . import runs
from .effects import Needs, explained_by_constant, measured
from .runs import SETUPS, Labels, Trained

FEW = 60
"""Test samples that a linear classifier of 30 coordinates nearly learns by heart."""
FAST = ", fast"
CLEAN = (
    "digits, MLP, fast",
    "mixture, MLP, fast",
    "digits, MLP",
    "digits, CNN",
    "parity of digits, MLP",
    "mixture, MLP",
)
PHOTOGRAPHS = ("photographs, MLP, fast", "photographs, MLP")
FIRST_STEPS = ("photographs, MLP, first steps, fast", "photographs, MLP, first steps")
TUMOURS = ("tumours, MLP",)
NOISY = ("noisy mixture, MLP, fast", "noisy mixture, MLP")
PRODUCTS = ("products of the mixture, fast", "products of the mixture")

Parts = Mapping[str, Needs]
EXPLAINED: Parts = {"explained": Needs.CROSSING, "beyond-null": Needs.CROSSING}
RETAINED: Parts = {"retained": Needs.MEMORY, "beyond-null": Needs.MEMORY}
UNFORCED: Parts = {"not-forced": Needs.FITTED}
GROWN: Parts = {"growth": Needs.FITTED}
PARTLY: Parts = {"partly": Needs.CROSSING, "beyond-null": Needs.CROSSING}
PARTIAL: Parts = {"partial": Needs.MEMORY, "beyond-null": Needs.MEMORY}
CONTROL: Parts = {"at-the-null": Needs.CROSSING, "not-explained": Needs.CROSSING, "learns": Needs.NOTHING}

SHARED = "nakkiran2019.runs"
Sample = Callable[[Design, int, torch.Generator, Run], Measured]


def designs(names: tuple[str, ...]) -> tuple[Design, ...]:
    """The named setups; the fast ones run in every profile."""
    return tuple(Design(name, {"setup": name}, quick=name.endswith(FAST), draws=SETUPS[name].runs) for name in names)


def sampled(
    needs: Parts,
    see: Callable[[Trained, torch.Generator], Labels] = lambda t, g: runs.held_out(t),
    instead: tuple[str, str] = ("", ""),
    **how: Any,
) -> Sample:
    """Runs of a design, or of one whose name has another word in it; `see` says which predictions are looked at."""

    def sample(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
        setup, seed = SETUPS[design.parameters["setup"].replace(*instead)], g.initial_seed()
        t = runs.trained(setup, n, seed, run.device)
        return measured(see(t, torch.Generator().manual_seed(seed + 1)), needs, seed=seed, **how)

    return sample


def on_predictions(needs: Parts) -> Callable[[Predictions], Sample]:
    """The one run that a user brings. That it has memorised its training set is for her to know."""

    def taken(data: Predictions) -> Sample:
        def sample(design: Design, n: int, g: torch.Generator, run: Run) -> Measured:
            return measured(runs.brought(data, run.device), needs, seed=g.initial_seed())

        return sample

    return taken


def shuffled(t: Trained, g: torch.Generator) -> Labels:
    return runs.shuffled(runs.held_out(t), g)


def fitted(t: Trained, g: torch.Generator) -> Labels:
    return runs.linear_on_test_set(t, FEW, g)


def finding(
    name: str, setups: tuple[str, ...], needs: Parts, settings: Mapping[str, Sample], given: bool = False
) -> Sampling:
    """The experiment on one finding, on the runs that all share; `given`: also on predictions that a user brings."""
    users = on_predictions(needs) if given else None
    return Sampling(f"nakkiran2019.{name}", designs(setups), sampled(needs), settings, shared=SHARED, on_data=users)


def without_connection(needs: Parts) -> dict[str, Sample]:
    """Settings in which F and L have nothing in common but the label, or L knows nothing."""
    return {"shuffled": sampled(needs, shuffled), "constant": sampled(needs, explain=explained_by_constant)}


phase_1 = finding("phase1", (*CLEAN, *NOISY), EXPLAINED, without_connection(EXPLAINED), given=True)
photographs = finding("phase1-photographs", FIRST_STEPS, PARTLY, without_connection(PARTLY))
phase_2 = finding("phase2", (*CLEAN, *PHOTOGRAPHS, *TUMOURS), RETAINED, without_connection(RETAINED), given=True)
unforced = finding(
    "unforced",
    (*CLEAN, *PHOTOGRAPHS, *TUMOURS),
    UNFORCED,
    {"training-set": sampled(UNFORCED, lambda t, g: runs.on_training_set(t))},
    given=True,
)
growth = finding(
    "growth",
    (*CLEAN, *PHOTOGRAPHS),
    GROWN,
    {"start": sampled(dict.fromkeys(GROWN, Needs.NOTHING), last=0)},
    given=True,
)
memorised = finding(
    "memorised",
    NOISY,
    PARTIAL,
    {
        **without_connection(PARTIAL),
        "clean": sampled(PARTIAL, instead=("noisy ", "")),
        "fitted": sampled(PARTIAL, fitted),
    },
)
control = finding(
    "control",
    PRODUCTS,
    CONTROL,
    {"perceptron": sampled(CONTROL, instead=("products of the mixture", "mixture, MLP"))},
)

EXPERIMENTS = (phase_1, photographs, phase_2, unforced, growth, memorised, control)
