"""Counterexamples: shortened to few digits, stored as JSON, replayed from the file."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from theory import Claim, get_claim

from .checks import assumptions_hold, judge
from .domain import checked
from .errors import VerifyError
from .experiment import Experiment, Instances, Run, plain
from .search import Found, claim_seed, hypothesis_run, search_shard

FORMAT = "lemmaflow-counterexample-1"


def shorten(claim: Claim, experiment: Experiment, found: Found, device: torch.device) -> Found:
    """The same counterexample with as few digits as still violate the claim, confirmed at higher precision."""
    for digits in (1, 2, 3, 4):
        short = {k: rounded(v, digits) if isinstance(v, Tensor) else v for k, v in found.instances.items()}
        try:
            measured = experiment.measure(short, Run(device, level=1))
            if not bool(assumptions_hold(claim, measured).all()):
                continue
            again = [j for j in judge(claim, measured) if j.part == found.part]
        except (ValueError, RuntimeError):
            continue  # rounding left the claim's domain, e.g. it changed the rank of X
        if bool(again[0].violates[0]):
            return Found(found.part, short, again[0].worst(0))
    return found


def rounded(x: Tensor, digits: int) -> Tensor:
    """Every number at so many significant decimal digits; whole numbers stay."""
    if not x.is_floating_point():
        return x
    return torch.tensor([float(f"{v:.{digits}g}") for v in x.flatten().tolist()], dtype=x.dtype).reshape(x.shape)


def save(claim: Claim, found: Found, folder: Path) -> Path:
    """Write the counterexample (whole or not at all); returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{claim.id}.json"
    text = json.dumps(
        {
            "format": FORMAT,
            "claim": claim.id,
            "part": found.part,
            "instance": plain(found.instances),
            **found.worst,
        },
        indent=1,
    )
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as f:
        f.write(text)
    os.replace(f.name, path)
    return path


def load(path: Path) -> dict[str, Any]:
    """Read a stored counterexample; raises `VerifyError` when it is none or its values are impossible."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["format"] != FORMAT or not stored["claim"] or not stored["part"]:
            raise KeyError(stored["format"])
        if not all(isinstance(stored[k], t) for k, t in (("claim", str), ("part", str), ("instance", dict))):
            raise TypeError("claim and part are words, the instance is an object")
    except OSError as error:
        raise VerifyError(
            f"cannot read {str(path)!r}: {error.strerror or error}; give a counterexample file or a claim id"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise VerifyError(
            f"{str(path)!r} is no counterexample file ({_line(error)}); `lemmaflow "
            "verify` writes them to OUT/counterexamples"
        ) from None
    claim = get_claim(stored["claim"])
    claim.part(stored["part"])
    instance = checked(claim, stored["instance"], _example(claim))
    batch = {k: v if isinstance(v, int) else torch.tensor([v], dtype=torch.float64) for k, v in instance.items()}
    return stored | {"instance": instance, "instances": batch}


def _example(claim: Claim) -> Instances:
    """An instance of the claim's experiment, drawn always alike."""
    experiment, drawn = _experiment(claim), []
    hypothesis_run(drawn.append, experiment.families, 1, 0, shrink=False)
    return experiment.realise(drawn[0], 1)


def _experiment(claim: Claim) -> Experiment:
    from .papers import experiment_of

    experiment = experiment_of(claim.id)
    if not isinstance(experiment, Experiment):
        raise VerifyError(f"{claim.id} is tested by statistics; there is no single instance to replay")
    return experiment


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"


def replay(target: str, device: str = "cpu") -> dict[str, Any]:
    """Train a stored counterexample again: FILE, or the id of a claim whose refutation is searched afresh."""
    if Path(target).exists() or target.endswith(".json"):
        stored = load(Path(target))
        claim, part, instances = get_claim(stored["claim"]), stored["part"], stored["instances"]
    else:
        claim = get_claim(target)
        part, instances = _fresh(claim, device)
    experiment = _experiment(claim)
    try:
        measured = experiment.measure(instances, Run(torch.device(device), level=1))
    except KeyError as missing:
        raise VerifyError(
            f"the counterexample has no array {missing}; `lemmaflow show {claim.id}` lists them"
        ) from None
    except (ValueError, RuntimeError, IndexError, ArithmeticError) as error:
        raise VerifyError(
            f"{claim.id} cannot be measured on the counterexample ({_line(error)}); `lemmaflow show` lists the shapes"
        ) from None
    if not bool(assumptions_hold(claim, measured).all()):
        raise VerifyError(f"the instance is outside the assumptions of {claim.id}; `lemmaflow show` lists them")
    judgements = judge(claim, measured)
    j = next(j for j in judgements if j.part == part)
    if bool(j.unclear[0]):
        raise VerifyError(f"{claim.id}, part {part}: float64 cannot judge the counterexample; give smaller numbers")
    worst = j.worst(0)
    return {
        "claim": claim.id,
        "part": part,
        **{k: worst[k] for k in ("measured", "predicted", "budget", "excess")},
        "violates": bool(j.violates[0]),
        "instance": plain(instances),
        "at": {"index": worst["index"]},
    }


def _fresh(claim: Claim, device: str) -> tuple[str, Instances]:
    from .profiles import get_profile

    experiment = _experiment(claim)
    run = Run(torch.device(device))
    tally = search_shard(claim, experiment, get_profile("quick"), claim_seed(0, claim.id, 0), run, True)
    if tally.found is None:
        raise VerifyError(f"{claim.id}: no counterexample found; there is nothing to replay")
    found = shorten(claim, experiment, tally.found, run.device)
    return found.part, found.instances
