"""`lemmaflow verify`: run a campaign, watch it, write its report, print the verdicts."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from theory.catalogue import select

from .. import data, report
from ..errors import OutputError, UsageError
from ..report import summary
from .devices import check_device
from .outcome import INTERRUPTED
from .output import console

TITLES = {  # of the columns of the table of verdicts; what has no title here stands in the report only
    "claim": "claim",
    "kind": "kind",
    "verdict": "verdict",
    "instances": "run/planned",
    "violations": "violated",
    "mutants refuted": "mutants",
    "systematic": "syst.",
    "worst slack": "slack",
    "seconds": "s",
}
SHOWN_FROM = {"kind": 132, "seconds": 112, "violations": 100, "worst slack": 90}  # width of the terminal


def run(arguments: argparse.Namespace) -> int:
    """Everything that can be wrong is found before the work starts."""
    select(tuple(arguments.names))  # an unknown name is told before anything else
    if arguments.target and not arguments.data:
        raise UsageError("--target names columns of a data file; give --data FILE too")
    check_device(arguments.device)
    dataset = data.load(arguments.data, arguments.target) if arguments.data else None
    out = Path(arguments.out)
    check_writable(out)

    from ..campaign import Request, run_campaign

    request = Request(
        claims=tuple(arguments.names),
        profile=arguments.profile,
        seed=arguments.seed,
        device=arguments.device,
        jobs=arguments.jobs,
        out=out,
        data=dataset,
    )
    with Watch() as watch:
        result = run_campaign(request, on_event=watch)
    return _finish(result, out, as_json=arguments.json)


def _finish(result: dict[str, Any], out: Path, *, as_json: bool) -> int:
    page = report.write(result, out)
    if as_json:
        sys.stdout.write(report.render_json(result))
    else:
        _print_verdicts(result)
        print(f"\nReport: {page}")
    return INTERRUPTED if result["interrupted"] else result["exit_code"]


def check_writable(out: Path) -> None:
    """Raises `OutputError` unless files can be written into `out`; makes the folder."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=out) as probe:
            probe.write(b"lemmaflow")
    except FileExistsError:
        raise OutputError(f"--out {out} is a file; give a folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"--out {out} cannot be written to: {reason}") from None


class Watch:
    """Progress bars on the terminal from the events of a campaign; silent when stderr is no terminal."""

    def __init__(self) -> None:
        self.screen = console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.screen,
            transient=True,
            disable=not self.screen.is_terminal,
        )
        self.tasks: dict[str, Any] = {}

    def __enter__(self) -> Watch:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            self.progress.stop()

    def __call__(self, event: dict[str, Any]) -> None:
        match event:
            case {"event": "planned", "claims": claims}:
                self.tasks["all"] = self.progress.add_task("all claims", total=len(claims))
            case {"event": "started", "claim": claim}:
                self._task(claim)
            case {"event": "progress", "claim": claim, "done": done, "total": total}:
                self.progress.update(self._task(claim), completed=done, total=total)
            case {"event": "finished", "claim": claim, "result": result}:
                self._finished(claim, result)

    def _task(self, claim: str) -> Any:
        if claim not in self.tasks:
            self.tasks[claim] = self.progress.add_task(claim, total=None)
        return self.tasks[claim]

    def _finished(self, claim: str, result: dict[str, Any]) -> None:
        if claim in self.tasks:
            self.progress.remove_task(self.tasks.pop(claim))
        if "all" in self.tasks:
            self.progress.advance(self.tasks["all"])
        if self.screen.is_terminal:
            self.progress.print(f"{claim}  {summary.verdict_names(result)}", style=_style(result))


def _style(result: dict[str, Any]) -> str:
    colours = {"unsound": "bold magenta", "unexpected": "bold red", "open": "yellow", "as expected": "green"}
    return colours[summary.standing(result)]


def _print_verdicts(result: dict[str, Any]) -> None:
    screen = console()
    claims = result["claims"]
    if claims:
        screen.print(_table(claims, screen.width))
        if any(claim["mutants"]["systematic"] for claim in claims):
            screen.print("\nmutants: planted ones refuted; syst.: systematic ones that claim more, refuted")
    screen.print(f"\n{summary.headline(result)}")


def _marked(verdict: str) -> str:
    """The verdict without a space, at which a line could break."""
    return summary.MARKS[verdict] + verdict


def _table(claims: list[dict[str, Any]], width: int) -> Table:
    """One row a claim. Where the terminal is narrow some columns go, and several verdicts take several lines."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    names = [name for name in TITLES if width >= SHOWN_FROM.get(name, 0)]
    for name in names:
        text = name in ("claim", "kind", "verdict")
        table.add_column(TITLES[name], justify="left" if text else "right", no_wrap=name not in ("kind", "verdict"))
    for claim in claims:
        row = summary.row(claim) | {"verdict": " ".join(map(_marked, summary.different(claim))) or "none"}
        style = None if summary.standing(claim) == "as expected" else _style(claim)
        table.add_row(*(row[name] for name in names), style=style)
    return table
