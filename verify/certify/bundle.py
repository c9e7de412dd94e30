"""The text of functions with everything that they use, as one module that needs python-flint and nothing else."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import resolve_name
from inspect import getsource
from typing import Any

from ..errors import VerifyError

ALLOWED = sys.stdlib_module_names | {"flint"}
"""Top-level modules that a standalone script may import."""


@dataclass(frozen=True)
class Source:
    """The top level of a module: its lines, what it defines, and where its other names come from."""

    lines: tuple[str, ...]
    defined: dict[str, ast.stmt]
    imported: dict[str, tuple[str, str]]
    """name -> (module, name there); an empty name there is the module itself."""


@cache
def source_of(module: str) -> Source:
    text = getsource(import_module(module))
    defined: dict[str, ast.stmt] = {}
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom):
            origin = _origin(node, module)
            imported |= {a.asname or a.name: (origin, a.name) for a in node.names}
        elif isinstance(node, ast.Import):
            imported |= {a.asname or a.name: (a.name, "") for a in node.names}
        else:
            defined |= dict.fromkeys(_names_defined(node), node)
    return Source(tuple(text.splitlines()), defined, imported)


def _origin(node: ast.ImportFrom, module: str) -> str:
    package = getattr(import_module(module), "__package__", None) or module
    return resolve_name("." * node.level + (node.module or ""), package) if node.level else str(node.module)


def _names_defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


@dataclass
class Bundle:
    """Definitions and imports that have been found to be needed."""

    needed: dict[str, str] = field(default_factory=dict)
    """name -> the module that defines it."""
    imports: set[str] = field(default_factory=set)
    modules: list[str] = field(default_factory=list)

    def need(self, module: str, name: str) -> None:
        """Add a definition and what it uses. Raises `VerifyError` for what a script cannot hold."""
        if self.needed.setdefault(name, module) != module:
            raise VerifyError(f"{module} and {self.needed[name]} both define {name!r}; rename one for the script")
        source = source_of(module)
        for used in _names_used(source.defined[name]):
            if used in source.defined and used not in self.needed:
                self.need(module, used)
            elif used in source.imported:
                self._import(*source.imported[used], used, module)
        if module not in self.modules:
            self.modules.append(module)

    def _import(self, module: str, name: str, known_as: str, user: str) -> None:
        if module.split(".")[0] in ALLOWED:
            line = f"from {module} import {name}" if name else f"import {module}"
            self.imports.add(line if known_as in (name, module) else f"{line} as {known_as}")
        elif not name or name != known_as or name not in source_of(module).defined:
            raise VerifyError(f"{user} uses {known_as!r} of {module}; a standalone script cannot hold it")
        elif self.needed.get(name) != module:
            self.need(module, name)

    def text(self) -> str:
        """The definitions, each module's in its own order."""
        blocks = []
        for module in self.modules:
            source = source_of(module)
            nodes = {id(n): n for name, owner in self.needed.items() if owner == module for n in [source.defined[name]]}
            blocks += [_text(source, n) for n in sorted(nodes.values(), key=lambda n: n.lineno)]
        return "\n\n\n".join(blocks)


def _names_used(node: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]


def _text(source: Source, node: Any) -> str:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return "\n".join(source.lines[first - 1 : node.end_lineno])


def bundle(roots: Iterable[tuple[str, str]], *imports: str) -> tuple[str, str]:
    """(import lines, those given among them; the text of the definitions (module, name) and of all that they use)."""
    whole = Bundle(imports=set(imports))
    for module, name in roots:
        whole.need(module, name)
    return "\n".join(sorted(whole.imports, key=lambda line: ("flint" in line, line))), whole.text()
