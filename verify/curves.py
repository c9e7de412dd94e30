"""Pictures of one network: both sides of a part over time."""

from __future__ import annotations

from typing import Any

import torch

from theory import Claim, Scale
from theory.render import pretty

from .checks import evaluate_sides, programs
from .experiment import Experiment, Run, pick
from .search import hypothesis_run

PICTURES = 2


def curves_of(claim: Claim, experiment: Experiment, piece: Any, seed_: int, run: Run) -> list[dict[str, Any]]:
    """Measured against predicted over time, for the first networks that the claim's families give."""
    if not experiment.picture:
        return []
    found: list[dict[str, Any]] = []

    def body(family: Any) -> None:
        if len(found) < PICTURES:
            instances = experiment.realise(family, 1)
            title = f"{getattr(family, 'regime', 'drawn')}: {_shapes(instances)}"
            found.append(_curve(claim, experiment, instances, title, run))

    if experiment.witnesses:
        witness = experiment.witnesses[0]()
        found.append(_curve(claim, experiment, pick(witness, [0]), f"witness: {_shapes(witness)}", run))
    hypothesis_run(body, experiment.families, 2 * PICTURES, seed_, shrink=False)
    return found


def _curve(claim: Claim, experiment: Experiment, instances: Any, title: str, run: Run) -> dict[str, Any]:
    measured = experiment.measure(instances, run)
    part, program = programs(claim, None, "torch")[experiment.picture]
    sides = evaluate_sides(part, program, measured)
    x = torch.as_tensor(measured.values[measured.axis]).to(torch.float64).expand_as(sides.left)[0]
    keep = sides.judged[0] & torch.isfinite(sides.left[0])
    log = part.scale is Scale.LOG
    names = claim.names("unicode")
    return {
        "title": title,
        "xlabel": {"t": "time of the flow", "k": "steps"}.get(measured.axis, measured.axis),
        "ylabel": pretty(part.relation.lhs, names),
        "xscale": "linear",
        "yscale": "log" if log else _scale(sides, keep),
        "x": x[keep].tolist(),
        "series": [
            {"label": "measured", "role": "measured", "y": _values(sides.left[0][keep], log)},
            {"label": "predicted", "role": "bound", "y": _values(sides.right[0][keep], log)},
        ],
    }


def _values(y: torch.Tensor, log: bool) -> list[float | None]:
    y = y.exp() if log else y
    return [float(v) if bool(torch.isfinite(v)) else None for v in y]


def _scale(sides: Any, keep: torch.Tensor) -> str:
    positive = bool((sides.left[0][keep] > 0).all()) and bool(keep.any())
    wide = positive and float(sides.left[0][keep].max() / sides.left[0][keep].min()) > 100
    return "log" if wide else "linear"


def _shapes(instances: Any) -> str:
    shapes = {
        k: "×".join(map(str, v.shape[1:])) for k, v in instances.items() if isinstance(v, torch.Tensor) and v.ndim == 3
    }
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items())
