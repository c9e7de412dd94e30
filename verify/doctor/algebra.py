"""Arithmetic and linear algebra of this machine against exact fractions and rigorous balls."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import flint
import mpmath
import numpy as np
import torch
from torch import Tensor

from numerics import linalg
from theory.backends import balls

from .check import EPS, Compared, ratio, together

BITS = 300
"""Precision of the balls: their radii are far below float64."""


def float64() -> Compared:
    """+, ×, ÷ and √ are correctly rounded, subnormal numbers among operands and results: equal to the exact result
    rounded by Python. The tolerance is half a unit in the last place, a wrong last digit is twice that."""
    a, b = _operands()
    exact = [Fraction(x) for x in a.tolist()], [Fraction(x) for x in b.tolist()]
    expected = {
        "add": [float(x + y) for x, y in zip(*exact, strict=True)],
        "mul": [float(x * y) for x, y in zip(*exact, strict=True)],
        "div": [float(x / y) for x, y in zip(*exact, strict=True)],
        "sqrt": [_root(x) for x in a.tolist()],
    }
    engines = (_torch_arithmetic(a, b), _numpy_arithmetic(a.numpy(), b.numpy()))
    parts = []
    for engine in engines:
        for name, values in expected.items():
            half = torch.tensor([math.ulp(x) / 2 for x in values], dtype=torch.float64)
            # half the least subnormal number is no float64: both sides of the ratio are doubled
            parts.append(ratio(2 * engine[name], 2 * torch.tensor(values, dtype=torch.float64), 2 * half))
    return Compared(together(parts))


def _operands() -> tuple[Tensor, Tensor]:
    """Pairs of positive numbers of all sizes; ties to even, and products and quotients below 2^-1022."""
    g = torch.Generator().manual_seed(1)
    a, b = (1 + torch.rand(2, 60, generator=g, dtype=torch.float64)).unbind()
    scale = torch.tensor([0, 1, -30, 200, -200], dtype=torch.float64).repeat(12)
    a, b = a * 2.0**scale, b * 2.0 ** scale.flip(0)
    special = [(1.0, 2.0**-53), (1 + EPS, 2.0**-53), (3 * 2.0**-1022, 0.25), (5e-324, 0.75), (2.0**-600, 2.0**-450)]
    return torch.cat((a, _column(special, 0))), torch.cat((b, _column(special, 1)))


def _column(pairs: list[tuple[float, float]], k: int) -> Tensor:
    return torch.tensor([p[k] for p in pairs], dtype=torch.float64)


def _root(x: float) -> float:
    with mpmath.workprec(BITS):
        return float(mpmath.sqrt(mpmath.mpf(x)))


def _torch_arithmetic(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    return {"add": torch.add(a, b), "mul": torch.mul(a, b), "div": torch.div(a, b), "sqrt": torch.sqrt(a)}


def _numpy_arithmetic(a: np.ndarray, b: np.ndarray) -> dict[str, Tensor]:
    found = {"add": np.add(a, b), "mul": np.multiply(a, b), "div": np.divide(a, b), "sqrt": np.sqrt(a)}
    return {name: torch.from_numpy(value) for name, value in found.items()}


def products() -> Compared:
    """Matrix products in both precisions against exact fractions: n rounding units of |A||B|, entry by entry
    (Higham, Accuracy and Stability of Numerical Algorithms, Sec. 3.5). TensorFloat-32 would miss float32's by far."""
    parts = []
    for dtype in (torch.float64, torch.float32):
        for size in (3, 17, 40):
            A, B = torch.randn(2, size, size, generator=torch.Generator().manual_seed(size), dtype=dtype).unbind()
            exact = torch.tensor(exact_product(A, B), dtype=torch.float64)
            bound = size * torch.finfo(dtype).eps / 2 * (A.abs().double() @ B.abs().double()) * (1 + 1e-6)
            parts.append(ratio(torch.matmul(A, B).double(), exact, bound + EPS * exact.abs()))
            parts.append(ratio(torch.from_numpy(A.numpy() @ B.numpy()).double(), exact, bound + EPS * exact.abs()))
    return Compared(together(parts))


def exact_product(A: Tensor, B: Tensor) -> list[list[float]]:
    """AB by fractions, rounded once."""
    rows = [[Fraction(x) for x in row] for row in A.double().tolist()]
    columns = [[Fraction(x) for x in column] for column in B.double().T.tolist()]
    return [[float(sum((x * y for x, y in zip(r, c, strict=True)), Fraction(0))) for c in columns] for r in rows]


