"""The Newton steps of collocation against dense linear algebra."""

import torch
from draws import problem
from torch.func import jacrev, vmap

from numerics.field import ReducedField
from numerics.integrate.kernel import Equations, Kernel, damping
from numerics.integrate.tableau import tableau


def setting(m=2):
    p = problem(m=m)
    field = ReducedField.of(p, quadratures=False)
    return field, p.Z, Kernel.at(field, p.Z)


def dense(field, Z):
    """``L^T L`` at Z, (B, N, N), N the number of entries of Z, by differentiating the residual."""

    def residual(y, root, target):
        W = y.view(Z.shape[1:])
        return (target - root[:, None] * (W[field.m :] @ W[: field.m].mT)).flatten()

    L = vmap(jacrev(residual))(Z.flatten(1), field.root, field.target)
    return L.mT @ L


def test_a_step_solves_the_gauss_newton_system():
    for m in (1, 2, 3):
        field, Z, kernel = setting(m)
        method = tableau("radau", 3)
        h = torch.linspace(0.1, 10, len(Z), dtype=Z.dtype)
        ones = torch.ones_like(Z)
        equations = Equations.of(field, kernel, method, Z, h, ones)
        stages = Z[:, None] + 0.1 * torch.arange(3, dtype=Z.dtype)[:, None, None]
        F = field.staged.couple(field.staged.weighted_residual(stages), stages).flatten(2)
        G = (stages - Z[:, None]).flatten(2) - h[:, None, None] * (method.A @ F)
        N = Z[0].numel()
        matrix = torch.einsum("ij,bkl,b->bikjl", method.A, dense(field, Z), h).reshape(len(Z), 3 * N, 3 * N)
        matrix = matrix + torch.eye(3 * N, dtype=Z.dtype)
        expected = torch.linalg.solve(matrix, G.flatten(1))
        torch.testing.assert_close(equations.change(stages).flatten(1), expected, rtol=1e-9, atol=1e-9)
        part = torch.tensor([4, 1])
        torch.testing.assert_close(equations.at(part).change(stages[part]).flatten(1), expected[part])


def test_the_filter_damps_the_stiff_part():
    field, Z, kernel = setting()
    h = torch.linspace(0.1, 10, len(Z), dtype=Z.dtype)
    d = torch.cos(torch.arange(Z[0].numel(), dtype=Z.dtype)).view(Z.shape[1:]).expand_as(Z)
    found = kernel.solve(field, d[:, None], damping(kernel, h))
    matrix = torch.eye(Z[0].numel(), dtype=Z.dtype) + h[:, None, None] * dense(field, Z)
    torch.testing.assert_close(found.flatten(1), torch.linalg.solve(matrix, d.flatten(1)), rtol=1e-9, atol=1e-9)


def test_only_instances_that_moved_are_diagonalised_anew():
    field, Z, kernel = setting()
    moved = Z.clone()
    moved[2] *= 1.5
    new, fresh = kernel.refreshed(field, moved), Kernel.at(field, moved)
    torch.testing.assert_close(new.theta[2], fresh.theta[2])
    others = torch.arange(len(Z)) != 2
    assert all(torch.equal(a[others], b[others]) for a, b in zip(new.parts, kernel.parts, strict=True))
    assert kernel.refreshed(field, Z) is kernel
