"""A campaign: many claims, in parallel processes, interrupted and resumed without loss, one error level for all."""

from __future__ import annotations

import itertools
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from theory import Claim, fully_checked, get_claim, proof_status, select, trust_base

from .counterexample import save
from .data import Dataset
from .environment import environment, source_digest, versions
from .errors import UsageError
from .experiment import Experiment, Sampling
from .papers import experiment_of
from .power import summary_of
from .predictions import data_section
from .profiles import CAMPAIGN_LEVEL, CONFIDENCE, Profile, get_profile
from .sampling import count_tests, is_coverage, planned_draws
from .search import Found
from .statistics import BELOW, bonferroni, error_budget, violation_upper_limit, worst_upper_limit
from .store import Store, fingerprint
from .vacuity import Vacuity, vacuity_section
from .verdict import Verdict, as_expected, unexpected
from .work import Piece, attempt, claim_for, merge, start_worker

SCHEMA_VERSION = "1.1"
Event = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Request:
    """What to verify: ids or paper keys (all, if none), profile, seed, device (auto, cpu, cuda), processes, output
    folder, and the user's data if she has any."""

    claims: tuple[str, ...]
    profile: str
    seed: int
    device: str
    jobs: int
    out: Path
    data: Dataset | None


def resolve_device(device: str) -> str:
    """auto -> cuda where there is one; raises `UsageError` for cuda without CUDA."""
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: this machine has no CUDA device that torch can use; take --device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


def run_campaign(request: Request, on_event: Event = lambda _: None) -> dict[str, Any]:
    """Verify the requested claims; returns the report (the dict behind report.json).

    Raises `UsageError`, `TheoryError`, `OutputError` before any work starts. On Ctrl-C what was finished is kept,
    and the report says "interrupted".
    """
    began, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    profile, device = get_profile(request.profile), resolve_device(request.device)
    claims = _selected(request)
    tests = sum(count_tests(c, e, profile) for c in claims if isinstance(e := experiment_of(c.id), Sampling))
    level = bonferroni(tests)
    pieces = {c.id: _pieces(c, profile, request, device, level) for c in claims}
    on_event({"event": "planned", "claims": [c.id for c in claims]})
    data = None if request.data is None else data_section(request.data, request.seed)
    store = Store(request.out / "campaign.sqlite")
    results, interrupted = [], False
    try:
        for claim, shards in _work(pieces, claims, store, request, level, on_event):
            result = claim_result(claim_for(claim.id, request.data), merge(shards), request.out)
            results.append(result)
            on_event({"event": "finished", "claim": claim.id, "result": result})
    except KeyboardInterrupt:
        interrupted = True
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not lose the report of what is done
    finally:
        store.close()
    results.sort(key=lambda r: [c.id for c in claims].index(r["id"]))
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "lemmaflow", "version": version("lemmaflow")},
        "profile": profile.name,
        "seed": request.seed,
        "device": device,
        "environment": environment(device),
        "settings": {**profile.settings(), "jobs": request.jobs, "claims_requested": list(request.claims)},
        "error_level": {
            "campaign": CAMPAIGN_LEVEL,
            "tests": tests,
            "per_test": level,
            "table": _error_table(results, profile),
        },
        "started": started,
        "seconds": time.perf_counter() - began,
        "interrupted": interrupted,
        "exit_code": exit_code(results, interrupted),
        "data": data,
        "claims": results,
    }


def _selected(request: Request) -> list[Claim]:
    """The requested claims; with data those that speak of any data set (naming another one by id is an error)."""
    claims = select(request.claims)
    if request.data is None:
        return claims
    usable = [c for c in claims if isinstance(e := experiment_of(c.id), Experiment) and e.on_data is not None]
    unusable = {c.id for c in claims} - {c.id for c in usable}
    named = sorted(unusable & set(request.claims))
    if named or not usable:
        raise UsageError(f"{', '.join(named) or 'none of the claims'}: not about any given data set; leave --data out")
    return usable


def _pieces(claim: Claim, profile: Profile, request: Request, device: str, level: float) -> list[Piece]:
    shards = profile.shards if isinstance(experiment_of(claim.id), Experiment) else 1
    return [Piece(claim.id, i, profile, request.seed, device, level, request.data) for i in range(shards)]


