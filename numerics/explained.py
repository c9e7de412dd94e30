"""How much of what a classifier F knows about the label Y another one, G, explains: ratios of information.

Laws and count tables are those of ``information``: (..., K_F, K_G, K_Y). A ratio whose denominator is 0 is nan.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from .information import (
    JointLaw,
    conditional_mutual_information,
    entropy,
    mutual_information,
    performance_correlation,
)

__all__ = ["Shares", "last_before", "shares_of"]

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
    """``mu`` of the law with the same pairs (F, Y), (G, Y) in which F and G are independent given Y"""
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
    fy, gy = law.sum(-2), law.sum(-3)
    y = gy.sum(-2)
    given = torch.where(y > 0, y, torch.ones_like(y))
    apart = fy[..., :, None, :] * gy[..., None, :, :] / given[..., None, None, :]
    return Shares(
        mutual_information(fy),
        mutual_information(gy),
        performance_correlation(law),
        conditional_mutual_information(law),
        performance_correlation(apart),
        entropy(fy, (-2, -1)) - entropy(fy.sum(-1)),
    )


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    return a / torch.where(b > NOTHING, b, torch.full_like(b, torch.nan))


def last_before(values: Float[Tensor, "*lead T"], level: Numbers) -> Int64[Tensor, "*lead"]:
    """Index of the last value before the first one above ``level``; -1 where the first value is, or none ever is."""
    above = values > level[..., None]
    first = above.long().argmax(-1)
    return torch.where(above.any(-1), first - 1, -torch.ones_like(first))
