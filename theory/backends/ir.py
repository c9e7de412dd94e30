"""Straight-line code: unique operations on numbered slots, and the loop that runs it.

`Builder.emit` shares equal operations, does exact arithmetic on rational constants, and,
for floating backends, computes constant subexpressions at 40 digits so that they are
rounded once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

import sympy as sp

from theory.backends.names import OPERATIONS, SCALAR_OPERATIONS

Slot = int

_EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "neg": lambda a: -a,
    "square": lambda a: a * a,
    "max": lambda a, b: a if a >= b else b,
    "min": lambda a, b: a if a <= b else b,
    "abs": abs,
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
    "eq": lambda a, b: bool(a == b),
}


class Node(NamedTuple):
    """One operation; ``static`` holds what is known before running."""

    op: str
    args: tuple[Slot, ...] = ()
    static: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Code:
    """Operations in order, the slots of the results, and the outer slots captured."""

    nodes: tuple[Node, ...]
    outputs: tuple[Slot, ...]

    @cached_property
    def steps(self) -> tuple[tuple[Node, dict[str, Any], tuple[Slot, ...]], ...]:
        """(node, static arguments, slots that are dead after it)."""
        last = {s: i for i, node in enumerate(self.nodes) for s in node.args}
        dead: list[list[Slot]] = [[] for _ in self.nodes]
        for slot, i in last.items():
            if slot not in self.outputs:
                dead[i].append(slot)
        return tuple((n, dict(n.static), tuple(d)) for n, d in zip(self.nodes, dead, strict=True))


def run(code: Code, ops: Any, inputs: Mapping[str, Any], captured: Sequence[Any] = ()) -> list[Any]:
    """Results of ``code``, each intermediate value dropped after its last use."""
    values: list[Any] = [None] * len(code.nodes)
    for i, (node, static, dead) in enumerate(code.steps):
        if node.op == "input":
            values[i] = inputs[static["name"]]
        elif node.op == "capture":
            values[i] = captured[static["position"]]
        else:
            values[i] = getattr(ops, node.op)(*[values[s] for s in node.args], **static)
        for slot in dead:
            values[slot] = None
    return [values[s] for s in code.outputs]


@dataclass
class Builder:
    """Collects unique nodes.  Any operation of `OPERATIONS` is a method: ``ir.exp(x)``.

    ``fold(op, values)`` evaluates a scalar operation on constants (None: leave it to run).
    """

    fold: Callable[[str, list[Any]], Any] | None = None
    nodes: list[Node] = field(default_factory=list)
    slots: dict[Node, Slot] = field(default_factory=dict)

    def __getattr__(self, op: str) -> Callable[..., Slot]:
        if op not in OPERATIONS:
            raise AttributeError(f"{op!r} is no operation of the backends; see theory.backends.ir")
        return partial(self.emit, op)

    def put(self, node: Node) -> Slot:
        """Slot of the node, appended if new."""
        slot = self.slots.get(node)
        if slot is None:
            slot = self.slots[node] = len(self.nodes)
            self.nodes.append(node)
        return slot

    def const(self, value: Any) -> Slot:
        """Slot of a constant: sympy Rational, NumberSymbol or infinity, mpf."""
        if self.fold is not None and not getattr(value, "is_Rational", False):
            value = self.fold("constant", [value])
        return self.put(Node("constant", (), (("value", value),)))

    def truth(self, value: bool) -> Slot:
        """Slot of True or False."""
        return self.put(Node("truth", (), (("value", value),)))

    def input(self, name: str) -> Slot:
        """Slot of an input."""
        return self.put(Node("input", (), (("name", name),)))

    def value(self, slot: Slot) -> Any:
        """The constant or truth value in a slot, None if it is neither."""
        node = self.nodes[slot]
        return node.static[0][1] if node.op in ("constant", "truth") else None

    def emit(self, op: str, *args: Slot, **static: Any) -> Slot:
        """Slot of an operation, folded or simplified where that is exact."""
        known = [self.value(a) for a in args]
        if op in SCALAR_OPERATIONS and args and all(v is not None for v in known):
            folded = self._folded(op, known)
            if folded is not None:
                return self.truth(folded) if isinstance(folded, bool) else self.const(folded)
        unit = self._unit(op, args, known)
        return self.put(Node(op, args, tuple(sorted(static.items())))) if unit is None else unit

    def _folded(self, op: str, known: list[Any]) -> Any:
        if all(getattr(v, "is_Rational", False) for v in known):
            if op in _EXACT:
                return _EXACT[op](*known)
            if op == "div" and known[1] != 0:
                return known[0] / known[1]
        return self.fold(op, known) if self.fold else None

    def _unit(self, op: str, args: tuple[Slot, ...], known: list[Any]) -> Slot | None:
        if op in ("mul", "scale") and known[0] == 1:
            return args[1]
        if op in ("mul", "div") and known[1] == 1:
            return args[0]
        if op in ("add", "sub") and known[1] == 0:
            return args[0]
        if op == "add" and known[0] == 0:
            return args[1]
        if op == "mul" and args[0] == args[1]:
            return self.emit("square", args[0])
        if op in ("mul", "scale") and known[0] == sp.S.NegativeOne:
            return self.emit("neg", args[1])
        if op == "eigenvalues" and self.nodes[args[0]].op == "neg":
            return self.emit("mirrored", self.emit("eigenvalues", *self.nodes[args[0]].args))
        return None

    def code(self, outputs: Sequence[Slot]) -> Code:
        """The finished code, without operations that no output needs."""
        needed = set(outputs)
        for i in reversed(range(len(self.nodes))):
            if i in needed:
                needed.update(self.nodes[i].args)
        kept = {old: new for new, old in enumerate(sorted(needed))}
        nodes = [self.nodes[i]._replace(args=tuple(kept[a] for a in self.nodes[i].args)) for i in kept]
        return Code(tuple(nodes), tuple(kept[s] for s in outputs))
