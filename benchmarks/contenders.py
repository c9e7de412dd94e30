"""Task A as programs ``(X, Y, U, V) -> losses (B, T)``. The peers solve for the weights, as people do."""

from functools import cache

import diffrax
import instances
import jax
import jax.numpy as jnp
import numpy as np
import torch
from instances import ATOL, END, POINTS, RTOL
from torchdiffeq import odeint

from numerics.flow import reduced_flow
from numerics.reduced import reduce

jax.config.update("jax_enable_x64", True)


def ours(X, Y, U, V, rtol=RTOL):
    """Reduction (SVD), compression, reduced flow; the least loss is added at the end."""
    problem = reduce(X, Y, U, V, min(X.shape[1:]))
    grid = instances.times().expand(len(X), -1)
    flow = reduced_flow(problem, grid, rtol=rtol, quadratures=False, estimate_error=False)
    least = (Y.square().sum((1, 2)) - problem.target.square().sum((1, 2))) / 2
    return flow.excess_loss + least[:, None]


def loss(X, Y, U, V):
    return (Y - X @ (U @ V.mT)).square().sum((-2, -1)) / 2


def autograd_field(X, Y, D):
    """``theta -> -dL/dtheta`` for ``theta = [U; V]``, a row of states an instance or one state."""

    def field(t, theta):
        with torch.enable_grad():
            w = theta.detach().requires_grad_()
            total = loss(X, Y, w[..., :D, :], w[..., D:, :]).sum()
            return -torch.autograd.grad(total, w)[0]

    return field


def by_torchdiffeq(X, Y, U, V):
    """dopri5 on whatever is given: one instance (n, D) or a batch (B, n, D), whose norm couples the steps."""
    D = X.shape[-1]
    start = torch.cat((U, V), -2)
    path = odeint(autograd_field(X, Y, D), start, instances.times(), rtol=RTOL, atol=ATOL, method="dopri5")
    return loss(X, Y, path[..., :D, :], path[..., D:, :]).movedim(0, -1).detach()


def one_by_one(X, Y, U, V):
    """One torchdiffeq solve an instance."""
    return torch.stack([by_torchdiffeq(*instance) for instance in zip(X, Y, U, V, strict=True)])


def _jax_loss(theta, X, Y):
    w = theta.reshape(X.shape[-1] + Y.shape[-1], -1)
    U, V = w[: X.shape[-1]], w[X.shape[-1] :]
    return jnp.sum((Y - X @ (U @ V.T)) ** 2) / 2


@cache
def _compiled(name: str):
    """One flat state an instance: twice as fast here as a tuple of layers."""

    def solve(X, Y, U, V):
        field = diffrax.ODETerm(lambda t, theta, data: -jax.grad(_jax_loss)(theta, *data))
        grid = jnp.linspace(0, END, POINTS)
        losses = diffrax.SaveAt(ts=grid, fn=lambda t, theta, data: _jax_loss(theta, *data))
        solution = diffrax.diffeqsolve(
            field,
            getattr(diffrax, name)(),
            0.0,
            END,
            None,
            jnp.concatenate((U.ravel(), V.ravel())),
            (X, Y),
            saveat=losses,
            stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=ATOL),
            adjoint=diffrax.ForwardMode(),
            max_steps=None,
        )
        return solution.ys

    return jax.jit(jax.vmap(solve))


def by_diffrax(name):
    """``vmap`` and ``jit``, steps of its own for every instance; compiled at the first call."""

    def run(X, Y, U, V):
        return torch.from_numpy(np.array(_compiled(name)(*(a.numpy() for a in (X, Y, U, V)))))

    return run
