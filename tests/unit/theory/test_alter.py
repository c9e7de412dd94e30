"""Systematic alterations: what is altered, what is recognised as implied, which constants there are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp

from theory import Claim, Kind, Part, Quantity, Scale, Source, catalogue, get_claim
from theory.alter import STRENGTH, Alteration, Implied, Operator, alterations, constants, side_by_side
from theory.evaluate import compile as compile_expression
from theory.words import Eigenvalue, FrobeniusNorm, PositivePart, SpectralNorm

x, y, z, c = sp.symbols("x y z c", positive=True)
A = sp.MatrixSymbol("A", sp.Symbol("n", integer=True, positive=True), sp.Symbol("d", integer=True, positive=True))
k = sp.Symbol("k", integer=True, positive=True)


def claim(*parts: Part, **definitions: sp.Expr) -> Claim:
    symbols = sorted({s for p in parts for s in p.relation.free_symbols | p.when.free_symbols} | {x}, key=str)
    inner = {s for d in definitions.values() for s in d.free_symbols}
    every = [*symbols, *sorted(inner - set(symbols), key=str)]
    shapes = {s for m in every if isinstance(m, sp.MatrixSymbol) for s in m.shape} - set(every)
    setting = tuple(Quantity(s, "a number", definitions.get(s.name)) for s in (*every, *sorted(shapes, key=str)))
    source = Source("nobody", "nowhere", "derived here", "@misc{none}")
    return Claim("toy.altered", "a toy", Kind.INEQUALITY, setting, parts, source)


def relations(found: tuple[Alteration, ...], operator: Operator, part: str = "p") -> set[sp.Basic]:
    return {a.mutant.relations[part] for a in found if a.operator is operator and part in a.mutant.relations}


def test_coefficients_signs_and_terms_of_a_sum() -> None:
    found = alterations(claim(Part("p", sp.Le(y, 2 * x + 3))))
    assert {sp.Le(y, 4 * x + 6), sp.Le(y, x + sp.Rational(3, 2)), sp.Le(y, 4 * x + 3)} <= relations(
        found, Operator.COEFFICIENT
    )
    assert {sp.Le(y, 3 - 2 * x), sp.Le(y, 2 * x - 3)} <= relations(found, Operator.SIGN)
    assert {sp.Le(y, 2 * x), sp.Le(y, 3)} == relations(found, Operator.TERM)
    assert relations(found, Operator.RELATION) == {sp.Ge(y, 2 * x + 3)}


def test_exponents_move_the_implicit_one_too() -> None:
    found = relations(alterations(claim(Part("p", sp.Le(y, z * x**2)))), Operator.EXPONENT)
    assert found == {sp.Le(y, z * x**4), sp.Le(y, z * x), sp.Le(y, z**2 * x**2), sp.Le(y, sp.sqrt(z) * x**2)}


def test_an_index_is_shifted_and_the_sign_of_the_matrix_flipped() -> None:
    gram = A.T * A
    found = alterations(claim(Part("p", sp.Le(y, Eigenvalue(gram, k)))))
    shifted = {sp.Le(y, Eigenvalue(gram, i)) for i in (1, k + 1, sp.Max(k - 1, 1))}
    assert relations(found, Operator.INDEX) == shifted
    assert sp.Le(y, Eigenvalue(-gram, k)) in relations(found, Operator.SIGN)


def test_norms_and_maxima_are_swapped() -> None:
    w = sp.Symbol("w", real=True)
    found = alterations(claim(Part("p", sp.Le(w, PositivePart(z - x) * SpectralNorm(A)))))
    assert sp.Le(w, PositivePart(z - x) * FrobeniusNorm(A)) in relations(found, Operator.LIKE)
    assert sp.Le(w, sp.Min(0, z - x) * SpectralNorm(A)) in relations(found, Operator.EXTREMUM)
    assert sp.Le(w, (z - x) * SpectralNorm(A)) in relations(found, Operator.EXTREMUM)


def test_a_like_quantity_is_one_of_the_same_kind() -> None:
    lam_1, lam_k = sp.symbols("lam_1 lam_k", positive=True)
    toy = claim(Part("p", sp.Le(y, lam_k)), lam_k=Eigenvalue(A.T * A, k), lam_1=Eigenvalue(A.T * A, 1))
    assert relations(alterations(toy), Operator.LIKE) == set()  # λ₁ is not declared in this setting
    both = claim(
        Part("p", sp.Le(y, lam_k)),
        Part("q", sp.Le(x, lam_1)),
        lam_k=Eigenvalue(A.T * A, k),
        lam_1=Eigenvalue(A.T * A, 1),
    )
    assert relations(alterations(both), Operator.LIKE) == {sp.Le(y, lam_1)}


def test_a_number_under_a_power_is_a_coefficient_not_an_exponent() -> None:
    found = alterations(claim(Part("p", sp.Le(y, x + sp.sqrt(2) * z))))
    exponents = relations(found, Operator.EXPONENT)
    assert sp.Le(y, x + sp.sqrt(2) * z**2) in exponents and sp.Le(y, x + 2 * z) not in exponents
    assert sp.Le(y, x + 2 * sp.sqrt(2) * z) in relations(found, Operator.COEFFICIENT)


def test_signs_under_an_even_power_are_altered_once() -> None:
    found = alterations(claim(Part("p", sp.Le(y, z * (1 - x) ** 2))))
    assert len({sp.Le(y, z * (1 + x) ** 2), sp.Le(y, z * (-1 - x) ** 2)} & relations(found, Operator.SIGN)) == 1
    w = sp.Symbol("w", real=True)
    odd = relations(alterations(claim(Part("p", sp.Le(w, z * (1 - x) ** 3)))), Operator.SIGN)
    assert {sp.Le(w, z * (1 + x) ** 3), sp.Le(w, z * (-1 - x) ** 3)} <= odd


def test_twice_one_side_and_half_the_other_are_one_statement() -> None:
    found = relations(alterations(claim(Part("p", sp.Eq(y * x, z * c)))), Operator.COEFFICIENT)
    assert found == {sp.Eq(y * x, 2 * z * c), sp.Eq(y * x, z * c / 2)}
    v, w = sp.symbols("v w", real=True)
    nothing = relations(alterations(claim(Part("p", sp.Eq(v * w, 0)))), Operator.COEFFICIENT)
    assert nothing == set()


def test_a_definition_put_in_is_the_statement_with_it() -> None:
    """λ_k for λ₁ where it is used, and λ₁ for λ_k where it is defined: one statement, if it is used nowhere else."""
    lam_1, lam_k = sp.symbols("lam_1 lam_k", positive=True)
    spectrum = {"lam_k": Eigenvalue(A.T * A, k), "lam_1": Eigenvalue(A.T * A, 1)}
    once = Part("p", sp.Le(y, lam_k)), Part("q", sp.Le(x, lam_1))
    twice = (*once, Part("r", sp.Le(z, lam_k)))

    def defined(*parts: Part) -> list[sp.Expr]:
        return [
            a.mutant.definitions[lam_k]
            for a in alterations(claim(*parts, **spectrum))
            if a.mutant.definitions.get(lam_k)
        ]

    assert spectrum["lam_1"] not in defined(*once) and spectrum["lam_1"] in defined(*twice)


def test_the_order_of_matrices_matters() -> None:
    """FA is not AF: what alters one of them alters not the other."""
    n = A.shape[0]
    F, B, M = (sp.MatrixSymbol(name, n, n) for name in "FBM")
    found = relations(alterations(claim(Part("p", sp.Eq(M, F * B + B * F)))), Operator.COEFFICIENT)
    assert len(found) == 8  # M, the sum and each of its two terms, twice and half


def test_a_condition_is_dropped() -> None:
    found = alterations(claim(Part("p", sp.Le(y, x), when=sp.Ge(x, 1))))
    dropped = [a for a in found if a.operator is Operator.CONDITION]
    assert [dict(a.mutant.conditions) for a in dropped] == [{"p": sp.true}]


def test_definitions_are_altered_and_measured_symbols_are_not() -> None:
    found = alterations(claim(Part("p", sp.Le(y, c * x)), c=2 * z + 1))
    assert any(dict(a.mutant.definitions) == {c: 4 * z + 1} for a in found)
    assert not any(y in a.mutant.definitions or x in a.mutant.definitions for a in found)


def test_the_logarithm_of_a_negative_number_is_no_bound() -> None:
    found = alterations(claim(Part("p", sp.Ge(y, sp.log(2) - x))))
    assert sp.Ge(y, sp.log(4) - x) in relations(found, Operator.COEFFICIENT)
    assert not any(r.has(sp.I) for r in relations(found, Operator.SIGN))


def test_a_negative_bound_has_no_logarithm() -> None:
    found = alterations(claim(Part("p", sp.Le(y, sp.exp(-x)), scale=Scale.LOG)))
    assert sp.Le(y, -sp.exp(-x)) not in relations(found, Operator.SIGN)
    assert sp.Le(y, sp.exp(x)) in relations(found, Operator.SIGN)


NOTHING_TO_ALTER = {"nakkiran2019.permutation"}
"""p > δ holds no number."""


@pytest.mark.parametrize("claim_id", sorted(catalogue()))
def test_every_alteration_is_new_and_named_once(claim_id: str) -> None:
    stated = get_claim(claim_id)
    found = alterations(stated)
    names = [a.mutant.name for a in found]
    assert len(names) == len(set(names))
    assert bool(names) == (claim_id not in NOTHING_TO_ALTER)
    for a in found:
        for part, relation in a.mutant.relations.items():
            assert relation != stated.part(part).relation
        for symbol, definition in a.mutant.definitions.items():
            assert definition != stated.definitions[symbol]


@pytest.mark.parametrize(
    "part",
    [
        Part("p", sp.Le(y, 2 * x + z**2)),
        Part("p", sp.Ge(y, 2 * x + z**2)),
        Part("p", sp.Le(y, x * sp.exp(-2 * z)), scale=Scale.LOG),
        Part("p", sp.Ge(y, x * sp.exp(z))),
    ],
)
def test_what_is_called_weaker_is_weaker_at_every_point(part: Part) -> None:
    found = [a for a in alterations(claim(part)) if a.implied]
    assert any(a.implied is Implied.WEAKER for a in found)
    points = {s: np.exp(np.random.default_rng(0).normal(0, 2, 200)) for s in ("x", "z")}
    for a in found:
        new, old = compile_expression([a.mutant.relations["p"].rhs, part.relation.rhs])(points)
        weaker = new <= old * (1 + 1e-12) if part.is_lower_bound else new >= old * (1 - 1e-12)
        assert np.all(weaker), a.mutant.name


def test_a_stronger_statement_is_never_called_implied() -> None:
    found = {a.mutant.relations.get("p"): a.implied for a in alterations(claim(Part("p", sp.Le(y, 2 * x + 3))))}
    assert found[sp.Le(y, 4 * x + 6)] is Implied.WEAKER
    assert found[sp.Le(y, x + sp.Rational(3, 2))] is found[sp.Le(y, 2 * x)] is found[sp.Ge(y, 2 * x + 3)] is None


def test_mutants_share_a_program_and_keep_their_own_definitions() -> None:
    toy = claim(Part("p", sp.Le(y, c * x)), Part("q", sp.Ge(y, x)), c=2 * z + 1)
    chosen = [a.mutant for a in alterations(toy) if a.mutant.definitions][:3]
    parts, definitions = side_by_side(toy, chosen)
    assert all([p.name for p in altered] == ["p"] for altered in parts)  # q does not use c
    values = compile_expression([p.relation.rhs for (p,) in parts], definitions=definitions)({"x": 3.0, "z": 2.0})
    expected = [float((m.definitions[c] * x).subs({x: 3, z: 2})) for m in chosen]
    assert [float(v) for v in values] == expected


def test_constants_are_factors_coefficients_and_exponents() -> None:
    toy = claim(Part("p", sp.Le(y, 3 * x**2 * sp.exp(-2 * z))), Part("q", sp.Eq(y, 5 * x)))
    found = {(k.part, str(k.printed)): k for k in constants(toy)}
    assert set(found) == {("p", "3"), ("p", "2"), ("p", "2")}
    rate = next(k for k in constants(toy) if k.where.startswith("coefficient"))
    assert rate.relation.rhs.subs(STRENGTH, 2) == 3 * x**2 * sp.exp(-4 * z)
    exponent = next(k for k in constants(toy) if k.where.startswith("exponent"))
    assert exponent.relation.rhs.subs(STRENGTH, sp.Rational(3, 2)) == 3 * x**3 * sp.exp(-2 * z)
    assert all(
        math.isclose(float((k.relation.rhs - 3 * x**2 * sp.exp(-2 * z)).subs({STRENGTH: 1, x: 2, z: 1})), 0)
        for k in constants(toy)
    )


def test_a_relation_that_says_nothing_turned_round_is_not_turned() -> None:
    found = alterations(claim(Part("p", sp.Le(sp.Symbol("f", nonnegative=True), 0, evaluate=False))))
    assert not relations(found, Operator.RELATION)
