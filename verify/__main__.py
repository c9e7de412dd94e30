"""The command `lemmaflow`, also `python -m verify`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from .cli import parser
from .cli.outcome import OK, guarded

MODULES = {
    "list": "listing",
    "show": "showing",
    "eval": "evaluating",
    "verify": "verifying",
    "replay": "replaying",
    "report": "reporting",
    "doctor": "doctoring",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return guarded(lambda: _main(argv))


def _main(argv: Sequence[str] | None) -> int:
    try:
        arguments = parser.parse(argv)
    except SystemExit as finished:  # --help and --version
        return int(finished.code or OK)
    if arguments.command is None:
        print(parser.OVERVIEW, end="")
        return OK
    # Each command imports what it needs: `list` should not wait for torch.
    return importlib.import_module(f"verify.cli.{MODULES[arguments.command]}").run(arguments)


if __name__ == "__main__":
    sys.exit(main())
