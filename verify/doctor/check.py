"""What a comparison of engines is, and how it came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import torch
from torch import Tensor

EPS = 2.0**-52
"""Distance from 1 to the next float64; one rounding is at most half of it, relative."""


class Outcome(Enum):
    """What a row of the table says, and what to do about it."""

    AGREE = ("agree", "")
    UNSOUND = (
        "UNSOUND",
        "The engines of this machine contradict each other beyond their own error estimates: believe none of its "
        "figures and no verdict made on it; report it with this output.",
    )
    UNTESTED = ("NOT TESTED", "Nothing was compared; this is no agreement.")


class Untested(Exception):
    """Raised by a comparison that this machine cannot make; the message says why."""


@dataclass(frozen=True)
class Compared:
    """`ratios`: one number a comparison, disagreement over tolerance (any shape); `note` is for the reader."""

    ratios: Tensor
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """A named comparison of engines; `run` carries it out on a bench and is free of side effects."""

    name: str
    engines: str
    run: Callable[[Any], Compared]


@dataclass(frozen=True)
class Check:
    """The outcome of a comparison. `worst` is the largest disagreement in units of its tolerance."""

    name: str
    engines: str
    compared: int
    worst: float
    outcome: Outcome
    note: str

    @property
    def passed(self) -> bool | None:
        """None where nothing was tested."""
        return None if self.outcome is Outcome.UNTESTED else self.outcome is Outcome.AGREE


def carry_out(comparison: Comparison, bench: Any) -> Check:
    """Compare. What cannot be compared for lack of a device is untested; an engine that breaks down is unsound."""
    try:
        found = comparison.run(bench)
    except Untested as reason:
        return _check(comparison, 0, torch.nan, Outcome.UNTESTED, str(reason))
    except (ValueError, ArithmeticError, RuntimeError, LookupError, ImportError) as error:
        note = f"could not be carried out: {type(error).__name__}: {' '.join(str(error).split())}"
        return _check(comparison, 0, torch.inf, Outcome.UNSOUND, note)
    if not found.ratios.numel():
        return _check(comparison, 0, torch.nan, Outcome.UNSOUND, "nothing could be compared; " + found.note)
    worst = float(torch.nan_to_num(found.ratios, nan=torch.inf, posinf=torch.inf).max())
    outcome = Outcome.AGREE if worst <= 1 else Outcome.UNSOUND
    return _check(comparison, found.ratios.numel(), worst, outcome, found.note)


def _check(comparison: Comparison, compared: int, worst: float, outcome: Outcome, note: str) -> Check:
    return Check(comparison.name, comparison.engines, compared, worst, outcome, note)


def ratio(a: Tensor, b: Tensor, tolerance: Tensor | float) -> Tensor:
    """|a − b| / tolerance in float64, flat; 0 where a = b."""
    a, b, tolerance = torch.broadcast_tensors(a, b, torch.as_tensor(tolerance, device=a.device))
    apart = (a - b).abs().double() / tolerance
    return torch.where(a == b, torch.zeros_like(apart), apart).flatten()


def together(parts: Iterable[Tensor]) -> Tensor:
    """All ratios in one vector, on the CPU."""
    parts = [p.flatten().cpu() for p in parts]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.float64)
