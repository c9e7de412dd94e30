"""Solves a relation, read as an equation, for one of its quantities."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

import mpmath
import sympy as sp

from theory.words import ScalarWord

from ..errors import UsageError

SECONDS = 15


class _TimeUpError(Exception):
    pass


def solve(left: Any, right: Any, symbol: Any) -> list[Any]:
    """The solutions that the symbol's assumptions allow: closed forms, else a number."""
    masks = {**_masks(left, symbol), **_masks(right, symbol)}
    left, right = (sp.nsimplify(sp.sympify(side).xreplace(masks), rational=True) for side in (left, right))
    equation = left - right
    if symbol not in equation.free_symbols:
        raise UsageError(f"{symbol.name} does not occur in the relation (or only in a quantity that has a value)")
    solutions = _closed_form(left, right, symbol)
    if not solutions and equation.free_symbols == {symbol}:
        solutions = _numerical(equation, symbol)
    if not solutions:
        raise UsageError(f"no solution for {symbol.name} was found; give more values, or fewer")
    return [s.xreplace({dummy: word for word, dummy in masks.items()}) for s in solutions]


def _masks(side: Any, symbol: Any) -> dict[Any, Any]:
    """Numbers made of matrices (norms, eigenvalues, traces) -> symbols that sympy's solver understands."""
    words = [w for w in sp.sympify(side).atoms(ScalarWord, sp.Trace) if symbol not in w.free_symbols]
    return {word: sp.Dummy(str(word), real=True, nonnegative=word.is_nonnegative) for word in words}


def _closed_form(left: Any, right: Any, symbol: Any) -> list[Any]:
    """By computer algebra, of the logarithms first where an exponential makes that simpler."""
    for equation in (*_logarithmic(left, right), left - right):
        try:
            with _limit(SECONDS):
                found = [s for s in sp.solve(equation, symbol) if _possible(s, symbol)]
                if found:
                    return [_tidy(s) for s in found]
        except (_TimeUpError, NotImplementedError, ValueError, TypeError, RecursionError):
            continue
    return []


def _tidy(solution: Any) -> Any:
    """One logarithm of a quotient for a difference of logarithms."""
    above, below = sp.fraction(sp.together(sp.simplify(solution)))
    return sp.logcombine(above, force=True) / below


def _logarithmic(left: Any, right: Any) -> list[Any]:
    if not (left - right).has(sp.exp) or sp.S.Zero in (left, right):
        return []
    return [sp.expand_log(sp.log(left) - sp.log(right), force=True)]


def _possible(solution: Any, symbol: Any) -> bool:
    """False for a solution that the symbol's assumptions exclude for all positive values of the others."""
    if not symbol.is_real:
        return True
    others = sorted(solution.free_symbols, key=str)
    trials = [
        {s: sp.Rational(k + 2 + 3 * i, 2 + (k + i) % 5) for i, s in enumerate(order)}
        for order in (others, others[::-1])  # a solution may need f₀ > f(t), or the other way round
        for k in range(5)
    ]
    values = [sp.N(solution.subs(trial)) for trial in trials]
    real = [v for v in values if v.is_real]
    return bool(real) and not (symbol.is_nonnegative and all(v.is_negative for v in real))


def _numerical(equation: Any, symbol: Any) -> list[Any]:
    """A root bracketed by a change of sign on a grid over thirty decades."""
    value = sp.lambdify(symbol, equation, "mpmath")
    grid = [mpmath.mpf(10) ** (mpmath.mpf(k) / 8) for k in range(-120, 121)]
    grid = grid if symbol.is_nonnegative else [-x for x in reversed(grid)] + grid
    signs = [_sign(value, x) for x in grid]
    for a, b, first, second in zip(grid, grid[1:], signs, signs[1:], strict=False):
        if first * second < 0:
            return [sp.Float(mpmath.findroot(value, (a, b), solver="anderson", verify=False), 15)]
    return []


def _sign(value: Any, x: Any) -> int:
    try:
        found = value(x)
        return int(mpmath.sign(found)) if mpmath.im(found) == 0 else 0
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return 0


@contextlib.contextmanager
def _limit(seconds: int) -> Iterator[None]:
    """Stops computer algebra that does not end (where alarms exist: in the main thread, on POSIX)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: Any) -> None:
        raise _TimeUpError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
