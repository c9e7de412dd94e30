import pytest
import torch
from draws import layers, normal, problem
from hypothesis import given
from hypothesis import strategies as st

from numerics.errors import NumericsError
from numerics.linalg import min_norm
from numerics.reduced import compress, expand, reduce


@given(
    n=st.integers(1, 6),
    D=st.integers(1, 6),
    m=st.integers(1, 4),
    h=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_reduction_keeps_everything_that_counts(n, D, m, h, seed):
    X, Y, U, V = layers(B=2, n=n, D=D, m=m, h=h, seed=seed)
    p = reduce(X, Y, U, V, min(n, D))
    best = min_norm(X, Y, min(n, D))
    least = (Y - X @ best).square().sum((-2, -1)) / 2
    loss = (Y - X @ U @ V.mT).square().sum((-2, -1)) / 2
    torch.testing.assert_close(p.excess_loss, loss - least, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(p.min_norm, best, rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(expand(p, p.U1, p.V)[0], U)
    torch.testing.assert_close(p.end_to_end, U @ V.mT)
    small = compress(p)
    assert small.width == min(h, m + min(n, D))
    torch.testing.assert_close(small.residual, p.residual)
    torch.testing.assert_close(small.end_to_end, p.end_to_end)


def test_rank_deficient_inputs_with_wide_data():
    X = normal(3, 7, 2) @ normal(3, 2, 5, seed=1)
    p = reduce(X, normal(3, 7, 2, seed=2), normal(3, 5, 4, seed=3), normal(3, 2, 4, seed=4), 2)
    assert p.root.shape == (3, 2) and p.Phi2.shape == (3, 5, 3)
    torch.testing.assert_close(p.Phi1.mT @ p.Phi2, torch.zeros(3, 2, 3).double(), atol=1e-14, rtol=0)


def test_malformed_problems_are_refused_in_one_line():
    X, Y, U, V = layers()
    cases = {
        "X has shape": (X[0], Y, U, V, 4),
        "V has shape": (X, Y, U, V[:, :, :3], 4),
        "Y has 1 entries": (
            X,
            Y.clone().index_put_((torch.tensor(0),) * 3, torch.tensor(torch.nan).double()),
            U,
            V,
            4,
        ),
        "expected r = 3": (X, Y, U, V, 3),
        "1 <= r <= min": (X, Y, U, V, 0),
        "U is torch.float32": (X, Y, U.float(), V, 4),
    }
    for message, arguments in cases.items():
        with pytest.raises(NumericsError, match=message) as caught:
            reduce(*arguments)
        assert "\n" not in str(caught.value)


def test_compression_of_narrow_networks_changes_nothing():
    p = problem(h=3)
    assert compress(p) is p
