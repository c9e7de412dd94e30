"""Information of joint laws: notation, chain rules, values on every backend, exact decisions, bad input."""

import math

import flint
import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory.alter import alterations
from theory.backends.balls import entr
from theory.catalogue import get_claim
from theory.errors import ShapeError, TheoryError
from theory.evaluate import compile
from theory.render import latex, pretty
from theory.words import BinaryEntropy, JointLaw
from theory.words.information import in_entropies, in_logs, joint_law, prime_exponents, sign, star
from verify.certify import operations
from verify.certify.rigorous import rationals

K_F, K_G, K_Y = sp.symbols("K_F K_G K_Y", integer=True, positive=True)
P = sp.MatrixSymbol("P", K_F * K_G, K_Y)
LAW = JointLaw(P, ("F", "G", "Y"), (K_F, K_G, K_Y))
H, I, MU = LAW.entropy, LAW.mutual_information, LAW.co_information("F", "G", "Y")
WORDS = {
    "H(F, Y)": H(("F", "Y")),
    "H(Y ∣ F)": H("Y", given="F"),
    "I(F; Y)": I("F", "Y"),
    "I(F, G; Y)": I(("F", "G"), "Y"),
    "I(F; Y ∣ G)": I("F", "Y", given="G"),
    "μ_Y(F; G)": MU,
}
QUICK = settings(max_examples=30, deadline=None, derandomize=True)
SIZES = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
TABLES = SIZES.flatmap(
    lambda sizes: st.tuples(
        st.just(sizes), st.lists(st.integers(0, 6), min_size=math.prod(sizes), max_size=math.prod(sizes))
    )
).filter(lambda table: any(table[1]))
XOR = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]
COPY = [[[1, 0], [0, 0]], [[0, 0], [0, 1]]]
MARKOV = [[[6, 2], [1, 3]], [[3, 1], [2, 6]]]  # (3 if g = y else 1)(2 if f = g else 1)
PRINTED = [[[5, 1], [1, 2]], [[2, 1], [1, 7]]]


def explicit(table):
    """The law of whole counts."""
    return joint_law(table, ("F", "G", "Y"))


def rows(sizes, entries):
    return np.array(entries, dtype=float).reshape(sizes[0] * sizes[1], sizes[2])


def given_(sizes, entries):
    return {"P": rows(sizes, entries), "K_F": sizes[0], "K_G": sizes[1]}


def by_definition(entries, sizes, a, b, c=()):
    """I(a; b | c) as an average of log-ratios, in Python floats."""
    p = np.array(entries, dtype=float).reshape(sizes) / sum(entries)

    def over(axes):
        return p.sum(tuple(k for k in range(3) if k not in axes), keepdims=True)

    with np.errstate(all="ignore"):
        ratio = over(a + b + c) * over(c) / (over(a + c) * over(b + c))
        return float(np.where(over(a + b + c) > 0, over(a + b + c) * np.log(ratio), 0).sum())


# ---- notation
@pytest.mark.parametrize("text", WORDS)
def test_notation(text):
    assert pretty(WORDS[text]) == text
    assert str(WORDS[text]) == text


def test_latex():
    assert latex(I("F", "Y", given="G")) == r"I\left( F; Y \mid G \right)"
    assert latex(MU) == r"\mu_{Y}\left( F; G \right)"
    assert latex(BinaryEntropy(sp.Symbol("x"))) == r"h\left( x \right)"


def test_the_order_of_names_does_not_matter():
    assert I("Y", "F") == I("F", "Y") and H(("Y", "F")) == H(("F", "Y")) and I("F", ("Y", "G")) == I(("G", "Y"), "F")


# ---- chain rules
def test_identities_cancel():
    forms = (
        I("F", "Y") - I("F", "Y", "G"),
        I("G", "Y") - I("G", "Y", "F"),
        I("F", "G") - I("F", "G", "Y"),
        I("F", "Y") + I("G", "Y") - I(("F", "G"), "Y"),
        LAW.co_information("Y", "F", "G"),
    )
    assert all(in_entropies(MU - form) == 0 for form in forms)
    assert in_entropies(I(("F", "G"), "Y") - I("F", "Y") - I("G", "Y", "F")) == 0
    assert in_entropies(H(("F", "G", "Y")) - H("F") - H("G", "F") - H("Y", ("F", "G"))) == 0
    assert in_entropies(I("F", "F") - H("F")) == 0 and in_entropies(I("F", "Y", "Y")) == 0
    assert in_entropies(MU - I("F", "Y") - I("F", "Y", "G")) != 0


