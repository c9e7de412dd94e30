"""Consoles and JSON for the commands."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """A console that wraps nothing when its stream is no terminal: output can be piped and searched."""
    stream = sys.stderr if stderr else sys.stdout
    width = shutil.get_terminal_size().columns if stream.isatty() else 200
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))
