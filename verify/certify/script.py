"""A refutation as a script that needs python-flint only: the instance, the dynamics, both sides, the violation."""

from __future__ import annotations

import contextlib
import os
import tempfile
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from theory import Claim, Part, get_claim, render
from theory.backends.ir import Code, Node

from ..errors import OutputError, VerifyError
from ..experiment import Experiment, plain
from ..papers import experiment_of
from . import operations
from .bundle import bundle
from .certificate import FAILS, decided
from .code import CONSTANTS, PartCode, operation
from .exact import exact_instance, written
from .operations import Undecided

OPERATIONS = operations.__name__
RIGOROUS = operations.__name__.replace("operations", "rigorous")
HELPERS = (
    (OPERATIONS, "le"),
    (OPERATIONS, "eq"),
    (OPERATIONS.replace("operations", "shown"), "shown"),
    (RIGOROUS, "rational"),
    (RIGOROUS, "rationals"),
)


@dataclass(frozen=True)
class Refuted:
    """A place at which a part of a claim surely fails, and the precision that shows it."""

    claim: Claim
    code: PartCode
    instance: dict[str, Any]
    index: int
    precision: int
    note: str
    """Which instance it is."""


def export_script(stored: Mapping[str, Any], path: Path) -> Refuted:
    """Write the refutation of a stored counterexample ("claim", "part", "instance") as a standalone script.

    Where the stored instance proves nothing (it meets an assumption only up to rounding), an explicit instance of the
    experiment takes its place, and the script says so. Raises `VerifyError` when balls refute neither, `OutputError`
    when the file cannot be written; it is written whole or not at all.
    """
    claim, experiment = get_claim(stored["claim"]), experiment_of(stored["claim"])
    if not isinstance(experiment, Experiment) or experiment.enclose is None:
        raise VerifyError(f"{claim.id}: nothing encloses its measured side in balls; there is no script to export")
    refuted = refutation(claim, claim.part(stored["part"]), experiment, stored["instance"])
    _write(script(refuted, experiment.enclose), path)
    return refuted


def refutation(claim: Claim, part: Part, experiment: Experiment, instance: Mapping[str, Any]) -> Refuted:
    """Where a part surely fails: on the instance (nested lists), else on the first witness that shows it."""
    found = _try(claim, part, experiment, instance, "the counterexample that was found")
    if isinstance(found, Refuted):
        return found
    for witness in experiment.witnesses:
        note = f"an explicit instance of the experiment, since on the one that was found {found}"
        again = _try(claim, part, experiment, plain(witness()), note)
        if isinstance(again, Refuted):
            return again
    raise VerifyError(f"{claim.id}, part {part.name}: balls do not refute it on this instance: {found}")


def _try(claim: Claim, part: Part, experiment: Experiment, instance: Mapping[str, Any], note: str) -> Refuted | str:
    """The refutation, or why there is none."""
    try:
        seen, precision = decided(claim, (part,), experiment.enclose, exact_instance(instance))
    except Undecided as reason:
        return str(reason)
    except KeyError as missing:
        raise VerifyError(f"the counterexample of {claim.id} has no array {missing}") from None
    shown = seen[part.name]
    if shown.outcome != FAILS or shown.code is None:
        return shown.note or f"the part {shown.outcome}"
    return Refuted(claim, shown.code, dict(instance), shown.index, precision, note)


def _write(text: str, path: Path) -> None:
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as f:
            temporary = f.name
            f.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise OutputError(f"cannot write {str(path)!r}: {error.strerror or error}") from None


# ---- the text


def script(refuted: Refuted, enclose: Any) -> str:
    """The whole script."""
    used = {(OPERATIONS, operation(n.op)) for n in refuted.code.code.nodes if n.op not in SPELLED}
    roots = [*sorted(used), *HELPERS, (enclose.__module__, enclose.__name__)]
    imports, definitions = bundle(roots, "import sys", "from flint import arb", "from flint import ctx")
    blocks = [
        f'"""{_opening(refuted)}\n"""\n\nfrom __future__ import annotations\n\n{imports}',
        definitions,
        f"INSTANCE = {_literal(refuted.instance)}",
        _sides(refuted.code.code),
        _main(refuted, enclose.__name__),
    ]
    return "\n\n\n".join(blocks)


