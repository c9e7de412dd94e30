"""Information of finite laws against closed forms and reference values; counts against a plain loop."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score

import numerics.information as information
from numerics.errors import NumericsError
from numerics.information import (
    binary_convolution,
    binary_entropy,
    conditional_mutual_information,
    count_table,
    entropy,
    frequencies,
    mutual_information,
    observed_correlation,
    performance_correlation,
)

COUNTS = torch.tensor([5, 1, 1, 2, 2, 1, 1, 7]).reshape(2, 2, 2)


def number(value):
    return torch.as_tensor(value, dtype=torch.float64)


def labels(*shape, classes=3, seed=0):
    return torch.randint(classes, shape, generator=torch.Generator().manual_seed(seed))


def test_reference_values():
    p = frequencies(COUNTS)
    assert mutual_information(p.sum(-2)).item() == pytest.approx(0.0794334979139697, abs=1e-15)
    assert mutual_information(p.sum(-3)).item() == pytest.approx(0.188994401955833, abs=1e-15)
    assert conditional_mutual_information(p).item() == pytest.approx(0.0223137341068451, abs=1e-15)
    assert performance_correlation(p).item() == pytest.approx(0.0571197638071246, abs=1e-15)
    ascending = frequencies(torch.arange(1, 9).reshape(2, 2, 2))
    assert performance_correlation(ascending).item() == pytest.approx(-0.000844269462018601, abs=1e-15)


@pytest.mark.parametrize("K", [2, 3, 7])
def test_extreme_laws(K):
    eye, total = torch.eye(K).double(), (torch.arange(K)[:, None] + torch.arange(K)) % K
    copy = torch.einsum("fg,gy->fgy", eye, eye) / K
    modulo = torch.nn.functional.one_hot(total, K).double() / K**2
    assert performance_correlation(copy).item() == pytest.approx(math.log(K), abs=1e-14)
    assert performance_correlation(modulo).item() == pytest.approx(-math.log(K), abs=1e-14)


def test_markov_law_has_no_conditional_information():
    markov = frequencies(torch.tensor([6, 2, 1, 3, 3, 1, 2, 6]).reshape(2, 2, 2))
    assert conditional_mutual_information(markov).abs().item() < 1e-16
    assert performance_correlation(markov).item() == pytest.approx(0.0139539145684196, abs=1e-15)


def test_closed_form_of_binary_channels():
    a, b = number(0.15), number(0.2)
    flip = torch.stack((torch.stack((1 - b, b)), torch.stack((b, 1 - b))))
    other = torch.stack((torch.stack((1 - a, a)), torch.stack((a, 1 - a))))
    p = torch.einsum("yf,yg->fgy", other, flip) / 2
    assert mutual_information(p.sum(-2)).item() == pytest.approx(0.2704380928, abs=1e-10)
    expected = math.log(2) - binary_entropy(binary_convolution(a, b))
    assert performance_correlation(p).item() == pytest.approx(expected.item(), abs=1e-15)
    assert expected.item() == pytest.approx(0.0909954980, abs=1e-10)


def test_binary_entropy_at_its_ends_and_at_small_arguments():
    x = number([0.0, 1.0, 0.5, 1e-20])
    values = [0.0, 0.0, math.log(2), 1e-20 * (1 + 20 * math.log(10))]
    torch.testing.assert_close(binary_entropy(x), number(values), rtol=1e-14, atol=0)


def test_entropy_sums_over_the_named_dimensions():
    p = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]).double()
    torch.testing.assert_close(entropy(p), torch.tensor([math.log(2), math.log(4)]).double())
    torch.testing.assert_close(entropy(p.reshape(2, 2, 2), (-2, -1)), entropy(p))


def test_zeros_and_tiny_probabilities_leave_no_nan_in_values_and_gradients():
    p = torch.tensor([1 - 1e-200, 1e-200, 0, 0, 0, 0, 0, 0]).double().reshape(2, 2, 2).requires_grad_()
    value = performance_correlation(p)
    value.backward()
    assert value.abs() < 1e-15
    assert p.grad is not None and p.grad.isfinite().all()


def test_many_tables_are_the_tables_one_by_one(monkeypatch):
    p = frequencies(1 + labels(5, 4, 3, 2, 2, classes=9))
    one_by_one = torch.stack([performance_correlation(q) for q in p.flatten(0, 1)]).reshape(5, 4)
    monkeypatch.setattr(information, "BLOCK", 30)
    assert torch.equal(performance_correlation(p), one_by_one)


@pytest.mark.parametrize("chunk", [7, 50, 2**18])
def test_counts_are_those_of_a_loop(chunk, monkeypatch):
    monkeypatch.setattr(information, "CHUNK", chunk)
    y, f, g = labels(40), labels(2, 3, 40, seed=1), labels(3, 40, classes=2, seed=2)
    counts = count_table(y, f, g, (3, 2, 3))
    assert counts.shape == (2, 3, 3, 2, 3)
    for run in range(2):
        for step in range(3):
            found = Counter(zip(f[run, step].tolist(), g[step].tolist(), y.tolist(), strict=True))
            table = counts[run, step]
            assert all(table[cell] == found[tuple(cell)] for cell in np.ndindex(3, 2, 3))


@pytest.mark.parametrize(("chunk", "block"), [(7, 1), (50, 40), (2**18, 2**17)])
def test_the_observed_correlation_is_that_of_the_count_table(chunk, block, monkeypatch):
    y, f, g = labels(40), labels(2, 3, 40, seed=1), labels(3, 40, classes=2, seed=2)
    expected = performance_correlation(frequencies(count_table(y, f, g, (3, 2, 3))))
    monkeypatch.setattr(information, "CHUNK", chunk)
    monkeypatch.setattr(information, "BLOCK", block)
    assert torch.equal(observed_correlation(y, f, g, (3, 2, 3)), expected)
    assert torch.equal(observed_correlation(y, f[0, 0], g[0], (3, 2, 3)), expected.new_tensor(mu_of(y, f[0, 0], g[0])))


def mu_of(y, f, g):
    return performance_correlation(frequencies(count_table(y, f, g, (3, 2, 3)))).item()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_counts_of_small_integers(dtype):
    y, f, g = labels(200, classes=100), labels(3, 200, classes=100, seed=1), labels(200, classes=100, seed=2)
    assert torch.equal(count_table(y, f, g, 100), count_table(y.to(dtype), f.to(dtype), g.to(dtype), 100))


def test_agrees_with_scikit_learn():
    y, f, g = labels(500, classes=10), labels(4, 500, classes=10, seed=1), labels(500, classes=10, seed=2)
    p = frequencies(count_table(y, f, g, 10))
    for k in range(4):
        f_y, g_y = mutual_info_score(f[k], y), mutual_info_score(g, y)
        both = mutual_info_score(10 * f[k] + g, y)
        assert performance_correlation(p)[k].item() == pytest.approx(f_y + g_y - both, abs=1e-12)
        assert mutual_information(p.sum(-2))[k].item() == pytest.approx(f_y, abs=1e-12)
        assert conditional_mutual_information(p)[k].item() == pytest.approx(both - g_y, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"f": torch.zeros(5)}, "f has dtype torch.float32; expected integer labels"),
        ({"f": torch.zeros(4, dtype=torch.long)}, r"f has shape \(4,\); expected"),
        ({"g": torch.tensor([0, 1, 2, 0, 0])}, r"g has labels 0 \.\. 2; expected 0 \.\. 1"),
        ({"y": torch.tensor([0, -1, 1, 0, 0])}, r"y has labels -1 \.\. 1"),
        ({"f": torch.zeros(0, 5, dtype=torch.long)}, r"leading dimensions \(0,\)"),
        ({"classes": 10**4}, "expected at most"),
    ],
)
@pytest.mark.parametrize("count", [count_table, observed_correlation])
def test_bad_labels_are_named(count, change, message):
    good = {"y": labels(5, classes=2), "f": labels(5, classes=2), "g": labels(5, classes=2), "classes": 2}
    with pytest.raises(NumericsError, match=message):
        count(**(good | change))


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16])
@pytest.mark.parametrize("count", [count_table, observed_correlation])
def test_negative_labels_are_refused_however_many_classes_there_are(count, dtype):
    f = torch.zeros(3, 5, dtype=dtype)
    f[2, 1] = -1
    y = torch.zeros(5, dtype=torch.long)
    with pytest.raises(NumericsError, match="f has labels -1"):
        count(y, f, y, (2 ** (8 * f.itemsize), 2, 2))


@pytest.mark.parametrize("classes", [2.0, "2", (2, 2), None])
def test_classes_are_whole_numbers(classes):
    y = labels(5, classes=2)
    assert torch.equal(count_table(y, y, y, np.int64(2)), count_table(y, y, y, 2))
    with pytest.raises(NumericsError, match="expected K or"):
        count_table(y, y, y, classes)


def test_labels_that_do_not_broadcast_are_refused():
    with pytest.raises(NumericsError, match=r"leading dimensions \(\), \(3,\) and \(2,\)"):
        count_table(labels(5), labels(3, 5), labels(2, 5), 3)


def test_too_many_tables_are_refused_before_they_are_counted():
    y, f, g = labels(5), labels(68, 5, seed=1), labels(5, seed=2)
    with pytest.raises(NumericsError, match="merge labels or count fewer tables at a time"):
        count_table(y, f, g, 100)  # 68 million cells
    assert count_table(y, f[:1], g, 100).sum() == 5


def test_an_empty_table_has_no_frequencies():
    with pytest.raises(NumericsError, match="total 0"):
        frequencies(torch.zeros(2, 2, 2, 2))
