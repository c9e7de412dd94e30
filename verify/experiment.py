"""What binds a claim to networks: how instances are drawn, trained and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from hypothesis.strategies import SearchStrategy
from torch import Tensor

CPU = torch.device("cpu")
REPEATED = "the same computation repeated on the instance alone"
Instances = dict[str, Any]
"""A batch of explicit instances: tensors with leading dimension B (float64, on the CPU) and shared ints."""


@dataclass(frozen=True)
class Run:
    """How a measurement is made. `level` 0 is the first pass; level 1 confirms: tighter, by another engine."""

    device: torch.device = CPU
    level: int = 0


@dataclass(frozen=True)
class Measured:
    """What a batch of networks did.

    `values`: every symbol that the claim's parts need; tensors of shape (B, T) or (B, T, rows, columns), where T
    may be 1 (quantities of the instance) or the number of recorded times, and ints. `budget`: by part name, the
    error of lhs − rhs in the part's scale, shape (B, T) or (B, 1). `judged`: by part name, where the comparison
    can be made (default everywhere). `ok`: (B,) false where the training itself could not be trusted.
    """

    values: Mapping[str, Any]
    budget: Mapping[str, Tensor]
    judged: Mapping[str, Tensor] = field(default_factory=dict)
    ok: Tensor | None = None
    start: int = 0
    """Index of the first recorded time whose slack tells something (1 where both sides agree at t = 0)."""
    degrees: int | None = None
    """Degrees of freedom of the standard errors that a scaling claim has for its `budget`."""
    axis: str = ""
    """Name of the value that is the horizontal axis of trajectories, e.g. "t"."""
    resampled: Mapping[str, Tensor] = field(default_factory=dict)
    """Of a finding: the same symbols on bootstrap samples of every run, shape (B, samples)."""


Realise = Callable[[Any, int], Instances]
Measure = Callable[[Instances, Run], Measured]


@dataclass(frozen=True)
class Variation:
    """An experiment with an assumption dropped; what is None stays as it was."""

    realise: Realise | None = None
    measure: Measure | None = None
    witnesses: tuple[Callable[[], Instances], ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A search for a counterexample of a deterministic claim.

    `families` draws a family (shapes, regime, scale, seed); `realise(family, B)` makes B instances of it that
    satisfy the assumptions; `measure` trains them and returns both sides' quantities. `witnesses` are explicit
    instances that every run includes (extremes, known tight cases). `settings` are the altered experiments that
    mutants name. `on_data` is the strategy of families for given X, Y, where the claim speaks of any data.
    """

    claim: str
    families: SearchStrategy[Any]
    realise: Realise
    measure: Measure
    witnesses: tuple[Callable[[], Instances], ...] = ()
    settings: Mapping[str, Variation] = field(default_factory=dict)
    on_data: Callable[[Any], tuple[SearchStrategy[Any], Realise]] | None = None
    picture: str = ""
    """Part whose two sides are drawn over time in the report."""
    enclose: Callable[[dict[str, Any]], list[dict[str, Any]]] | None = None
    """One instance in exact rationals -> its values, measured ones included, as rationals or Arb balls: one dict a
    place (a step, a time, or the instance itself); see `verify.certify`."""
    movable: tuple[str, ...] = ()
    """Tensors of an instance that may take any value near by: the search for extremal instances varies these."""
    confirmed_by: str = REPEATED
    """What a run of level 1 is; stands in the sentence of a refutation."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    @property
    def two_engines(self) -> bool:
        """Whether a run of level 1 is a computation of its own, so that agreement with it says something."""
        return self.confirmed_by != REPEATED


@dataclass(frozen=True)
class Design:
    """One pre-registered setting of a statistical experiment: a name, its parameters, whether it is quick."""

    name: str
    parameters: Mapping[str, Any]
    quick: bool = True
    draws: int = 0
    """Draws of this design; 0 takes the profile's number."""


@dataclass(frozen=True)
class Sampling:
    """A test of a probabilistic claim: fresh draws of fixed designs, one fixed level.

    `sample(design, draws, generator, run)` returns the measured values of all draws (leading dimension: draws).
    For a scaling claim it returns one row a design with the standard error of each part in `budget`. Claims whose
    experiments have the same word in `shared` are judged on the same draws, in mutants and studies too. `on_data`
    takes a user's predictions to what measures them.
    """

    claim: str
    designs: tuple[Design, ...]
    sample: Callable[[Design, int, torch.Generator, Run], Measured]
    settings: Mapping[str, Callable[[Design, int, torch.Generator, Run], Measured]] = field(default_factory=dict)
    shared: str = ""
    on_data: Callable[[Any], Callable[[Design, int, torch.Generator, Run], Measured]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))


def batch_size(instances: Instances) -> int:
    """B of a batch of instances."""
    return next(len(v) for v in instances.values() if isinstance(v, Tensor))


def pick(instances: Instances, index: list[int]) -> Instances:
    """The instances of these indices, as a batch."""
    return {k: v[index] if isinstance(v, Tensor) else v for k, v in instances.items()}


def rows(measured: Measured, index: list[int]) -> Measured:
    """The measurements of some of the instances."""

    def of(x: Any) -> Any:
        return x[index] if isinstance(x, Tensor) and x.ndim and len(x) > 1 else x

    return replace(
        measured,
        values={k: of(v) for k, v in measured.values.items()},
        budget={k: of(v) for k, v in measured.budget.items()},
        judged={k: of(v) for k, v in measured.judged.items()},
        ok=of(measured.ok),
    )


def varied(
    experiment: Experiment, variation: Variation, families: list[Any], batch: int
) -> list[Callable[[], Instances]]:
    """What makes the instances of an altered experiment: its own, then those of the families."""
    realise: Realise = variation.realise or experiment.realise
    return [*variation.witnesses, *(partial(realise, family, batch) for family in families)]


def plain(instances: Instances) -> dict[str, Any]:
    """An instance (batch of one) as nested lists."""
    return {k: v[0].tolist() if isinstance(v, Tensor) else v for k, v in instances.items()}


def to_device(instances: Instances, run: Run) -> Instances:
    """The same instances on the device of the run."""
    return {k: v.to(run.device) if isinstance(v, Tensor) else v for k, v in instances.items()}
