"""The clock that all adaptive one-step methods share: one time, one step, one verdict an instance.

Steps end exactly at the output times. Instances that are done stay still (their step is 0) until the batch is
compacted. There is no host round trip in the loop but one test of "all finished?" every few steps, and, where
an ``observe`` hook is given, one test a step.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..errors import check_finite, check_positive, check_shape, check_times
from ..types import Batch, States, Times

CHECK_EVERY = 8
"""Steps between two tests of whether all instances have finished."""
COMPACT_BELOW = 0.75
"""Share of instances still running below which the finished ones are dropped."""

Observe = Callable[[Tensor, Tensor], Tensor]
Memory = tuple[Tensor, ...]


@dataclass(frozen=True)
class Solution:
    """States (or observations) at the output times; nan where an instance did not get so far."""

    y: Float[Tensor, "B T *N"]
    steps: Int64[Tensor, " B"]
    """Attempted steps, rejected ones included."""
    ok: Bool[Tensor, " B"]


@dataclass(frozen=True)
class Attempt:
    """One step tried: the new state, its error in units of the tolerance, what the next step may reuse."""

    y: States
    error: Batch
    memory: Memory


class Method(Protocol):
    """A one-step method with an estimate of its local error."""

    @property
    def order(self) -> int:
        """Error ~ step^order."""
        ...

    def start(self, t: Tensor, y: Tensor, span: Tensor) -> tuple[Tensor, Memory]:
        """The first step to try and the first memory."""
        ...

    def attempt(self, t: Tensor, y: Tensor, step: Tensor, memory: Memory) -> Attempt:
        """One step of every instance; a step of 0 must leave the state alone."""
        ...

    def restrict(self, index: Tensor) -> "Method | None":
        """The method for some of the instances, or None where that cannot be done."""
        ...


@dataclass(frozen=True)
class _State:
    rows: Tensor
    times: Tensor
    t: Tensor
    y: Tensor
    step: Tensor
    slot: Tensor
    failed: Tensor
    memory: Memory

    def at(self, index: Tensor) -> "_State":
        parts = {n: getattr(self, n)[index] for n in ("rows", "times", "t", "y", "step", "slot", "failed")}
        return _State(**parts, memory=tuple(part[index] for part in self.memory))

    @property
    def active(self) -> Tensor:
        return (self.slot < self.times.shape[1]) & ~self.failed

    @property
    def goal(self) -> Tensor:
        return self.times.gather(1, self.slot.clamp(max=self.times.shape[1] - 1)[:, None])[:, 0]


def check_initial(y0: Tensor, times: Tensor, rtol: float, max_steps: int) -> None:
    """Reject malformed arguments of an integration."""
    check_shape("y0", y0, (None, None), "(B, N)")
    check_finite("y0", y0)
    check_times(times, len(y0))
    check_positive("rtol", rtol)
    check_positive("max_steps", max_steps)


@torch.no_grad()
def drive(method: Method, y0: States, times: Times, max_steps: int, observe: Observe | None) -> Solution:
    """Advance every instance through its output times."""
    B = len(y0)
    state = _begin(method, y0, times)
    rows = torch.arange(B, device=y0.device)
    look = observe or (lambda t, y: y)
    sample = look(times[:, 0], y0)
    out = sample.new_full((B, times.shape[1], *sample.shape[1:]), torch.nan)
    steps = torch.zeros(B, dtype=torch.long, device=y0.device)
    state = _record(state, state.t == state.goal, out, observe)
    finished, failed = torch.zeros_like(rows, dtype=torch.bool), torch.zeros_like(rows, dtype=torch.bool)
    for count in range(max_steps):
        if count % CHECK_EVERY == 0:
            active = state.active
            running = int(active.sum())
            finished[state.rows] = state.slot >= times.shape[1]
            failed[state.rows] = state.failed
            if running == 0:
                break
            if running < COMPACT_BELOW * len(active) and (smaller := method.restrict(keep := active.nonzero()[:, 0])):
                method, state = smaller, state.at(keep)
        steps[state.rows] += state.active
        state, reached = _advance(method, state)
        state = _record(state, reached, out, observe)
    finished[state.rows] = state.slot >= times.shape[1]
    return Solution(out, steps, finished & ~failed)


def _begin(method: Method, y0: Tensor, times: Tensor) -> _State:
    t = times.new_zeros(len(y0))
    step, memory = method.start(t, y0, times[:, -1])
    slot = torch.zeros(len(y0), dtype=torch.long, device=y0.device)
    rows = torch.arange(len(y0), device=y0.device)
    return _State(rows, times, t, y0, step, slot, torch.zeros_like(rows, dtype=torch.bool), memory)


def _advance(method: Method, state: _State) -> tuple[_State, Tensor]:
    """One attempted step of every running instance, and which of them reached an output time."""
    active, goal = state.active, state.goal
    left = goal - state.t
    capped = state.step >= left * (1 - 1e-12)
    halved = ~capped & (state.step > 0.5 * left)
    step = torch.where(capped, left, torch.where(halved, 0.5 * left, state.step))
    step = torch.where(active, step, torch.zeros_like(step))
    trial = method.attempt(state.t, state.y, step, state.memory)
    accept = (trial.error <= 1) & active
    factor = (0.9 * trial.error.clamp(min=1e-16) ** (-1 / method.order)).nan_to_num(nan=0.2).clamp(0.2, 8.0)
    proposal = step * torch.where(accept, factor, factor.clamp(max=0.9))
    proposal = torch.where(accept & (capped | halved), torch.maximum(proposal, state.step), proposal)
    reached = accept & capped
    t = torch.where(reached, goal, torch.where(accept, state.t + step, state.t))
    tiny = 8 * torch.finfo(t.dtype).eps * t.abs() + 1e-40 * state.times[:, -1]
    new = replace(
        state,
        t=t,
        y=torch.where(accept[:, None], trial.y, state.y),
        step=torch.where(active, proposal, state.step),
        failed=state.failed | (active & ~accept & (proposal <= tiny)),
        memory=tuple(torch.where(_like(accept, b), a, b) for a, b in zip(trial.memory, state.memory, strict=True)),
    )
    return new, reached


def _like(mask: Tensor, part: Tensor) -> Tensor:
    return mask.reshape(-1, *(1,) * (part.ndim - 1))


def _record(state: _State, reached: Tensor, out: Tensor, observe: Observe | None) -> _State:
    """Store what is seen where an output time was reached, and look out for the next one."""
    last = out.shape[1] - 1
    if observe is None:
        slot = state.slot.clamp(max=last)
        out[state.rows, slot] = torch.where(_like(reached, state.y), state.y, out[state.rows, slot])
    elif bool(reached.any()):
        seen, hit = observe(state.t, state.y), reached.nonzero()[:, 0]
        out[state.rows[hit], state.slot[hit]] = seen[hit]
    return replace(state, slot=state.slot + reached)