# ---- spectra
def symmetric() -> dict[str, Tensor]:
    """Symmetric matrices with hard spectra; their entries are float64 numbers, hence exact."""
    Q = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(3), dtype=torch.float64))[0]

    def turned(values: list[float]) -> Tensor:
        A = (Q * torch.tensor(values, dtype=torch.float64)) @ Q.T
        return (A + A.T) / 2

    i = torch.arange(8, dtype=torch.float64)
    wilkinson = torch.diag((torch.arange(21, dtype=torch.float64) - 10).abs())
    ones = torch.diag(torch.ones(20, dtype=torch.float64), 1)
    return {
        "Hilbert, condition 1e10": 1 / (i[:, None] + i + 1),
        "Wilkinson, pairs a rounding apart": wilkinson + ones + ones.T,
        "clustered to 1e-12": turned([2.0, 1 + 1e-12, 1.0, 1 - 1e-12, 0.5, 0.5, -1.0, -1.0]),
        "graded to 1e-14": turned([10.0**-k for k in range(0, 16, 2)]),
        "rank 2 of 8": turned([3.0, 1.0, 0, 0, 0, 0, 0, 0]),
        "zero": torch.zeros(4, 4, dtype=torch.float64),
    }


Spectrum = Callable[[Tensor], Tensor]


def _rectangular() -> dict[str, Tensor]:
    matrices = symmetric()
    return {name: torch.cat((A, 0.5 * A[:2])) for name, A in matrices.items()} | {"row": torch.ones(1, 5).double()}


def eigenvalues() -> Compared:
    """Backward stability: each eigenvalue within n·2⁻⁵²·‖A‖₂ of the ball (LAPACK Users' Guide, Sec. 4.7)."""
    engines: tuple[Spectrum, ...] = (
        lambda A: torch.linalg.eigvalsh(A).flip(-1),
        lambda A: torch.linalg.eigh(A)[0].flip(-1),
        lambda A: torch.from_numpy(np.linalg.eigvalsh(A.numpy())[::-1].copy()),
    )
    parts = [part for A in symmetric().values() for part in _against_balls(A, balls.eigenvalues, engines)]
    for A in symmetric().values():
        gram = A @ A.T
        gram = (gram + gram.T) / 2
        parts += _against_balls(gram, balls.eigenvalues, (lambda G: linalg.eigh_psd(G)[0].flip(-1),))
    return Compared(together(parts))


def singular_values() -> Compared:
    """The same for singular values of rectangular matrices."""
    engines: tuple[Spectrum, ...] = (
        torch.linalg.svdvals,
        lambda A: torch.linalg.svd(A, full_matrices=False)[1],
        lambda A: torch.from_numpy(np.linalg.svd(A.numpy(), compute_uv=False)),
    )
    return Compared(
        together(part for A in _rectangular().values() for part in _against_balls(A, balls.singular_values, engines))
    )


def _against_balls(A: Tensor, enclose: Callable, engines: tuple[Spectrum, ...]) -> list[Tensor]:
    with flint.ctx.workprec(BITS):
        enclosures = enclose(flint.arb_mat(A.tolist()))
        middle = torch.tensor([float(x.mid()) for x in enclosures], dtype=torch.float64)
        radius = torch.tensor([float(x.rad()) for x in enclosures], dtype=torch.float64)
    tolerance = max(A.shape) * EPS * middle.abs().max() + radius
    return [ratio(engine(A), middle, tolerance) for engine in engines]


def factorisations() -> Compared:
    """A = QΛQᵀ, A = UΣVᵀ, A = QR are given back, and the factors are orthonormal: p·n·2⁻⁵²·‖A‖_F for an n-row
    matrix, p = 4 for the two or three products that the test itself rounds."""
    parts: list[Tensor] = []
    for A in _rectangular().values():
        left, values, right = torch.linalg.svd(A, full_matrices=True)
        k = len(values)
        Q, R = torch.linalg.qr(A)
        parts += _same(A, (left[:, :k] * values) @ right[:k]) + _same(A, Q @ R)
        parts += [*_orthonormal(left), *_orthonormal(right.T), *_orthonormal(Q)]
    for A in symmetric().values():
        values, Q = torch.linalg.eigh(A)
        parts += _same(A, (Q * values) @ Q.T) + _orthonormal(Q)
    return Compared(together(parts))


def _same(A: Tensor, B: Tensor) -> list[Tensor]:
    distance, size = torch.linalg.matrix_norm(A - B), torch.linalg.matrix_norm(A)
    return [ratio(distance, torch.zeros_like(distance), 4 * max(A.shape) * EPS * size)]


def _orthonormal(Q: Tensor) -> list[Tensor]:
    return _same(torch.eye(Q.shape[1], dtype=Q.dtype), Q.T @ Q)
