"""What a program promises: traps of printers, broadcasting, inputs, cases."""

import numpy as np
import pytest
import sympy as sp
import torch

from theory.backends.ir import Builder
from theory.errors import MissingValueError, ShapeError, TheoryError, UnsupportedError
from theory.evaluate import compile
from theory.words import ChiSquareCDF, Eigenvalue, FrobeniusNorm, PositivePart, SingularValue, Stack

x, y, t = sp.symbols("x y t", real=True)
n, d, h, r, k = sp.symbols("n d h r k", integer=True, positive=True)
X, Y = sp.MatrixSymbol("X", n, d), sp.MatrixSymbol("Y", n, d)
DOUBLE = torch.float64


def tensor(*values, dtype=DOUBLE):
    return torch.tensor(values if len(values) > 1 else values[0], dtype=dtype)


def run(expr, backend="torch", /, **values):
    return compile(expr, backend=backend)(values)


# ---- traps of sympy's own torch printer ----


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "expr", [sp.sqrt(2) * x, sp.exp(2) * x, sp.Max(x, 1), sp.Min(x, 1, y), x + sp.pi, 2**x, x / 3, sp.sign(x)]
)
def test_result_keeps_dtype(expr, dtype):
    values = {"x": tensor([0.5, 2.0], dtype=dtype), "y": tensor([3.0, 4.0], dtype=dtype)}
    found = compile(expr, backend="torch")(values)
    expected = [float(expr.subs({x: a, y: b})) for a, b in ((0.5, 3), (2, 4))]
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), tensor(expected), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("expr", [sp.Integer(2), sp.Rational(1, 3), sp.pi, sp.sqrt(2) + sp.exp(2), 3.5])
def test_symbol_free_expressions_are_double_tensors(expr):
    found = run(expr)
    assert isinstance(found, torch.Tensor) and found.dtype == DOUBLE
    assert float(found) == float(sp.N(expr, 30))


def test_symbol_free_truth_is_a_tensor():
    assert run(sp.Lt(sp.sqrt(2), 2, evaluate=False)).dtype == torch.bool
    assert run([sp.true, x < 1], x=tensor([0.0, 2.0]))[1].tolist() == [True, False]


def test_constants_are_rounded_once():
    assert float(run(sp.sqrt(2) * sp.pi / 7 - sp.exp(1) / 9 + sp.Integer(0))) == float(
        sp.N(sp.sqrt(2) * sp.pi / 7 - sp.exp(1) / 9, 40)
    )


def test_transpose_swaps_the_last_two_dimensions_only():
    value = torch.arange(12, dtype=DOUBLE).reshape(2, 3, 2)
    torch.testing.assert_close(run(X.T, X=value), value.transpose(-1, -2))


def test_piecewise_of_constants_keeps_dtype():
    found = run(sp.Piecewise((1, x > 0), (sp.Rational(1, 2), True)), x=tensor([1.0, -1.0], dtype=torch.float32))
    assert found.dtype == torch.float32 and found.tolist() == [1.0, 0.5]


# ---- cases ----


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_unselected_cases_poison_nothing(backend):
    expr = sp.Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (1, True)) + sp.Piecewise((sp.log(x), x > 0), (0, True))
    values = {"x": np.array([0.0, -1.0, 2.0])}
    if backend == "torch":
        values = {"x": tensor([0.0, -1.0, 2.0]).requires_grad_()}
    found = compile(expr, backend=backend)(values)
    assert np.allclose(
        np.asarray(found.detach() if backend == "torch" else found), [1, np.sin(1), np.sin(2) / 2 + np.log(2)]
    )
    if backend == "torch":
        found.sum().backward()
        gradient = values["x"].grad
        slope = [0, -(np.cos(1) - np.sin(1)), np.cos(2) / 2 - np.sin(2) / 4 + 0.5]
        torch.testing.assert_close(gradient, tensor(slope))


def test_no_case_holds_gives_nan():
    assert np.isnan(run(sp.Piecewise((x, x > 0)), "numpy", x=-1.0))


def test_cases_may_hold_matrices_and_sums():
    expr = sp.Piecewise((sp.Sum(x ** (k + h), (k, 0, 2)) * sp.Trace(X.T * X), x > 0), (FrobeniusNorm(X), True))
    value = torch.ones(3, 1, 2, 2, dtype=DOUBLE)
    found = run(expr, x=tensor([1.0, -1.0]), X=value, h=1)
    assert found.tolist() == [[12.0, 2.0]] * 3


# ---- broadcasting ----


def test_leading_dimensions_broadcast():
    expr = PositivePart(Eigenvalue(X.T * X, r)) * sp.exp(-t) * X
    found = run(expr, X=torch.randn(4, 1, 3, 2, dtype=DOUBLE), t=torch.zeros(4, 6, dtype=DOUBLE), r=1)
    assert found.shape == (4, 6, 3, 2)


def test_stack_and_dense_broadcast():
    rows = Stack(X, 2 * Y)
    found = run(rows, X=torch.ones(5, 1, 1, 2, dtype=DOUBLE), Y=torch.ones(1, 7, 1, 2, dtype=DOUBLE))
    assert found.shape == (5, 7, 2, 2)
    matrix = sp.Matrix([[x, 1], [sp.pi, y]])
    found = run(matrix, x=torch.zeros(3, 1, dtype=DOUBLE), y=torch.zeros(4, dtype=DOUBLE))
    assert found.shape == (3, 4, 2, 2)


