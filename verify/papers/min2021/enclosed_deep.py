"""Deeper linear networks in ball arithmetic: what `Experiment.enclose` gives for the claims on W₁⋯W_N.

As in `enclosed`: exact instance -> places, measured quantities from weights that were trained rigorously.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from flint import fmpq, fmpq_mat

from ...certify.operations import Undecided, ball, eigenvalues_, frobenius, kth
from ...certify.rigorous import Layers, descend, flow, gradients, short, slope_along, training_field
from .enclosed import Instance, Places, gram_difference, half_square, rough, times_of


def deep_layers(i: Instance) -> Layers:
    """W_1, …, W_N as far as the instance names them."""
    return tuple(i[f"W_{k}"] for k in range(1, 9) if f"W_{k}" in i)


def product_of(layers: Layers) -> Any:
    result = layers[0]
    for W in layers[1:]:
        result = result * W
    return result


def unit_inputs(i: Instance) -> fmpq_mat:
    """X = I: the loss is ½‖Y − W_1⋯W_N‖²."""
    size = i["Y"].nrows()
    return fmpq_mat([[int(a == b) for b in range(size)] for a in range(size)])


def neighbours(layers: Layers) -> dict[str, Any]:
    """The last two layers, which are compared."""
    return {"W_1": layers[-2], "W_2": layers[-1]}


def deep_step(i: Instance) -> Places:
    """One step of gradient descent, in rationals."""
    layers, X = deep_layers(i), unit_inputs(i)
    eta = i.get("eta", short(0.1 / (1 + largest_size(layers) ** (2 * len(layers) - 2))))
    slopes = gradients(layers, X, i["Y"])
    after = descend(layers, X, i["Y"], eta)
    jump = gram_difference(after[-2:]) - gram_difference(layers[-2:])
    return [{**neighbours(layers), "eta": eta, "jump": jump, "G_1": slopes[-2], "G_2": slopes[-1]}]


def largest_size(layers: Layers) -> float:
    return max(rough(frobenius(W)) for W in layers)


def deep_speed(i: Instance) -> Places:
    """−dL/dt of three layers: exact."""
    layers, X = deep_layers(i), unit_inputs(i)
    direction = tuple(-G for G in gradients(layers, X, i["Y"]))
    return [{**i, "G": product_of(layers) - i["Y"], "speed": -slope_along(layers, direction, X, i["Y"])}]


def smallest_of_operator(layers: Layers) -> Any:
    """λ_min of T = Σ_l (A_lA_lᵀ) ⊗ (B_lᵀB_l), A_l and B_l the products before and after layer l."""
    rows, columns = layers[0].nrows(), layers[-1].ncols()
    T = fmpq_mat(rows * columns, rows * columns)
    for l in range(len(layers)):
        A = product_of(layers[:l]) if l else fmpq_mat([[int(a == b) for b in range(rows)] for a in range(rows)])
        after = [[int(a == b) for b in range(columns)] for a in range(columns)]
        B = product_of(layers[l + 1 :]) if l + 1 < len(layers) else fmpq_mat(after)
        T = T + kronecker(A * A.transpose(), B.transpose() * B)
    return kth(eigenvalues_(T), rows * columns)


def kronecker(A: fmpq_mat, B: fmpq_mat) -> fmpq_mat:
    a, b = A.nrows(), B.nrows()
    return fmpq_mat([[A[i // b, j // b] * B[i % b, j % b] for j in range(a * b)] for i in range(a * b)])


def operator(i: Instance) -> Places:
    """λ_min(T) of the layers at the start."""
    layers = deep_layers(i)
    return [{**i, **deep_statics(layers), "lambda_T": smallest_of_operator(layers), "W": product_of(layers)}]


def balanced_operator(i: Instance) -> Places:
    """The same, for exactly balanced layers."""
    return [{**place, **exactly_balanced(deep_layers(i))} for place in operator(i)]


def deep_statics(layers: Layers) -> dict[str, Any]:
    return {"N": len(layers), "h_0": layers[0].nrows(), "h_2": layers[-1].ncols()}


def exactly_balanced(layers: Layers) -> dict[str, Any]:
    """max_l ‖D_l‖ = 0. Raises `Undecided` otherwise: layers balanced up to rounding are not what the claim is about."""
    for A, B in pairwise(layers):
        if A.transpose() * A != B * B.transpose():
            raise Undecided(
                "the exact layers are balanced only up to rounding; the claim speaks of exactly balanced ones"
            )
    return {"balance": fmpq(0)}


def deep_rate(i: Instance) -> Places:
    """The excess loss ½‖Y − W_1⋯W_N‖² at later times."""
    layers, X, Y = deep_layers(i), unit_inputs(i), i["Y"]
    size, N = largest_size(layers), len(layers)
    times = times_of(i, N * size ** (2 * N - 2) + N * rough(frobenius(Y)) * size ** (N - 2))
    states = flow(training_field(X, Y), layers, times)
    given = {
        **i,
        **deep_statics(layers),
        "W_2": product_of(layers[1:]),
        "gamma": fmpq(2),
        "ell_0": half_square(Y - product_of(layers)),
    }
    return [
        {**given, "t": t, "ell_t": half_square(ball(Y) - product_of(state))}
        for t, state in zip(times, states, strict=True)
    ]


def balanced_rate(i: Instance) -> Places:
    """The same, for exactly balanced layers."""
    balance = exactly_balanced(deep_layers(i))
    return [{**place, **balance} for place in deep_rate(i)]
