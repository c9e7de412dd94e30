"""Binary classifiers as pure functions of batched weights: linear, multilayer perceptron, small convolutional network.

Each maps weights of B networks and their inputs (B, n, ...) to logits (B, n); the predicted label is 1 where the logit
is positive. Weights start as those of ``torch.nn.Linear`` and ``torch.nn.Conv2d`` do: uniform on +-1/sqrt(fan in).
"""

import itertools
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from .errors import check_shape, require
from .types import BatchLoss, Inputs, Params

__all__ = [
    "Classifier",
    "cnn",
    "cross_entropy_of",
    "draw_cnn",
    "draw_mlp",
    "mlp",
    "predicted",
]

Logits = Float[Tensor, "B n"]
Labels = Int64[Tensor, "B n"]
Classifier = Callable[[Params, Tensor], Tensor]
"""Weights and inputs (B, n, ...) to logits (B, n)."""


def draw_mlp(sizes: Sequence[int], B: int, generator: torch.Generator, dtype: torch.dtype = torch.float32) -> Params:
    """Weights ``Wl`` (B, h_{l-1}, h_l) and biases ``bl`` (B, h_l) of B perceptrons with layers of these sizes.

    ``sizes`` begins with the inputs and ends with 1, the logit; (D, 1) is a linear classifier. Drawn on the CPU.
    """
    require(len(sizes) >= 2 and sizes[-1] == 1, f"sizes = {tuple(sizes)}; expected (D, ..., 1); end with the logit.")
    params: Params = {}
    for layer, (fan, width) in enumerate(itertools.pairwise(sizes), start=1):
        params |= _layer(layer, (fan, width), fan, width, B, generator, dtype)
    return params


def mlp(params: Params, X: Inputs) -> Logits:
    """``relu(... relu(X W1 + b1) ...) WN + bN``; with one layer logistic regression."""
    depth = len(params) // 2
    hidden = X
    for layer in range(1, depth):
        hidden = _affine(params, layer, hidden).relu()
    return _affine(params, depth, hidden)[..., 0]


def draw_cnn(
    image: int, channels: tuple[int, int], width: int, B: int, generator: torch.Generator, dtype=torch.float32
) -> Params:
    """Weights of B networks ``cnn`` on images of ``image`` x ``image`` pixels, a multiple of 4. Drawn on the CPU.

    ``W1``, ``W2`` (B, out, in, 3, 3) are the convolutions, ``W3``, ``W4`` the dense layers; ``bl`` their biases.
    """
    require(image % 4 == 0, f"image = {image}; expected a multiple of 4, which both poolings can halve; pad it.")
    first, second = channels
    flat = second * (image // 4) ** 2
    params = _layer(1, (first, 1, 3, 3), 9, first, B, generator, dtype)
    params |= _layer(2, (second, first, 3, 3), 9 * first, second, B, generator, dtype)
    params |= _layer(3, (flat, width), flat, width, B, generator, dtype)
    return params | _layer(4, (width, 1), width, 1, B, generator, dtype)


def cnn(params: Params, X: Float[Tensor, "B n H W"]) -> Logits:
    """3x3 convolution, ReLU, 2x2 max pooling, twice; a dense layer with ReLU; the logit. One channel comes in.

    The B networks are the groups of one convolution.
    """
    B, n = X.shape[:2]
    hidden = X.transpose(0, 1)
    for layer in (1, 2):
        kernel, bias = params[f"W{layer}"].flatten(0, 1), params[f"b{layer}"].flatten()
        hidden = functional.conv2d(hidden, kernel, bias, padding=1, groups=B).relu()
        hidden = functional.max_pool2d(hidden, 2)
    flat = hidden.reshape(n, B, -1).transpose(0, 1)
    return _affine(params, 4, _affine(params, 3, flat).relu())[..., 0]


def cross_entropy_of(network: Classifier, X: Tensor, y: Labels) -> BatchLoss:
    """The mean logistic loss of a network on the samples of a mini-batch, as a function of its weights.

    ``X`` (B, N, ...) and ``y`` (B, N), labels 0 and 1, are the training sets of the B networks.
    """
    check_shape("y", y, tuple(X.shape[:2]), "(B, N), one label a row of X")
    sign = (2 * y - 1).to(X.dtype)
    return lambda params, index: functional.softplus(-sign[:, index] * network(params, X[:, index])).mean(1)


def predicted(logits: Logits) -> Labels:
    """Labels 0 and 1."""
    return (logits > 0).long()


def _layer(
    layer: int,
    shape: tuple[int, ...],
    fan: int,
    width: int,
    B: int,
    generator: torch.Generator,
    dtype: torch.dtype,
) -> Params:
    reach = fan**-0.5

    def uniform(*size: int) -> Tensor:
        return reach * (2 * torch.rand(B, *size, generator=generator, dtype=dtype) - 1)

    return {f"W{layer}": uniform(*shape), f"b{layer}": uniform(width)}


def _affine(params: Params, layer: int, hidden: Tensor) -> Tensor:
    return torch.baddbmm(params[f"b{layer}"][:, None], hidden, params[f"W{layer}"])
