import pytest
import torch
from draws import normal
from hypothesis import given
from hypothesis import strategies as st

from numerics.errors import NumericsError
from numerics.linalg import (
    eigenvalue,
    frobenius_norm,
    min_norm,
    nuclear_norm,
    rank,
    singular_value,
    spectral_norm,
)

sizes = st.integers(1, 6)


@given(n=sizes, D=sizes, r=sizes, seed=st.integers(0, 99), exponent=st.integers(-8, 8))
def test_rank_of_a_product_at_any_scale(n, D, r, seed, exponent):
    X = 10.0**exponent * normal(3, n, r, seed=seed) @ normal(3, r, D, seed=seed + 1)
    assert (rank(X) == min(n, D, r)).all()


def test_rank_of_nothing_and_near_the_threshold():
    assert rank(torch.zeros(2, 3, 4)).tolist() == [0, 0]
    eps = torch.finfo(torch.float64).eps
    X = torch.diag_embed(torch.tensor([[1.0, 1.5 * 2 * eps], [1.0, 2 * eps]], dtype=torch.float64))
    assert rank(X).tolist() == [2, 1]


@given(p=sizes, k=st.integers(1, 8), seed=st.integers(0, 99))
def test_indices_count_from_the_top_and_end_in_zeros(p, k, seed):
    A = normal(2, p, p, seed=seed)
    A = A + A.mT
    expected = torch.linalg.eigvalsh(A).flip(-1)
    torch.testing.assert_close(eigenvalue(A, k), expected[:, k - 1] if k <= p else torch.zeros(2).double())
    torch.testing.assert_close(singular_value(A, 1), expected.abs().amax(-1))
    assert k <= p or (singular_value(A, k) == 0).all()


def test_norms_agree_with_torch():
    A = normal(2, 3, 4, 5)
    for ours, order in ((spectral_norm, 2), (frobenius_norm, "fro"), (nuclear_norm, "nuc")):
        torch.testing.assert_close(ours(A), torch.linalg.matrix_norm(A, order))


def test_min_norm_is_the_pseudoinverse_solution():
    X, Y = normal(4, 6, 2) @ normal(4, 2, 5, seed=1), normal(4, 6, 3, seed=2)
    torch.testing.assert_close(min_norm(X, Y, 2), torch.linalg.pinv(X, rtol=1e-10) @ Y)


@pytest.mark.parametrize("call", [lambda A: eigenvalue(A, 0), lambda A: singular_value(A, -1)])
def test_indices_below_one_are_refused(call):
    with pytest.raises(NumericsError, match="count from 1"):
        call(torch.eye(2)[None])
