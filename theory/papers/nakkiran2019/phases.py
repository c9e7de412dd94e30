"""nakkiran2019, what is observed: networks learn what a linear classifier knows first, and keep it.

The paper reports curves. The numbers claimed here, and what would refute them, are ours, and were chosen with pilot
runs in view: a campaign with another seed is a fresh test. A finding is a statement on the mean over independent runs
(data, start, order of samples). It is supported where the 95 % interval of the mean lies on the claimed side, refuted
where a t test at the campaign's level rejects it, and inconclusive otherwise.
"""

from typing import Any

import sympy as sp

from ...claim import Assumption, Claim, Kind, Mutant, Part, Quantifier, Quantity
from ...proof import cited
from .setting import observed

EARLY = "T₀, the last checkpoint before I(F_t;Y) first exceeds I(L;Y)"


def _measured(name: str, meaning: str, latex: str, unicode: str) -> Quantity:
    return Quantity(sp.Symbol(name, real=True), meaning, latex=latex, unicode=unicode, measured=True, unit="")


_MEASURED = (
    _measured(
        "R_1", f"μ(F_t;L)/I(F_t;Y) at {EARLY}: how much of what F knows the linear classifier explains", "R_1", "R₁"
    ),
    _measured("null_1", "the same ratio if F and L were independent given Y", r"R_1^{\perp}", "R₁⊥"),
    _measured(
        "forced_1",
        "(I(L;Y) − H(Y|F_t))/I(F_t;Y) at T₀: the least that R₁ can be (nakkiran2019.fano)",
        r"R_1^{\mathrm{acc}}",
        "R₁ᵃᶜᶜ",
    ),
    _measured("R_2", "μ(F_T;L)/I(L;Y) at the end of training: how much of what L knows F retains", "R_2", "R₂"),
    _measured("null_2", "the same ratio if F and L were independent given Y", r"R_2^{\perp}", "R₂⊥"),
    _measured(
        "forced_2",
        "1 − H(Y|F_T)/I(L;Y): the least that R₂ can be, forced by the accuracy of F (nakkiran2019.fano)",
        r"R_2^{\mathrm{acc}}",
        "R₂ᵃᶜᶜ",
    ),
    _measured("I_F", "I(F_T;Y) at the end of training", r"I(F_T;Y)", "I(F_T;Y)"),
    _measured("I_L", "I(L;Y)", r"I(L;Y)", "I(L;Y)"),
)
R_1, null_1, forced_1, R_2, null_2, forced_2, I_F, I_L = (q.symbol for q in _MEASURED)
MOST, HALF_WAY, QUARTER = sp.Rational(4, 5), sp.Rational(1, 2), sp.Rational(1, 4)
HALF = "half way from the null to 1"

HELD_OUT = Assumption("the evaluation set is used for nothing else")
SAME_DATA = Assumption("L is a linear classifier, trained by SGD on the training set of F")
PLAIN_SGD = Assumption("F is trained by plain mini-batch SGD from a random start")
MEMORISED = Assumption("F_T has training error 0; runs without it do not count")
ENOUGH = Assumption("I(F_t;Y) ≥ I(L;Y)/4 at T₀; runs without it do not count")
READING = (
    "Plug-in estimates in nats on the count table of the evaluation set. The tests judge the mean over runs; the "
    "families count the single runs that their own 95 % interval, a percentile bootstrap, refutes or leaves open.",
    "Splits of one data set share samples, and so do the designs on it: the mean is that over splits of these data, no "
    "statement on other data.",
    "T₀ is found on the evaluation set that R₁ is then measured on: the intervals are those for this T₀.",
    "A run in which the bias of what is compared, as the jackknife has it, is more than an eighth of half an interval "
    "does not count: it has too few samples for its classes.",
    "Of predictions that a user brings, training error 0 at the end is assumed, not checked.",
)
SHUFFLED = Mutant("shuffled", "F shuffled among samples of one label", setting="shuffled")
CONSTANT = Mutant("constant", "a constant in place of L", setting="constant")


