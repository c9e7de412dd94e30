"""Intervals and tests: hand-made cases, exact validity on small cases, calibration; and the call on a user's arrays."""

import itertools

import numpy as np
import pytest
import torch
from scipy import stats

import numerics.inference as inference
import numerics.information as information
from numerics.errors import NumericsError
from numerics.estimators import jackknife, miller_madow
from numerics.inference import (
    bootstrap_interval,
    chi_square_test,
    delta_intervals,
    densities,
    mu,
    permutation_test,
    resampled,
    spread,
)
from numerics.information import conditional_mutual_information, count_table, frequencies, performance_correlation

BINARY = torch.tensor([5, 1, 1, 2, 2, 1, 1, 7]).reshape(2, 2, 2)
MARKOV = torch.tensor([6, 2, 1, 3, 3, 1, 2, 6]).reshape(2, 2, 2)
MARKOV_MU = 0.0139539145684196


def samples(table, N, runs=(), seed=0):
    """Count tables of N samples of the law of the table."""
    p = (table / table.sum()).flatten().double().numpy()
    p = p / p.sum()
    return torch.as_tensor(np.random.default_rng(seed).multinomial(N, p, runs)).reshape(*runs, *table.shape)


def listed(counts):
    """(y, f, g) with these counts."""
    cells = counts.flatten().nonzero()[:, 0].repeat_interleave(counts.flatten()[counts.flatten() > 0])
    f, g, y = torch.unravel_index(cells, counts.shape)
    return y, f, g


# ---- delta method
def test_densities_have_the_values_as_means():
    p = frequencies(BINARY)
    found = densities(p)
    for field, value in (("mu", 0.0571197638071246), ("f_y", 0.0794334979139697), ("f_y_given_g", 0.0223137341068451)):
        assert (p * getattr(found, field)).sum().item() == pytest.approx(value, abs=1e-15)


def test_densities_are_derivatives():
    """The derivative of mu along p + t(q - p) at t = 0 is the mean of the density under q less that under p."""
    p, q = frequencies(BINARY), frequencies(torch.arange(1, 9).reshape(2, 2, 2))
    t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    performance_correlation(p + t * (q - p)).backward()
    assert t.grad is not None
    assert t.grad.item() == pytest.approx(((q - p) * densities(p).mu).sum().item(), abs=1e-14)


def test_interval_by_hand():
    p, ends = frequencies(BINARY), delta_intervals(BINARY, confidence=0.9)
    reach = stats.norm.isf(0.05) * spread(p, densities(p).mu).item() / 20**0.5
    assert ends.mu.high.item() - ends.mu.estimate.item() == pytest.approx(reach, rel=1e-12)
    assert ends.mu.estimate.item() - ends.mu.low.item() == pytest.approx(reach, rel=1e-12)
    assert ends.f_y_given_g.low.item() == 0


def test_corrected_estimates_move_the_interval():
    plain, corrected = delta_intervals(BINARY).mu, delta_intervals(BINARY, share=jackknife).mu
    assert corrected.estimate > plain.estimate
    assert (corrected.high - corrected.low).item() == pytest.approx((plain.high - plain.low).item(), rel=1e-12)


def test_corrected_intervals_of_independent_labels_end_at_zero():
    even = torch.ones(2, 2, 2, dtype=torch.long)
    counts = torch.cat((even[None], samples(even, 100, (1000,))))
    ends = delta_intervals(counts, share=miller_madow)
    for found in (ends.f_y, ends.g_y, ends.f_y_given_g):
        assert (found.low >= 0).all() and (found.low <= found.high).all()
        assert (found.high[1:] == 0).any() and (found.high > 0).any()
    assert ends.f_y.high[0] == 0 and ends.f_y.estimate[0] < 0
    assert (ends.mu.low < 0).any() and (ends.mu.high[1:] > ends.mu.low[1:]).all()


# ---- bootstrap
def test_resamples_keep_the_total_and_the_empty_cells_and_repeat_with_the_seed():
    counts = torch.stack((BINARY, MARKOV))
    counts[0, 0, 0, 1] = 0
    drawn = resampled(counts, 50, seed=3)
    assert drawn.shape == (50, 2, 2, 2, 2)
    assert torch.equal(drawn.sum((2, 3, 4)), counts.sum((1, 2, 3)).expand(50, 2))
    assert (drawn[:, 0, 0, 0, 1] == 0).all()
    assert torch.equal(drawn, resampled(counts, 50, seed=3))


def test_one_generator_draws_the_same_in_parts():
    counts, draws = torch.stack((BINARY, MARKOV)), np.random.default_rng(3)
    parts = torch.cat([resampled(counts, n, draws) for n in (1, 20, 29)])
    assert torch.equal(parts, resampled(counts, 50, seed=3))


