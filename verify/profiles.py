"""The size of every profile, in one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .errors import VerifyError

CAMPAIGN_LEVEL = 1e-3
"""Probability that verifying a true catalogue raises a statistical false alarm."""
CONFIDENCE = 0.95
"""Confidence of the reported upper limits of violation probabilities."""


@dataclass(frozen=True)
class Profile:
    """How much work a campaign does for each claim.

    `examples` families drawn by hypothesis in each shard, each realised as `batch` networks; `shards`
    independent, separately stored pieces; `shrinks` batches spent on making a counterexample smaller; `draws` random
    networks for each statistical design; without `all_designs` only those that are marked quick. With `study` the
    systematic mutants are tried, the constants sharpened and the assumptions dropped, with so many batches of `climbs`
    towards extremal instances, one instance of a batch is run by a second engine, and `certified` instances a claim
    are run in ball arithmetic.
    """

    name: str
    examples: int
    batch: int
    shards: int
    shrinks: int
    draws: int
    all_designs: bool
    study: bool = False
    climbs: int = 0
    certified: int = 0

    def settings(self) -> dict[str, object]:
        return asdict(self)


PROFILES = {
    "quick": Profile("quick", examples=3, batch=8, shards=1, shrinks=12, draws=400, all_designs=False),
    "standard": Profile(
        "standard",
        examples=12,
        batch=32,
        shards=2,
        shrinks=60,
        draws=2000,
        all_designs=True,
        study=True,
        climbs=6,
        certified=2,
    ),
    "deep": Profile(
        "deep",
        examples=100,
        batch=32,
        shards=100,
        shrinks=300,
        draws=20000,
        all_designs=True,
        study=True,
        climbs=60,
        certified=2,
    ),
}


def get_profile(name: str) -> Profile:
    """The profile of that name; raises `VerifyError` naming those there are."""
    if name not in PROFILES:
        raise VerifyError(f"unknown profile {name!r}; choose one of {', '.join(PROFILES)}")
    return PROFILES[name]
