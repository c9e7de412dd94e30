import pytest
import torch
from draws import layers, normal
from test_flow import r2

from numerics.descent import gradient_descent, reduced_descent, sgd
from numerics.errors import NumericsError
from numerics.networks import from_module, loss_of, minibatch_loss_of, two_layer_linear
from numerics.reduced import reduce


def keep(params):
    return params


def test_reference_step_of_r2():
    X, Y, U, V = r2()
    loss = loss_of(two_layer_linear, X, Y)

    def look(p):
        return {"L": loss(p), "D": p["U"].mT @ p["U"] - p["V"].mT @ p["V"]}

    run = gradient_descent(loss, {"U": U, "V": V}, step=0.05, steps=1, observe=look)
    assert abs(run.values["L"][0, 1] - 1.377782374600) < 1e-12
    assert abs(run.values["D"][0].diff(dim=0).norm() - 2.213604562699e-2) < 1e-13


def test_drift_identity_and_reduced_descent_equal_autograd():
    X, Y, U, V = layers(B=8)
    loss, p = loss_of(two_layer_linear, X, Y), reduce(X, Y, U, V, 4)
    step = torch.linspace(1e-3, 1e-2, 8, dtype=X.dtype)

    def look(q):
        slope = torch.func.grad(lambda w: loss(w).sum())(q)
        gap = slope["U"].mT @ slope["U"] - slope["V"].mT @ slope["V"]
        return {"loss": loss(q), "D": q["U"].mT @ q["U"] - q["V"].mT @ q["V"], "gap": gap}

    real = gradient_descent(loss, {"U": U, "V": V}, step=step, steps=40, observe=look, every=1)
    predicted = step[:, None, None, None].square() * real.values["gap"][:, :-1]
    size = (U.square().sum((-2, -1)) + V.square().sum((-2, -1)))[:, None]
    error = (real.values["D"].diff(dim=1) - predicted).norm(dim=(-2, -1))
    assert (error <= 50 * torch.finfo(X.dtype).eps * size).all()
    short = reduced_descent(p, step=step, steps=40, observe=lambda q: {"E": q.residual}, every=10)
    assert short.steps.tolist() == [0, 10, 20, 30, 40]
    excess = short.values["E"].square().sum((-2, -1)) / 2
    least = (loss({"U": U, "V": V}) - p.excess_loss)[:, None]
    torch.testing.assert_close(excess + least, real.values["loss"][:, ::10], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "ours, theirs",
    [
        ({}, lambda w: torch.optim.SGD(w, lr=0.01)),
        ({"momentum": 0.9}, lambda w: torch.optim.SGD(w, lr=0.01, momentum=0.9)),
        (
            {"momentum": 0.5, "weight_decay": 0.1},
            lambda w: torch.optim.SGD(w, lr=0.01, momentum=0.5, weight_decay=0.1),
        ),
        ({"optimiser": "adam"}, lambda w: torch.optim.Adam(w, lr=0.01)),
        (
            {"optimiser": "adam", "weight_decay": 0.1},
            lambda w: torch.optim.Adam(w, lr=0.01, weight_decay=0.1),
        ),
    ],
)
def test_updates_are_those_of_torch(ours, theirs):
    X, Y, U, V = layers(B=3)
    batches = torch.tensor([[0, 1], [2, 3], [4, 0], [1, 2], [3, 4]])
    loss = minibatch_loss_of(two_layer_linear, X, Y)
    run = sgd(loss, {"U": U, "V": V}, batches, step=0.01, observe=keep, every=5, **ours)
    weights = {"U": U.clone().requires_grad_(), "V": V.clone().requires_grad_()}
    optimiser = theirs(list(weights.values()))
    for index in batches:
        optimiser.zero_grad()
        loss(weights, index).sum().backward()
        optimiser.step()
    for name, value in weights.items():
        torch.testing.assert_close(run.params[name], value.detach(), rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(run.values[name][:, -1], value.detach(), rtol=1e-12, atol=1e-13)


def test_rates_scale_the_step_of_one_layer():
    X, Y, U, V = layers(B=2)
    loss = loss_of(two_layer_linear, X, Y)
    run = gradient_descent(loss, {"U": U, "V": V}, step=0.01, steps=3, observe=keep, rates={"U": 0.0})
    assert (run.params["U"] == U).all() and (run.params["V"] != V).any()


def test_modules_of_a_user_enter():
    torch.manual_seed(0)
    modules = [
        torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2)).double() for _ in "ab"
    ]
    network, params = from_module(modules)
    X, Y = normal(2, 5, 4), normal(2, 5, 2, seed=1)
    expected = torch.stack([f(x) for f, x in zip(modules, X, strict=True)])
    torch.testing.assert_close(network(params, X), expected.detach())
    loss = loss_of(network, X, Y)
    run = gradient_descent(loss, params, step=0.01, steps=20, observe=lambda p: {"loss": loss(p)})
    assert (run.values["loss"].diff(dim=1) < 0).all()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"step": -1.0}, "step = -1.0"),
        ({"every": 0}, "every = 0"),
        ({"optimiser": "lion"}, "'lion'"),
        ({"optimiser": "adam", "momentum": 0.9}, "momentum = 0.9"),
    ],
)
def test_malformed_options_are_refused(options, message):
    X, Y, U, V = layers(B=2)
    with pytest.raises(NumericsError, match=message):
        gradient_descent(
            loss_of(two_layer_linear, X, Y),
            {"U": U, "V": V},
            **{"step": 0.1, "steps": 2, "observe": keep, **options},
        )
