"""Networks as pure functions of their weights, a dict of tensors with the batch dimension first."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from .errors import check_shape, require
from .types import Batch, BatchLoss, Inputs, Loss, Params, Targets

__all__ = ["deep_linear", "from_module", "loss_of", "minibatch_loss_of", "squared_loss", "two_layer_linear"]

Network = Callable[[Params, Tensor], Tensor]


def two_layer_linear(params: Params, X: Inputs) -> Targets:
    """``X U V^T`` with ``U`` (B, D, h) and ``V`` (B, m, h)."""
    return (X @ params["U"]) @ params["V"].mT


def deep_linear(params: Params, X: Inputs) -> Targets:
    """``X W1 W2 ... WN`` with ``Wl`` (B, h_{l-1}, h_l)."""
    output = X
    for layer in range(1, len(params) + 1):
        require(
            f"W{layer}" in params,
            f"params has {sorted(params)}; expected W1, ..., W{len(params)}; rename them.",
        )
        output = output @ params[f"W{layer}"]
    return output


def squared_loss(prediction: Targets, Y: Targets) -> Batch:
    """``1/2 ||Y - prediction||_F^2``: a sum over samples, not a mean."""
    return (Y - prediction).square().sum((-2, -1)) / 2


def loss_of(network: Network, X: Inputs, Y: Targets) -> Loss:
    """The squared loss of a network on all samples, as a function of its weights."""
    check_shape("Y", Y, (*X.shape[:2], None), "(B, n, m)")
    return lambda params: squared_loss(network(params, X), Y)


def minibatch_loss_of(network: Network, X: Inputs, Y: Targets) -> BatchLoss:
    """The squared loss on the samples of a mini-batch (their sum, not rescaled)."""
    check_shape("Y", Y, (*X.shape[:2], None), "(B, n, m)")
    return lambda params, index: squared_loss(network(params, X[:, index]), Y[:, index])


def from_module(modules: nn.Module | Sequence[nn.Module]) -> tuple[Network, Params]:
    """A function of stacked weights that acts like the given modules of one architecture, and those weights.

    The function maps weights (B, ...) and inputs (B, n, D) to the outputs of every module on its own inputs.
    """
    batch = [modules] if isinstance(modules, nn.Module) else list(modules)
    require(len(batch) > 0, "modules is empty; expected at least one torch.nn.Module; pass one.")
    template = batch[0]
    params, buffers = stack_module_state(batch)

    def network(params: Params, X: Float[Tensor, "B n *D"]) -> Tensor:
        def one(weights: Params, state: Params, x: Tensor) -> Tensor:
            return functional_call(template, (weights, state), (x,))

        return vmap(one, randomness="error")(params, buffers, X)

    return network, {name: value.detach() for name, value in params.items()}


def stack(instances: Sequence[Params]) -> Params:
    """Networks of one shape, each without batch dimension, as one batch."""
    require(len(instances) > 0, "instances is empty; expected at least one dict of weights; pass one.")
    return {name: torch.stack([p[name] for p in instances]) for name in instances[0]}