def _work(
    pieces: dict[str, list[Piece]],
    claims: list[Claim],
    store: Store,
    request: Request,
    level: float,
    on_event: Event,
) -> Iterator[tuple[Claim, list[dict[str, Any]]]]:
    """Yield each claim with the results of its shards as soon as all of them are there."""
    any_piece = next(iter(pieces.values()))[0]
    shared = {
        "profile": any_piece.profile.settings(),
        "seed": request.seed,
        "device": any_piece.device,
        "data": request.data and request.data.digest(),
        "source": source_digest(),
        "versions": versions(),
    }
    search, sampling = fingerprint(**shared), fingerprint(**shared, level=level)
    keys = {c.id: sampling if isinstance(experiment_of(c.id), Sampling) else search for c in claims}
    done = {c.id: [store.get(keys[c.id], c.id, p.shard) for p in pieces[c.id]] for c in claims}
    todo = [p for c in claims for p in pieces[c.id] if done[c.id][p.shard] is None]
    by_id = {c.id: c for c in claims}
    for claim in claims:
        if all(done[claim.id]):
            yield claim, done[claim.id]  # type: ignore[misc]
    for piece, result in _carry_out_all(todo, request.jobs, on_event):
        if not result.get("error"):
            store.put(keys[piece.claim], piece.claim, piece.shard, result)
        done[piece.claim][piece.shard] = result
        finished = sum(r is not None for r in done[piece.claim])
        on_event({"event": "progress", "claim": piece.claim, "done": finished, "total": len(done[piece.claim])})
        if all(r is not None for r in done[piece.claim]):
            yield by_id[piece.claim], done[piece.claim]  # type: ignore[misc]


def _carry_out_all(todo: list[Piece], jobs: int, on_event: Event) -> Iterator[tuple[Piece, dict[str, Any]]]:
    """The results of the pieces as they come; no more pieces are handed out than there are workers, so that Ctrl-C
    waits for nothing."""
    if jobs <= 1 or len(todo) <= 1:
        start_worker()
        for piece in todo:
            on_event({"event": "started", "claim": piece.claim})
            yield piece, attempt(piece)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(todo)), mp_context=context, initializer=start_worker)
    waiting = iter(todo)
    running: dict[Future[dict[str, Any]], Piece] = {}
    try:
        while True:
            for piece in itertools.islice(waiting, jobs - len(running)):
                on_event({"event": "started", "claim": piece.claim})
                running[pool.submit(attempt, piece)] = piece
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def claim_result(claim: Claim, merged: dict[str, Any], out: Path) -> dict[str, Any]:
    """One claim's entry of the report."""
    verdicts = _verdicts(claim, merged)
    names = {v["name"] for v in verdicts}
    survivors = [m.name for m in claim.mutants if m.name not in merged["mutants"]]
    slacks, found = merged["slacks"], merged["findings"]
    return {
        "id": claim.id,
        "title": claim.title,
        "kind": claim.kind.value,
        "printed": claim.printed,
        "expected": claim.expected,
        "verdicts": verdicts,
        "as_expected": as_expected(claim.printed, names, len(survivors)),
        "instances": {k: merged[k] for k in ("planned", "run", "skipped", "violations", "inconclusive")},
        "violation_probability_upper": _limit(claim, merged),
        "confidence": CONFIDENCE,
        "worst_slack": min(slacks, default=None),
        "mutants": {
            "planted": len(claim.mutants),
            "refuted": len(claim.mutants) - len(survivors),
            "survivors": survivors,
            "table": _mutant_table(claim, merged["mutants"]),
            "systematic": summary_of(found["power"]) if "power" in found else None,
        },
        "sharpness": found.get("sharpness", []),
        "ablation": found.get("ablation", []),
        "certificates": merged.get("certificates"),
        "vacuity": vacuity_section(found.get("vacuity", Vacuity(claim).rows())),
        "engines": merged["engines"],
        "families": merged["families"],
        "statistics": merged["statistics"],
        "slack": _histogram(slacks, merged["unit"]),
        "curves": merged.get("curves", []),
        "counterexample": _counterexample(claim, merged.get("found"), out),
        "proof": _proof(claim),
        "notes": list(claim.notes),
        "seconds": merged["seconds"],
    }


def _verdicts(claim: Claim, merged: dict[str, Any]) -> list[dict[str, str]]:
    found, run = merged.get("found"), merged["run"]
    failed = [t for t in merged["statistics"] if not t["passed"]]
    verdicts = []
    if found:
        how = "ball arithmetic" if found["certified"] else found["confirmed_by"]
        sides = {k: found[k] for k in ("part", "measured", "predicted", "budget")}
        verdicts.append(Verdict.REFUTED.as_dict(how=how, **sides))
        if found["certified"]:
            verdicts.append(Verdict.CERTIFIED.as_dict())
    verdicts += [Verdict.REJECTED.as_dict(level=t["level"], name=t["name"], p=t["p_value"]) for t in failed]
    if not verdicts and run > merged["inconclusive"]:
        if claim.proof and fully_checked(claim.proof):
            verdicts.append(Verdict.PROVED.as_dict())
        verdicts.append(_supported(claim, merged))
    if merged.get("error"):
        verdicts.append(Verdict.FAILED.as_dict(error=merged["error"]))
    if merged["inconclusive"]:
        remedy = (
            "the integrator's error estimate was too large or a value was not finite; the report's families say where"
        )
        verdicts.append(Verdict.INCONCLUSIVE.as_dict(count=merged["inconclusive"], run=run, remedy=remedy))
    verdicts += [Verdict.VACUOUS.as_dict(part=p) for p, n in merged["spoke"].items() if n == 0 and not found]
    engines, certificates = merged["engines"], merged.get("certificates")
    if certificates and certificates["fails"]:
        sentence = certificates["sentence"]
        verdicts.append(Verdict.REFUTED_RIGOROUSLY.as_dict(count=certificates["fails"], sentence=sentence))
    elif certificates and certificates["holds"] and not found:
        verdicts.append(Verdict.HOLDS_RIGOROUSLY.as_dict(count=certificates["holds"]))
    if engines["disagreed"]:
        sides = {"count": engines["disagreed"], "compared": engines["compared"], "worst": engines["worst"]}
        verdicts.append(Verdict.UNSOUND.as_dict(**sides))
    return verdicts + _trivial(merged)


