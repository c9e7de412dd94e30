"""The experiments of min2021 in ball arithmetic: what `Experiment.enclose` gives for its claims.

Every function maps an exact instance to places (one a step, time, or the instance itself); a place gives the quantities
by name, the measured ones from weights that were trained rigorously, never from the formula that is to be checked.
Initial weights are exact rationals; an identity of one step is therefore decided exactly. Only python-flint and the
standard library are needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import arb, fmpq, fmpq_mat

from ...certify.operations import (
    Undecided,
    add,
    ball,
    eigenvalues_,
    erfc,
    exp,
    frobenius,
    kth,
    matmul,
    max_,
    min_,
    neg,
    row_projector,
    singular_values_,
    square,
    sub,
    total,
    vstack,
)
from ...certify.rigorous import (
    Field,
    Layers,
    descend,
    descent,
    flight,
    flow,
    gradients,
    integral,
    short,
    slope_along,
    training_field,
)

Instance = dict[str, Any]
Places = list[dict[str, Any]]
REACH = 6
"""Time up to which a flow is enclosed, in units of its fastest rate."""
STEPS = 12
"""Steps of gradient descent that are enclosed."""


# ---- helpers


def norm_2(A: Any) -> Any:
    """The spectral norm."""
    return kth(singular_values_(A), 1)


def rough(x: Any) -> float:
    """A float close to a number; for choices that nothing depends on."""
    return float(ball(x).mid())


def layers_of(i: Instance) -> Layers:
    """The two layers U and Vᵀ of x ↦ V Uᵀ x."""
    return i["U"], i["V"].transpose()


def half_square(A: Any) -> Any:
    """½‖A‖_F²."""
    return square(frobenius(A)) / 2


def error_of(i: Instance) -> Callable[[Layers], Any]:
    """(U, Vᵀ) ↦ the part of Y − XUVᵀ in the column space of X."""
    projector = row_projector(i["X"].transpose(), i["r"])
    X, Y = projector * i["X"], projector * i["Y"]
    return lambda layers: sub(Y, matmul(X, matmul(*layers)))


def imbalance(projector: Any, U: Any, Vt: Any) -> Any:
    """UᵀΠU − VᵀV."""
    return sub(matmul(U.transpose(), matmul(projector, U)), matmul(Vt, Vt.transpose()))


def level_of(matrix: Any, r: int, m: int) -> Any:
    """[λ_r(matrix)]₊ + [λ_m(−matrix)]₊."""
    up, down = eigenvalues_(matrix), eigenvalues_(neg(matrix))
    return add(max_(fmpq(0), kth(up, r)), max_(fmpq(0), kth(down, m)))


def fastest(i: Instance) -> float:
    """‖X‖²(‖U‖² + ‖V‖²) + ‖X‖‖Y‖: the inverse of the shortest time scale."""
    x, y, u, v = (rough(frobenius(i[k])) for k in ("X", "Y", "U", "V"))
    return x * x * (u * u + v * v) + x * y


def times_of(i: Instance, rate: float) -> list[fmpq]:
    """The times that the instance names, as far as the reach goes; else an eighth, a quarter, a half and all of it."""
    if rate == 0:
        raise Undecided("nothing moves")
    end = short(REACH / rate)
    times = [t for t in i.get("t", [end / 8, end / 4, end / 2, end]) if t <= end]
    if not times:
        raise Undecided(f"the times lie beyond t = {end}, up to which the flow is enclosed")
    return times


# ---- algebra


def tail(i: Instance) -> Places:
    """P(|g| > 2 + t) = erfc((2 + t)/√2)."""
    return [{"t": i["t"], "P_tail": erfc(ball(2 + i["t"]) / arb(2).sqrt())}]


def speed(i: Instance) -> Places:
    """−dL/dt, the slope of the loss along −∇L: exact."""
    layers = layers_of(i)
    direction = tuple(-G for G in gradients(layers, i["X"], i["Y"]))
    return [{**i, "speed": -slope_along(layers, direction, i["X"], i["Y"])}]


def smallest_of_gram(i: Instance) -> Places:
    """λ_m(BᵀB)."""
    B = i["B"]
    return [{**i, "smallest": kth(eigenvalues_(B.transpose() * B), B.ncols())}]


def orthogonality(i: Instance) -> Places:
    """Level of imbalance, ‖ZU₂ᵀ‖₂ and ‖U₁Vᵀ‖₂ of the weights."""
    U, V, r = i["U"], i["V"], i["r"]
    projector = row_projector(i["X"], r)
    seen = projector * U
    unseen = U - seen
    return [
        {
            **i,
            "level_measured": level_of(imbalance(projector, U, V.transpose()), r, V.nrows()),
            "cross": norm_2(vstack(V, seen) * unseen.transpose()),
            "product": norm_2(seen * V.transpose()),
        }
    ]


def oracles(i: Instance) -> Places:
    """Speed of the scalar mode, and d/dt of [U₁; V][U₁; V]ᵀ of the whitened network: exact."""
    x, s, u, v = (i[k][-1] for k in ("x", "s", "u", "v"))
    mode = tuple(fmpq_mat([[w]]) for w in (u, v))
    X, Y = fmpq_mat([[x]]), fmpq_mat([[x * s]])
    direction = tuple(-G for G in gradients(mode, X, Y))
    scalar = {"x_2": x * x, "s": s, "u_0": u, "v_0": v, "speed": -slope_along(mode, direction, X, Y)}
    return [scalar, *whitened(i)]


def whitened(i: Instance) -> Places:
    """The matrices of the Riccati equation, where U₁ᵀU₁ − VᵀV is exactly a multiple of the identity."""
    U, V, Y = i["U1"], i["V"], i["Yt"]
    r, m, h = U.nrows(), V.nrows(), U.ncols()
    gram = U.transpose() * U - V.transpose() * V
    if gram != fmpq_mat([[gram[0, 0] * (a == b) for b in range(h)] for a in range(h)]):
        return []
    eye = fmpq_mat([[int(a == b) for b in range(r)] for a in range(r)])
    slopes = gradients((U, V.transpose()), eye, Y)
    Z, velocity = vstack(U, V), vstack(-slopes[0], -slopes[1].transpose())
    upper = [[fmpq(0)] * r + row for row in Y.tolist()]
    lower = [row + [fmpq(0)] * m for row in Y.transpose().tolist()]
    signs = [1] * r + [-1] * m
    return [
        {
            "m": m,
            "r": r,
            "lambda": gram[0, 0],
            "Q": Z * Z.transpose(),
            "S": fmpq_mat(upper + lower),
            "K": fmpq_mat([[signs[a] * (a == b) for b in range(r + m)] for a in range(r + m)]),
            "Q_dot": velocity * Z.transpose() + Z * velocity.transpose(),
        }
    ]


# ---- gradient descent


def step_of(i: Instance) -> fmpq:
    """The step size that the instance names, else a third of the inverse of the largest curvature, roughly."""
    rate = fastest(i)
    if rate == 0:
        raise Undecided("nothing moves")
    return i.get("eta", short(0.3 / rate))


def drift(i: Instance) -> Places:
    """The exact changes of one step, and the drift of the imbalance over many."""
    return [one_step(i, step_of(i)), *many_steps(i, step_of(i))]


def one_step(i: Instance, eta: fmpq) -> dict[str, Any]:
    """One step on all samples, and one on every other sample, in rationals."""
    X, Y, start = i["X"], i["Y"], layers_of(i)
    X_half, Y_half = (fmpq_mat(A.tolist()[::2]) for A in (X, Y))
    full, part = descend(start, X, Y, eta), descend(start, X_half, Y_half, eta)
    P, Qt = (-G for G in gradients(start, X, Y))
    P_batch, Qt_batch = (-G for G in gradients(start, X_half, Y_half))
    before = gram_difference(start)
    moved = full[0] - start[0]
    return {
        **i,
        "eta": eta,
        "P": P,
        "Q": Qt.transpose(),
        "P_batch": P_batch,
        "Q_batch": Qt_batch.transpose(),
        "jump": gram_difference(full) - before,
        "jump_batch": gram_difference(part) - before,
        "unseen_jump": moved - row_projector(X, i["r"]) * moved,
        "E_next": error_of(i)(full),
    }


def gram_difference(layers: Layers) -> Any:
    """UᵀU − VᵀV."""
    U, Vt = layers
    return U.transpose() * U - Vt * Vt.transpose()


def many_steps(i: Instance, eta: fmpq) -> Places:
    """Full-batch descent: drift of the imbalance, its level, sums of squared slopes, losses."""
    X, Y = ball(i["X"]), ball(i["Y"])
    path = descent(layers_of(i), X, Y, eta, STEPS)
    projector, r, m = ball(row_projector(i["X"], i["r"])), i["r"], i["V"].nrows()
    slopes = [gradients(layers, X, Y) for layers in path[:-1]]
    losses = [half_square(Y - X * U * Vt) for U, Vt in path]
    steepness = [square(frobenius(P)) + square(frobenius(Q)) for P, Q in slopes]
    largest = [max_(square(norm_2(P)), square(norm_2(Q))) for P, Q in slopes]
    start, places, kappa = imbalance(projector, *path[0]), [], arb.pos_inf()
    for k in range(1, STEPS + 1):
        Lambda = imbalance(projector, *path[k])
        kappa = min_(kappa, (losses[k - 1] - losses[k]) / (eta * steepness[k - 1]))
        change = singular_values_(Lambda - start)
        places.append(
            {
                **i,
                "eta": eta,
                "S_2": total(largest[:k]),
                "S_F": total(steepness[:k]),
                "L_drop": losses[0] - losses[k],
                "kappa_min": kappa,
                "drift": kth(change, 1),
                "drift_nuclear": total(change),
                "c_k": level_of(Lambda, r, m),
            }
        )
    return places


def allowed_step(i: Instance) -> fmpq:
    """The step size that the instance names, else one a little below what the a-priori rate allows."""
    if "eta" in i:
        return i["eta"]
    U, Vt = layers_of(i)
    projector, sigma = row_projector(i["X"], i["r"]), singular_values_(i["X"])
    top, low = square(kth(sigma, 1)), square(kth(sigma, i["r"]))
    c, E = level_of(imbalance(projector, U, Vt), i["r"], i["V"].nrows()), frobenius(error_of(i)((U, Vt)))
    c, E, top, low = (rough(x) for x in (c, E, top, low))
    if not min(c, E) > 0:
        raise Undecided("no step size is allowed: the level of imbalance or the error is 0")
    q = top**0.5 * E / (low * c)
    M = rough(exp(arb(4 * q)) * square(norm_2(vstack(i["V"], projector * U))))
    return short(0.99 * min(1 / (2 * top * M), low * c**2 / (16 * top * M * E**2), low * c / (4 * top**1.5 * M * E)))


def rate_of_descent(i: Instance) -> Places:
    """Errors, sizes and drift before each step of full-batch descent."""
    X, Y, eta = ball(i["X"]), ball(i["Y"]), allowed_step(i)
    path = descent(layers_of(i), X, Y, eta, STEPS)
    projector = ball(row_projector(i["X"], i["r"]))
    errors = list(map(error_of(i), path))
    start, summed, places = imbalance(projector, *path[0]), arb(0), []
    for k, (U, Vt) in enumerate(path[:-1]):
        seen, E = projector * U, errors[k]
        place = {
            **i,
            "eta": eta,
            "k": k,
            "S_2": summed,
            "E_k": frobenius(E),
            "E_k1": frobenius(errors[k + 1]),
            "E_k_2": norm_2(E),
            "W_k": norm_2(seen * Vt),
            "size_k": square(norm_2(seen)) + square(norm_2(Vt)),
            "Z_k": square(norm_2(vstack(Vt.transpose(), seen))),
            "drift": norm_2(imbalance(projector, U, Vt) - start),
        }
        places.append(place | ({"ell_k": half_square(E), "ell_start": half_square(errors[0])} if k else {}))
        P, Qt = gradients((U, Vt), X, Y)
        summed = summed + max_(square(norm_2(P)), square(norm_2(Qt)))
    return places


# ---- gradient flow of two layers


def rate(i: Instance) -> Places:
    """The excess loss at later times."""
    error, times = error_of(i), times_of(i, fastest(i))
    states = flow(training_field(i["X"], i["Y"]), layers_of(i), times)
    return [{**i, "t": t, "ell_t": half_square(error(state))} for t, state in zip(times, states, strict=True)]


def rate_after(i: Instance) -> Places:
    """The excess loss after t₀, the first of the times."""
    return from_later_start(i)[1:]


def from_later_start(i: Instance) -> Places:
    """The excess loss from t₀ on, t₀ included."""
    places = rate(i)
    start = places[0]
    error = (2 * start["ell_t"]).sqrt()
    return [{**p, "t_0": start["t"], "ell_start": start["ell_t"], "E_norm_t": error} for p in places]


def path_length(i: Instance) -> Places:
    """Drive ∫‖XᵀE‖₂ and length ∫‖dZ/dt‖_F up to later times."""
    X, field, start, places = ball(i["X"]), training_field(i["X"], i["Y"]), layers_of(i), []
    error, driven, walked, now = error_of(i), arb(0), arb(0), fmpq(0)
    for t in times_of(i, fastest(i)):
        path = flight(field, start, t, now)
        driven = driven + integral(path, lambda state: norm_2(X.transpose() * error(state)))
        walked = walked + integral(path, lambda state: speed_of(field, state))
        start, now = path[-1].at(arb(path[-1].length)), t
        places.append({**i, "t": t, "I_t": driven, "length_t": walked})
    return places


def speed_of(field: Field, state: Layers) -> arb:
    """√(‖dU/dt‖_F² + ‖dV/dt‖_F²)."""
    U, Vt = field(state, ball)
    return (square(frobenius(U)) + square(frobenius(Vt))).sqrt()
