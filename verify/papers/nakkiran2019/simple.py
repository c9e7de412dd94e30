"""Experiments on the simplified model: what the simple classifier explains of a linear network along its training."""

from __future__ import annotations

from functools import partial

import torch
from hypothesis import strategies as st

from ...experiment import Experiment, Instances, Measured, Run, Variation, to_device
from . import gaussian_block, gaussian_tail, keys, sampled
from .model import (
    MODEL,
    Fresh,
    families,
    information,
    information_rounding,
    misled,
    path_rounding,
    realise,
    sizes,
    trained_path,
)

STEPS = 16
PARTS = ("performance", "lower", "nothing-gained", "lost-entropy", "lost-linear")


def measure(instances: Instances, run: Run, fresh: Fresh = MODEL) -> Measured:
    """The exact law of (F, L, Y) after each step of gradient descent."""
    i = to_device(instances, run)
    w = trained_path(i, STEPS)[:, 1:]
    values, distance = information(i, w, fresh)
    reach = (i["a"][:, None] + i["scale"][:, None]) * path_rounding(i, w)
    budget = torch.full_like(distance, 4 * information_rounding(i))
    judged = {k: distance > reach for k in PARTS}
    t = torch.arange(1, STEPS + 1, dtype=w.dtype, device=w.device).expand(len(w), -1)
    return Measured({**sizes(i), **values, "t": t}, dict.fromkeys(PARTS, budget), judged, axis="t")


ANY = st.one_of(families(largest=400), families(keys=True, largest=400))


sufficiency = Experiment(
    "nakkiran2019.sufficiency",
    ANY,
    realise,
    measure,
    witnesses=(misled,),
    settings={"dependent": Variation(measure=partial(measure, fresh=Fresh(drift=0.5)))},
    picture="lower",
)

EXPERIMENTS = (
    sufficiency,
    *sampled.EXPERIMENTS,
    *gaussian_block.EXPERIMENTS,
    *gaussian_tail.EXPERIMENTS,
    *keys.EXPERIMENTS,
)
