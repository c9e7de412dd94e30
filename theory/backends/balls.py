"""Rigorous helpers on Arb balls: hulls, roots, powers, spectra of symmetric matrices."""

from functools import cmp_to_key
from typing import Any

from flint import acb_mat, arb, arb_mat, ctx

from theory.backends.tables import NEGATIVE, margin, spread_margin
from theory.errors import TheoryError, UnsupportedError

_ATTEMPTS = 4


def hull(a: arb, b: arb) -> arb:
    """Smallest ball around two; nan if either is."""
    return arb.nan() if a.is_nan() or b.is_nan() else a.union(b)


def clipped_sqrt(x: arb) -> arb:
    """√x for an x known to be nonnegative, whatever its ball says."""
    if x.is_nan() or x.lower() > 0:
        return x.sqrt()
    return hull(arb(0), x.upper().sqrt()) if x.upper() > 0 else arb(0)


def radius_norm(A: arb_mat) -> arb:
    """Upper bound of the Frobenius norm of the radii of a matrix of balls."""
    return sum((x.rad() * x.rad() for x in A.entries()), arb(0)).sqrt().upper()


def _compare(a: Any, b: Any) -> int:
    return -1 if a < b else int(a > b)


_BY_SIZE = cmp_to_key(_compare)


def _spectrum(A: arb_mat) -> list[arb]:
    """Enclosures of the eigenvalues of an exactly symmetric, exact matrix, decreasing.

    The k-th reaches from the k-th largest lower end to the k-th largest upper end.
    """
    if not all(x.is_finite() for x in A.entries()):
        return [arb.nan()] * A.nrows()
    for attempt in range(_ATTEMPTS):
        with ctx.workprec(ctx.prec << attempt):
            try:
                balls = [z.real for z in acb_mat(A).eig(multiple=True)]
            except ValueError:
                continue
            lower = sorted((b.lower() for b in balls), key=_BY_SIZE, reverse=True)
            upper = sorted((b.upper() for b in balls), key=_BY_SIZE, reverse=True)
            return [a.union(b) for a, b in zip(lower, upper, strict=True)]
    raise UnsupportedError("eigenvalues could not be enclosed; raise flint.ctx.prec")


def eigenvalues(A: arb_mat) -> list[arb]:
    """Enclosures of the eigenvalues of a symmetric matrix of balls, decreasing.

    Weyl: those of the symmetrised midpoint, widened by the norm of what was left out.
    """
    middle = A.mid()
    middle = (middle + middle.transpose()) / 2
    middle = middle.mid()
    widen = arb(0, radius_norm(A) + distance(A.mid(), middle))
    return [x + widen for x in _spectrum(middle)]


def distance(A: arb_mat, B: arb_mat) -> arb:
    """Upper bound of the Frobenius distance of two matrices."""
    return sum(((x * x) for x in (A - B).entries()), arb(0)).upper().sqrt().upper()


def singular_values(A: arb_mat) -> list[arb]:
    """Enclosures of the singular values of a matrix of balls, decreasing.

    Roots of the eigenvalues of the smaller Gram matrix of the midpoint, widened by Weyl.
    """
    middle, widen = A.mid(), arb(0, radius_norm(A))
    turned = middle.transpose()
    with ctx.workprec(2 * ctx.prec):  # a root halves the digits
        gram = turned * middle if A.ncols() <= A.nrows() else middle * turned
        roots = [clipped_sqrt(x) for x in eigenvalues(gram)]
    return [nonnegative(x + widen) for x in roots]


def row_norms(A: arb_mat) -> arb_mat:
    """Diagonal matrix of the lengths of the rows."""
    result = arb_mat(A.nrows(), A.nrows())
    for i, row in enumerate(A.tolist()):
        result[i, i] = clipped_sqrt(sum((abs(x) * abs(x) for x in row), arb(0)))
    return result


