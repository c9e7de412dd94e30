"""What a user of `verify` can do wrong; each message is one line: which name and value, what was expected."""

from __future__ import annotations

from theory import TheoryError


class VerifyError(ValueError):
    """Base of every error that this package raises on purpose."""


class UsageError(VerifyError):
    """An option, a name or a value that the command cannot work with."""


class DataError(VerifyError):
    """A data file that cannot be read or describes neither a regression problem nor predictions."""


class OutputError(VerifyError):
    """A place that results cannot be written to."""


UNTRAINABLE = (TheoryError, VerifyError, ValueError, ArithmeticError, RuntimeError)
"""What a measurement may raise where varied instances left what can be trained."""
