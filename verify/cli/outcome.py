"""Exit codes, and the one place where errors become one line for the user."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

OK, UNEXPECTED, USAGE, OPEN, INTERRUPTED = 0, 1, 2, 3, 130
TRACEBACK_VARIABLE = "LEMMAFLOW_TRACEBACK"


def guarded(action: Callable[[], int]) -> int:
    """Run `action`; no traceback reaches the user unless LEMMAFLOW_TRACEBACK is set."""
    try:
        return action()
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return OK
    except Exception as error:
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        return _say(message(error), USAGE)


def message(error: Exception) -> str:
    """One line that says what went wrong."""
    if isinstance(error, _own_errors()):
        return _one_line(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or _one_line(error)}"
    if isinstance(error, MemoryError):
        return "out of memory; choose a smaller profile or fewer --jobs"
    name = type(error).__name__
    return f"internal error, please report it: {name}: {_one_line(error)} ({TRACEBACK_VARIABLE}=1 shows where)"


def _own_errors() -> tuple[type[Exception], ...]:
    """The errors that are raised on purpose; `numerics` is asked only if it is loaded (it imports torch)."""
    from theory.errors import TheoryError

    from ..errors import VerifyError

    numerics = sys.modules.get("numerics.errors")
    return (TheoryError, VerifyError, *([numerics.NumericsError] if numerics else []))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _say(text: str, code: int) -> int:
    with contextlib.suppress(OSError):
        print(f"lemmaflow: {text}", file=sys.stderr)
    return code