def test_other_numbers_of_variables():
    K = sp.symbols("K", integer=True, positive=True)
    four = JointLaw(sp.MatrixSymbol("Q", K**3, K), ("A", "B", "C", "D"), (K,) * 4)
    chain = four.mutual_information("A", ("B", "C"), "D")
    parts = four.mutual_information("A", "B", "D") + four.mutual_information("A", "C", ("B", "D"))
    assert in_entropies(chain - parts) == 0
    alone = JointLaw(sp.MatrixSymbol("p", 1, K), ("A",), (K,)).entropy("A")
    assert float(compile(alone)({"p": np.array([[0.5, 0.25, 0.25]])})) == pytest.approx(1.5 * math.log(2))


# ---- values
@QUICK
@given(st.sampled_from(list(WORDS)), TABLES)
def test_backends_agree(name, table):
    """Floats within rounding of 50 digits; balls, and the operations that scripts hold, contain it."""
    sizes, entries = table
    values, word = given_(sizes, entries), WORDS[name]
    with mp.workdps(50):
        precise = compile(word, backend="mpmath")(values)
    tensors = {**values, "P": torch.from_numpy(values["P"])}
    assert abs(float(compile(word, backend="numpy")(values)) - precise) < 1e-14
    assert abs(float(compile(word, backend="torch")(tensors)) - precise) < 1e-14
    exact_law = JointLaw(sp.ImmutableDenseMatrix(sizes[0] * sizes[1], sizes[2], entries), LAW.names, sizes)
    exact = word.func(exact_law.P, word.args[1], word.args[2], *map(sp.Integer, sizes))
    with flint.ctx.workprec(200):
        ball = compile(word, backend="arb")(values)
        assert ball.rad() < 1e-40
        assert (ball + flint.arb(0, 1e-40)).contains(flint.arb(mp.nstr(precise, 48)))
        assert ball.overlaps(compile(in_logs(exact), backend="arb")({}))
        counts = rationals([[int(x) for x in row] for row in values["P"].tolist()])
        whole = [operations.marginal_entropy(counts, sizes, axes) for axes in ((0,), (0, 1, 2))]
        for value, of in zip(whole, ("F", ("F", "G", "Y")), strict=True):
            assert operations.ball(value).overlaps(compile(H(of), backend="arb")(values))
        logs = operations.entries(operations.ball(operations.log_margin(counts, sizes, (0, 2))))
        expected = compile(LAW.log_probability(("F", "Y")), backend="arb")(values)
        assert all(x.overlaps(y) for x, y in zip(logs, expected.entries(), strict=True))


@QUICK
@given(TABLES)
def test_information_is_the_average_of_log_ratios(table):
    sizes, entries = table
    values = given_(sizes, entries)
    known = ((I("F", "Y"), ((0,), (2,))), (I("F", "Y", "G"), ((0,), (2,), (1,))), (I("G", "Y"), ((1,), (2,))))
    for word, axes in known:
        assert float(compile(word)(values)) == pytest.approx(by_definition(entries, sizes, *axes), abs=1e-14)


@QUICK
@given(st.sampled_from(list(WORDS)), TABLES)
def test_densities(name, table):
    """The mean of the density is the word, its variance that of log-ratios; on all backends, empty cells included."""
    sizes, entries = table
    values, density = given_(sizes, entries), LAW.density(WORDS[name])
    moments = [WORDS[name], LAW.mean(density), LAW.variance(density)]
    with mp.workdps(50):
        word, mean, variance = compile(moments, backend="mpmath")(values)
        assert abs(word - mean) < 1e-45
    with flint.ctx.workprec(200):
        balls = compile(moments[1:], backend="arb")(values)
        for ball, value in zip(balls, (mean, variance), strict=True):
            assert ball.rad() < 1e-40 and (ball + flint.arb(0, 1e-40)).contains(flint.arb(mp.nstr(value, 48)))
    for backend, P_one in (("numpy", values["P"]), ("torch", torch.from_numpy(values["P"]))):
        found = compile(moments[1:], backend=backend)({**values, "P": P_one})
        assert [float(x) for x in found] == pytest.approx([float(mean), float(variance)], abs=1e-14)


def test_the_variance_of_a_density_is_that_of_log_ratios():
    for table in (PRINTED, MARKOV, XOR):
        p = np.array(table) / np.sum(table)
        f, g, y = p.sum((1, 2), keepdims=True), p.sum((0, 2), keepdims=True), p.sum((0, 1), keepdims=True)
        fg, fy, gy = p.sum(2, keepdims=True), p.sum(1, keepdims=True), p.sum(0, keepdims=True)
        ratio = np.where(p > 0, np.log(fg * fy * gy / (f * g * y * np.where(p > 0, p, 1))), 0)
        expected = (p * ratio**2).sum() - (p * ratio).sum() ** 2
        found = compile(LAW.variance(LAW.density(MU)))({"P": p.reshape(4, 2), "K_F": 2, "K_G": 2})
        assert float(found) == pytest.approx(expected, abs=1e-15)


