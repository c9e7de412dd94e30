"""nakkiran2019, simplified model: fresh inputs sent through the trained network, and exact intervals from the counts.

The network is trained on a sample of the model; M further samples (x, y) of the model are its fresh inputs. Every end
of an interval misses with probability at most δ over the number of ends, whatever M is, so that all of them hold
together with probability at least 1 − δ.
"""

from collections.abc import Callable
from typing import Any

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...proof import algebra, by_claim, lemma
from ...words.information import star
from .gaussian_block import FRESH, MARGIN, Q_rho
from .intervals import DELTA
from .model import BLOCK, FLIPPED, SAMPLES, TESTED, TRAINED, D, a, p, rho, sigma, theta, v_norm
from .setting import derived

wrong_low, wrong_high, err_low, err_high = (
    sp.Symbol(x, nonnegative=True) for x in ("wrong_low", "wrong_high", "err_low", "err_high")
)
q_low, q_high, other_high = (sp.Symbol(x, nonnegative=True) for x in ("q_low", "q_high", "other_high"))

EACH = "for each sign s and label y"
WRONG_LOW = Quantity(
    wrong_low,
    f"low end of the interval for P(F ≠ L | L = s, Y = y), {EACH}",
    latex="r^-_{sy}",
    unicode="r⁻_sy",
    measured=True,
)
WRONG_HIGH = Quantity(wrong_high, f"high end of the same, {EACH}", latex="r^+_{sy}", unicode="r⁺_sy", measured=True)
OTHER_HIGH = Quantity(
    other_high,
    f"high end of the interval for P(F ≠ L | L = s, Y = −y), {EACH}",
    latex="r^+_{s,-y}",
    unicode="r⁺_s,−y",
    measured=True,
)
Q_ENDS = (
    Quantity(q_low, "low end of the interval for q = P(F ≠ L)", latex="q^-", unicode="q⁻", measured=True),
    Quantity(q_high, "high end of the same", latex="q^+", unicode="q⁺", measured=True),
)
ERROR_ENDS = (
    Quantity(err_low, "low end of the interval for P(F ≠ Y)", latex="e^-", unicode="e⁻", measured=True),
    Quantity(err_high, "high end of the same", latex="e^+", unicode="e⁺", measured=True),
)
OVER = Quantifier.PROBABILITY
ONE, ZERO = sp.Integer(1), sp.Integer(0)
NEW = Assumption("the inputs are independent of the training set", dropped="seen")
EXACT = lemma(
    "Clopper–Pearson",
    "given how many inputs there are of a kind, those on which the network errs are binomial: each end misses with "
    "probability at most its share of δ",
)
UNION = lemma("union bound", "the shares of the ends sum to δ")


def _halfway(near: sp.Expr, far: sp.Expr) -> sp.Expr:
    return (3 * near + far) / 4


def _flip(q: sp.Expr) -> sp.Expr:
    """Test error behind a channel that errs with probability q."""
    return p + (1 - 2 * p) * q


def _on_error(low: sp.Expr, high: sp.Expr, error: Callable[[sp.Expr], sp.Expr] = _flip) -> dict[str, Any]:
    """What is said of the interval for P(F ≠ Y) where q is between `low` and `high`."""
    return {"error-low": sp.Le(err_low, error(high)), "error-high": sp.Ge(err_high, error(low))}


def _error_parts(low: sp.Expr, high: sp.Expr) -> tuple[Part, ...]:
    trivial = {"error-low": ONE, "error-high": ZERO}
    return tuple(Part(name, said, OVER, trivial=trivial[name]) for name, said in _on_error(low, high).items())


def _error_mutants(low: sp.Expr, high: sp.Expr) -> tuple[Mutant, ...]:
    return (
        Mutant("added", "p + q for the test error", _on_error(low, high, lambda q: p + q)),
        Mutant("no-flips", "as if labels were not flipped", _on_error(low, high, lambda q: q)),
    )


# ---- both kinds of noise
def _error():
    # F ≠ Y: wrong about L and the label kept, or right about L and the label flipped
    flip, other = sp.symbols("flip other")
    return [
        ((1 - flip) * other + flip * (1 - other), star(flip, other)),
        (star(flip, other), flip + (1 - 2 * flip) * other),
    ]


