"""What a theorem is: quantities, assumptions, relation, source, proof, mutants, errata. All of it immutable data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from .errors import TheoryError
from .proof import Step


class Kind(Enum):
    """What sort of statement a claim is; the value is the word that users read."""

    IDENTITY = "identity"
    INEQUALITY = "deterministic inequality"
    TRAJECTORY = "trajectory bound"
    CONSERVED = "conserved quantity"
    INVARIANT = "invariant set"
    PROBABILITY = "high-probability bound"
    LAW = "exact law"
    SCALING = "scaling law"
    FINDING = "empirical finding"


class Quantifier(Enum):
    """Over what the relation is claimed; the value completes the sentence of the statement."""

    ALWAYS = "for every instance"
    ALONG = "for all t ≥ 0 along the trajectory"
    STEPS = "for all steps k"
    END = "at the end of training"
    PROBABILITY = "with probability at least 1 − δ over what is drawn at random"
    LAW = "in distribution"
    ASYMPTOTIC = "asymptotically"
    RUNS = "on average over independent runs of training"


class Scale(Enum):
    """In which scale the two sides are compared: LOG avoids underflow of exponentially small bounds."""

    LINEAR = "linear"
    LOG = "log"


class Severity(Enum):
    """How bad an error of the literature is."""

    SLIP = "slip"
    FALSE = "false statement"
    GAP = "gap in a proof"
    CUSTOM = "customary reading"


@dataclass(frozen=True)
class Quantity:
    """A named object of a setting.

    `symbol` is a sympy Symbol or MatrixSymbol (its shape is the quantity's shape). Without a `definition` the
    quantity is an input of the instance or is measured while training; `domain` restricts its values further
    than the assumptions on the symbol do.
    """

    symbol: Any
    meaning: str
    definition: Any = None
    domain: Any = sp.true
    unit: str = ""
    latex: str = ""
    unicode: str = ""
    measured: bool = False

    @property
    def name(self) -> str:
        return self.symbol.name

    @property
    def shape(self) -> tuple[Any, ...]:
        return tuple(self.symbol.shape) if isinstance(self.symbol, sp.MatrixSymbol) else ()


@dataclass(frozen=True)
class Source:
    """Where a statement stands: `status` says whether it is printed, restated, derived here or in use (a custom that
    nobody is quoted for)."""

    paper: str
    where: str
    status: str
    bibtex: str


@dataclass(frozen=True)
class Assumption:
    """A hypothesis: `text` for the reader; `predicate` (sympy Boolean) is evaluated on every instance.

    A hypothesis on the training procedure (gradient flow, equal rates) has no predicate: the experiment
    realises it. `dropped` names the setting of the experiment in which this hypothesis alone fails; without one
    nothing tries whether the hypothesis is necessary.
    """

    text: str
    predicate: Any = None
    dropped: str = ""


@dataclass(frozen=True)
class Part:
    """One separately testable relation of a claim.

    `relation` is `Eq`, `Le` or `Ge` between what is measured and what is predicted. Equality of matrices is
    equality of all entries. Where `when` (a sympy Boolean) is false the part says nothing. For a law the relation is
    `Eq(F(x), cdf)`, F being the empirical distribution. `trivial` is the bound that everybody knows without the
    theorem (the loss does not grow: ℓ(0)); where the part's bound is no better, it says nothing new.
    """

    name: str
    relation: Any
    quantifier: Quantifier = Quantifier.ALWAYS
    scale: Scale = Scale.LINEAR
    when: Any = sp.true
    note: str = ""
    trivial: Any = None

    def sides(self) -> tuple[Any, Any]:
        """(smaller, larger) of an inequality, (left, right) of an equation."""
        rel = self.relation
        return (rel.rhs, rel.lhs) if self.is_lower_bound else (rel.lhs, rel.rhs)

    @property
    def is_lower_bound(self) -> bool:
        """True for measured ≥ predicted."""
        return isinstance(self.relation, (sp.Ge, sp.Gt))

    @property
    def is_equation(self) -> bool:
        return isinstance(self.relation, sp.Eq)


@dataclass(frozen=True, eq=False)
class Mutant:
    """A wrong variant of a claim that its checks must refute.

    Either the statement is altered (`relations` and `conditions`, the `when` of a part, by part name; `definitions`
    by symbol), or an assumption on training is dropped (`setting` names the altered experiment), or both.
    """

    name: str
    text: str
    relations: Mapping[str, Any] = field(default_factory=dict)
    definitions: Mapping[Any, Any] = field(default_factory=dict)
    setting: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("relations", "definitions", "conditions"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if not (self.relations or self.definitions or self.setting or self.conditions):
            raise TheoryError(f"mutant {self.name!r} alters nothing: give relations, definitions or a setting")


@dataclass(frozen=True)
class Erratum:
    """An error of the literature, or a customary reading that does not hold: what is printed (how it is read), what is
    true (`corrected`: a claim id), what stands."""

    severity: Severity
    printed: str
    true: str
    stands: str
    corrected: str
    reading: str


@dataclass(frozen=True, eq=False)
class Claim:
    """A theorem, complete: what is claimed, under what, where it stands, why it is true, how it could be wrong.

    Raises `TheoryError` at construction when it is malformed: an undeclared symbol, a float, a symbol declared
    twice, a mutant of an unknown part, a missing source.
    """

    id: str
    title: str
    kind: Kind
    setting: tuple[Quantity, ...]
    parts: tuple[Part, ...]
    source: Source
    assumptions: tuple[Assumption, ...] = ()
    proof: tuple[Step, ...] = ()
    mutants: tuple[Mutant, ...] = ()
    notes: tuple[str, ...] = ()
    erratum: Erratum | None = None

    def __post_init__(self) -> None:
        _validate(self)

    @property
    def paper(self) -> str:
        return self.id.split(".", 1)[0]

    @property
    def printed(self) -> bool:
        """True for a statement that is reproduced because it is false as printed, or as it is customarily read."""
        return self.erratum is not None

    @property
    def expected(self) -> str:
        return "refuted" if self.printed else "holds"

    @cached_property
    def declared(self) -> Mapping[Any, Quantity]:
        return {q.symbol: q for q in self.setting}

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """The quantities that the statement uses, directly or through definitions, in the setting's order."""
        used = closure(_statement_expressions(self), self.declared)
        return tuple(q for q in self.setting if q.symbol in used)

    @cached_property
    def definitions(self) -> Mapping[Any, Any]:
        return {q.symbol: q.definition for q in self.quantities if q.definition is not None}

    @cached_property
    def defined(self) -> Mapping[Any, Any]:
        """All definitions of the setting, those included that the statement does not use."""
        return {q.symbol: q.definition for q in self.setting if q.definition is not None}

    def part(self, name: str) -> Part:
        """The part of that name; raises `TheoryError` naming the parts there are."""
        for part in self.parts:
            if part.name == name:
                return part
        raise TheoryError(f"{self.id} has no part {name!r}; its parts are {', '.join(p.name for p in self.parts)}")

    def names(self, style: str) -> dict[str, str]:
        """symbol name -> display name; `style` is "latex" or "unicode"."""
        return {q.name: getattr(q, style) for q in self.setting if getattr(q, style)}


def mutated(claim: Claim, mutant: Mutant) -> tuple[tuple[Part, ...], Mapping[Any, Any]]:
    """The parts that the mutant alters (all, if it alters definitions) and the definitions it is read with.

    A definition that the claim itself does not use comes from the claim's setting.
    """
    replaced = {
        p.name: replace(
            p, relation=mutant.relations.get(p.name, p.relation), when=mutant.conditions.get(p.name, p.when)
        )
        for p in claim.parts
    }
    names = {*mutant.relations, *mutant.conditions} or set(replaced)
    return tuple(replaced[p.name] for p in claim.parts if p.name in names), {**claim.defined, **mutant.definitions}


def _statement_expressions(claim: Claim) -> list[Any]:
    predicates = [a.predicate for a in claim.assumptions if a.predicate is not None]
    trivial = [p.trivial for p in claim.parts if p.trivial is not None]
    return [e for p in claim.parts for e in (p.relation, p.when)] + predicates + trivial


def atoms_of(expr: Any) -> set[Any]:
    """The symbols and matrix symbols of an expression, those of matrix shapes included."""
    found = set(expr.free_symbols)
    for matrix in [s for s in found if isinstance(s, sp.MatrixSymbol)]:
        for dim in matrix.shape:
            found |= sp.sympify(dim).free_symbols
    return found


def closure(expressions: Iterable[Any], declared: Mapping[Any, Quantity]) -> set[Any]:
    """The symbols that the expressions use, directly or through the definitions of declared ones."""
    used: set[Any] = set()
    todo = [s for e in expressions for s in atoms_of(e)]
    while todo:
        symbol = todo.pop()
        if symbol in used:
            continue
        used.add(symbol)
        quantity = declared.get(symbol)
        if quantity is not None and quantity.definition is not None:
            todo += atoms_of(sp.sympify(quantity.definition))
        if isinstance(symbol, sp.MatrixSymbol):
            todo += [s for d in symbol.shape for s in sp.sympify(d).free_symbols]
    return used


def _validate(claim: Claim) -> None:
    def fail(what: str) -> None:
        raise TheoryError(f"claim {claim.id!r}: {what}")

    if "." not in claim.id:
        fail("the id must read paper.name, such as min2021.thm1")
    if not claim.parts:
        fail("it states nothing; give at least one Part")
    symbols = [q.symbol for q in claim.setting]
    for name in {s.name for s in symbols}:
        if sum(s.name == name for s in symbols) > 1:
            fail(f"quantity {name!r} is declared twice")
    for part in claim.parts:
        if not isinstance(part.relation, Relational):
            fail(f"part {part.name!r} is no sympy relation but {part.relation!r}; it may have been evaluated away")
        unknown = closure([part.relation], claim.declared) - set(symbols)
        if unknown:
            fail(f"part {part.name!r} uses {sorted(map(str, unknown))}, not declared in the setting")
    names = {p.name for p in claim.parts}
    for mutant in claim.mutants:
        if not set(mutant.relations) <= names:
            fail(f"mutant {mutant.name!r} alters unknown parts {sorted(set(mutant.relations) - names)}")
        expressions = [*mutant.relations.values(), *mutant.definitions.values()]
        unknown = closure(expressions, claim.declared) - set(symbols)
        if unknown:
            fail(f"mutant {mutant.name!r} uses {sorted(map(str, unknown))}, not declared in the setting")
    every = _statement_expressions(claim) + [q.definition for q in claim.setting if q.definition is not None]
    every += [e for mu in claim.mutants for e in [*mu.relations.values(), *mu.definitions.values()]]
    for expr in every:
        if sp.sympify(expr).atoms(sp.Float):
            fail(f"{expr} holds a float; write a Rational")
    if not (claim.source.paper and claim.source.where and claim.source.bibtex):
        fail("the source needs paper, place and BibTeX")