def _finding(name: str, title: str, parts: tuple[Part, ...], where: str, **more: Any) -> Claim:
    known: dict[str, Any] = {"kind": Kind.FINDING, "setting": _MEASURED, "source": observed(where)}
    return Claim(id=f"nakkiran2019.{name}", title=title, parts=parts, **known, **more)


def _part(name: str, relation: Any, note: str = "", trivial: Any = None) -> Part:
    return Part(name, relation, Quantifier.RUNS, note=note, trivial=trivial)


def _excess(ratio: Any, null: Any) -> Any:
    """Where a ratio lies between its null, 0, and 1."""
    return (ratio - null) / (1 - null)


phase_1 = _finding(
    "phase1",
    "first the network learns what a linear classifier knows",
    (
        _part("explained", sp.Ge(R_1, MOST), "four fifths; a threshold of ours", forced_1),
        _part("beyond-null", sp.Ge(_excess(R_1, null_1), HALF_WAY), HALF, _excess(forced_1, null_1)),
    ),
    "abstract: early in training, performance is explained by a linear classifier",
    assumptions=(
        HELD_OUT,
        SAME_DATA,
        PLAIN_SGD,
        ENOUGH,
    ),
    proof=(cited("observed, not derived"),),
    mutants=(SHUFFLED, CONSTANT),
    notes=(
        *READING,
        "T₀ is defined without μ. At the first checkpoint after the crossing the ratio is lower for a trivial reason: "
        "μ(F;L) ≤ I(L;Y).",
        "Two data sets are left out. Of patches of photographs the first part fails: nakkiran2019.phase1-photographs. "
        "Of breast tumours R₁ is 0.92 and R₁⊥ 0.82, so that twelve runs decide the second part neither way.",
        "The convolutional network is explained less than the perceptrons: most single runs of it are left open by "
        "their own interval, and 12 of them are made where others have 8.",
    ),
)

photographs = _finding(
    "phase1-photographs",
    "of patches of photographs the linear classifier explains a part of what the network learns first",
    (
        _part("partly", sp.Le(R_1, MOST), "it fails the test of nakkiran2019.phase1", sp.S.One),
        _part("beyond-null", sp.Ge(R_1, null_1 + QUARTER), "a quarter above the null", forced_1),
    ),
    "abstract: early in training, performance is explained by a linear classifier",
    assumptions=(HELD_OUT, SAME_DATA, PLAIN_SGD, ENOUGH),
    proof=(cited("observed, not derived"),),
    mutants=(
        SHUFFLED,
        CONSTANT,
        Mutant("half", "at most half", {"partly": sp.Le(R_1, HALF_WAY)}),
        Mutant("far", "three fifths above the null", {"beyond-null": sp.Ge(R_1, null_1 + sp.Rational(3, 5))}),
    ),
    notes=(
        *READING,
        "The classes are two photographs, the samples patches of 8 × 8 pixels; patches of the test set have neighbours "
        "in the training set. The linear classifier knows some 0.17 nats, the network in the end 0.45.",
        "Found when these data were added: what nakkiran2019.phase1 says of digits and mixtures fails here.",
    ),
)

phase_2 = _finding(
    "phase2",
    "the network retains what the linear classifier knows, up to training error 0",
    (
        _part("retained", sp.Ge(R_2, MOST), "four fifths; a threshold of ours", forced_2),
        _part("beyond-null", sp.Ge(_excess(R_2, null_2), HALF_WAY), HALF, _excess(forced_2, null_2)),
    ),
    "abstract: the network retains the linear classifier's performance until the end of training",
    assumptions=(HELD_OUT, SAME_DATA, PLAIN_SGD, MEMORISED, Assumption("labels without noise")),
    proof=(cited("observed, not derived"),),
    mutants=(SHUFFLED, CONSTANT),
    notes=(
        *READING,
        "Most of the retention is forced by the accuracy of F alone (see nakkiran2019.unforced), and where both "
        "classifiers are good R₂⊥ itself is above 4/5. The evidence is what R₂ exceeds these values by.",
        "With memorised label noise less is retained: see nakkiran2019.memorised.",
        "A linear classifier that is trained on 900 test samples goes unnoticed here: with 64 inputs it learns few of "
        "them by heart, and R₂ falls by a hundredth. With 60 samples it is noticed: nakkiran2019.memorised.",
    ),
)