ERROR = algebra("P(F ≠ Y) = p ⋆ q = p + (1−2p)q", _error)
explained = Claim(
    id="nakkiran2019.sufficiency-sampled",
    title="fresh inputs: what the network makes of a sign does not depend on the label",
    kind=Kind.PROBABILITY,
    setting=(*SAMPLES, *TESTED, DELTA, WRONG_LOW, OTHER_HIGH, *Q_ENDS, *ERROR_ENDS),
    parts=(
        Part(
            "explained",
            sp.Le(wrong_low, other_high),
            OVER,
            note="the intervals of flipped and of unflipped labels meet, for each sign: I(F;Y|L) = 0",
            trivial=ONE,
        ),
        *_error_parts(q_low, q_high),
    ),
    assumptions=(
        FLIPPED,
        NEW,
        Assumption("the noise block of a fresh input is independent of its sign and label", dropped="dependent"),
    ),
    source=derived("the theorem in a simplified model, its reason, on fresh inputs"),
    proof=(
        lemma(
            "Markov chain", "F is a function of sign and noise; given the sign the noise is independent of the label"
        ),
        ERROR,
        EXACT,
        UNION,
    ),
    mutants=(
        *_error_mutants(q_low, q_high),
        Mutant("twice", "p is added once more", {"error-high": sp.Ge(err_high, _flip(q_low) + p)}),
        Mutant("dependent", "noise that depends on the label", setting="dependent"),
        Mutant("seen", "inputs of the training set", setting="seen"),
    ),
    notes=(
        "Both kinds of noise are tried: a Gaussian block, and one coordinate chosen at random. Training set and fresh "
        "inputs are drawn alike, labels and their flips included; F is the sign of what the trained weights make of x.",
        "Clopper–Pearson ends for M fresh inputs, twelve in all, each missing with probability at most δ/12.",
    ),
)

# ---- a Gaussian block
channel = Claim(
    id="nakkiran2019.A-sampled",
    title="fresh inputs: the network is the simple classifier behind a binary symmetric channel",
    kind=Kind.PROBABILITY,
    setting=(*SAMPLES, *BLOCK, *TRAINED, *TESTED, MARGIN, *FRESH, DELTA, WRONG_LOW, WRONG_HIGH, *ERROR_ENDS),
    parts=(
        Part("channel-low", sp.Le(wrong_low, Q_rho), OVER, note="the same Q(ρ) for each sign and label", trivial=ONE),
        Part("channel-high", sp.Ge(wrong_high, Q_rho), OVER, trivial=ZERO),
        *_error_parts(Q_rho, Q_rho),
    ),
    assumptions=(
        FLIPPED,
        NEW,
        Assumption("the noise of a fresh input is normal", dropped="lone"),
        Assumption("its mean is 0", dropped="shifted"),
        Assumption("it is independent of sign and label", dropped="dependent"),
    ),
    source=derived("the theorem in a simplified model, Gaussian noise: a fresh input"),
    proof=(
        lemma("Gaussian sums", "⟨v, ξ⟩ is N(0, ς²‖v‖²/D), independent of (s, y): P(F ≠ L) = Q(ρ) for either sign"),
        by_claim("nakkiran2019.sufficiency-sampled", "P(F ≠ Y) = p + (1−2p)P(F ≠ L)"),
        EXACT,
        UNION,
    ),
    mutants=(
        Mutant("no-root", "ρ without √D", definitions={rho: theta / (sigma * v_norm)}),
        Mutant("weight", "u for ϑ = a u", definitions={rho: theta / a * sp.sqrt(D) / (sigma * v_norm)}),
        Mutant("no-scale", "ρ without ς", definitions={rho: theta * sp.sqrt(D) / v_norm}),
        *_error_mutants(Q_rho, Q_rho),
        Mutant("simple", "the test error of the simple classifier", {"error-low": sp.Le(err_low, p)}),
        Mutant(
            "half-width",
            "both ends halfway to the middle of the interval",
            {
                "channel-low": sp.Le(_halfway(wrong_low, wrong_high), Q_rho),
                "channel-high": sp.Ge(_halfway(wrong_high, wrong_low), Q_rho),
            },
        ),
        Mutant("lone", "noise of one coordinate, with the same covariance", setting="lone"),
        Mutant("shifted", "noise with a mean", setting="shifted"),
        Mutant("dependent", "noise that depends on the label", setting="dependent"),
        Mutant("seen", "inputs of the training set", setting="seen"),
    ),
    notes=(
        "Training set and fresh inputs are drawn alike, labels and their flips included; F is the sign of what the "
        "trained weights make of x. Nothing on the left is computed from a normal tail.",
        "Clopper–Pearson ends for M fresh inputs, ten in all, each missing with probability at most δ/10. That they "
        "enclose Q(ρ) and p ⋆ Q(ρ) at every M, however large, says that these are the probabilities themselves.",
    ),
)

CLAIMS = (explained, channel)