def test_percentile_interval_of_a_proportion():
    """For a frequency the bootstrap is a binomial law: its quantiles are known."""
    counts = torch.tensor([30, 70]).reshape(1, 1, 2)
    found = bootstrap_interval(counts, lambda p: p[..., 0, 0, 0], resamples=20000, seed=1)
    law = stats.binom(100, 0.3)
    assert found.low.item() == pytest.approx(law.ppf(0.025) / 100, abs=0.011)
    assert found.high.item() == pytest.approx(law.ppf(0.975) / 100, abs=0.011)


def test_percentile_interval_of_conditional_information_misses_zero():
    counts = samples(MARKOV, 500, (200,))
    low = bootstrap_interval(counts, conditional_mutual_information, resamples=300).low
    assert (low > 0).all()


# ---- tests
def test_degrees_of_freedom():
    full, sparse = chi_square_test(MARKOV), MARKOV.clone()
    sparse[0, 0] = 0
    assert full.degrees == 2
    assert chi_square_test(sparse).degrees == 1
    assert chi_square_test(sparse, possible=MARKOV).degrees == 2
    assert chi_square_test(torch.tensor([3, 0, 0, 4]).reshape(1, 2, 2)).p_value == 1


def test_chi_square_p_value():
    test = chi_square_test(BINARY)
    assert test.statistic.item() == pytest.approx(40 * 0.0223137341068451, abs=1e-13)
    assert test.p_value.item() == pytest.approx(stats.chi2.sf(test.statistic.item(), 2), rel=1e-12)


def test_chi_square_level():
    p = chi_square_test(samples(MARKOV, 10**4, (4000,))).p_value
    assert stats.kstest(p.numpy(), "uniform").pvalue > 1e-3


def test_permutation_p_value_is_the_share_of_permutations():
    """All orders of y within two strata of three samples, counted."""
    y, f, g = torch.tensor([0, 1, 1, 0, 0, 1]), torch.tensor([0, 1, 1, 0, 1, 1]), torch.tensor([0, 0, 0, 1, 1, 1])

    def value(order):
        return conditional_mutual_information(frequencies(count_table(y[list(order)], f, g, 2)))

    orders = [a + b for a in itertools.permutations(range(3)) for b in itertools.permutations(range(3, 6))]
    exact = sum(bool(value(o) >= value(range(6)) - 1e-12) for o in orders) / len(orders)
    found = permutation_test(y, f, g, 2, permutations=4000).item()
    assert found == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 4000) ** 0.5 + 1e-3)


def test_the_bias_is_told_where_it_counts():
    y, f, g = (torch.randint(12, (60,), generator=torch.Generator().manual_seed(k)) for k in range(3))
    seen = mu(y, f, g)
    assert seen.biased and seen.bias == seen.mu.estimate - mu(y, f, g, share=jackknife).mu.estimate
    assert mu(y, f, g, share=jackknife).bias == 0
    y, f, g = (torch.cat([x % 2] * 50) for x in (y, f, g))
    assert not mu(y, f, g).biased
    assert not mu(y, torch.zeros_like(f), g).biased  # an interval of width 0, and rounding


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.int16])
def test_labels_of_every_integer_type_are_read(dtype):
    y, f, g = (torch.randint(3, (50,), generator=torch.Generator().manual_seed(k)) for k in range(3))
    assert mu(y.to(dtype), f.to(dtype), g.to(dtype)).mu.estimate == mu(y, f, g).mu.estimate


def test_permutations_in_chunks_are_the_same(monkeypatch):
    y, f, g = listed(10 * BINARY)
    whole = permutation_test(y, f, g, 2, permutations=50)
    monkeypatch.setattr(inference, "CHUNK", 3 * len(y))
    assert torch.equal(permutation_test(y, f, g, 2, permutations=50), whole)


def test_permutations_of_many_labels_are_not_counted_all_at_once(monkeypatch):
    monkeypatch.setattr(information, "LARGEST", inference.CHUNK)
    y, f, g = (torch.as_tensor(x) for x in np.random.default_rng(0).integers(0, 10, (3, 30)))
    assert 0 < permutation_test(y, f, g, 10, permutations=300) <= 1  # 300 000 cells


def test_permutations_of_many_checkpoints_at_once():
    y, f, g = listed(10 * BINARY)
    both = permutation_test(y, torch.stack((f, g)), g, 2, permutations=50)
    assert both.shape == (2,)
    assert both[1] == 1  # F = G knows nothing more
    assert both[0] < 0.1


# ---- calibration (the intervals are asymptotic: 93 % to 96.5 % of 95 % at these sizes)
@pytest.mark.parametrize(("table", "value", "N"), [(BINARY, 0.0571197638071246, 500), (MARKOV, MARKOV_MU, 500)])
def test_delta_interval_covers(table, value, N):
    ends = delta_intervals(samples(table, N, (4000,))).mu
    covered = float(((ends.low <= value) & (value <= ends.high)).double().mean())
    assert 0.925 <= covered <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("table", "value"), [(BINARY, 0.0571197638071246), (MARKOV, MARKOV_MU)])
