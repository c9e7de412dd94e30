"""Estimators against their definitions, expectations against all samples, bias against reference values."""

import itertools
import math

import mpmath
import pytest
import torch

from numerics.errors import NumericsError
from numerics.estimators import (
    binomial_law,
    combined,
    digamma,
    estimated_entropy,
    estimated_information,
    expected_entropy,
    expected_information,
    increment,
    jackknife,
    margins,
    miller_madow,
    panzeri_treves,
    plug_in,
)
from numerics.information import conditional_mutual_information, entropy, mutual_information, performance_correlation

EPS = torch.finfo(torch.float64).eps
SHARES = [plug_in, miller_madow, jackknife, digamma]
LAW = torch.tensor([1 / 2, 1 / 3, 1 / 6], dtype=torch.float64)
TABLE = torch.tensor([5, 1, 1, 2, 2, 1, 1, 7], dtype=torch.float64).reshape(2, 2, 2) / 20


def drawn_counts(*shape, seed=0):
    return torch.randint(9, shape, generator=torch.Generator().manual_seed(seed))


def exact_information(p):
    return combined({name: entropy(q) for name, q in margins(p).items()})


# ---- definitions
def test_miller_madow_counts_occupied_cells():
    counts = torch.tensor([3, 0, 4, 1])
    expected = estimated_entropy(counts) + 2 / 16
    assert estimated_entropy(counts, miller_madow).item() == pytest.approx(expected.item(), abs=1e-15)


def test_jackknife_leaves_out_every_sample():
    counts = torch.tensor([3, 0, 4, 1])
    N = int(counts.sum())
    left_out = [estimated_entropy(counts - torch.eye(4)[s].long()) * counts[s] / N for s in (0, 2, 3)]
    expected = N * estimated_entropy(counts) - (N - 1) * sum(left_out)
    assert estimated_entropy(counts, jackknife).item() == pytest.approx(expected.item(), abs=1e-13)


def test_digamma_is_a_difference_of_harmonic_numbers():
    harmonic = [sum(1 / k for k in range(1, n)) for n in range(10)]
    expected = sum(c / 8 * (harmonic[8] - harmonic[c]) for c in (3, 4, 1))
    assert estimated_entropy(torch.tensor([3, 0, 4, 1]), digamma).item() == pytest.approx(expected, abs=1e-14)


def test_increment_of_large_counts_does_not_cancel():
    counts = [1, 2, 10, 10**6, 10**15]
    with mpmath.workdps(50):
        expected = [float(c * mpmath.log(c) - (c - 1) * mpmath.log(c - 1) if c > 1 else 0) for c in counts]
    found = increment(torch.tensor(counts, dtype=torch.float64))
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=4 * EPS, atol=0)


def test_panzeri_and_treves_by_occupied_cells_is_miller_and_madow():
    counts = drawn_counts(6, 3, 4)
    H = [estimated_entropy(t, miller_madow) for t in (counts.sum(-1), counts.sum(-2), counts.flatten(-2))]
    torch.testing.assert_close(panzeri_treves(counts), H[0] + H[1] - H[2], rtol=0, atol=1e-14)


def test_panzeri_and_treves_by_possible_cells_is_the_leading_term():
    counts = drawn_counts(3, 4)
    possible = torch.ones(3, 4, dtype=torch.bool)
    plain = mutual_information(counts.double() / counts.sum())
    correction = (3 - 1) * (4 - 1) / (2 * float(counts.sum()))
    assert panzeri_treves(counts, possible).item() == pytest.approx(plain.item() - correction, abs=1e-14)


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 1, 4), (1, 1, 1)])
def test_information_from_entropies_is_that_of_the_frequencies(sizes):
    counts = 1 + drawn_counts(5, *sizes)
    found, p = estimated_information(counts), counts / counts.sum((1, 2, 3), keepdim=True).double()
    torch.testing.assert_close(found.mu, performance_correlation(p), rtol=0, atol=1e-14)
    torch.testing.assert_close(found.f_y, mutual_information(p.sum(-2)), rtol=0, atol=1e-14)
    torch.testing.assert_close(found.g_y, mutual_information(p.sum(-3)), rtol=0, atol=1e-14)
    torch.testing.assert_close(found.f_y_given_g, conditional_mutual_information(p), rtol=0, atol=1e-14)


