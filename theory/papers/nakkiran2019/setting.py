"""Symbols of nakkiran2019: predictions F, G of two classifiers and the label Y, their joint law P (dossier: "Setting").

All logarithms are natural: information is in nats; bits = nats/log 2.
"""

from ...claim import Source

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


def derived(where: str) -> Source:
    """A statement derived here around the paper's measure."""
    return Source(PAPER, where, "derived here", BIB)