def test_percentile_interval_covers(table, value):
    ends = bootstrap_interval(samples(table, 1000, (2000,)), performance_correlation, resamples=1000)
    covered = float(((ends.low <= value) & (value <= ends.high)).double().mean())
    assert 0.92 <= covered <= 0.97


# ---- a user's own arrays
def user(N=300, steps=4, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, N)
    g = np.where(rng.random(N) < 0.7, y, rng.integers(0, 3, N))
    return y, np.where(rng.random((steps, N)) < 0.6, g, rng.integers(0, 3, (steps, N))), g


def test_mu_of_numpy_arrays_torch_tensors_and_one_model():
    y, f, g = user()
    many, same = mu(y, f, g), mu(*map(torch.as_tensor, (y, f, g)))
    one = mu(y, f[2], g)
    assert many.mu.estimate.shape == (4,)
    assert one.mu.estimate.shape == ()
    assert torch.equal(many.mu.low, same.mu.low)
    assert one.mu.high == many.mu.high[2]
    assert (many.unit, many.samples, many.confidence) == ("nats", 300, 0.95)
    assert (many.mu.low < many.mu.estimate).all() and (many.mu.estimate < many.mu.high).all()
    torch.testing.assert_close(many.mu.estimate, many.f_y.estimate - many.f_y_given_g.estimate)


def test_labels_are_names_only():
    y, f, g = user()
    torch.testing.assert_close(mu(y, f, g).mu.high, mu(7 * y + 3, 100_000 * f, 2 - g).mu.high, rtol=0, atol=1e-13)


def test_boolean_labels():
    y, f, g = (x == 1 for x in user())
    torch.testing.assert_close(mu(y, f, g).mu.low, mu(*(x.astype(int) for x in (y, f, g))).mu.low)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["uint8", "uint16", "uint32", "uint64", ">i4", ">u2", "int8"])
def test_arrays_of_any_integers_and_of_any_layout(kind):
    plain = user()
    y, f, g = (x.astype(kind) for x in plain)
    y.flags.writeable = False
    expected = mu(*plain).mu.high
    assert torch.equal(mu(y, f, g).mu.high, expected)
    assert torch.equal(mu(y, np.asfortranarray(f), np.ma.array(g)).mu.high, expected)
    assert torch.equal(mu(y[::-1], f[:, ::-1], g[::-1]).mu.high, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"f": np.zeros((4, 200), int)}, "f has 200 samples and y has 300"),
        ({"g": np.zeros(300)}, "g holds float64; expected integer labels"),
        ({"f": np.full(300, np.nan)}, "f holds float64; expected integer labels"),
        ({"f": torch.zeros(300)}, "f has dtype torch.float32; expected integer labels"),
        ({"y": np.full(300, 2**63, np.uint64)}, "y has the label 9223372036854775808; expected labels below"),
        ({"g": np.ma.masked_less(np.arange(300), 7)}, "g has 7 masked entries; expected a label for every sample"),
        ({"f": [[0, 1], [2]]}, "f holds object"),
        ({"y": [], "f": [], "g": []}, r"y has shape \(0,\)"),
        ({"y": np.ones(300, int)}, "y has the one label 1; expected at least 2 classes"),
        ({"f": np.full(300, -1)}, "f has the label -1"),
        ({"f": np.zeros((2, 2, 300), int)}, r"f has shape \(2, 2, 300\); expected \(N,\) or \(T, N\)"),
        ({"y": ["cat", "dog"]}, "y holds"),
        ({"g": None}, "g holds"),
    ],
)
def test_bad_input_is_one_clear_line(change, message):
    arrays = dict(zip("yfg", user(), strict=True))
    with pytest.raises(NumericsError, match=message) as error:
        mu(**(arrays | change))
    assert "\n" not in str(error.value)


def test_confidence_is_checked():
    with pytest.raises(NumericsError, match=r"confidence = 95"):
        mu(*user(), confidence=95)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: counting on the GPU was NOT tested")
def test_cuda_agrees_with_cpu():
    y, f, g = map(torch.as_tensor, user(N=5000, steps=50))
    here, there = mu(y, f, g), mu(y, f.cuda(), g)
    assert there.mu.estimate.is_cuda
    torch.testing.assert_close(there.mu.low.cpu(), here.mu.low, rtol=0, atol=1e-13)
    assert torch.equal(count_table(y.cuda(), f.cuda(), g.cuda(), 3).cpu(), count_table(y, f, g, 3))
    on_gpu = permutation_test(y.cuda(), f[:3].cuda(), g.cuda(), 3, permutations=20).cpu()
    assert torch.equal(on_gpu, permutation_test(y, f[:3], g, 3, permutations=20))