unforced = _finding(
    "unforced",
    "the retention is not forced by the accuracy of the network",
    (_part("not-forced", sp.Le(forced_2, sp.Rational(9, 10)), "else R₂ tells of the accuracy of F alone", sp.S.One),),
    "what a test of the finding needs",
    assumptions=(HELD_OUT, SAME_DATA, PLAIN_SGD, MEMORISED, Assumption("labels without noise")),
    mutants=(Mutant("training-set", "evaluated on the training set, where F = Y", setting="training-set"),),
    notes=(
        *READING,
        "By Fano's inequality I(L;Y|F) ≤ H(Y|F), so that an accurate network retains every L. On the training set, "
        "at training error 0, R₂ = 1 identically.",
    ),
)

growth = _finding(
    "growth",
    "in the end the network knows more than the linear classifier",
    (_part("growth", sp.Ge(I_F, I_L), trivial=sp.S.Zero),),
    "abstract: later in training the network learns functions of increasing complexity",
    assumptions=(HELD_OUT, SAME_DATA, PLAIN_SGD, MEMORISED, Assumption("labels without noise")),
    mutants=(
        Mutant("start", "the network at its start in place of its end", setting="start"),
        Mutant("thrice", "three times what the linear classifier knows", {"growth": sp.Ge(I_F, 3 * I_L)}),
    ),
    notes=(
        *READING,
        "Of breast tumours, on which the retention is tried too, the network ends where the linear classifier is: 0.52 "
        "nats both. They are left out here.",
    ),
)

memorised = _finding(
    "memorised",
    "with memorised label noise retention is partial, and still far above the null",
    (
        _part("partial", sp.Le(R_2, sp.Rational(9, 10)), "on clean data R₂ is near 1", sp.S.One),
        _part("beyond-null", sp.Ge(R_2, null_2 + QUARTER), "a quarter above the null", forced_2),
    ),
    "the retention of nakkiran2019.phase2, with 10 % of the labels flipped",
    assumptions=(
        HELD_OUT,
        SAME_DATA,
        PLAIN_SGD,
        MEMORISED,
        Assumption("10 % of the labels are flipped"),
    ),
    mutants=(
        SHUFFLED,
        Mutant("clean", "labels without noise", setting="clean"),
        Mutant("fitted", "60 evaluation samples, on which L is trained", setting="fitted"),
        CONSTANT,
    ),
    notes=(
        *READING,
        "The labels of the evaluation set are flipped as well. Single runs lie between 0.65 and 0.85: some refute R₂ ≥ "
        "4/5, others leave it open.",
        "Here the network ends about where the linear classifier is, and knew more before: growth is no finding here.",
    ),
)

control = _finding(
    "control",
    "a network that cannot represent linear functions is hardly explained better than by chance: the test has power",
    (
        _part(
            "at-the-null",
            sp.Le(R_1, null_1 + sp.Rational(1, 20)),
            "at most 1/20 more than independent classifiers have",
            sp.S.One,
        ),
        _part("not-explained", sp.Le(R_1, MOST), "it fails the test of nakkiran2019.phase1", sp.S.One),
        _part("learns", sp.Ge(I_F, I_L), "it learns, and more than the linear classifier knows", sp.S.Zero),
    ),
    "a control of ours: a linear classifier of the products x_i x_j, started at 0",
    assumptions=(
        HELD_OUT,
        SAME_DATA,
        Assumption("the inputs of F are the products x_i x_j, i < j"),
    ),
    mutants=(Mutant("perceptron", "a perceptron, which sees the inputs themselves", setting="perceptron"),),
    notes=READING,
)

CLAIMS = (phase_1, photographs, phase_2, unforced, growth, memorised, control)