def _opening(refuted: Refuted) -> str:
    claim, part = refuted.claim, refuted.code.part
    names = claim.names("unicode")
    lines = [
        f"{claim.id}, part {part.name}: {claim.title}. Refuted in ball arithmetic.",
        "",
        f"Claim:    {render.pretty(part.relation, names)}, {part.quantifier.value}",
        *[f"Assumes:  {a.text}" for a in claim.assumptions],
        *([f"Printed:  {claim.erratum.printed}", f"True:     {claim.erratum.true}"] if claim.erratum else []),
        f"Source:   {claim.source.paper}, {claim.source.where}",
        *textwrap.wrap(f"Instance: {refuted.note}. Its decimals are exact rationals.", 110, subsequent_indent=" " * 10),
        "",
        "Needs python-flint only. Every number is an exact rational or a ball that encloses the true value. Exit code",
        "0: the violation is proved; 1: it is not.",
    ]
    return "\n".join(lines).replace("\\", "\\\\")


def _literal(instance: Mapping[str, Any]) -> str:
    rows = [f"    {name!r}: {_value(value)}," for name, value in instance.items()]
    return "\n".join(["{", *rows, "}"])


def _value(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    text = written(value)
    if not isinstance(text, list):
        return f'rational("{text}")'
    if text and isinstance(text[0], list):
        return f"rationals({text})"
    return f"[{', '.join(f'rational({x!r})' for x in text)}]"


SPELLED = ("input", "capture", "constant", "truth", "piecewise")
"""Nodes that are written out instead of calling a function of `operations`."""


def _sides(code: Code) -> str:
    """Both sides, the condition and the assumptions, from the values at a place: one line an operation."""
    lines = [line for i, node in enumerate(code.nodes) for line in _lines(i, node)]
    return "\n".join(["def sides(v):", *lines, f"    return {', '.join(f'x{s}' for s in code.outputs)}"])


def _lines(i: int, node: Node) -> list[str]:
    static, args = dict(node.static), [f"x{a}" for a in node.args]
    if node.op in ("piecewise", "capture"):
        raise VerifyError("a claim with a case distinction cannot be written as a script")
    if node.op == "input":
        return [f"    x{i} = v[{static['name']!r}]"]
    if node.op == "constant":
        return [f"    x{i} = {_constant(static['value'])}"]
    if node.op == "truth":
        return [f"    x{i} = {static['value']}"]
    options = [f"{k}={v!r}" for k, v in static.items()]
    return [f"    x{i} = {operation(node.op)}({', '.join([*args, *options])})"]


def _constant(value: Any) -> str:
    return (
        f"fmpq({_integer(value.p)}, {_integer(value.q)})"
        if getattr(value, "is_Rational", False)
        else f"arb.{CONSTANTS[value]}()"
    )


def _integer(n: int) -> str:
    """Powers of ten are easier to read as such."""
    digits = str(n)
    return f"10**{len(digits) - 1}" if len(digits) > 6 and digits.strip("0") == "1" else digits


def _main(refuted: Refuted, enclose: str) -> str:
    sign, test = _violation(refuted.code.part)
    return f'''def main():
    ctx.prec = {refuted.precision}
    place = {enclose}(INSTANCE)[{refuted.index}]
    measured, predicted, when, *assumptions = sides(place)
    print(__doc__)
    for name, value in place.items():
        print(f"  {{name}} = {{shown(value)}}")
    violated = {test} is False and when is True and all(a is True for a in assumptions)
    sign = "{sign}" if violated else "?"
    print(f"measured {{shown(measured)}} {{sign}} predicted {{shown(predicted)}}  "
          f"{{'VIOLATED (rigorously)' if violated else 'not decided'}}")
    return 0 if violated else 1


if __name__ == "__main__":
    sys.exit(main())
'''


def _violation(part: Part) -> tuple[str, str]:
    """(how measured stands to predicted where the relation fails, the test of the relation)."""
    if part.is_equation:
        return "≠", "eq(measured, predicted)"
    if part.is_lower_bound:
        return "<", "le(predicted, measured)"
    return ">", "le(measured, predicted)"
