"""How much of what a classifier F knows about the label Y another one, G, explains: ratios of information.

Laws and count tables are those of ``information``: (..., K_F, K_G, K_Y). A ratio whose denominator is 0 is nan.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from .information import Counts, JointLaw, PairLaw, correlation_of, entropy, frequencies, mutual_information

__all__ = ["Cells", "Shares", "last_before", "occupied", "shares_of", "shares_on"]

Numbers = Float[Tensor, "*lead"]

NOTHING = 1e-12
"""Information below this is 0 up to rounding; of N samples the smallest that is not 0 is of the order 1/N^2."""


@dataclass(frozen=True)
class Shares:
    """What F and G know of Y, in nats; every field has the leading dimensions of the law."""

    F: Numbers
    """``I(F;Y)``"""
    G: Numbers
    """``I(G;Y)``"""
    mu: Numbers
    """``mu_Y(F;G) = I(F;Y) - I(F;Y|G)``"""
    rest: Numbers
    """``I(F;Y|G)``"""
    null: Numbers
    """``mu`` of the law with the same pairs (F, Y), (G, Y) in which F and G are independent given Y: its I(F;G)"""
    missing: Numbers
    """``H(Y|F)``"""

    @property
    def explained(self) -> Numbers:
        """Share of what F knows that G knows too."""
        return _ratio(self.mu, self.F)

    @property
    def explained_null(self) -> Numbers:
        """The same share if F and G had nothing in common but the label."""
        return _ratio(self.null, self.F)

    @property
    def retained(self) -> Numbers:
        """Share of what G knows that F knows too."""
        return _ratio(self.mu, self.G)

    @property
    def retained_null(self) -> Numbers:
        """The same share if F and G had nothing in common but the label."""
        return _ratio(self.null, self.G)

    @property
    def explained_forced(self) -> Numbers:
        """The least that it can be, since ``mu >= I(G;Y) - H(Y|F)``; negative where F leaves much open."""
        return _ratio(self.G - self.missing, self.F)

    @property
    def retained_forced(self) -> Numbers:
        """The least that it can be, since ``mu >= I(G;Y) - H(Y|F)``: an accurate F retains every G."""
        return _ratio(self.G - self.missing, self.G)


def shares_of(law: JointLaw) -> Shares:
    """Everything that is said here about a joint law of F, G and Y."""
    return _shares(law.sum(-2), law.sum(-3), law.sum(-1), entropy(law, (-3, -2, -1)))


@dataclass(frozen=True)
class Cells:
    """Values f, g, y of S different cells (3, S) of tables that have no others, and the numbers of values."""

    values: Int64[Tensor, "3 S"]
    sizes: tuple[int, int, int]

    def margin(self, counts: Int64[Tensor, "*lead S"], a: int, b: int) -> Int64[Tensor, "*lead K_a K_b"]:
        """Counts of two of the variables F, G, Y = 0, 1, 2."""
        place = self.values[a] * self.sizes[b] + self.values[b]
        table = counts.new_zeros(*counts.shape[:-1], self.sizes[a] * self.sizes[b])
        return table.scatter_add_(-1, place.expand_as(counts), counts).unflatten(-1, (self.sizes[a], self.sizes[b]))


def occupied(counts: Counts) -> tuple[Cells, Int64[Tensor, "*lead S"]]:
    """The cells that are occupied in some of the tables, and their counts: at most as many as there are samples."""
    K_F, K_G, K_Y = counts.shape[-3:]
    flat = counts.flatten(-3)
    places = (flat.reshape(-1, flat.shape[-1]) > 0).any(0).nonzero()[:, 0]
    return Cells(torch.stack(torch.unravel_index(places, (K_F, K_G, K_Y))), (K_F, K_G, K_Y)), flat[..., places]


def shares_on(cells: Cells, counts: Int64[Tensor, "*lead S"]) -> Shares:
    """``shares_of`` the relative frequencies in tables with few occupied cells, in which there may be many classes."""
    fy, gy, fg = (frequencies(cells.margin(counts, a, b), 2) for a, b in ((0, 2), (1, 2), (0, 1)))
    return _shares(fy, gy, fg, entropy(frequencies(counts, 1)))


def _shares(fy: PairLaw, gy: PairLaw, fg: PairLaw, whole: Numbers) -> Shares:
    """From the laws of the pairs, and the entropy of all three."""
    y, F, G = gy.sum(-2), mutual_information(fy), mutual_information(gy)
    mu = correlation_of(fy, gy, fg, whole)
    given = torch.where(y > 0, y, torch.ones_like(y))
    apart = fy @ (gy / given[..., None, :]).mT
    return Shares(F, G, mu, F - mu, mutual_information(apart), entropy(fy, (-2, -1)) - entropy(fy.sum(-1)))


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    return a / torch.where(b > NOTHING, b, torch.full_like(b, torch.nan))


def last_before(values: Float[Tensor, "*lead T"], level: Numbers) -> Int64[Tensor, "*lead"]:
    """Index of the last value before the first one above ``level``; -1 where the first value is, or none ever is."""
    above = values > level[..., None]
    first = above.long().argmax(-1)
    return torch.where(above.any(-1), first - 1, -torch.ones_like(first))
