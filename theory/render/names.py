"""Names written in LaTeX or plain Unicode, read into boxes."""

from dataclasses import dataclass
from typing import Any

from theory.render.alphabet import ACCENTS, TOKEN, UNICODE_OF
from theory.render.boxes import Accent, Atom, Box, Frac, Root, Row, Sub, Sup

_WRAPPERS = {"mathrm", "mathbf", "mathbb", "mathcal", "operatorname", "text", "mathsf", "boldsymbol"}
_SKIPPED = {"left", "right", "big", "Big", "bigl", "bigr", "displaystyle"}


@dataclass(frozen=True)
class Name(Box):
    """A name written in LaTeX (or plain Unicode): \\lambda_r, \\ell(t), \\tilde Y, ℓ."""

    source: str

    def latex(self) -> str:
        return self.source

    def unicode(self) -> str:
        return parsed(self.source).unicode()

    def mathml(self) -> str:
        return parsed(self.source).mathml()


def parsed(source: str) -> Box:
    """Box of a name in LaTeX or Unicode."""
    tokens = TOKEN.findall(source)
    return _sequence(tokens)


def _sequence(tokens: list[str]) -> Box:
    """Boxes up to a closing brace; consumes ``tokens``."""
    items: list[Box] = []
    while tokens and tokens[0] != "}":
        token = tokens[0]
        if token in "_^" and items:
            tokens.pop(0)
            script = _unit(tokens)
            items.append((Sub if token == "_" else Sup)(items.pop(), script))
        else:
            box = _unit(tokens)
            items += [] if box is None else [box]
    if tokens:
        tokens.pop(0)
    return items[0] if len(items) == 1 else Row(*items)


def _unit(tokens: list[str]) -> Any:
    """The next unit: a character, a group, or a command with its arguments."""
    token = tokens.pop(0) if tokens else ""
    if token == "{":
        return _sequence(tokens)
    if not token.startswith("\\") or len(token) == 1:
        return None if not token or token == "}" else Atom(" " if token.isspace() else token)
    return _command(token[1:], tokens)


def _command(name: str, tokens: list[str]) -> Any:
    while tokens and tokens[0].isspace():
        tokens.pop(0)
    if name in _SKIPPED:
        return None
    if name == "frac":
        return Frac(_unit(tokens), _unit(tokens))
    if name == "sqrt":
        return Root(_unit(tokens))
    if name in ACCENTS:
        return Accent(ACCENTS[name], _unit(tokens))
    if name in _WRAPPERS:
        return Atom(_unit(tokens).unicode(), upright=True)
    if name in ",;:! ":
        return Atom(" ")
    return Atom(UNICODE_OF.get(name, name), upright=name not in UNICODE_OF)
