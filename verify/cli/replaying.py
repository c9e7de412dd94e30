"""`lemmaflow replay FILE|ID`: a stored counterexample, run again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..report.numbers import number
from .devices import check_device
from .outcome import OK, UNEXPECTED
from .output import print_json


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when the violation shows again, 1 when it does not."""
    check_device(arguments.device)
    from ..counterexample import replay

    found = replay(arguments.target, device=arguments.device)
    if arguments.export_script:
        from ..certify import export_script

        export_script(found, Path(arguments.export_script))
        found["script"] = arguments.export_script
    if arguments.json:
        print_json(found)
    else:
        print(_text(found))
    return OK if found["violates"] else UNEXPECTED


def _text(found: dict[str, Any]) -> str:
    outcome = "violated, beyond the error budget" if found["violates"] else "not violated"
    part = f", part {found['part']}" if found["part"] else ""
    lines = [f"{found['claim']}{part}: {outcome}"]
    lines += [f"  {name:<10}{_value(found[name])}" for name in ("measured", "predicted", "excess", "budget")]
    lines += [f"  at {name} = {_value(value)}" for name, value in found["at"].items()]
    lines += [f"  with {name} = {_value(value)}" for name, value in found["instance"].items()]
    if "script" in found:
        lines.append(f"  proved in ball arithmetic by {found['script']}, which needs python-flint only")
    return "\n".join(lines)


def _value(value: Any) -> str:
    return str(value) if isinstance(value, list | dict) else number(value, 10)