def test_notation_of_densities():
    assert pretty(LAW.density(I("F", "Y"))) == "log p_FY − log p_F − log p_Y"
    assert latex(LAW.log_probability(("Y", "F"))) == r"\log p_{FY}"


def test_batches_are_points_side_by_side():
    laws = np.random.default_rng(1).gamma(0.3, size=(2, 3, 6, 4))
    for word in (*WORDS.values(), LAW.variance(LAW.density(MU))):
        for backend, P_all in (("numpy", laws), ("torch", torch.from_numpy(laws))):
            whole = compile(word, backend=backend)({"P": P_all, "K_F": 2, "K_G": 3})
            assert whole.shape == (2, 3)
            for i in np.ndindex(2, 3):
                one = compile(word)({"P": laws[i], "K_F": 2, "K_G": 3})
                assert float(whole[i]) == pytest.approx(float(one), abs=1e-15)


def test_gradients():
    """Derivatives where every cell is positive; 0 at empty cells."""
    program = compile([MU, BinaryEntropy(P[0, 0])], backend="torch")
    start = torch.rand(4, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64).mul(0.8).add(0.1)
    sizes = {"K_F": 2, "K_G": 2}
    assert torch.autograd.gradcheck(lambda A: tuple(program({"P": A, **sizes})), (start.requires_grad_(),))
    copy = torch.tensor(COPY, dtype=torch.float64).reshape(4, 2).requires_grad_()
    compile(MU, backend="torch")({"P": copy, **sizes}).backward()
    assert copy.grad is not None and copy.grad.isfinite().all()


def test_float32_stays_float32():
    for backend, of in (("numpy", np.float32), ("torch", lambda x: torch.tensor(x, dtype=torch.float32))):
        value = compile(MU, backend=backend)({"P": of(np.ones((4, 2))), "K_F": 2, "K_G": 2})
        assert str(value.dtype).endswith("float32") and abs(float(value)) < 1e-6


# ---- exactly
def test_reference_exponents():
    law, r = explicit(PRINTED), sp.Rational
    assert prime_exponents(law.mutual_information("F", "Y")) == {2: r(7, 2), 3: r(-6, 5), 5: 1, 11: r(-11, 10)}
    given_g = prime_exponents(law.mutual_information("F", "Y", given="G"))
    assert given_g == {2: r(-3, 2), 3: r(-3, 5), 5: r(1, 4), 11: r(11, 20)}
    mu = law.co_information("F", "G", "Y")
    assert prime_exponents(mu) == {2: 5, 3: r(-3, 5), 5: r(3, 4), 11: r(-33, 20)}
    assert in_logs(mu) == 5 * sp.log(2) - 3 * sp.log(3) / 5 + 3 * sp.log(5) / 4 - 33 * sp.log(11) / 20


def test_exact_extremes():
    names = ("F", "G", "Y")
    assert in_logs(explicit(XOR).co_information(*names)) == -sp.log(2)
    assert in_logs(explicit(COPY).co_information(*names)) == sp.log(2)
    assert prime_exponents(explicit(XOR).co_information(*names) + sp.log(2)) == {}
    assert sign(explicit(XOR).mutual_information("F", "Y")) == 0
    assert sign(explicit(MARKOV).mutual_information("F", "Y", given="G")) == 0
    assert sign(explicit(MARKOV).mutual_information("G", "Y", given="F")) == 1
    for K in (3, 4):
        modular = [[[int((f + g) % K == y) for y in range(K)] for g in range(K)] for f in range(K)]
        assert prime_exponents(explicit(modular).co_information(*names) + sp.log(K)) == {}


@QUICK
@given(TABLES)
def test_zero_exactly_for_markov_chains(table):
    """No conditional information, decided by primes, means that the counts factor, which is decided in integers."""
    sizes, entries = table
    n = np.array(entries).reshape(sizes)
    factors = (n * n.sum((0, 2), keepdims=True) == n.sum(2, keepdims=True) * n.sum(0, keepdims=True)).all()
    information = explicit(n.tolist()).mutual_information("F", "Y", given="G")
    assert (prime_exponents(information) == {}) == bool(factors)
    assert sign(information) == int(not factors)
    assert float(in_logs(information)) == pytest.approx(by_definition(entries, sizes, (0,), (2,), (1,)), abs=1e-13)


def test_signs_of_close_numbers():
    """log(3/2) against 2²⁰ − 1 over 2²⁰ of it and less: balls get as many digits as that takes."""
    close = sp.log(sp.Rational(3, 2))
    for bits in (20, 100, 400):
        assert sign(close - close * (1 - sp.Rational(1, 2**bits))) == 1
        assert sign(close * (1 - sp.Rational(1, 2**bits)) - close) == -1
    assert sign(sp.log(6) - sp.log(2) - sp.log(3)) == 0


