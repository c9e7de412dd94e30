"""What one classifier explains of another, at laws that are known."""

import math

import pytest
import torch

from numerics.explained import last_before, occupied, shares_of, shares_on
from numerics.information import (
    binary_convolution,
    binary_entropy,
    conditional_mutual_information,
    frequencies,
    mutual_information,
    performance_correlation,
)


def law(errors):
    """Y uniform on {0, 1}, F = Y + E_F and G = Y + E_G with the law of errors e[i][j]."""
    p = torch.zeros(2, 2, 2, dtype=torch.float64)
    for y in (0, 1):
        for i in (0, 1):
            for j in (0, 1):
                p[y ^ i, y ^ j, y] += errors[i][j] / 2
    return p


def test_nested_errors_have_the_values_of_the_dossier():
    s = shares_of(law([[0.8, 0.15], [0.0, 0.05]]))
    assert math.isclose(s.mu, 0.1843898783, abs_tol=1e-10)
    assert math.isclose(s.F, 0.4946319372, abs_tol=1e-10)
    assert math.isclose(s.G, 0.1927447570, abs_tol=1e-10)
    assert math.isclose(s.explained, 0.1843898783 / 0.4946319372, abs_tol=1e-9)
    assert math.isclose(s.rest, s.F - s.mu, abs_tol=1e-14)


def test_independent_errors_are_their_own_null():
    s = shares_of(law([[0.85 * 0.8, 0.85 * 0.2], [0.15 * 0.8, 0.15 * 0.2]]))
    both = binary_convolution(torch.tensor(0.15, dtype=torch.float64), torch.tensor(0.2, dtype=torch.float64))
    assert math.isclose(s.null, math.log(2) - binary_entropy(both), abs_tol=1e-14)
    assert math.isclose(s.null, s.mu, abs_tol=1e-14)
    assert math.isclose(s.explained_null, s.explained, abs_tol=1e-12)


def test_a_perfect_classifier_is_forced_to_retain_everything():
    s = shares_of(law([[0.7, 0.3], [0.0, 0.0]]))
    assert math.isclose(s.retained_forced, 1, abs_tol=1e-12)
    assert math.isclose(s.retained, 1, abs_tol=1e-12)
    assert math.isclose(s.retained_null, 1, abs_tol=1e-12)


def test_what_is_forced_is_never_more_than_what_is_retained():
    p = torch.rand(200, 3, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) ** 4
    s = shares_of(p / p.sum((1, 2, 3), keepdim=True))
    assert (s.retained_forced <= s.retained + 1e-9).all() and (s.retained <= 1 + 1e-9).all()
    assert (s.explained_forced <= s.explained + 1e-9).all() and (s.explained <= 1 + 1e-9).all()


def test_a_share_of_nothing_is_no_number():
    constant = torch.zeros(2, 2, 2, dtype=torch.float64)
    constant[:, 0] = torch.tensor([[0.3, 0.2], [0.1, 0.4]], dtype=torch.float64)
    s = shares_of(constant)
    assert s.G.abs() < 1e-15 and s.mu.abs() < 1e-15 and s.retained.isnan() and s.explained.abs() < 1e-12


@pytest.mark.parametrize(
    ("values", "place"),
    [([0.0, 0.1, 0.3, 0.6, 0.2, 0.7], 2), ([0.9, 0.1], -1), ([0.1, 0.5, 0.5], -1), ([0.5, 0.6], 0)],
)
def test_the_last_value_before_the_level_is_exceeded(values, place):
    assert int(last_before(torch.tensor(values), torch.tensor(0.5))) == place


def some_counts():
    """Tables of 40 samples in 2 x 3 x 4 cells, many of them empty."""
    generator = torch.Generator().manual_seed(1)
    cells = torch.randint(24, (6, 40), generator=generator) ** 2 % 24
    return torch.stack([torch.bincount(c, minlength=24) for c in cells]).reshape(6, 2, 3, 4)


def by_definition(p):
    """I(F;Y) - I(F;Y|G)"""
    return mutual_information(p.sum(-2)) - conditional_mutual_information(p)


def test_the_shares_are_those_of_the_definitions():
    p = frequencies(some_counts())
    s = shares_of(p)
    assert torch.allclose(s.mu, by_definition(p), rtol=0, atol=1e-14)
    assert torch.allclose(performance_correlation(p), by_definition(p), rtol=0, atol=1e-14)
    assert torch.allclose(s.rest, conditional_mutual_information(p), rtol=0, atol=1e-14)
    given = p.sum((1, 2))
    apart = torch.einsum("bfy,bgy->bfgy", p.sum(2), p.sum(1) / torch.where(given > 0, given, 1)[:, None])
    assert torch.allclose(s.null, by_definition(apart), rtol=0, atol=1e-14)


def test_occupied_cells_say_the_same_as_whole_tables():
    counts = some_counts()
    cells, kept = occupied(counts)
    assert kept.shape[1] < 24 and torch.equal(kept.sum(1), counts.sum((1, 2, 3)))
    whole, few = shares_of(frequencies(counts)), shares_on(cells, kept)
    for name in ("F", "G", "mu", "rest", "null", "missing"):
        assert torch.allclose(getattr(whole, name), getattr(few, name), rtol=0, atol=1e-14), name
