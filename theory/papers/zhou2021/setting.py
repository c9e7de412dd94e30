"""Symbols of zhou2021: students with tied top weights, absolute values, Gaussian inputs (dossier: "Setting").

f(x) = Σ_j ‖w_j‖ |w_jᵀx|, f_*(x) = Σ_i |w_i*ᵀx|, x ~ N(0, I_d), R = f − f_*, L = ½ E R² (factor ½). Rows of W are the
students, rows of T the teachers. Angles are up to sign; students are flipped towards their nearest teacher.
"""

import sympy as sp

from ...claim import Quantity, Source

m, r, d = sp.symbols("m r d", integer=True, positive=True)
W, T = sp.MatrixSymbol("W", m, d), sp.MatrixSymbol("T", r, d)
t = sp.Symbol("t", nonnegative=True)


def scalar(name: str) -> sp.Symbol:
    """A real quantity that is not negative: losses, norms, masses."""
    return sp.Symbol(name, nonnegative=True)


L, grad = scalar("L"), scalar("grad_norm")
S, S_star, Q, v_norm = scalar("S"), scalar("S_star"), scalar("Q"), scalar("v_norm")
w = sp.Symbol("w", positive=True)

SIZES = (
    Quantity(m, "number of students"),
    Quantity(r, "number of teachers"),
    Quantity(d, "input dimension"),
)
WEIGHTS = (
    *SIZES,
    Quantity(W, "students, one a row: f(x) = Σ_j ‖w_j‖ |w_jᵀx|"),
    Quantity(T, "teachers, one a row: f_*(x) = Σ_i |w_i*ᵀx|"),
)
LOSS = (
    Quantity(L, "population loss ½ E(f − f_*)², x ~ N(0, I_d)", measured=True),
    Quantity(grad, "‖∇L(W)‖_F", latex=r"\|\nabla L\|_F", unicode="‖∇L‖", measured=True),
)
MASSES = (
    Quantity(S, "mass of the students, Σ_j ‖w_j‖²", measured=True),
    Quantity(S_star, "mass of the teachers, Σ_i ‖w_i*‖", latex="S_*", unicode="S⁎", measured=True),
)
ALIGNMENT = (
    Quantity(Q, "Σ_j ‖w_j‖² sin²δ_j, δ_j the angle of w_j to its nearest teacher", measured=True),
    Quantity(
        v_norm,
        "‖v‖, v_i = Σ_{j∈T_i} ‖w_j‖w_j − w_i*: errors of the average neurons of all teachers",
        latex=r"\|v\|",
        unicode="‖v‖",
        measured=True,
    ),
)
ONE_TEACHER = Quantity(w, "norm of the teacher (r = 1)", latex=r"\|w^*\|", unicode="‖w*‖", measured=True)

BIB = """@inproceedings{zhou2021local,
  title = {A Local Convergence Theory for Mildly Over-Parameterized Two-Layer Neural Network},
  author = {Zhou, Mo and Ge, Rong and Jin, Chi},
  booktitle = {Proceedings of the 34th Conference on Learning Theory},
  series = {PMLR}, volume = {134}, pages = {4577--4632}, year = {2021}, note = {arXiv:2102.02410}
}"""
PAPER = "Zhou, Ge, Jin, COLT 2021"


def printed(where: str) -> Source:
    """A statement as it stands in the paper."""
    return Source(PAPER, where, "printed", BIB)


def derived(where: str) -> Source:
    """A statement derived here around the paper's objects."""
    return Source(PAPER, where, "derived here", BIB)
