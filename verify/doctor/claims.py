"""The catalogue's own engines, whatever papers it holds: compiled statements, confirming runs, CUDA."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

import flint
import mpmath
import numpy as np
import sympy as sp
import torch
from torch import Tensor

from theory import Claim, Part
from theory.errors import TheoryError
from theory.evaluate import Backend

from ..checks import Judgement, judge, programs
from ..engines import disagreement, same_places
from ..experiment import Measured, Run
from .bench import Bench, Specimen
from .check import Compared, Untested, together

SPARE = 3
"""Bits less than an engine has in the balls that bound its rounding: a factor 8 for the p(n) in the backward errors of
its matrix functions."""
FLOAT, LONG, REFERENCE = 53, 160, 400
"""Bits of float64, of the mpmath run, and of the balls that stand for the exact value."""
LARGEST, SMALLEST = sys.float_info.max, sys.float_info.min
"""The range of normal float64 numbers, which balls do not have."""
TELLING = 1e-6
"""Relative radius from which on a ball is too wide to show anything."""


def statements(bench: Bench) -> Compared:
    """Both sides of every part of every claim at a trained network, by numpy, torch and mpmath, against balls.

    The tolerance is the radius of the same evaluation in balls of the engine's own precision (less `SPARE` bits): a
    running bound of what rounding does to these very operations.
    """
    ratios, wide, open_ = [], 0, 0
    for specimen in bench.specimens:
        for part, side in _sides(specimen.claim):
            found = _compare(specimen, part, side)
            if found is None:
                open_ += 1
            else:
                wide += int(found.isnan().sum())
                ratios.append(found[~found.isnan()])
    note = f"{open_} sides that no ball encloses and {wide} values with balls too wide to tell are left out"
    return Compared(together(ratios), note)


def _sides(claim: Claim) -> Iterator[tuple[Part, int]]:
    """The sides of all parts that are formulas: a bare number or symbol is nothing to compile."""
    for part in claim.parts:
        for k, side in enumerate(part.sides()):
            if not (side.is_Symbol or side.is_number or isinstance(side, sp.MatrixSymbol)):
                yield part, k


def _compare(specimen: Specimen, part: Part, side: int) -> Tensor | None:
    """Disagreement over tolerance of each engine and entry, nan where the ball is too wide; None without a ball."""

    def run(backend: Backend, values: dict[str, Any]) -> Any:
        return programs(specimen.claim, None, backend)[part.name][1](values)[side]

    point = _point(specimen.measured, programs(specimen.claim, None, "torch")[part.name][1].inputs)
    plain = {k: v.numpy() if isinstance(v, Tensor) else v for k, v in point.items()}
    try:
        exact, of_float, of_long = (_balls(run, plain, bits) for bits in (REFERENCE, FLOAT - SPARE, LONG - SPARE))
    except TheoryError:
        return None
    floats = (_numbers(run("torch", point)), _numbers(run("numpy", plain)))
    with mpmath.workprec(LONG):
        long = _numbers(run("mpmath", plain))
    rows = [(x, of_float) for x in floats] + [(long, of_long)]
    return torch.tensor(
        [_ratio(x, ball, width) for xs, balls in rows for x, ball, width in zip(xs, exact, balls, strict=True)],
        dtype=torch.float64,
    )


def _point(measured: Measured, names: tuple[str, ...]) -> dict[str, Any]:
    """The first network in the middle of its recorded times."""

    def at(value: Any) -> Any:
        return value[0, value.shape[1] // 2] if isinstance(value, Tensor) else value

    return {name: at(measured.values[name]) for name in names}


def _balls(run: Any, values: dict[str, Any], bits: int) -> list[flint.arb]:
    with flint.ctx.workprec(bits):
        return _numbers(run("arb", values))


def _numbers(value: Any) -> list[Any]:
    """The entries of a number or matrix of any backend; those of arrays as Python floats."""
    if isinstance(value, flint.arb_mat):
        return value.entries()
    if isinstance(value, mpmath.matrix):
        return list(value)
    if isinstance(value, Tensor | np.ndarray):
        return np.asarray(value, dtype=np.float64).flatten().tolist()
    return [value]


def _ratio(found: Any, exact: flint.arb, rounded: flint.arb) -> float:
    """|found − exact| over the radius of the running bound; nan where no ball is finite, where it holds everything
    within `TELLING` of the value, and where the value is beyond float64 and was found to be infinite."""
    if not (exact.is_finite() and rounded.is_finite()):
        return math.nan
    if not mpmath.isfinite(found):
        beyond = abs(exact) > LARGEST and found == (math.inf if exact > 0 else -math.inf)
        return math.nan if beyond else math.inf
    with flint.ctx.workprec(REFERENCE):
        middle, radius = exact.mid(), exact.rad() + rounded.rad() + SMALLEST
        apart = abs(_exactly(found) - middle)
        if apart == 0:
            return 0.0
        ratio = float((apart / radius).mid())
        return ratio if ratio > 1 or radius <= TELLING * abs(middle) else math.nan


def _exactly(number: Any) -> flint.arb:
    """A float or mpf, of whatever size, without a radius: mpmath would round to its current precision."""
    sign, mantissa, exponent, _ = (number if isinstance(number, mpmath.mpf) else mpmath.mpf(number))._mpf_
    return flint.arb(((-1) ** sign * int(mantissa), int(exponent)))


# ---- two runs of one experiment
def confirmations(bench: Bench) -> Compared:
    """First and confirming run of every experiment that has a second engine: gaps within the sum of both budgets."""
    own = [s for s in bench.specimens if s.experiment and s.experiment.two_engines]
    repeats = sum(1 for s in bench.specimens if s.experiment) - len(own)
    note = f"{repeats} experiments are confirmed by the same computation and can show nothing here"
    return Compared(together(_second(s, Run(level=1)) for s in own), note)


def devices(bench: Bench) -> Compared:
    """The same instances on the CPU and on CUDA, for every experiment: gaps within the sum of both budgets."""
    if not bench.cuda:
        raise Untested(f"not tested: {bench.reason}")
    cuda = Run(torch.device("cuda"))
    return Compared(together(_second(s, cuda) for s in bench.specimens if s.experiment), torch.cuda.get_device_name())


def _second(specimen: Specimen, run: Run) -> Tensor:
    """Disagreement of the specimen's measurement with another run of it, one number an instance that was compared.

    Infinite where the other run cannot judge a part that the first one judged.
    """
    assert specimen.experiment is not None and specimen.instances is not None
    first, again = specimen.measured, specimen.experiment.measure(specimen.instances, run)
    one, other = judge(specimen.claim, first), judge(specimen.claim, again)
    found = disagreement(one, other, same_places(first, again))
    lost = torch.stack([_judged(a) & b.unclear.to(a.unclear.device) for a, b in zip(one, other, strict=True)]).any(0)
    return torch.where(lost, torch.inf, found)[lost | ~found.isnan()]


def _judged(judgement: Judgement) -> Tensor:
    """(B,) where a run compared both sides of a part somewhere and could tell."""
    return judgement.sides.judged.any(1) & ~judgement.unclear