def test_clashing_batches_are_named():
    with pytest.raises(ShapeError, match=r"x \(2,\).*y \(3,\)"):
        run(x + y, x=torch.zeros(2, dtype=DOUBLE), y=torch.zeros(3, dtype=DOUBLE))


# ---- inputs ----


def test_missing_inputs_are_named():
    program = compile(x * Eigenvalue(X.T * X, r), backend="torch")
    assert program.inputs == ("X", "r", "x")
    with pytest.raises(MissingValueError, match="r, x") as caught:
        program({"X": torch.zeros(2, 2)})
    assert caught.value.names == ("r", "x")


def test_conflicting_sizes_are_refused():
    with pytest.raises(ShapeError, match="n = 2"):
        run(sp.Trace(X.T * Y), X=torch.zeros(3, 2), Y=torch.zeros(2, 2))
    with pytest.raises(ShapeError, match="n = 3"):
        run(sp.Trace(X.T * X) / n, X=torch.zeros(3, 2), n=4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"x": "three"}, "x='three'"),
        ({"x": torch.zeros(1), "y": torch.zeros(1, dtype=DOUBLE)}, "dtypes"),
    ],
)
def test_bad_values_are_named(values, message):
    with pytest.raises(TheoryError, match=message):
        compile(x + y, backend="torch")({"y": 1.0, **values})


def test_sizes_must_be_integers():
    with pytest.raises(TheoryError, match=r"r=1\.5"):
        run(SingularValue(X, r), X=torch.zeros(2, 2), r=1.5)


def test_integers_enter_exactly():
    assert float(run(x ** (1 / n), "numpy", x=8.0, n=3)) == pytest.approx(2.0)
    assert float(run(sp.Sum(1 / k, (k, 1, n)), n=4)) == float(sp.Rational(25, 12))
    assert run((1 - x) ** k, x=tensor(3.0), k=tensor([1.0, 2.0, 3.0])).tolist() == [-2.0, 4.0, -8.0]


def test_nested_and_empty_sums():
    assert float(run(sp.Sum(k * h, (k, 1, h), (h, 1, n)), n=3)) == 1 + 6 + 18
    assert float(run(sp.Sum(x, (k, 1, n - 1)), x=2.0, n=1)) == 0.0


def test_definitions_form_a_graph():
    c, L = sp.Symbol("c", real=True), sp.MatrixSymbol("L", d, d)
    definitions = {c: Eigenvalue(L, 1) + Eigenvalue(-L, 1), L: X.T * X}
    program = compile([c**2, c], definitions=definitions, backend="numpy")
    assert program.inputs == ("X",)
    square, plain = program({"X": np.diag([2.0, 1.0])})
    assert (float(square), float(plain)) == (9.0, 3.0)
    (code,) = program._codes.values()
    assert sum(node.op == "eigenvalues" for node in code.nodes) == 1


def test_cycles_and_double_names_are_refused():
    with pytest.raises(TheoryError, match="cycle: x -> y -> x"):
        compile(x, definitions={x: y + 1, y: x - 1})
    with pytest.raises(TheoryError, match="named x"):
        compile(x + sp.Symbol("x"))


def test_unknown_nodes_are_refused_when_compiled():
    with pytest.raises(UnsupportedError, match="Integral"):
        compile(sp.Integral(x, (x, 0, t)))
    with pytest.raises(TheoryError, match="numpy, torch"):
        compile(x, backend="jax")  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="no operation"):
        Builder().entropy(0)


def test_indices_are_checked_against_sizes():
    with pytest.raises(ShapeError, match=r"\(2, 0\)"):
        run(X[2, 0], X=torch.zeros(2, 2))
    assert float(run(SingularValue(X, 5), X=torch.ones(2, 2))) == 0.0


# ---- cost ----


def test_common_parts_are_computed_once_and_signs_are_free():
    code_of = compile([sp.exp(x * y) * t, sp.exp(x * y) - t], backend="torch")
    code_of({"x": 1.0, "y": 1.0, "t": 1.0})
    (code,) = code_of._codes.values()
    assert [node.op for node in code.nodes if node.op != "input"] == ["mul", "exp", "mul", "sub"]


def test_a_decay_takes_the_operations_of_the_handwritten_one():
    c = sp.Symbol("c", real=True)
    program = compile(sp.exp(-2 * x * c * t), definitions={c: sp.Max(y, 0)}, backend="torch")
    program({"x": 1.0, "y": 1.0, "t": 1.0})
    (code,) = program._codes.values()
    ops = [node.op for node in code.nodes if node.op not in ("input", "constant")]
    assert sorted(ops) == sorted(["max", "mul", "mul", "mul", "exp"])


# ---- special functions ----


@pytest.mark.parametrize("backend", ["numpy", "torch", "mpmath"])
def test_chi_square(backend):
    law = ChiSquareCDF(x, k)
    for value, expected in ((2.0, 0.6321205588285577), (-1.0, 0.0)):
        assert float(compile(law, backend=backend)({"x": value, "k": 2})) == pytest.approx(expected, abs=1e-12)
    slope = compile(law.diff(x), backend=backend)({"x": 2.0, "k": 2})
    assert float(slope) == pytest.approx(np.exp(-1) / 2)


@pytest.mark.parametrize("value", [0.3, 2.5, -0.5, -1.5])
def test_gamma_has_its_sign(value):
    expected = float(sp.gamma(value))
    assert float(run(sp.gamma(x), x=value)) == pytest.approx(expected)
    assert float(run(sp.loggamma(x), x=value)) == pytest.approx(np.log(abs(expected)))
