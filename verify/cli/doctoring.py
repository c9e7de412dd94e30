"""`lemmaflow doctor`: do the engines of this machine agree?"""

from __future__ import annotations

import argparse
import math
from typing import Any

from rich.table import Table

from ..report.numbers import number
from .devices import check_device
from .outcome import OK, UNEXPECTED
from .output import console, print_json

STYLES = {"AGREE": None, "UNSOUND": "bold red", "UNTESTED": "bold yellow"}


def run(arguments: argparse.Namespace) -> int:
    """Exit code 0 when no engines contradict each other, 1 when any do."""
    check_device(arguments.device)
    from .. import doctor

    bench = doctor.bench_for(arguments.device)
    about = doctor.machine("cuda" if bench.cuda else "cpu")
    if not arguments.json:
        _say_machine(about)
    checks = list(doctor.examine(bench))
    unsound = [check for check in checks if check.outcome is doctor.Outcome.UNSOUND]
    if arguments.json:
        print_json({"environment": about, "checks": [_row(c) for c in checks], "sound": not unsound})
    else:
        _say(checks)
    return UNEXPECTED if unsound else OK


def _row(check: Any) -> dict[str, Any]:
    return {
        "name": check.name,
        "engines": check.engines,
        "compared": check.compared,
        "worst": check.worst if math.isfinite(check.worst) else None,
        "outcome": check.outcome.value[0],
        "passed": check.passed,
        "note": check.note,
    }


def _say_machine(about: dict[str, Any]) -> None:
    for name, value in about.items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        console().print(f"{name:<16}{text}")
    console().print()


def _say(checks: list[Any]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("comparison", "engines", "compared", "worst/tolerance", "outcome"):
        table.add_column(name, justify="right" if name in ("compared", "worst/tolerance") else "left")
    for check in checks:
        worst = "–" if math.isnan(check.worst) else number(check.worst, 2)
        style = STYLES[check.outcome.name]
        cells = (check.name, check.engines, number(check.compared), worst, check.outcome.value[0])
        table.add_row(*cells, style=style)
    console().print(table)
    for check in checks:
        if check.note:
            console().print(f"\n{check.name}: {check.note}", style=STYLES[check.outcome.name], end="")
    console().print(f"\n\n{_verdict(checks)}")


def _verdict(checks: list[Any]) -> str:
    named = {o: [c.name for c in checks if c.outcome.name == o] for o in STYLES}
    lines = [f"{len(named['AGREE'])} of {len(checks)} comparisons agree."]
    for outcome in ("UNTESTED", "UNSOUND"):
        if named[outcome]:
            chosen = next(c.outcome for c in checks if c.outcome.name == outcome)
            lines.append(f"{chosen.value[0]}: {', '.join(named[outcome])}. {chosen.value[1]}")
    return "\n".join(lines)