# ---- expectations
@pytest.mark.parametrize("N", [1, 2, 5, 17, 100, 1000, 20000])
@pytest.mark.parametrize("p", [1e-3, 0.1, 0.5, 0.77, 0.999])
def test_binomial_probabilities(N, p):
    law = binomial_law(N, torch.tensor(p, dtype=torch.float64))
    assert law.sum().item() == pytest.approx(1, abs=EPS * (10 + 4 * math.sqrt(N)))
    middle, spread = N * p, math.sqrt(N * p * (1 - p))
    with mpmath.workdps(40):
        for k in {0, N, *(min(max(round(middle + s * spread), 0), N) for s in (-5, -1, 0, 1, 5))}:
            exact = mpmath.binomial(N, k) * mpmath.mpf(p) ** k * (1 - mpmath.mpf(p)) ** (N - k)
            if exact > 1e-280:
                error = abs(float(mpmath.mpf(law[k].item()) / exact - 1))
                assert error <= EPS * (20 + 20 * abs(k - middle))


def test_a_sure_cell_and_an_impossible_one():
    law = binomial_law(3, torch.tensor([0.0, 1.0]).double())
    assert law.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize("share", SHARES)
def test_expectation_is_the_mean_over_all_samples(share):
    N = 4
    total = torch.zeros(())
    for sample in itertools.product(range(3), repeat=N):
        counts = torch.tensor([sample.count(s) for s in range(3)])
        total = total + LAW[list(sample)].prod() * estimated_entropy(counts, share)
    assert expected_entropy(LAW, N, share).item() == pytest.approx(total.item(), abs=1e-14)


def test_reference_expectations():
    assert entropy(LAW).item() == pytest.approx(1.0114042647, abs=5e-11)
    for N, plain, corrected in ((5, 0.7716423380, 0.9358281893), (50, 0.9910381578, 1.0114022497)):
        assert expected_entropy(LAW, N).item() == pytest.approx(plain, abs=6e-11)
        assert expected_entropy(LAW, N, digamma).item() == pytest.approx(corrected, abs=6e-11)


@pytest.mark.parametrize(
    ("N", "mu", "conditional"),
    [(20, -0.03198554, 0.06130751), (100, -0.00568981, 0.01079801), (500, -0.00101918, 0.00202326)],
)
def test_reference_bias(N, mu, conditional):
    expected, exact = expected_information(TABLE, N), exact_information(TABLE)
    assert (expected.mu - exact.mu).item() == pytest.approx(mu, abs=6e-9)
    assert (expected.f_y_given_g - exact.f_y_given_g).item() == pytest.approx(conditional, abs=6e-9)


def test_leading_terms_of_the_bias():
    """Full support: N times the bias tends to the leading term; what is left is O(1/N)."""
    p = torch.rand(3, 2, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.5
    p = p / p.sum()
    exact = exact_information(p)

    def twice(N):
        found = expected_information(p, N)
        return [2 * N * (getattr(found, x) - getattr(exact, x)) for x in ("mu", "f_y", "f_y_given_g")]

    limits = [2 * b - a for a, b in zip(twice(2000), twice(4000), strict=True)]  # without the next order
    assert [x.item() for x in limits] == pytest.approx([-2 * 1 * 3, 2 * 3, 2 * 2 * 3], abs=0.01)


@pytest.mark.parametrize("share", [miller_madow, jackknife, digamma])
def test_corrections_reduce_the_bias(share):
    p = torch.rand(30, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    p /= p.sum()
    plain, corrected = (entropy(p) - expected_entropy(p, 100, s) for s in (plug_in, share))
    assert corrected.abs() < plain / 2


def test_expectation_has_a_gradient():
    def value(p):
        return expected_entropy(p, 7)

    assert torch.autograd.gradcheck(value, (LAW.clone().requires_grad_(),))


def test_probabilities_are_checked():
    with pytest.raises(NumericsError, match=r"1 entries outside \[0, 1\]"):
        binomial_law(3, torch.tensor([0.5, 1.1]).double())