# ---- the binary entropy
def test_binary_entropy():
    x = sp.Symbol("x", positive=True)
    for backend in ("numpy", "torch", "mpmath", "arb"):
        program = compile([BinaryEntropy(x), BinaryEntropy(1 - x)], backend=backend)
        for point, value in ((0.5, math.log(2)), (0.25, 0.5623351446188083), (0, 0), (1, 0)):
            assert all(abs(float(v) - value) < 1e-15 for v in program({"x": point}))
    assert sp.simplify(sp.diff(BinaryEntropy(x), x) - sp.log((1 - x) / x)) == 0
    assert prime_exponents(BinaryEntropy(sp.Rational(1, 4))) == {2: 2, 3: sp.Rational(-3, 4)}
    assert star(sp.Rational(1, 4), sp.Rational(1, 2)) == sp.Rational(1, 2)
    assert math.isnan(compile(BinaryEntropy(x))({"x": 1.5}))


@QUICK
@given(st.floats(0, 1.5), st.sampled_from((0.2, 1e-6, 0.0)), st.floats(0, 1))
def test_balls_of_x_log_x(middle, radius, where):
    """The ball holds the value at every point of its argument that is not negative."""
    point = middle + (2 * where - 1) * radius
    assume(point >= 0)
    found = entr(flint.arb(middle, radius))
    with mp.workdps(40):
        value = -point * mp.log(point) if point else mp.mpf(0)
    assert (found + flint.arb(0, 1e-15)).contains(flint.arb(mp.nstr(value, 30)))
    assert radius > 1e-6 or found.rad() < 1e-4


# ---- bad input
def test_unknown_variables():
    with pytest.raises(TheoryError, match="no variable 'Z' in a law of F, G, Y"):
        LAW.mutual_information("F", "Z")
    with pytest.raises(TheoryError, match="no variable 'X'"):
        LAW.entropy("F", given=("G", "X"))


def test_wrong_shapes():
    with pytest.raises(ShapeError, match="P is 3×2, but a law of F, G, Y has 2·2·2 entries"):
        JointLaw(sp.MatrixSymbol("P", 3, 2), ("F", "G", "Y"), (2, 2, 2)).entropy("F")
    with pytest.raises(ShapeError, match="one name a size"):
        JointLaw(P, ("F", "G"), (K_F, K_G, K_Y)).entropy("F")
    with pytest.raises(ShapeError, match="one name a size"):
        JointLaw(P, ("F", "F", "Y"), (K_F, K_G, K_Y)).entropy("F")
    with pytest.raises(ShapeError, match="not a matrix"):
        JointLaw(K_F, ("F",), (K_F,)).entropy("F")
    for backend in ("numpy", "mpmath", "arb"):
        with pytest.raises(ShapeError, match="P has shape"):
            compile(MU, backend=backend)({"P": np.ones((3, 2)), "K_F": 2, "K_G": 2})
    for table in ([[1, 2], [3]], [1, 2], [[[1, 2]], [[3, 4]]]):
        with pytest.raises(ShapeError, match="joint_law"):
            joint_law(table, ("F", "Y"))


@pytest.mark.parametrize("backend", ["numpy", "torch", "mpmath", "arb"])
def test_negative_laws(backend):
    P_bad = np.array([[0.5, 0.6], [0.0, -0.1]])
    with pytest.raises(TheoryError, match="negative entry"):
        compile(MU, backend=backend)(
            {"P": torch.from_numpy(P_bad) if backend == "torch" else P_bad, "K_F": 2, "K_G": 1}
        )
    with pytest.raises(TheoryError, match="negative entry"):
        joint_law([[1, 2], [-1, 0]], ("F", "Y")).entropy("F")


def test_what_primes_cannot_decide():
    with pytest.raises(TheoryError, match="no numbers"):
        prime_exponents(MU)
    with pytest.raises(TheoryError, match="not rational"):
        prime_exponents(joint_law([sp.sqrt(2), 1], ("F",)).entropy("F"))
    with pytest.raises(TheoryError, match="neither a logarithm"):
        prime_exponents(explicit(XOR).entropy("F") + 1)
    with pytest.raises(TheoryError, match="expected a probability"):
        BinaryEntropy(sp.Rational(3, 2))


def test_alterations_leave_names_alone():
    """Systematic mutants alter coefficients and terms, not which variables a word speaks of; and a bound that would be
    the logarithm of a negative number is none."""
    claim = get_claim("nakkiran2019.bounds")
    altered = [r for a in alterations(claim) for r in a.mutant.relations.values()]
    words = {word for relation in altered for word in relation.atoms(type(H("F")), type(MU))}
    assert words <= {H("F"), H("G"), H("Y")}
    assert not any("log(−" in a.mutant.name.split("→")[1] for a in alterations(claim))
