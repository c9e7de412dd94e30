"""The grammar of the command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from importlib import metadata
from typing import Any, NoReturn

from ..errors import UsageError

PROFILES = ("quick", "standard", "deep")
DEVICES = ("auto", "cpu", "cuda")
FORMATS = ("html", "json", "junit", "md")

OVERVIEW = """\
Theorems about neural-network training, stated once, compared with networks that are really trained.

  lemmaflow list                          the catalogue
  lemmaflow show min2021.thm1             one theorem: statement, assumptions, proof, source
  lemmaflow eval min2021.thm1 c=2 lambda_r=1 t=1/2
                                          its bound at numbers, at symbols, or at your data (--data FILE)
  lemmaflow verify                        train networks, try to break every claim, write a report
  lemmaflow verify min2021 --data FILE    the same on your own data (.npz, .csv, or `diabetes`)
  lemmaflow replay FILE                   run a stored counterexample again
  lemmaflow report DIR --format md        a report in another format
  lemmaflow doctor                        do the engines of this machine agree?

Each has its --help.
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as everything else does."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def version() -> str:
    try:
        return metadata.version("lemmaflow")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def build() -> Parser:
    """The parser of the whole command."""
    parser = Parser(
        prog="lemmaflow",
        description=OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"lemmaflow {version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for add in (_list, _show, _eval, _verify, _replay, _report, _doctor):
        add(commands)
    return parser


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; names and values may stand on both sides of the options."""
    parser = build()
    arguments, rest = parser.parse_known_args(argv)
    several = {"eval": "values", "verify": "names"}.get(arguments.command or "")
    if rest and (several is None or any(text.startswith("-") for text in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest and several:
        getattr(arguments, several).extend(rest)
    return arguments


def _add(commands: Any, name: str, text: str) -> Parser:
    return commands.add_parser(name, help=text, description=text, allow_abbrev=False)


def _json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _data(parser: Parser, text: str) -> None:
    parser.add_argument("--data", metavar="FILE", help=text)
    parser.add_argument(
        "--target",
        metavar="NAMES",
        type=_names,
        help="target columns of a .csv, comma-separated (default: the last)",
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _list(commands: Any) -> None:
    parser = _add(commands, "list", "The catalogue: id, kind, title, status of the proof.")
    parser.add_argument("paper", nargs="?", help="the key of a paper, such as min2021")
    _json(parser)


def _show(commands: Any) -> None:
    parser = _add(commands, "show", "One claim: statement, quantities, assumptions, proof, source, mutants.")
    parser.add_argument("id")
    parser.add_argument("--latex", action="store_true", help="print only the statement, as LaTeX")
    _json(parser)


def _eval(commands: Any) -> None:
    parser = _add(commands, "eval", "The predicted side of a claim, at numbers, symbols or data.")
    parser.add_argument("id")
    parser.add_argument(
        "values",
        nargs="*",
        metavar="name=value",
        help="an exact number (2, 1/3, 0.1, 'sqrt(2)'), a formula of symbols, or a matrix '[[1,2],[3,4]]'; "
        "a value for a defined quantity overrides its definition",
    )
    _data(parser, "take X, Y (and U, V) from a .npz, .csv or `diabetes`")
    parser.add_argument("--part", metavar="NAME", help="only this part of the claim")
    parser.add_argument("--solve-for", metavar="NAME", help="solve the relation, as an equation, for this quantity")
    parser.add_argument("--balls", action="store_true", help="a rigorous enclosure, by ball arithmetic")
    _json(parser)


def _verify(commands: Any) -> None:
    parser = _add(
        commands,
        "verify",
        "Train networks and try to break the claims. Exit code 0: all as expected; 1: something unexpected; "
        "2: wrong usage or input; 3: something inconclusive or vacuous, nothing unexpected; 130: interrupted.",
    )
    parser.add_argument("names", nargs="*", metavar="ID|PAPER", help="claims and papers (default: the whole catalogue)")
    parser.add_argument("--profile", choices=PROFILES, default="quick", help="how much to run (default: quick)")
    parser.add_argument("--seed", type=_natural, default=0, help="of every random draw (default: 0)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where to train (default: auto)")
    parser.add_argument("--jobs", type=_positive, default=usable_cores(), help="processes (default: one a core)")
    parser.add_argument("--out", metavar="DIR", default="out", help="where the report goes (default: out)")
    _data(
        parser,
        "train on these data: a .npz (X, Y, optional U, V), a .csv, or `diabetes`; or judge these predictions: a .npz "
        "with labels y, predictions f (steps × samples) and g, optional steps",
    )
    _json(parser)


def _replay(commands: Any) -> None:
    parser = _add(commands, "replay", "Run a stored counterexample again: measured, predicted, budget.")
    parser.add_argument("target", metavar="FILE|ID", help="a file of OUT/counterexamples, or the id of an erratum")
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument(
        "--export-script",
        metavar="FILE",
        help="also write a script that proves the violation in ball arithmetic and needs python-flint only",
    )
    _json(parser)


def _report(commands: Any) -> None:
    parser = _add(commands, "report", "The report of a campaign in another format, on standard output.")
    parser.add_argument("folder", metavar="DIR", help="the --out of a campaign")
    parser.add_argument("--format", choices=FORMATS, default="html")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file instead")


def _doctor(commands: Any) -> None:
    parser = _add(
        commands,
        "doctor",
        "Hold the engines of this machine against each other, on small fixed cases. Exit code 0: they agree within "
        "their own error estimates; 1: some contradict each other, and no figure of this machine should be believed.",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="cuda, auto: CUDA too (default: auto)")
    _json(parser)


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _natural(text: str) -> int:
    return _integer(text, least=0)


def _positive(text: str) -> int:
    return _integer(text, least=1)


def _integer(text: str, *, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no integer") from None
    if not least <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{value} is out of range; expected at least {least}")
    return value
