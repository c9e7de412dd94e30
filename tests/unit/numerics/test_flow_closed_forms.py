"""Every engine against the closed forms, and its error estimate against its true error."""

import math

import pytest
import torch
from draws import diagonal_data, normal

from numerics.closed_forms import aligned_flow, scalar_flow, scalar_limit, whitened_flow
from numerics.flow import reduced_flow
from numerics.linalg import frobenius_norm
from numerics.reduced import reduce

ENGINES = ("explicit", "radau", "gauss")


def scalar_problem(u, v, x, y):
    X, Y, U, V = (a[:, None, None] for a in (x, y, u, v))
    return reduce(X, Y, U, V, 1)


def scalar_residual(u, v, x, y, times):
    a, b = scalar_flow(u[:, None], v[:, None], x[:, None], y[:, None], times)
    return y[:, None] - x[:, None] * a * b


def assert_agrees(flow, residual, exact=1e-10):
    """Close in absolute terms, and closer than the flow's own estimate."""
    assert flow.ok.all()
    error = (flow.residual - residual).flatten(2).norm(dim=-1)
    scale = (1 + frobenius_norm(flow.problem.Z).square() * flow.problem.root[:, 0])[:, None]
    assert (error <= exact * scale).all(), float((error / scale).max())
    assert (error <= flow.error).all(), float((error / flow.error).max())


@pytest.mark.parametrize("engine", ENGINES)
def test_scalar_flow_of_every_sign(engine):
    u, v, y = normal(200, seed=1), normal(200, seed=2), normal(200, seed=3)
    u[:20], y[:20] = v[:20], v[:20].abs() + 0.1
    x = normal(200, seed=4).abs() + 0.3
    times = torch.logspace(-2, 1, 9, dtype=x.dtype).expand(200, 9).contiguous()
    flow = reduced_flow(scalar_problem(u, v, x, y), times, engine=engine)
    exact = scalar_residual(u, v, x, y, times)
    assert_agrees(flow, exact[..., None, None])


@pytest.mark.parametrize(
    "engine, cond",
    [("explicit", 1.0), ("explicit", 20.0), *((e, c) for e in ("radau", "gauss") for c in (1.0, 1e2, 1e4))],
)
def test_aligned_flow_up_to_condition_number_1e4(engine, cond):
    B, p = 40, 3
    roots = torch.linspace(0, -0.5 * math.log10(cond), p, dtype=torch.float64).expand(B, p)
    roots = 10**roots
    targets, u, v = roots * normal(B, p, seed=5), normal(B, p, seed=6), 0.5 * normal(B, p, seed=7)
    keep = ((u.square() - v.square()).abs() > 0.1).all(1)
    roots, targets, u, v = (a[keep] for a in (roots, targets, u, v))
    end = min(25.0 * cond, 2e5)
    times = torch.logspace(-2, math.log10(end), 8, dtype=u.dtype).expand(len(u), 8).contiguous()
    flow = reduced_flow(diagonal_data(roots, targets, u, v), times, engine=engine)
    modes = [aligned_flow(u, v, roots, targets, t) for t in times.unbind(1)]
    exact = torch.stack([targets - roots * a * b for a, b in modes], 1)
    order = flow.problem.Phi1.abs().argmax(1)
    signs = flow.problem.target.sum(-1).sign() * targets.gather(1, order).sign()
    found = torch.einsum("btij->bti", flow.residual) * signs[:, None]
    size = (found - exact.gather(2, order[:, None].expand_as(exact))).norm(dim=-1)
    assert flow.ok.all()
    assert (size <= 1e-9).all(), float(size.max())
    assert (size <= flow.error).all(), float((size / flow.error).max())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lam", [1.5, 0.0, -0.7])
def test_whitened_flow(engine, lam):
    B, r, m = 30, 2, 2
    V = normal(B, m, 2, seed=8)
    gram = V.mT @ V + lam * torch.eye(2, dtype=V.dtype)
    values, vectors = torch.linalg.eigh(gram)
    keep = values[:, 0] >= 0
    half = vectors @ torch.diag_embed(values.clamp(min=0).sqrt()) @ vectors.mT
    U1 = torch.linalg.qr(normal(B, r, 2, seed=9))[0] @ half
    target = normal(B, r, m, seed=10) + 2 * U1 @ V.mT
    U1, V, target = U1[keep], V[keep], target[keep]
    X = torch.eye(r, dtype=V.dtype).expand(len(V), r, r)
    times = torch.tensor([0.1, 0.5, 1.0, 2.0], dtype=V.dtype).expand(len(V), 4).contiguous()
    problem = reduce(X, target, U1, V, r)
    flow = reduced_flow(problem, times, engine=engine)
    exact = torch.stack([target - whitened_flow(U1, V, target, t) for t in times.unbind(1)], 1)
    found = problem.Phi1[:, None] @ flow.residual
    assert flow.ok.all()
    assert (found - exact).abs().max() < 1e-9
    error = (found - exact).flatten(2).norm(dim=-1)
    assert (error <= flow.error).all(), float((error / flow.error).max())


def test_scalar_closed_form_is_its_own_limit():
    u, v, x, y = (normal(50, seed=s) for s in (11, 12, 13, 14))
    x = x.abs() + 0.5
    late = scalar_flow(u, v, x, y, torch.tensor(1e4, dtype=x.dtype))
    for found, limit in zip(late, scalar_limit(u, v, x, y), strict=True):
        torch.testing.assert_close(found, limit, rtol=1e-10, atol=1e-12)


def test_scalar_flow_rests_at_the_saddle():
    one = torch.ones(2, dtype=torch.float64)
    u, v = scalar_flow(one, torch.tensor([-1.0, 1.0]).double(), one, one * torch.tensor([1.0, -1.0]), 50 * one)
    assert (u.abs() < 1e-12).all() and (v.abs() < 1e-12).all()
    assert all((w == 0).all() for w in scalar_limit(one, -one, one, one))


def test_scalar_flow_solves_its_equation_with_balanced_layers_and_no_target():
    u = torch.tensor([0.7], dtype=torch.float64)
    for v, y in ((u, 0 * u), (-u, 0 * u), (u, u), (0 * u, u)):
        x, t, step = torch.full_like(u, 1.3), torch.full_like(u, 0.8), 1e-4
        a, b = scalar_flow(u, v, x, y, t)
        slope = (scalar_flow(u, v, x, y, t + step)[0] - scalar_flow(u, v, x, y, t - step)[0]) / (2 * step)
        torch.testing.assert_close(slope, x * (y - x * a * b) * b, rtol=1e-7, atol=1e-9)


def test_whitened_flow_refuses_other_imbalances():
    with pytest.raises(ValueError, match="imbalance differs"):
        whitened_flow(normal(1, 2, 3), normal(1, 2, 3, seed=1), normal(1, 2, 2), torch.ones(1))
