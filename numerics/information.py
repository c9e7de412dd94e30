"""Entropy and mutual information of finite joint laws, and the exact counts that they are estimated from.

A law of two variables is a table ``(..., K_A, K_B)``, one of three ``(..., K_F, K_G, K_Y)``: predictions of the
classifiers F and G, and the label Y (setting: Nakkiran et al., NeurIPS 2019). Leading dimensions are a batch: steps,
runs. All logarithms are natural, so that information is in nats (bits = nats/log 2), and ``0 log 0 = 0``.
"""

import math
from collections.abc import Iterator
from functools import reduce
from operator import index
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from .errors import NumericsError, require

__all__ = [
    "as_labels",
    "binary_convolution",
    "binary_entropy",
    "conditional_mutual_information",
    "correlation_of",
    "count_table",
    "entropy",
    "frequencies",
    "mutual_information",
    "observed_correlation",
    "performance_correlation",
    "times_log",
]

Numbers = Float[Tensor, "..."]
PairLaw = Float[Tensor, "*lead K_A K_B"]
JointLaw = Float[Tensor, "*lead K_F K_G K_Y"]
Labels = Int[Tensor, "*lead N"]
Counts = Int64[Tensor, "*lead K_F K_G K_Y"]

CHUNK = 2**18
"""Samples whose cells one chunk of a count may hold at once."""
BLOCK = 2**17
"""Cells of the tables that are evaluated at once."""
RECAST = {torch.bool: torch.uint8} | dict.fromkeys((torch.uint16, torch.uint32, torch.uint64), torch.int64)
"""Kinds of labels with which torch does not calculate, and what stands for them."""
TINY = 1e-300
LARGEST = 2**26
"""Cells of all tables together: half a gigabyte of counts."""


def entropy(p: Numbers, over: int | tuple[int, ...] = -1) -> Numbers:
    """``-sum p log p`` over the dimensions ``over``, on which p is a law."""
    return -times_log(p, p).sum(over)


def times_log(p: Numbers, x: Numbers) -> Numbers:
    """``p log x``, cell by cell; 0 where p is 0. (Where x is below 1e-300, it counts as that.)"""
    return p * x.clamp_min(TINY).log()


def mutual_information(p: PairLaw) -> Float[Tensor, "*lead"]:
    """``I(A;B) = sum p log(p / (p_a p_b))``."""
    independent = p.sum(-1, keepdim=True) * p.sum(-2, keepdim=True)
    return times_log(p, p / independent.clamp_min(TINY)).sum((-2, -1))


def conditional_mutual_information(p: JointLaw) -> Float[Tensor, "*lead"]:
    """``I(F;Y|G) = sum p log(p p_g / (p_fg p_gy))``."""
    p_gy = p.sum(-3, keepdim=True)
    y_given_g = p_gy / p_gy.sum(-1, keepdim=True).clamp_min(TINY)
    independent = p.sum(-1, keepdim=True) * y_given_g
    return times_log(p, p / independent.clamp_min(TINY)).sum((-3, -2, -1))


