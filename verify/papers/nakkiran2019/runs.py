"""Runs of nakkiran2019: a network and a linear classifier, trained by SGD on the same data, and what they predict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from numerics.classifiers import Classifier, cnn, cross_entropy_of, draw_cnn, draw_mlp, mlp, predicted
from numerics.descent import sgd
from numerics.types import Params

from ...data import Predictions
from . import problems
from .problems import DIMENSION, PATCH, Draw, Problem

BATCH = 32
RUNS = 8
"""Independent runs of a setup, if nothing else is said."""
LINEAR = (0.1, 4000)
"""Step size and number of steps of the linear classifier."""
CHECKPOINTS = 60
"""Checkpoints behind the start, at most: steps that are evenly spread on a logarithmic axis."""


@dataclass(frozen=True)
class Model:
    """A network: how inputs are presented to it, how its weights are drawn, and the function."""

    present: Callable[[Tensor], Tensor]
    draw: Callable[[int, torch.Generator], Params]
    network: Classifier


@dataclass(frozen=True)
class Setup:
    """One row of the experiment: data, network, step size, number of steps; those of the linear classifier; runs."""

    data: Draw
    model: Model
    step: float
    steps: int
    linear: tuple[float, int] = LINEAR
    runs: int = RUNS


@dataclass(frozen=True)
class Trained:
    """B runs: predictions of the network after `steps` (T,) on the test set (B, T, N) and on the training set, as
    uint8; the linear classifier's weights and its start."""

    problem: Problem
    steps: Tensor
    tested: Tensor
    fitted: Tensor
    linear: Params
    linear_start: Params

    @property
    def train_error(self) -> Tensor:
        """(B, T)"""
        return (self.fitted != self.problem.y[:, None]).double().mean(2)


@dataclass(frozen=True)
class Labels:
    """Labels y (B, N), predictions f (B, T, N) after `steps` (T,) and g (B, N), and the training error (B, T)."""

    y: Tensor
    f: Tensor
    g: Tensor
    steps: Tensor
    train_error: Tensor


@lru_cache(maxsize=16)
def trained(setup: Setup, B: int, seed: int, device: torch.device) -> Trained:
    """B independent runs: data, start and order of the samples are drawn on the CPU from the seed."""
    g = torch.Generator().manual_seed(seed)
    problem = setup.data(B, g)
    start = setup.model.draw(B, g)
    linear_start = draw_mlp((problem.X[0, 0].numel(), 1), B, g)
    order, linear_order = (orders(problem.X.shape[1], k, g).to(device) for k in (setup.steps, setup.linear[1]))
    problem = problem.to(device)
    start, linear_start = ({n: v.to(device) for n, v in weights.items()} for weights in (start, linear_start))
    linear = trained_linear(problem.X, problem.y, linear_start, linear_order, setup.linear[0])
    shown = problem.mapped(setup.model.present)
    network, at = setup.model.network, checkpoints(setup.steps)

    def observe(params: Params) -> dict[str, Tensor]:
        sets = {"tested": shown.X_test, "fitted": shown.X}
        return {name: predicted(network(params, X)).to(torch.uint8) for name, X in sets.items()}

    loss = cross_entropy_of(network, shown.X, shown.y)
    path = sgd(loss, start, order, step=setup.step, observe=observe, at=at)
    return Trained(problem, path.steps, path.values["tested"], path.values["fitted"], linear, linear_start)


def trained_linear(X: Tensor, y: Tensor, start: Params, order: Tensor, step: float) -> Params:
    """Logistic regression on X (B, n, ...) by SGD; a perceptron where `start` has hidden layers."""
    loss = cross_entropy_of(mlp, X.flatten(2), y)
    return sgd(loss, start, order, step=step, observe=lambda p: {}, every=len(order)).params


def linear_labels(weights: Params, X: Tensor) -> Tensor:
    return predicted(mlp(weights, X.flatten(2)))


def brought(data: Predictions, device: torch.device) -> Labels:
    """A user's predictions as one run; her training error is not known, and taken to be 0."""
    y, f, g, steps = (torch.as_tensor(x, device=device) for x in (data.y, data.f, data.g, data.steps))
    return Labels(y[None], f[None], g[None], steps, torch.zeros(1, len(f), dtype=torch.float64, device=device))


def held_out(t: Trained) -> Labels:
    """The predictions on the test set."""
    g = linear_labels(t.linear, t.problem.X_test)
    return Labels(t.problem.y_test, t.tested, g, t.steps, t.train_error)


def on_training_set(t: Trained) -> Labels:
    """The predictions on the samples that both were trained on."""
    return replace(held_out(t), y=t.problem.y, f=t.fitted, g=linear_labels(t.linear, t.problem.X))


def linear_on_test_set(t: Trained, samples: int, g: torch.Generator) -> Labels:
    """The predictions on a few test samples, on which the linear classifier was trained."""
    X, y = t.problem.X_test[:, :samples], t.problem.y_test[:, :samples]
    step, steps = LINEAR
    weights = trained_linear(X, y, t.linear_start, orders(samples, steps, g).to(X.device), step)
    return replace(held_out(t), y=y, f=t.tested[..., :samples], g=linear_labels(weights, X))


