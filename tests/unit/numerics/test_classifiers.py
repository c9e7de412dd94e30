"""Classifiers in batches against torch.nn, one network at a time."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from numerics.classifiers import cnn, cross_entropy_of, draw_cnn, draw_mlp, mlp, predicted
from numerics.descent import sgd
from numerics.errors import NumericsError

B, N = 3, 7


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(kind, dtype=torch.float64):
    """Weights, function and inputs of three networks."""
    g = generator()
    if kind == "cnn":
        return draw_cnn(8, (4, 6), 5, B, g, dtype), cnn, torch.rand(B, N, 8, 8, generator=g, dtype=dtype)
    sizes = (6, 1) if kind == "linear" else (6, 5, 4, 1)
    return draw_mlp(sizes, B, g, dtype), mlp, torch.randn(B, N, 6, generator=g, dtype=dtype)


def module(kind, params, b):
    """The b-th network as a torch.nn.Module."""
    relu, pool = nn.ReLU(), nn.MaxPool2d(2)
    if kind == "cnn":
        convolutions = nn.Conv2d(1, 4, 3, padding=1), relu, pool, nn.Conv2d(4, 6, 3, padding=1), relu, pool
        net = nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(24, 5), relu, nn.Linear(5, 1))
    else:
        net = nn.Sequential(nn.Linear(6, 1))
        if kind == "mlp":
            net = nn.Sequential(nn.Linear(6, 5), relu, nn.Linear(5, 4), relu, nn.Linear(4, 1))
    layers = [layer for layer in net if isinstance(layer, nn.Linear | nn.Conv2d)]
    for k, layer in enumerate(layers, start=1):
        W = params[f"W{k}"][b]
        layer.weight = nn.Parameter(W.T if isinstance(layer, nn.Linear) else W)
        layer.bias = nn.Parameter(params[f"b{k}"][b])
    return net


@pytest.mark.parametrize("kind", ["linear", "mlp", "cnn"])
def test_a_batch_is_its_networks_one_by_one_with_their_gradients(kind):
    params, network, X = drawn(kind)
    y = torch.randint(0, 2, (B, N), generator=generator(1))
    index = torch.tensor([0, 3, 4, 6])
    leaves = {n: v.clone().requires_grad_() for n, v in params.items()}
    loss = cross_entropy_of(network, X, y)(leaves, index)
    slopes = dict(zip(leaves, torch.autograd.grad(loss.sum(), list(leaves.values())), strict=True))
    for b in range(B):
        net = module(kind, params, b)
        inputs = X[b, index][:, None] if kind == "cnn" else X[b, index]
        logits = net(inputs)[:, 0]
        own = functional.binary_cross_entropy_with_logits(logits, y[b, index].double())
        own.backward()
        torch.testing.assert_close(network(params, X)[b, index], logits, rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(loss[b], own, rtol=1e-12, atol=1e-13)
        layers = [layer for layer in net if isinstance(layer, nn.Linear | nn.Conv2d)]
        for k, layer in enumerate(layers, start=1):
            grad = layer.weight.grad.T if isinstance(layer, nn.Linear) else layer.weight.grad
            torch.testing.assert_close(slopes[f"W{k}"][b], grad, rtol=1e-10, atol=1e-13)
            torch.testing.assert_close(slopes[f"b{k}"][b], layer.bias.grad, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_the_gradient_is_that_of_finite_differences(kind):
    params, network, X = drawn(kind)
    loss = cross_entropy_of(network, X, torch.randint(0, 2, (B, N), generator=generator(1)))
    everything = torch.arange(N)
    g, h = generator(2), 1e-6
    way = {n: torch.randn(v.shape, generator=g, dtype=v.dtype) for n, v in params.items()}
    ends = [loss({n: v + s * h * way[n] for n, v in params.items()}, everything) for s in (1, -1)]
    leaves = {n: v.clone().requires_grad_() for n, v in params.items()}
    slopes = torch.autograd.grad(loss(leaves, everything).sum(), list(leaves.values()))
    along = sum((s * w).flatten(1).sum(1) for s, w in zip(slopes, way.values(), strict=True))
    torch.testing.assert_close(along, (ends[0] - ends[1]) / (2 * h), rtol=1e-6, atol=1e-8)


def test_weights_start_within_one_over_the_root_of_the_fan_in_and_differ():
    params = draw_cnn(8, (16, 32), 64, 2, generator())
    for name, fan in (("W1", 9), ("W2", 144), ("W3", 128), ("b4", 64)):
        assert 0.5 * fan**-0.5 < params[name].abs().max() <= fan**-0.5
        assert not torch.equal(params[name][0], params[name][1])
    again = draw_cnn(8, (16, 32), 64, 2, generator())
    assert all(torch.equal(params[n], again[n]) for n in params)


def test_labels_are_the_signs_of_the_logits():
    assert predicted(torch.tensor([[-1.0, 0.0, 2.0]])).tolist() == [[0, 0, 1]]


def test_malformed_networks_are_told():
    with pytest.raises(NumericsError, match="end with the logit"):
        draw_mlp((3, 4), 1, generator())
    with pytest.raises(NumericsError, match="multiple of 4"):
        draw_cnn(9, (2, 2), 2, 1, generator())
    with pytest.raises(NumericsError, match="one label a row of X"):
        cross_entropy_of(mlp, torch.zeros(2, 5, 3), torch.zeros(2, 4, dtype=torch.long))


# ---- sgd observes where it is told to
def test_sgd_observes_at_the_steps_that_are_listed_and_takes_the_same_path():
    params, network, X = drawn("mlp")
    loss = cross_entropy_of(network, X, torch.zeros(B, N, dtype=torch.long))
    batches = torch.randint(0, N, (9, 2), generator=generator(3))

    def logits(p):
        return {"f": network(p, X)}

    every = sgd(loss, params, batches, step=0.3, observe=logits)
    some = sgd(loss, params, batches, step=0.3, observe=logits, at=torch.tensor([0, 1, 5, 9]))
    assert some.steps.tolist() == [0, 1, 5, 9]
    assert torch.equal(some.values["f"], every.values["f"][:, some.steps])
    assert torch.equal(some.values["f"][:, -1], network(some.params, X))


@pytest.mark.parametrize("at", [[], [1, 1], [3, 2], [-1], [10]])
def test_steps_that_cannot_be_observed_are_told(at):
    params, network, X = drawn("linear")
    loss = cross_entropy_of(network, X, torch.zeros(B, N, dtype=torch.long))
    with pytest.raises(NumericsError, match="the numbers of steps"):
        sgd(loss, params, torch.zeros(9, 2, dtype=torch.long), step=0.1, observe=lambda p: p, at=torch.tensor(at))