def performance_correlation(p: JointLaw) -> Float[Tensor, "*lead"]:
    """``mu_Y(F;G) = I(F;Y) - I(F;Y|G)``: what F knows of Y and G knows already. It may be negative.

    Many tables are taken in blocks that stay in the cache.
    """
    tables = p.reshape(-1, *p.shape[-3:])
    blocks = tables.split(max(1, BLOCK // max(1, math.prod(p.shape[-3:]))))
    values = [correlation_of(q.sum(-2), q.sum(-3), q.sum(-1), entropy(q, (-3, -2, -1))) for q in blocks]
    return torch.cat(values).reshape(p.shape[:-3])


def correlation_of(fy: PairLaw, gy: PairLaw, fg: PairLaw, whole: Numbers) -> Float[Tensor, "*lead"]:
    """``mu = I(F;Y) + I(G;Y) - I(F,G;Y)`` from the laws of the pairs and the entropy ``whole`` of all three."""
    both = entropy(fg, (-2, -1)) + entropy(gy.sum(-2)) - whole
    return mutual_information(fy) + mutual_information(gy) - both


def binary_entropy(x: Numbers) -> Numbers:
    """``h(x) = -x log x - (1 - x) log(1 - x)`` for x in [0, 1]."""
    return -times_log(x, x) - torch.special.xlog1py(1 - x, -x)


def binary_convolution(a: Numbers, b: Numbers) -> Numbers:
    """``a * b = a(1 - b) + b(1 - a)``: flip probability of two binary symmetric channels, one after the other."""
    return a * (1 - b) + b * (1 - a)


def frequencies(counts: Numbers, variables: int = 3) -> Numbers:
    """Relative frequencies, float64, of count tables whose last ``variables`` dimensions are the variables.

    Raises ``NumericsError`` where a table is empty.
    """
    total = counts.sum(tuple(range(-variables, 0)), keepdim=True)
    require(bool((total > 0).all()), "counts has a table of total 0; expected at least one sample; drop it.")
    return counts.to(torch.float64, copy=True).div_(total)


def count_table(y: Labels, f: Labels, g: Labels, classes: int | tuple[int, int, int]) -> Counts:
    """How many of N samples have (f, g, y), for every step and run: exact integers (..., K_F, K_G, K_Y).

    y, f, g: integer labels (..., N) on one device, whose leading dimensions broadcast; ``classes`` is K, or
    (K_F, K_G, K_Y): labels are 0 .. K - 1. Temporary memory is bounded, whatever the number of steps.
    Raises ``NumericsError`` for labels that are no integers, out of range, or of different numbers.
    """
    lead, sizes = _agreed(y, f, g, classes)
    rows = math.prod(lead)
    _check_cells(rows, sizes)
    counts = torch.empty(rows, *sizes, dtype=torch.int64, device=y.device)
    for some, block in _counted(y, f, g, lead, sizes):
        counts[some] = block
    return counts.reshape(*lead, *sizes)


def observed_correlation(y: Any, f: Any, g: Any, classes: int | tuple[int, int, int]) -> Float[Tensor, "*lead"]:
    """``performance_correlation`` of the observed frequencies, for every step and run, in one go: the count tables are
    evaluated some at a time, and none is kept. Shapes, classes and errors are those of ``count_table``; labels may be
    tensors or numpy arrays, and are counted on the device of ``f``."""
    f = as_labels("f", f)
    y, g = (as_labels(name, labels).to(f.device) for name, labels in (("y", y), ("g", g)))
    lead, sizes = _agreed(y, f, g, classes)
    _check_cells(1, sizes)
    blocks = (block for _, block in _counted(y, f, g, lead, sizes))
    values = [performance_correlation(frequencies(counts)) for counts in _joined(blocks, BLOCK)]
    return torch.cat(values).reshape(lead)


def as_labels(name: str, value: Any) -> Tensor:
    """Labels as a tensor of a type with which torch calculates: of a tensor, an array or lists; without a copy if one
    can be done without. Raises ``NumericsError`` for what cannot be labels."""
    if isinstance(value, Tensor):
        return value.to(RECAST.get(value.dtype, value.dtype))
    masked = int(np.ma.count_masked(value)) if isinstance(value, np.ma.MaskedArray) else 0
    require(masked == 0, f"{name} has {masked} masked entries; expected a label for every sample; drop them.")
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(value, dtype=object)
    whole = array.dtype.kind in "iub" or array.size == 0
    require(whole, f"{name} holds {array.dtype}; expected integer labels; number the classes 0, 1, 2.")
    high = int(array.max(initial=0)) if array.dtype.kind == "u" else 0
    require(high < 2**63, f"{name} has the label {high}; expected labels below 2^63; number the classes 0, 1, 2.")
    native = array.dtype.newbyteorder("=") if array.dtype.kind in "iub" else np.int64
    return as_labels(name, torch.as_tensor(np.require(array, native, ["C", "W"])))


def _joined(blocks: Iterator[Tensor], cells: int) -> Iterator[Tensor]:
    """The blocks, which are of one size but for the last, as many as one as hold so many cells; at least one."""
    held: list[Tensor] = []
    for block in blocks:
        held.append(block)
        if (len(held) + 1) * block.numel() > cells:
            yield torch.cat(held)
            held = []
    if held:
        yield torch.cat(held)


def _agreed(
    y: Labels, f: Labels, g: Labels, classes: int | tuple[int, int, int]
) -> tuple[torch.Size, tuple[int, int, int]]:
    """The leading dimensions of all labels, and (K_F, K_G, K_Y)."""
    for name, labels in (("y", y), ("f", f), ("g", g)):
        _check_labels(name, labels, y.shape[-1:])
    shapes = [tuple(labels.shape[:-1]) for labels in (y, f, g)]
    try:
        lead = torch.broadcast_shapes(*shapes)
    except RuntimeError:
        told = f"y, f and g have the leading dimensions {shapes[0]}, {shapes[1]} and {shapes[2]}"
        raise NumericsError(f"{told}; expected such that broadcast; align them.") from None
    require(
        math.prod(lead) > 0, f"the labels have the leading dimensions {tuple(lead)}; expected some; leave none out."
    )
    return lead, _sizes(classes)


def _sizes(classes: Any) -> tuple[int, int, int]:
    try:
        sizes = tuple(map(index, classes)) if isinstance(classes, tuple) else (index(classes),) * 3
        K_F, K_G, K_Y = sizes
    except (TypeError, ValueError):
        raise NumericsError(f"classes = {classes!r}; expected K or (K_F, K_G, K_Y); give whole numbers.") from None
    return K_F, K_G, K_Y


def _check_cells(tables: int, sizes: tuple[int, int, int]) -> None:
    cells = tables * math.prod(sizes)
    require(
        cells <= LARGEST,
        f"classes = {sizes} and {tables} tables are {cells} cells; expected at most {LARGEST}; "
        "merge labels or count fewer tables at a time.",
    )


def _counted(
    y: Labels, f: Labels, g: Labels, lead: torch.Size, sizes: tuple[int, int, int]
) -> Iterator[tuple[slice, Counts]]:
    """The count tables of one block of rows after the other, and which rows they are."""
    f, g, y = (_as_rows(t, lead) for t in (f, g, y))
    cells = math.prod(sizes)
    room = _room(math.prod(lead), y.shape[-1], cells, y.device)
    start = cells * torch.arange(len(room), dtype=room.dtype, device=y.device)[:, None]
    one = _pairs(g, y, sizes, room.dtype) if len(g) == len(y) == 1 else None

    def count(some: slice, samples: slice) -> Tensor:
        f_, g_, y_ = (t[some if len(t) > 1 else slice(None), samples] for t in (f, g, y))
        pairs = _pairs(g_, y_, sizes, room.dtype) if one is None else one[:, samples]
        _check_range("f", f_, sizes[0])
        cell = room[: max(len(f_), len(pairs)), : pairs.shape[1]].copy_(f_)
        cell.mul_(sizes[1] * sizes[2]).add_(pairs).add_(start[: len(cell)])
        return torch.bincount(cell.flatten(), minlength=len(cell) * cells)

    for some in _slices(math.prod(lead), len(room)):
        total = reduce(torch.add, (count(some, samples) for samples in _slices(y.shape[-1], room.shape[1])))
        yield some, total.view(-1, *sizes)


def _check_labels(name: str, labels: Tensor, samples: torch.Size) -> None:
    whole = not (labels.is_floating_point() or labels.is_complex() or labels.dtype is torch.bool)
    require(whole, f"{name} has dtype {labels.dtype}; expected integer labels; call {name}.long().")
    shape = tuple(labels.shape)
    fits = labels.ndim > 0 and labels.shape[-1:] == samples and samples[0] > 0
    require(
        fits, f"{name} has shape {shape}; expected (..., N), one label for each of the N > 0 samples of y; align it."
    )


def _as_rows(labels: Labels, lead: torch.Size) -> Tensor:
    """The labels as rows (R, N) for each of the R leading indices, or (1, N) where one row serves all."""
    samples = labels.shape[-1]
    if labels.numel() == samples:
        return labels.reshape(1, samples)
    return labels.expand(*lead, samples).reshape(-1, samples)


def _room(rows: int, samples: int, cells: int, device: torch.device) -> Tensor:
    """Room for the cells of a block of at most ``CHUNK`` samples and, of several rows, 8 ``BLOCK`` cells of tables, in
    the smallest integers that hold them; used again by every block."""
    height, width = min(rows, max(1, CHUNK // samples), max(1, 8 * BLOCK // cells)), min(CHUNK, samples)
    dtype = next(d for d in (torch.int16, torch.int32, torch.int64) if height * cells <= torch.iinfo(d).max)
    return torch.empty(height, width, dtype=dtype, device=device)


def _slices(total: int, size: int) -> Iterator[slice]:
    return (slice(first, first + size) for first in range(0, total, size))


def _pairs(g: Labels, y: Labels, sizes: tuple[int, int, int], dtype: torch.dtype) -> Tensor:
    """The labels (g, y) as one, ``K_Y g + y``."""
    for name, labels, size in (("g", g, sizes[1]), ("y", y, sizes[2])):
        _check_range(name, labels, size)
    return g.to(dtype) * sizes[2] + y.to(dtype)


def _check_range(name: str, labels: Labels, size: int) -> None:
    if not _within(labels, size):
        low, high = (int(x) for x in (labels.min(), labels.max()))
        raise NumericsError(f"{name} has labels {low} .. {high}; expected 0 .. {size - 1}; recode it.")


def _within(labels: Labels, size: int) -> bool:
    """Whether all labels are 0 .. size - 1. On the CPU numpy finds the largest of them read as unsigned integers, where
    negative ones are large: one pass in place of two."""
    if labels.device.type == "cpu":
        numbers = labels.numpy()
        return bool(numbers.view(f"u{numbers.itemsize}").max() < min(size, 1 + torch.iinfo(labels.dtype).max))
    low, high = labels.to(RECAST.get(labels.dtype, labels.dtype)).aminmax()
    return bool((low >= 0) & (high < size))