def shuffled(p: Labels, g: torch.Generator) -> Labels:
    """Each F_t with its predictions permuted among the samples of one label: what it knows of Y stays."""
    key = torch.rand(p.y.shape, generator=g, dtype=torch.float64).to(p.y.device)
    order = (p.y + key).argsort(-1)
    places = p.y.argsort(dim=-1, stable=True)
    f = torch.empty_like(p.f)
    target = order[:, None].expand_as(p.f)
    return replace(p, f=f.scatter_(2, target, p.f.gather(2, places[:, None].expand_as(p.f))))


def orders(samples: int, steps: int, g: torch.Generator) -> Tensor:
    """Indices (steps, BATCH) of mini-batches: epochs in random order, each sample at most once in an epoch."""
    each = samples // BATCH
    epochs = [torch.randperm(samples, generator=g)[: each * BATCH].reshape(each, -1) for _ in range(-(-steps // each))]
    return torch.cat(epochs)[:steps]


def checkpoints(steps: int) -> Tensor:
    """Step numbers 0, 1, 2, ... , steps, evenly spread on a logarithmic axis."""
    places = torch.logspace(0, 1, CHECKPOINTS, base=steps, dtype=torch.float64).round().long()
    return torch.cat((torch.zeros(1, dtype=torch.long), places)).unique()


# ---- networks
def _flat(X: Tensor) -> Tensor:
    return X.flatten(2)


def _image(X: Tensor) -> Tensor:
    return X.reshape(*X.shape[:2], 8, 8)


def _products(X: Tensor) -> Tensor:
    """x_i x_j for i < j."""
    i, j = torch.triu_indices(X.shape[2], X.shape[2], 1, device=X.device)
    return X[..., i] * X[..., j]


def _zero(B: int, g: torch.Generator) -> Params:
    return {n: torch.zeros_like(v) for n, v in draw_mlp((DIMENSION * (DIMENSION - 1) // 2, 1), B, g).items()}


def perceptron(inputs: int) -> Model:
    """Two hidden layers of 128 ReLUs."""
    return Model(_flat, lambda B, g: draw_mlp((inputs, 128, 128, 1), B, g), mlp)


PIXELS, COLOURS, COORDINATES = perceptron(64), perceptron(3 * PATCH**2), perceptron(DIMENSION)
CONVOLUTIONAL = Model(_image, lambda B, g: draw_cnn(8, (16, 32), 64, B, g), cnn)
QUADRATIC = Model(_products, _zero, mlp)
"""A linear classifier of products of coordinates: nothing in it is a linear function of the inputs."""

CLEAN, NOISY = problems.mixture(1000, 5000), problems.mixture(500, 5000, 0.1)
FEWER, FEWER_NOISY = problems.mixture(1000, 4000), problems.mixture(500, 2000, 0.1)
BRIEF = (0.2, 2000)
SETUPS = {
    "digits, MLP": Setup(problems.large, PIXELS, 0.05, 4000),
    "digits, CNN": Setup(problems.large, CONVOLUTIONAL, 0.05, 2500, runs=12),
    "parity of digits, MLP": Setup(problems.odd, PIXELS, 0.05, 4000),
    "photographs, MLP": Setup(problems.photographs(400, 5000), COLOURS, 0.1, 10_000, (0.1, 6000)),
    "photographs, MLP, first steps": Setup(problems.photographs(400, 4000), COLOURS, 0.1, 300, (0.1, 6000), 32),
    "tumours, MLP": Setup(problems.tumours, COORDINATES, 0.05, 3000, runs=12),
    "mixture, MLP": Setup(CLEAN, COORDINATES, 0.02, 4000),
    "noisy mixture, MLP": Setup(NOISY, COORDINATES, 0.05, 6000),
    "products of the mixture": Setup(CLEAN, QUADRATIC, 0.005, 2000),
    "digits, MLP, fast": Setup(problems.large, PIXELS, 0.2, 1250, BRIEF),
    "digits, CNN, fast": Setup(problems.large, CONVOLUTIONAL, 0.2, 800, BRIEF, runs=2),
    "photographs, MLP, first steps, fast": Setup(problems.photographs(400, 2000), COLOURS, 0.1, 300, BRIEF, 16),
    "photographs, MLP, fast": Setup(problems.photographs(150, 2000), COLOURS, 0.2, 1500, BRIEF),
    "mixture, MLP, fast": Setup(FEWER, COORDINATES, 0.1, 1000, BRIEF),
    "noisy mixture, MLP, fast": Setup(FEWER_NOISY, COORDINATES, 0.1, 1000, BRIEF),
    "products of the mixture, fast": Setup(FEWER, QUADRATIC, 0.005, 500, BRIEF),
}
"""The fast ones stand for the others where time is short: larger steps, fewer of them, fewer test samples."""
