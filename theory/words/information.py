"""Entropies, (conditional) mutual information and co-information of a finite joint law, their densities, and the
binary entropy h.

A law of variables with finitely many values is a matrix P of nonnegative weights, divided by their total: probabilities
or counts. Its entries in row-major order are the cells in lexicographic order, the last variable running fastest: for
(F, G, Y), P is K_F K_G × K_Y. 0 log 0 = 0; logarithms are natural (nats; bits are nats/log 2).

Every word is a sum of entropies of margins (`in_entropies`), in which identities are cancellations. At rational laws it
is Σ c_q log q over primes q with rational c_q (`prime_exponents`). Logarithms of primes are linearly independent over
the rationals, so that it vanishes exactly when every c_q does.

    >>> law = joint_law([[[5, 1], [1, 2]], [[2, 1], [1, 7]]], ("F", "G", "Y"))
    >>> in_logs(law.mutual_information("F", "Y"))
    -11*log(11)/10 - 6*log(3)/5 + log(5) + 7*log(2)/2
    >>> in_entropies(law.co_information("F", "G", "Y") - law.mutual_information("F", "Y"))
    -H(F, G) + H(F, G, Y) + H(G) - H(G, Y)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.symbol import Str
from sympy.matrices.expressions.hadamard import HadamardProduct

from theory.backends.tables import NEGATIVE, margin
from theory.errors import ShapeError, TheoryError
from theory.render.boxes import Box, Fence, Op, Row, Sub
from theory.render.names import Name
from theory.words.base import MatrixWord, ScalarWord, Word, is_matrix, may_equal, need_matrix
from theory.words.spectral import InnerProduct

Variables = str | Sequence[str]
Terms = list[tuple[int, tuple[str, ...]]]
"""(±1, variables of a margin): a sum of entropies."""


class BinaryEntropy(ScalarWord):
    """h(x) = −x log x − (1 − x) log(1 − x), 0 ≤ x ≤ 1."""

    is_nonnegative = True

    @classmethod
    def check(cls, x: Any) -> None:
        if is_matrix(x):
            raise ShapeError(f"BinaryEntropy: argument {x} is a matrix, expected a number")
        if x.is_negative or (1 - x).is_negative:
            raise TheoryError(f"BinaryEntropy: argument {x}, expected a probability")

    def notation(self, show: Any) -> Box:
        return Row(Name("h"), Fence("(", show(self.args[0]), ")"))

    def _eval_derivative(self, s: Any) -> Any:
        x = self.args[0]
        return sp.log((1 - x) / x) * x.diff(s)

    @staticmethod
    def rule(ir: Any, x: Any) -> Any:
        return ir.add(ir.entr(x), ir.entr(ir.sub(ir.const(sp.S.One), x)))

    def probabilities(self) -> list[Any]:
        return [self.args[0], 1 - self.args[0]]


def star(a: Any, b: Any) -> Any:
    """a ⋆ b = a(1 − b) + b(1 − a): the probability that one of two independent errors happens, but not both."""
    return a * (1 - b) + b * (1 - a)


# ---- words of a joint law


class _Named(Word):
    """Arguments: P, the names of its variables, the groups of names that the word speaks of, and the sizes of the
    variables."""

    fixed = (1, 2)

    @property
    def integers(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return tuple(range(3, len(self.args)))

    @classmethod
    def check(cls, P: Any, names: Any, groups: Any, *sizes: Any) -> None:
        need_matrix(cls.__name__, P)
        known, used = _texts(names), [name for group in groups for name in _texts(group)]
        if len(set(known)) != len(sizes) or len(known) != len(sizes):
            raise ShapeError(f"{cls.__name__}: {len(sizes)} sizes for variables {', '.join(known)}; one name a size")
        unknown = [name for name in used if name not in known]
        if unknown:
            raise TheoryError(f"{cls.__name__}: no variable {unknown[0]!r} in a law of {', '.join(known)}")
        if not may_equal(P.shape[0] * P.shape[1], sp.Mul(*sizes)):
            shape, cells = "×".join(map(str, P.shape)), "·".join(map(str, sizes))
            raise ShapeError(f"{cls.__name__}: {P} is {shape}, but a law of {', '.join(known)} has {cells} entries")
        if isinstance(P, sp.MatrixBase) and any(x.is_negative for x in P.flat()):
            raise TheoryError(f"{cls.__name__}: {NEGATIVE}")

    @property
    def names(self) -> tuple[str, ...]:
        return _texts(self.args[1])

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        return tuple(map(_texts, self.args[2]))


class LogProbability(_Named, MatrixWord):
    """log p(A): in each cell the logarithm of the probability of its values of some of the variables, 0 where that is
    0. Of the shape of P."""

    @property
    def shape(self) -> Any:
        return self.args[0].shape

    def notation(self, show: Any) -> Box:
        return Row(Name(r"\log"), Name(" "), Sub(Name("p"), Name("".join(*self.groups))))

    @staticmethod
    def rule(ir: Any, P: Any, names: Any, groups: Any, *sizes: int) -> Any:
        return ir.log_margin(P, sizes=sizes, axes=_axes(_texts(names), *map(_texts, groups)))


class _OfLaw(_Named, ScalarWord):
    """A combination of entropies of margins."""

    @staticmethod
    def terms(*groups: tuple[str, ...]) -> Terms:
        """The entropies that the word is the sum of."""
        raise NotImplementedError

    def entropies(self) -> Any:
        """The word as a sum of entropies of margins."""
        P, names, _, *sizes = self.args
        law = JointLaw(P, _texts(names), tuple(sizes))
        return sp.Add(*(sign * law.entropy(of) for sign, of in self.terms(*self.groups)))

    @classmethod
    def rule(cls, ir: Any, P: Any, names: Any, groups: Any, *sizes: int) -> Any:
        known, total = _texts(names), ir.const(sp.S.Zero)
        for sign, of in cls.terms(*map(_texts, groups)):
            if axes := _axes(known, of):
                value = ir.marginal_entropy(P, sizes=sizes, axes=axes)
                total = ir.add(total, value) if sign > 0 else ir.sub(total, value)
        return total


class MarginalEntropy(_OfLaw):
    """H(A), the entropy of some of the variables."""

    is_nonnegative = True

    @staticmethod
    def terms(*groups: tuple[str, ...]) -> Terms:
        return [(1, groups[0])]

    def entropies(self) -> Any:
        return self

    def notation(self, show: Any) -> Box:
        return Row(Name("H"), _listed(*self.groups))

    def probabilities(self) -> list[Any]:
        """Of the margin of an explicit law."""
        P, _, _, *sizes = self.args
        if not isinstance(P, sp.MatrixBase) or not all(size.is_Integer for size in sizes):
            raise TheoryError(f"{self}: the law {P} has no numbers; put in an explicit matrix and its sizes")
        weights = margin(P.flat(), [int(size) for size in sizes], _axes(self.names, *self.groups))
        return [x / sp.Add(*weights) for x in weights]


class ConditionalEntropy(_OfLaw):
    """H(A | C) = H(A, C) − H(C)."""

    is_nonnegative = True

    @staticmethod
    def terms(*groups: tuple[str, ...]) -> Terms:
        A, C = groups
        return [(1, A + C), (-1, C)]

    def notation(self, show: Any) -> Box:
        A, C = self.groups
        return Row(Name("H"), _listed(A, given=C))


class MutualInformation(_OfLaw):
    """I(A; B | C) = H(A, C) + H(B, C) − H(A, B, C) − H(C); C may be empty."""

    is_nonnegative = True

    @staticmethod
    def terms(*groups: tuple[str, ...]) -> Terms:
        A, B, C = groups
        return [(1, A + C), (1, B + C), (-1, A + B + C), (-1, C)]

    def notation(self, show: Any) -> Box:
        A, B, C = self.groups
        return Row(Name("I"), _listed(A, B, given=C))


class CoInformation(_OfLaw):
    """μ_Y(F; G) = I(F; Y) − I(F; Y | G), of any sign; the same for every order of the three."""

    @staticmethod
    def terms(*groups: tuple[str, ...]) -> Terms:
        F, G, Y = groups
        return [(1, F), (1, G), (1, Y), (-1, F + G), (-1, F + Y), (-1, G + Y), (1, F + G + Y)]

    def notation(self, show: Any) -> Box:
        F, G, Y = self.groups
        return Row(Sub(Name(r"\mu"), Name(",".join(Y))), _listed(F, G))


@dataclass(frozen=True)
class JointLaw:
    """The law of named variables with `sizes` values each; P is described above.

    A group of variables is a name or several: `law.mutual_information("F", ("G", "H"), given="Y")`. Raises
    `ShapeError` where P has another number of entries, `TheoryError` for unknown names and negative numbers.
    """

    P: Any
    names: tuple[str, ...]
    sizes: tuple[Any, ...]

    def entropy(self, of: Variables, given: Variables = ()) -> Any:
        """H(of | given)."""
        return self._word(ConditionalEntropy, of, given) if given else self._entropy(of)

    def mutual_information(self, a: Variables, b: Variables, given: Variables = ()) -> Any:
        """I(a; b | given)."""
        first, second = sorted((self._sorted(a), self._sorted(b)), key=self._places)
        return self._word(MutualInformation, first, second, given)

    def co_information(self, f: Variables, g: Variables, y: Variables) -> Any:
        """μ_y(f; g) = I(f; y) − I(f; y | g)."""
        return self._word(CoInformation, f, g, y)

    def log_probability(self, of: Variables) -> Any:
        """log p(of), a matrix of the shape of P: one value a cell."""
        return self._word(LogProbability, of)

    def density(self, word: Any) -> Any:
        """The function of the cells, a matrix of the shape of P, whose mean is the word: log-ratios of probabilities,
        such as log p_fy/(p_f p_y) for I(F; Y)."""
        return sp.Add(*(-sign * self.log_probability(of) for sign, of in word.terms(*word.groups) if of))

    def mean(self, values: Any) -> Any:
        """Mean of a function of the cells, a matrix of the shape of P."""
        return InnerProduct(self.P, values) / InnerProduct(self.P, sp.OneMatrix(*self.P.shape))

    def variance(self, values: Any) -> Any:
        """Variance of a function of the cells. That of a density, over N, is the variance of the plug-in estimate of
        its word from N samples, for large N."""
        apart = values - self.mean(values) * sp.OneMatrix(*self.P.shape)
        return self.mean(HadamardProduct(apart, apart))

    def _entropy(self, of: Variables) -> Any:
        return self._word(MarginalEntropy, of) if of else sp.S.Zero

    def _word(self, word: Any, *groups: Variables) -> Any:
        tuples = sp.Tuple(*(sp.Tuple(*map(Str, self._sorted(group))) for group in groups))
        return word(self.P, sp.Tuple(*map(Str, self.names)), tuples, *self.sizes)

    def _sorted(self, group: Variables) -> tuple[str, ...]:
        """Without repetitions, in the order of the law; unknown names last, for `check` to name."""
        texts = {group} if isinstance(group, str) else set(group)
        return (*(n for n in self.names if n in texts), *sorted(texts - set(self.names)))

    def _places(self, group: tuple[str, ...]) -> list[int]:
        return [self.names.index(name) if name in self.names else len(self.names) for name in group]


def joint_law(table: Any, names: Sequence[str]) -> JointLaw:
    """An explicit law from nested lists of numbers, one level a variable: `table[f][g][y]` for names ("F", "G", "Y").

    Raises `ShapeError` unless the lists are nested as deep as there are names and equally long at each level.
    """
    entries, sizes = [table], []
    for _ in names:
        if not all(isinstance(x, list | tuple) for x in entries) or len({len(x) for x in entries}) != 1:
            raise ShapeError(f"joint_law: the table needs one level of equally long lists for each of {tuple(names)}")
        sizes.append(len(entries[0]))
        entries = [x for row in entries for x in row]
    if any(isinstance(x, list | tuple) for x in entries):
        raise ShapeError(f"joint_law: the table is nested deeper than its variables {tuple(names)}")
    P = sp.ImmutableDenseMatrix(len(entries) // sizes[-1], sizes[-1], entries)
    return JointLaw(P, tuple(names), tuple(map(sp.Integer, sizes)))


# ---- exactly


def in_entropies(expr: Any) -> Any:
    """The expression with every word of a joint law as a sum of entropies of margins: chain rules, cancelled."""
    expr = sp.sympify(expr)
    return sp.expand(expr.xreplace({word: word.entropies() for word in expr.atoms(_OfLaw)}))


def prime_exponents(expr: Any) -> dict[int, Any]:
    """{q: c_q} with expr = Σ c_q log q over primes, no c_q being 0: empty exactly where the expression vanishes.

    For rational combinations of words at explicit rational laws and of logarithms of positive rationals; raises
    `TheoryError` for anything else.
    """
    total: dict[int, Any] = {}
    for term in sp.Add.make_args(in_entropies(expr)):
        coefficient, rest = term.as_coeff_Mul()
        for prime, power in _exponents(rest, coefficient, expr):
            total[prime] = total.get(prime, sp.S.Zero) + coefficient * power
    return {prime: total[prime] for prime in sorted(total) if total[prime] != 0}


def in_logs(expr: Any) -> Any:
    """The exact value Σ c_q log q of an expression that `prime_exponents` takes."""
    return sp.Add(*(power * sp.log(prime) for prime, power in prime_exponents(expr).items()))


def sign(expr: Any) -> int:
    """−1, 0 or 1 of an expression that `prime_exponents` takes: zero by its exponents, else by balls of growing
    precision, which end because the value is not zero."""
    from flint import arb, ctx, fmpq

    powers = {prime: fmpq(int(c.p), int(c.q)) for prime, c in prime_exponents(expr).items()}
    bits = 64
    while powers:
        with ctx.workprec(bits):
            value = sum((arb(c) * arb(prime).log() for prime, c in powers.items()), arb(0))
            if not value.contains(0):
                return 1 if value > 0 else -1
        bits *= 2
    return 0


def _exponents(atom: Any, coefficient: Any, whole: Any) -> Iterable[tuple[int, Any]]:
    """(prime, its power) in a logarithm or an entropy."""
    if coefficient == 0:
        return
    if isinstance(atom, sp.log) and atom.args[0].is_Rational and atom.args[0].is_positive:
        yield from _factors(atom.args[0])
    elif isinstance(atom, MarginalEntropy | BinaryEntropy):
        for p in atom.probabilities():
            if not p.is_Rational:
                raise TheoryError(f"{atom}: probability {p} is not rational; primes decide rational laws only")
            for prime, power in _factors(p) if p else ():
                yield prime, -p * power
    else:
        raise TheoryError(f"{whole}: {coefficient * atom} is neither a logarithm of a rational nor an entropy")


def _factors(p: Any) -> list[tuple[int, int]]:
    """Primes and powers of a positive rational."""
    below = [(prime, -power) for prime, power in sp.factorint(p.q).items()]
    return [*sp.factorint(p.p).items(), *below]


# ---- notation


def _texts(names: Any) -> tuple[str, ...]:
    return tuple(name.name for name in names)


def _axes(known: tuple[str, ...], group: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(k for k, name in enumerate(known) if name in group)


def _listed(*groups: tuple[str, ...], given: tuple[str, ...] = ()) -> Box:
    """(A; B | C)"""
    inside: list[Box] = []
    for k, group in enumerate(groups):
        inside += [Name("; ")] if k else []
        inside += _joined(group)
    inside += [Op("∣"), *_joined(given)] if given else []
    return Fence("(", Row(*inside), ")")


def _joined(group: tuple[str, ...]) -> list[Box]:
    boxes: list[Box] = [box for name in group for box in (Name(", "), Name(name))]
    return boxes[1:]
