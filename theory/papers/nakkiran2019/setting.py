"""Symbols of nakkiran2019: predictions F, G of two classifiers and the label Y, their joint law P (dossier: "Setting").

All logarithms are natural: information is in nats; bits = nats/log 2. F is the prediction of the network, G that of a
simpler classifier, Y the label, of a fresh example. μ_Y(F; G) = I(F; Y) − I(F; Y | G) is what F knows about Y and G
knows already; H and I below are those of `theory.words.information`.
"""

import sympy as sp

from ...claim import Assumption, Quantity, Source
from ...words import JointLaw

K_F, K_G, K_Y = sp.symbols("K_F K_G K_Y", integer=True, positive=True)
P = sp.MatrixSymbol("P", K_F * K_G, K_Y)
law = JointLaw(P, ("F", "G", "Y"), (K_F, K_G, K_Y))
H, I = law.entropy, law.mutual_information
explained = law.co_information("F", "G", "Y")
"""μ_Y(F; G), from the law."""


def real(name: str) -> sp.Symbol:
    return sp.Symbol(name, real=True)


def scalar(name: str) -> sp.Symbol:
    """A real quantity that is not negative: entropies, probabilities, distances."""
    return sp.Symbol(name, nonnegative=True)


mu, informed = real("mu"), scalar("I_FY")

LAW = (
    Quantity(K_F, "number of values of the prediction F"),
    Quantity(K_G, "number of values of the prediction G"),
    Quantity(K_Y, "number of labels Y"),
    Quantity(
        P,
        "joint law of (F, G, Y): probabilities or counts, their total divided out; the row of (f, g) is f K_G + g, "
        "counted from 0, the column y",
    ),
)
CORRELATION = Quantity(
    mu, "performance correlation μ_Y(F; G) = I(F; Y) − I(F; Y | G), both as averages of log-ratios", measured=True
)
INFORMATION = Quantity(
    informed, "I(F; Y), as an average of log-ratios", latex="I(F;Y)", unicode="I(F;Y)", measured=True
)

N = sp.Symbol("N", integer=True, positive=True)
SAMPLES = Quantity(N, "number of samples")
IID = Assumption("the N samples are independent and of the same law", dropped="repeated")

BIB = """@inproceedings{nakkiran2019sgd,
  title = {{SGD} on Neural Networks Learns Functions of Increasing Complexity},
  author = {Kalimeris, Dimitris and Kaplun, Gal and Nakkiran, Preetum and Edelman, Benjamin L. and Yang, Tristan and
            Barak, Boaz and Zhang, Haofeng},
  booktitle = {Advances in Neural Information Processing Systems}, volume = {32}, year = {2019},
  note = {arXiv:1905.11604}
}"""
PAPER = "Nakkiran, Kaplun, Kalimeris, Yang, Edelman, Zhang, Barak, NeurIPS 2019"


def observed(where: str) -> Source:
    """A statement that the paper reports from experiments, in a quantitative form derived here."""
    return Source(PAPER, where, "restated", BIB)


def in_use(what: str) -> Source:
    """How a quantity around the paper's measure is customarily read; neither printed there nor quoted from anybody."""
    return Source(PAPER, f"{what}: not printed there", "in use", BIB)


def derived(where: str) -> Source:
    """A statement derived here around the paper's measure."""
    return Source(PAPER, where, "derived here", BIB)
