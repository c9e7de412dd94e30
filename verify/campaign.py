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

import torch

from theory import Claim, get_claim, select

from .data import Dataset, Predictions
from .environment import environment, source_digest, versions
from .errors import UsageError
from .experiment import Experiment, Run, Sampling
from .papers import experiment_of
from .pictures import figures_of, figures_of_data, whole_papers
from .predictions import data_section
from .profiles import CAMPAIGN_LEVEL, CONFIDENCE, Profile, get_profile
from .result import claim_result
from .sampling import count_tests, planned_draws
from .statistics import bonferroni, error_budget
from .store import Store, fingerprint
from .verdict import as_expected, unexpected
from .work import Piece, attempt, claim_for, merge, start_worker

SCHEMA_VERSION = "1.2"
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
    data: Dataset | Predictions | None


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
    tests, level = _error_level(claims, profile, request.data)
    pieces = {c.id: _pieces(c, profile, request, device, level) for c in claims}
    on_event({"event": "planned", "claims": [c.id for c in claims]})
    data = None if request.data is None else data_section(request.data, request.seed)
    results, figures, interrupted = _results(pieces, claims, request, level, on_event)
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "lemmaflow", "version": version("lemmaflow")},
        "profile": profile.name,
        "seed": request.seed,
        "device": device,
        "environment": environment(device),
        "settings": {**profile.settings(), "jobs": request.jobs, "claims_requested": list(request.claims)},
        "error_level": {
            "campaign": min(1.0, tests * level) if isinstance(request.data, Predictions) else CAMPAIGN_LEVEL,
            "tests": tests,
            "per_test": level,
            "table": _error_table(results, profile),
        },
        "started": started,
        "seconds": time.perf_counter() - began,
        "interrupted": interrupted,
        "exit_code": exit_code(results, interrupted),
        "data": data,
        "figures": figures,
        "claims": results,
    }


def _error_level(claims: list[Claim], profile: Profile, data: Dataset | Predictions | None) -> tuple[int, float]:
    """The number of statistical tests and the level of each. On a user's predictions a test rejects where the interval
    that it tells lies on the wrong side: what is at stake there is no false alarm about the catalogue."""
    sampled = [(c, e) for c in claims if isinstance(e := experiment_of(c.id), Sampling)]
    if isinstance(data, Predictions):
        return sum(len(c.parts) for c, _ in sampled), (1 - CONFIDENCE) / 2
    tests = sum(count_tests(c, e, profile) for c, e in sampled)
    return tests, bonferroni(tests)


def _results(
    pieces: dict[str, list[Piece]], claims: list[Claim], request: Request, level: float, on_event: Event
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    """The results of the claims, in their order, the pictures of their papers, and whether Ctrl-C cut the work short:
    what was finished is kept."""
    store = Store(request.out / "campaign.sqlite")
    results, figures, interrupted = [], [], False
    try:
        for claim, shards in _work(pieces, claims, store, request, level, on_event):
            result = claim_result(claim_for(claim.id, request.data), merge(shards), request.out)
            results.append(result)
            on_event({"event": "finished", "claim": claim.id, "result": result})
        figures = _figures(claims, store, pieces[claims[0].id][0])
    except KeyboardInterrupt:
        interrupted = True
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not lose the report of what is done
    finally:
        store.close()
    order = [c.id for c in claims]
    return sorted(results, key=lambda r: order.index(r["id"])), figures, interrupted


def _selected(request: Request) -> list[Claim]:
    """The requested claims; with data those that speak of any data set (naming another one by id is an error)."""
    claims = select(request.claims)
    if request.data is None:
        return claims
    usable = [c for c in claims if _takes(experiment_of(c.id), request.data)]
    unusable = {c.id for c in claims} - {c.id for c in usable}
    named = sorted(unusable & set(request.claims))
    if named or not usable:
        what = f"{request.data.kind}, which {request.data.name} holds"
        raise UsageError(f"{', '.join(named) or 'none of the claims'}: not about {what}; leave --data out")
    return usable


def _takes(experiment: Experiment | Sampling, data: Dataset | Predictions) -> bool:
    """Whether an experiment can be made on a user's data: a search takes a regression problem, sampling predictions."""
    kind = Dataset if isinstance(experiment, Experiment) else Predictions
    return experiment.on_data is not None and isinstance(data, kind)


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
    shared = _settings(next(iter(pieces.values()))[0])
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


def _settings(piece: Piece) -> dict[str, Any]:
    """What every stored result of the campaign of a piece depends on."""
    return {
        "profile": piece.profile.settings(),
        "seed": piece.seed,
        "device": piece.device,
        "data": piece.data and piece.data.digest(),
        "source": source_digest(),
        "versions": versions(),
    }


def _figures(claims: list[Claim], store: Store, piece: Piece) -> list[dict[str, Any]]:
    """The pictures of the papers that are verified as a whole, made once and stored; on a user's data, those of it."""
    if piece.data is not None:
        return figures_of_data({c.paper for c in claims}, piece.data)
    key, figures = fingerprint(**_settings(piece)), []
    for paper in whole_papers(claims):
        done = store.get(key, f"{paper}: figures", 0)
        if done is None:
            done = {"figures": figures_of(paper, piece.seed, piece.profile, Run(torch.device(piece.device)))}
            store.put(key, f"{paper}: figures", 0, done)
        figures += done["figures"]
    return figures


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