def absolute_angles(A: arb_mat, B: arb_mat) -> list[list[tuple[arb, arb, arb]]]:
    """N, √D and α of all pairs of rows: see theory.words.gaussian."""
    inner = A * B.transpose()
    squares = [[sum((abs(x) * abs(x) for x in row), arb(0)) for row in M.tolist()] for M in (A, B)]
    result = []
    for i, a in enumerate(squares[0]):
        sines = [clipped_sqrt(a * b - inner[i, j] * inner[i, j]) for j, b in enumerate(squares[1])]
        result.append([(inner[i, j], s, arb.atan2(inner[i, j], s)) for j, s in enumerate(sines)])
    return result


def absolute_kernel(A: arb_mat, B: arb_mat) -> arb_mat:
    """E|a_i·x||b_j·x| for the rows of A and B, x standard normal."""
    return arb_mat([[2 * (s + N * a) / arb.pi() for N, s, a in row] for row in absolute_angles(A, B)])


def absolute_slope(A: arb_mat, B: arb_mat) -> arb_mat:
    """Rows Σ_j E|b_j·x| sgn(a_i·x) x for the rows of A and B, x standard normal."""
    pairs = absolute_angles(A, B)
    turned = arb_mat([[a for _, _, a in row] for row in pairs]) * B
    own = [
        sum((s for _, s, _ in pair), arb(0)) / sum((x * x for x in row), arb(0))
        for pair, row in zip(pairs, A.tolist(), strict=True)
    ]
    rows = zip(turned.tolist(), A.tolist(), own, strict=True)
    return arb_mat([[2 * (x + o * y) / arb.pi() for x, y in zip(t, a, strict=True)] for t, a, o in rows])


def entr(x: arb) -> arb:
    """−x log x for an x known to be nonnegative, whatever its ball says. Where the ball holds 0: the hull of the values
    at 0, at the upper end, and at the peak if that lies between."""
    if x.is_nan() or x.lower() > 0:
        return -x * x.log()
    if not x.upper() > 0:
        return arb(0) if x.contains(0) else arb.nan()
    end, peak = x.upper(), arb(-1).exp()
    reached = hull(arb(0), -end * end.log())
    return reached if end < peak else hull(reached, peak)


def marginal_entropy(entries: list[arb], sizes: tuple[int, ...], axes: tuple[int, ...]) -> arb:
    """Entropy of a margin of a table of weights, in row-major order, divided by their total."""
    total = _total(entries)
    return sum((entr(x / total) for x in margin(entries, sizes, axes)), arb(0))


def log_margin(entries: list[arb], sizes: tuple[int, ...], axes: tuple[int, ...]) -> list[arb]:
    """For each entry the logarithm of its sum over all axes but these, divided by the total; 0 where that is 0."""
    total = _total(entries)
    return [arb(0) if x == 0 else (x / total).log() for x in spread_margin(entries, sizes, axes)]


def _total(entries: list[arb]) -> arb:
    if any(x < 0 for x in entries):
        raise TheoryError(NEGATIVE)
    return sum(entries, arb(0))


def nonnegative(x: arb) -> arb:
    return x if x.is_nan() or x.lower() >= 0 else hull(arb(0), x.upper())


def power(a: arb, b: arb, clip: bool = False) -> arb:
    """a**b; ``clip``: a is known to be nonnegative, whatever its ball says.

    python-flint gives nan where the ball of a holds 0, hence products and hulls here.
    """
    whole = b.unique_fmpz() if b.is_integer() else None
    if whole is not None and 0 <= whole < 64:
        return _product(a, int(whole))
    if a.is_nan() or a.lower() > 0 or not b.lower() > 0 or (a.lower() < 0 and not clip):
        return a**b
    return hull(arb(0), a.upper() ** b) if a.upper() > 0 else arb(0)


def _product(a: arb, n: int) -> arb:
    """a**n by squaring; even powers are nonnegative."""
    if n == 0:
        return arb(1)
    half = _product(abs(a) if n % 2 == 0 else a, n // 2)
    return half * half if n % 2 == 0 else half * half * a
