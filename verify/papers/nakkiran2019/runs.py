"""Runs of nakkiran2019: a network and a linear classifier, trained by SGD on the same data, and what they predict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.classifiers import Classifier, cnn, cross_entropy_of, draw_cnn, draw_mlp, mlp, predicted
from numerics.descent import Descent, sgd
from numerics.types import Params

from ...experiment import Run
from . import problems
from .problems import DIMENSION, Draw, Problem

BATCH = 32
LINEAR_STEP, LINEAR_STEPS = 0.1, 4000
"""Training of the linear classifier."""
CHECKPOINTS = 61
"""Checkpoints, at most: the start, and steps that are evenly spread on a logarithmic axis."""


@dataclass(frozen=True)
class Model:
    """A network: how inputs are presented to it, how its weights are drawn, and the function."""

    present: Callable[[Tensor], Tensor]
    draw: Callable[[int, torch.Generator], Params]
    network: Classifier


@dataclass(frozen=True)
class Setup:
    """One row of the experiment: data, network, step size, number of steps."""

    data: Draw
    model: Model
    step: float
    steps: int


@dataclass(frozen=True)
class Predictions:
    """Labels y (B, N), predictions f (B, T, N) of the network after `steps` (T,) and g (B, N) of the linear
    classifier, on the evaluation set; the network's training error (B, T)."""

    y: Tensor
    f: Tensor
    g: Tensor
    steps: Tensor
    train_error: Tensor


def train(setup: Setup, B: int, g: torch.Generator, run: Run, *, on: str = "test", linear_on: str = "train") -> Predictions:
    """B independent runs: their data, start and order of samples are drawn on the CPU, from g.

    `on` is the evaluation set and `linear_on` that on which the linear classifier is trained: another choice than
    these defaults is wrong, and is there to be noticed.
    """
    problem = setup.data(B, g).to(run.device)
    start = setup.model.draw(B, g)
    order, linear_order = (orders(problem.X.shape[1], k, g) for k in (setup.steps, LINEAR_STEPS))
    linear = _linear(problem if linear_on == "train" else _swapped(problem), linear_order, g)
    evaluated = problem if on == "test" else _swapped(problem)
    shown = problem.mapped(setup.model.present), evaluated.mapped(setup.model.present)
    path = _fit(setup, *shown, start, order)
    return Predictions(
        evaluated.y_test,
        path.values["labels"].long(),
        predicted(mlp(linear, evaluated.X_test.flatten(2))),
        path.steps,
        path.values["train_error"],
    )


def _swapped(p: Problem) -> Problem:
    return Problem(p.X_test, p.y_test, p.X, p.y)


def orders(samples: int, steps: int, g: torch.Generator) -> Tensor:
    """Indices (steps, BATCH) of mini-batches: epochs in random order, each sample at most once in an epoch."""
    each = samples // BATCH
    epochs = [torch.randperm(samples, generator=g)[: each * BATCH].reshape(each, BATCH) for _ in range(-(-steps // each))]
    return torch.cat(epochs)[:steps]


def checkpoints(steps: int) -> Tensor:
    """Step numbers 0, 1, 2, ... , steps, evenly spread on a logarithmic axis."""
    places = torch.logspace(0, torch.tensor(float(steps)).log10().item(), CHECKPOINTS - 1).round().long()
    return torch.cat((torch.zeros(1, dtype=torch.long), places)).unique()


def _fit(setup: Setup, problem: Problem, evaluated: Problem, start: Params, order: Tensor) -> Descent:
    """SGD of the network; its predictions on the evaluation set are kept as labels, at every checkpoint."""
    network, device = setup.model.network, problem.X.device

    def observe(params: Params) -> dict[str, Tensor]:
        wrong = predicted(network(params, problem.X)) != problem.y
        return {
            "labels": predicted(network(params, evaluated.X_test)).to(torch.uint8),
            "train_error": wrong.double().mean(1),
        }

    return sgd(
        cross_entropy_of(network, problem.X, problem.y),
        {name: value.to(device) for name, value in start.items()},
        order.to(device),
        step=setup.step,
        observe=observe,
        at=checkpoints(setup.steps),
    )


def _linear(problem: Problem, order: Tensor, g: torch.Generator) -> Params:
    """Logistic regression by SGD."""
    X = problem.X.flatten(2)
    start = {n: v.to(X.device) for n, v in draw_mlp((X.shape[2], 1), len(X), g).items()}
    loss = cross_entropy_of(mlp, X, problem.y)
    return sgd(loss, start, order.to(X.device), step=LINEAR_STEP, observe=lambda p: {}, every=len(order)).params


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


CONVOLUTIONAL = Model(_image, lambda B, g: draw_cnn(8, (16, 32), 64, B, g), cnn)
QUADRATIC = Model(_products, _zero, mlp)
"""A linear classifier of products of coordinates: nothing in it is a linear function of the inputs."""

SETUPS = {
    "digits, MLP": Setup(problems.large, perceptron(64), 0.05, 5000),
    "digits, CNN": Setup(problems.large, CONVOLUTIONAL, 0.05, 5000),
    "parity of digits, MLP": Setup(problems.odd, perceptron(64), 0.05, 5000),
    "mixture, MLP": Setup(problems.mixture(1000, 5000), perceptron(DIMENSION), 0.02, 5000),
    "noisy mixture, MLP": Setup(problems.mixture(500, 5000, 0.1), perceptron(DIMENSION), 0.05, 6000),
    "mixture, products only": Setup(problems.mixture(1000, 5000), QUADRATIC, 0.005, 2000),
}