def _trivial(merged: dict[str, Any]) -> list[dict[str, str]]:
    """The parts that never beat the trivial bound; a campaign too small for a study cannot tell."""
    rows = merged["findings"]["vacuity"]["parts"] if "power" in merged["findings"] else []
    return [
        Verdict.TRIVIAL.as_dict(part=r["part"], trivial=r["trivial"], run=r["run"])
        for r in rows
        if r["trivial"] is not None and r["run"] and not r["informative"]
    ]


def _supported(claim: Claim, merged: dict[str, Any]) -> dict[str, str]:
    tests, run = merged["statistics"], merged["run"] - merged["inconclusive"]
    if not tests:
        limit = violation_upper_limit(merged["violations"], run)
        return Verdict.SUPPORTED.as_dict(run=run, confidence=CONFIDENCE, limit=limit)
    if is_coverage(claim):
        below = sum(t["test"].endswith(BELOW) for t in tests)
        return Verdict.COVERED.as_dict(run=run, violations=merged["violations"], tests=len(tests), below=below)
    return Verdict.FITTED.as_dict(run=run, tests=len(tests), level=tests[0]["level"])


def _limit(claim: Claim, merged: dict[str, Any]) -> float | None:
    """Upper confidence limit of the violation probability; None where instances are not judged one by one."""
    if merged["statistics"]:
        counts = [(f["violations"] + f["inconclusive"], f["run"]) for f in merged["families"]]
        return worst_upper_limit(counts) if is_coverage(claim) else None
    return violation_upper_limit(merged["violations"], merged["run"] - merged["inconclusive"])


def _mutant_table(claim: Claim, refuted: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": m.name, "text": m.text, "refuted": m.name in refuted, "evidence": refuted.get(m.name, "")}
        for m in claim.mutants
    ]


def _histogram(slacks: list[float], unit: str) -> dict[str, Any] | None:
    if not slacks:
        return None
    counts, edges = np.histogram(np.clip(slacks, -1e6, 1e6), bins=24)
    return {"unit": unit, "edges": edges.tolist(), "counts": counts.tolist()}


def _counterexample(claim: Claim, found: dict[str, Any] | None, out: Path) -> dict[str, Any] | None:
    if not found:
        return None
    worst = {k: found[k] for k in ("measured", "predicted", "budget", "excess", "index")}
    instances = {
        k: v if isinstance(v, int) else torch.tensor([v], dtype=torch.float64) for k, v in found["instance"].items()
    }
    path = save(claim, Found(found["part"], instances, worst), out / "counterexamples")
    relative = path.relative_to(out).as_posix()
    return {
        "part": found["part"],
        "file": relative,
        **{k: worst[k] for k in ("measured", "predicted", "budget", "excess")},
        "instance": found["instance"],
        "at": {"index": worst["index"]},
        "replay": f"lemmaflow replay {path}",
    }


def _proof(claim: Claim) -> dict[str, Any]:
    steps = [
        {
            "kind": s.kind.value,
            "text": f"{s.lemma}: {s.text}" if s.lemma else s.text,
            "status": s.check().value,
        }
        for s in claim.proof
    ]
    return {
        "steps": steps,
        "counts": proof_status(claim.proof),
        "fully_checked": fully_checked(claim.proof),
        "trust": trust_base(claim.proof),
    }


def _error_table(results: list[dict[str, Any]], profile: Profile) -> list[dict[str, Any]]:
    """Every statistical test of the campaign: what it spent of the error level, and what it could have seen."""
    rows = []
    for result in results:
        experiment = experiment_of(result["id"])
        if isinstance(experiment, Sampling):
            planned = planned_draws(get_claim(result["id"]), experiment, profile)
            rows += [{**t, "claim": result["id"], "planned": planned.get(t["name"])} for t in result["statistics"]]
    return error_budget(rows)


def exit_code(results: list[dict[str, Any]], interrupted: bool) -> int:
    """130 interrupted; 1 something unexpected; 3 something inconclusive and nothing unexpected; 0 otherwise."""
    if interrupted:
        return 130
    verdicts = [(r["printed"], {v["name"] for v in r["verdicts"]}, len(r["mutants"]["survivors"])) for r in results]
    if any(unexpected(*v) for v in verdicts):
        return 1
    return 0 if all(as_expected(*v) for v in verdicts) else 3
