"""One piece of work of a campaign: a shard of one claim, carried out in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import time
from dataclasses import dataclass, replace
from typing import Any

import torch

from theory import Claim, get_claim

from .ablation import merge_ablation
from .certify import certified, contradicted
from .checks import slack_unit
from .counterexample import shorten
from .curves import curves_of
from .data import Dataset, Predictions
from .experiment import Design, Experiment, Run, Sampling, plain
from .papers import experiment_of
from .profiles import Profile
from .rigour import certificates, float_agreement
from .sampling import sample_claim
from .score import merge_rows
from .search import Tally, claim_seed, search_shard
from .sharpness import merge_limits
from .study import study_of_sampling
from .vacuity import merge_vacuity


@dataclass(frozen=True)
class Piece:
    """Everything a worker needs."""

    claim: str
    shard: int
    profile: Profile
    seed: int
    device: str
    level: float
    data: Dataset | Predictions | None


def start_worker() -> None:
    """One thread a process: small batched products are slower with threads that fight."""
    torch.set_num_threads(1)
    if multiprocessing.parent_process() is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle


def attempt(piece: Piece) -> dict[str, Any]:
    """Do the piece; an error of one piece becomes its result, and the rest of the campaign goes on."""
    try:
        return carry_out(piece)
    except (ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
        empty = {**summary(Tally()), "unit": "", "statistics": [], "seconds": 0.0}
        return {**empty, "error": f"{type(error).__name__}: {error}"}


def carry_out(piece: Piece) -> dict[str, Any]:
    """Do the piece; returns plain data for the store."""
    began = time.perf_counter()
    claim, experiment = claim_for(piece.claim, piece.data), experiment_of(piece.claim)
    run, seed = Run(torch.device(piece.device)), claim_seed(piece.seed, piece.claim, piece.shard)
    profile = replace(piece.profile, study=piece.profile.study and piece.data is None)
    tests: list[Any] = []
    if isinstance(experiment, Experiment):
        experiment = _for_data(experiment, piece.data)
        tally = search_shard(claim, experiment, profile, seed, run, piece.shard == 0)
    else:
        experiment = _for_predictions(experiment, piece.data)
        tally, tests = sample_claim(claim, experiment, profile, piece.seed, run, piece.level)
        tally.findings = study_of_sampling(claim, experiment, profile, piece.seed, run, piece.level)
    result = summary(tally)
    if piece.data is not None:  # that a part has no occasion to speak on one data set says nothing against it
        result["spoke"] = {part: n for part, n in result["spoke"].items() if n}
    result["unit"] = slack_unit(claim)
    result["statistics"] = [t.row() for t in tests]
    if tally.found is not None and isinstance(experiment, Experiment):
        found = shorten(claim, experiment, tally.found, run.device)
        rigorous, elsewhere = certified(claim, experiment, found)
        if not rigorous and contradicted(claim, experiment, found, replace(run, level=1)):
            # the engine erred: nothing is said about the theorem
            result["engines"] = merge_engines(result["engines"], {"compared": 1, "disagreed": 1, "worst": None})
        else:
            ways = {"certified": rigorous, "elsewhere": elsewhere, "confirmed_by": experiment.confirmed_by}
            result["found"] = {"part": found.part, "instance": plain(found.instances), **found.worst, **ways}
    if piece.shard == 0 and isinstance(experiment, Experiment):
        result["curves"] = curves_of(claim, experiment, piece, seed, run)
        if not claim.printed and piece.data is None:
            count = piece.profile.certified
            result["certificates"] = certificates(claim, experiment, count, seed)
            balls = float_agreement(claim, experiment, count, seed, run)
            result["engines"] = merge_engines(result["engines"], balls)
    result["seconds"] = time.perf_counter() - began
    return result


def claim_for(claim_id: str, data: Dataset | Predictions | None) -> Claim:
    """The claim as it is verified: on a user's data without its mutants, since one data set need not refute them."""
    claim = get_claim(claim_id)
    if data is None:
        return claim
    note = "On one data set the mutants are not tried: the power of the checks is that of the general families."
    return replace(claim, mutants=(), notes=(*claim.notes, note))


def _for_data(experiment: Experiment, data: Dataset | Predictions | None) -> Experiment:
    if data is None or experiment.on_data is None:
        return experiment
    families, realise = experiment.on_data(data)
    return replace(experiment, families=families, realise=realise, witnesses=())


def _for_predictions(sampling: Sampling, data: Dataset | Predictions | None) -> Sampling:
    """The experiment on the one run that a user brought."""
    if data is None or sampling.on_data is None:
        return sampling
    return replace(
        sampling, designs=(Design(data.name, {}, draws=1),), sample=sampling.on_data(data), settings={}, shared=""
    )


def summary(tally: Tally) -> dict[str, Any]:
    """The counts of a tally as plain data."""
    return {
        "planned": tally.planned,
        "run": tally.run,
        "skipped": tally.skipped,
        "violations": tally.violations,
        "inconclusive": tally.inconclusive,
        "slacks": tally.slacks,
        "mutants": tally.refuted_mutants,
        "families": list(tally.families.values()),
        "spoke": tally.spoke,
        "engines": {"compared": tally.compared, "disagreed": tally.disagreed, "worst": tally.disagreement},
        "findings": tally.findings,
    }


def merge(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The shards of one claim as one result: counts add, the first counterexample is kept."""
    first = dict(results[0])
    for other in results[1:]:
        for key in ("planned", "run", "skipped", "violations", "inconclusive", "seconds"):
            first[key] += other[key]
        first["slacks"] = first["slacks"] + other["slacks"]
        first["mutants"] = {**other["mutants"], **first["mutants"]}
        first["statistics"] = first["statistics"] + other["statistics"]
        first["spoke"] = {
            p: first["spoke"].get(p, 0) + other["spoke"].get(p, 0) for p in {**first["spoke"], **other["spoke"]}
        }
        first["families"] = _merge_families(first["families"], other["families"])
        first["found"] = first.get("found") or other.get("found")
        first["error"] = first.get("error") or other.get("error")
        first["certificates"] = first.get("certificates") or other.get("certificates")
        first["engines"] = merge_engines(first["engines"], other["engines"])
        first["findings"] = _merge_findings(first["findings"], other["findings"])
    return first


def merge_engines(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    worst = [x["worst"] for x in (a, b) if x["worst"] is not None]
    return {**{k: a[k] + b[k] for k in ("compared", "disagreed")}, "worst": max(worst, default=None)}


MERGED = {"power": merge_rows, "sharpness": merge_limits, "ablation": merge_ablation, "vacuity": merge_vacuity}


def _merge_findings(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """What two shards found; a shard that came to grief found nothing."""
    return {k: MERGED[k](a[k], b[k]) if k in a and k in b else a.get(k, b.get(k)) for k in {**a, **b}}


def _merge_families(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = {r["name"]: dict(r) for r in a}
    for r in b:
        row = rows.setdefault(r["name"], {**r, "run": 0, "violations": 0, "inconclusive": 0})
        for key in ("run", "violations", "inconclusive"):
            row[key] += r[key]
        slacks = [x for x in (row["worst_slack"], r["worst_slack"]) if x is not None]
        row["worst_slack"] = min(slacks, default=None)
    return list(rows.values())
