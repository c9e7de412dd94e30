"""Numbers as people read them: few digits, true powers of ten, thin spaces between thousands."""

from __future__ import annotations

import math
from typing import Any

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NONE = "–"


def superscript(exponent: int) -> str:
    return str(exponent).translate(_SUPERSCRIPT)


def power_of_ten(exponent: int) -> str:
    """-3 -> 10⁻³, 0 -> 1, 1 -> 10."""
    return {0: "1", 1: "10"}.get(exponent, "10" + superscript(exponent))


def count(value: int | None) -> str:
    """12345 -> 12 345 (with a thin no-break space)."""
    return NONE if value is None else f"{value:,}".replace(",", "\u202f")


def number(value: Any, digits: int = 4) -> str:
    """A number with that many significant digits; anything else as text; None as a dash."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value).replace("-", "−")
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "undefined")
    return _float(value, digits).replace("-", "−")


def _float(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if -4 <= int(exponent) < 6:
        text = f"{value:.{max(digits - 1 - int(exponent), 0)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}\u202f·\u202f10{superscript(int(exponent))}"


def percent(value: float | None) -> str:
    """0.0031 -> 0.31 %."""
    return NONE if value is None else f"{number(100 * value, 2)}\u202f%"


def share(value: float | None) -> str:
    """0.954 -> 95 %; what is less than everything never reads as 100 %."""
    if value is None:
        return NONE
    texts = (f"{number(100 * value, digits)}\u202f%" for digits in range(2, 17))
    return next((text for text in texts if value >= 1 or not text.startswith("100")), "100\u202f%")


def seconds(value: float) -> str:
    """0.31 -> 0.3 s, 75 -> 1 min 15 s."""
    if value < 60:
        return f"{value:.1f}\u202fs"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}\u202fh {minutes}\u202fmin" if hours else f"{minutes}\u202fmin {rest}\u202fs"
