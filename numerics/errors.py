"""The one exception of the package, and the checks at its doors."""

from torch import Tensor


class NumericsError(ValueError):
    """A malformed argument: which name, which value, what was expected, what to do."""


def require(condition: bool, message: str) -> None:
    """Raise ``NumericsError(message)`` unless the condition holds."""
    if not condition:
        raise NumericsError(message)


def check_shape(name: str, value: Tensor, expected: tuple[int | None, ...], meaning: str) -> None:
    """Expect a shape; ``None`` stands for any size."""
    shape = tuple(value.shape)
    fits = len(shape) == len(expected) and all(e in (None, s) for s, e in zip(shape, expected, strict=True))
    wanted = "(" + ", ".join("any" if e is None else str(e) for e in expected) + ")"
    require(fits, f"{name} has shape {shape}; expected {wanted} = {meaning}; mind the leading batch dimension.")


def check_finite(name: str, value: Tensor) -> None:
    """Expect floating point numbers, none of them nan or infinite."""
    require(value.is_floating_point(), f"{name} has dtype {value.dtype}; expected floats; call {name}.double().")
    bad = (~value.isfinite()).sum().item()
    require(bad == 0, f"{name} has {bad} entries that are nan or infinite; expected finite numbers; drop them.")


def check_times(times: Tensor, batch: int) -> None:
    """Expect output times (B, T) that start at or after 0 and increase."""
    check_shape("times", times, (batch, None), "(B, T)")
    check_finite("times", times)
    require(times.shape[1] > 0, "times is empty; expected at least one output time; add one.")
    increasing = bool((times.diff(dim=1) > 0).all()) and bool((times[:, 0] >= 0).all())
    require(increasing, "times is not increasing from 0 on; expected 0 <= t_1 < t_2 < ...; sort it, drop repeats.")


def check_positive(name: str, value: float | Tensor) -> None:
    """Expect a positive number, or positive numbers."""
    positive = bool((value > 0).all()) if isinstance(value, Tensor) else value > 0
    require(positive, f"{name} = {value} is not positive; expected {name} > 0; choose a positive one.")
