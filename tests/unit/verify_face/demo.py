"""A catalogue of three small claims and a hand-written report about them, for the tests of the face."""

from __future__ import annotations

import math
from typing import Any

import sympy as sp

from theory.claim import (
    Assumption,
    Claim,
    Erratum,
    Kind,
    Mutant,
    Part,
    Quantifier,
    Quantity,
    Scale,
    Severity,
    Source,
)
from theory.proof import algebra, cited, lemma
from theory.words import Eigenvalue

n, D, h = sp.symbols("n D h", integer=True, positive=True)
r = sp.Symbol("r", integer=True, positive=True)
t, k, p = sp.Symbol("t", nonnegative=True), sp.Symbol("k", positive=True), sp.Symbol("p", positive=True)
rate, start, loss = sp.symbols("rate start loss", nonnegative=True)
X, Y, U = sp.MatrixSymbol("X", n, D), sp.MatrixSymbol("Y", n, 1), sp.MatrixSymbol("U", D, h)
a, b = sp.symbols("a b")

SETTING = (
    Quantity(n, "number of samples"),
    Quantity(D, "input dimension"),
    Quantity(h, "width"),
    Quantity(r, "rank of X"),
    Quantity(t, "time"),
    Quantity(k, "a constant"),
    Quantity(p, "a probability", domain=sp.And(p > 0, p < 1)),
    Quantity(X, "inputs"),
    Quantity(Y, "targets"),
    Quantity(U, "weights"),
    Quantity(rate, "twice the smallest eigenvalue", 2 * Eigenvalue(X.T * X, r), latex=r"\rho", unicode="ρ"),
    Quantity(start, "loss at the start", latex=r"\ell(0)", unicode="ℓ(0)"),
    Quantity(loss, "loss at time t", latex=r"\ell(t)", unicode="ℓ(t)", measured=True),
)
SOURCE = Source(
    "Nobody, Journal of Examples 2020", "Theorem 1", "printed", "@misc{nobody2020,\n  title = {A <b> & c}\n}"
)

BOUND = Claim(
    id="demo.rate",
    title="the loss decays",
    kind=Kind.TRAJECTORY,
    setting=SETTING,
    parts=(Part("rate", sp.Le(loss, sp.exp(-rate * t) * start), Quantifier.ALONG, Scale.LOG),),
    assumptions=(Assumption("gradient flow"), Assumption("k > 1", k > 1)),
    source=SOURCE,
    proof=(
        algebra("(a + b)² = a² + 2ab + b²", lambda: [((a + b) ** 2, a**2 + 2 * a * b + b**2)]),
        lemma("Grönwall", "…"),
    ),
    mutants=(Mutant("rate-2", "twice the rate", {"rate": sp.Le(loss, sp.exp(-2 * rate * t) * start)}),),
)
PARTS = Claim(
    id="demo.parts",
    title="two statements in one",
    kind=Kind.PROBABILITY,
    setting=SETTING,
    parts=(
        Part("first", sp.Le(loss, k / p + sp.sqrt(2))),
        Part("second", sp.Ge(loss, k * p), when=sp.Ge(h, n)),
    ),
    source=SOURCE,
    proof=(cited("elsewhere"),),
)
SLIP = Claim(
    id="demo.slip",
    title="the rate as printed",
    kind=Kind.TRAJECTORY,
    setting=SETTING,
    parts=(Part("rate", sp.Le(loss, sp.exp(-3 * rate * t) * start), Quantifier.ALONG, Scale.LOG),),
    source=SOURCE,
    erratum=Erratum(
        Severity.SLIP,
        "A factor 3 in the rate.",
        "The factor is 1.",
        "Everything else.",
        "demo.rate",
        "confirmed",
    ),
)
CATALOGUE = {claim.id: claim for claim in (BOUND, PARTS, SLIP)}


def result(claim: Claim, **changes: Any) -> dict[str, Any]:
    """A finished claim that came out as expected."""
    refuted = claim.printed
    found = {
        "part": "rate",
        "file": "counterexamples/demo.slip.json",
        "measured": 0.3678794411714423,
        "predicted": 0.049787068367863944,
        "budget": 1e-10,
        "excess": 0.31809237280357837,
        "instance": {"X": [[1.0]], "Y": [[0.0]], "u": 1.0},
        "at": {"t": 1.0},
        "replay": "lemmaflow replay out/counterexamples/demo.slip.json",
    }
    verdict = "refuted" if refuted else "supported"
    sentence = "A counterexample outside the error budget." if refuted else "No violation in 198 instances."
    return {
        "id": claim.id,
        "title": claim.title,
        "kind": claim.kind.value,
        "printed": claim.printed,
        "expected": claim.expected,
        "verdicts": [{"name": verdict, "sentence": sentence}],
        "as_expected": True,
        "instances": {
            "planned": 200,
            "run": 198,
            "skipped": 2,
            "violations": int(refuted),
            "inconclusive": 0,
        },
        "violation_probability_upper": None if refuted else 0.01502,
        "confidence": 0.95,
        "worst_slack": -0.3 if refuted else 0.0031,
        "mutants": _mutants(claim),
        "sharpness": _sharpness() if claim is BOUND else [],
        "ablation": _ablation() if claim is BOUND else [],
        "certificates": _certificates(claim),
        "vacuity": _vacuity(claim),
        "engines": _engines(claim),
        "families": [
            {"name": "balanced", "run": 98, "violations": 0, "inconclusive": 0, "worst_slack": 0.2},
            {
                "name": "rank-deficient <X>",
                "run": 100,
                "violations": 0,
                "inconclusive": 0,
                "worst_slack": 0.0031,
            },
        ],
        "statistics": _statistics(claim),
        "slack": None
        if refuted
        else {"unit": "log(bound / measured)", "edges": [0.0, 1.0, 2.0, 3.0], "counts": [3, 0, 195]},
        "curves": [] if claim is PARTS else [_curve()],
        "counterexample": found if refuted else None,
        "proof": _proof(claim),
        "notes": ["A note with <angle brackets>."],
        "seconds": 1.25,
        **changes,
    }


def _mutants(claim: Claim) -> dict[str, Any]:
    table = [{"name": m.name, "text": m.text, "refuted": True, "evidence": "instance 3"} for m in claim.mutants]
    systematic = {BOUND.id: _systematic(), PARTS.id: NOTHING_STRONGER}.get(claim.id)
    return {"planted": len(table), "refuted": len(table), "survivors": [], "table": table, "systematic": systematic}


NOTHING_STRONGER = {
    "tried": 0,
    "stronger": 0,
    "refuted": 0,
    "score": None,
    "weaker": 0,
    "equivalent": 0,
    "not_applicable": 0,
    "table": [],
}


def _systematic() -> dict[str, Any]:
    """Eight mutants: two of the five stronger ones survive, one over time and one over instances."""
    rows = [
        ("rate: 2 → 4 in ρ·t·2", "coefficient", "refuted", "instance", "measured 0.1, predicted <0.01>", None),
        ("rate: ≤ → ≥", "relation", "refuted", "instance", "at t = 1", None),
        ("rate: without ℓ(0)", "term", "refuted", "instance", "", None),
        ("rate: λ_r → λ_1", "index", "survived", "on 512 instances", "closest: excess −0.02 at t = 2", _survivor()),
        (
            "k > 1 dropped",
            "condition",
            "survived",
            "on 96 instances",
            "no instance with k ≤ 1 & h < n",
            _survivor(over="instance"),
        ),
        ("rate: 1 → 2 in ℓ(0)", "coefficient", "weaker", "symbolically", "", None),
        ("rate: t → −t", "sign", "weaker", "on 512 instances", "", None),
        ("rate: max → min", "max-min", "not applicable", "", "the claim has none", None),
    ]
    names = ("name", "operator", "outcome", "decided", "evidence", "curve")
    table = [{"part": "rate", **dict(zip(names, row, strict=True))} for row in rows]
    counts = {"tried": 8, "stronger": 5, "refuted": 3, "score": 0.6, "weaker": 2, "equivalent": 0, "not_applicable": 1}
    return {**counts, "table": table}


def _survivor(over: str = "t") -> dict[str, Any]:
    """Measured values below the claim's bound, and still a little below the mutant's."""
    x = [0.25 * i for i in range(17)] if over == "t" else list(range(8))
    claim = [math.exp(-0.8 * t) for t in x]
    mutant = [math.exp(-1.6 * t) for t in x]
    measured = [0.9 * math.exp(-1.7 * t) for t in x[:-1]] + [None]
    return {"axis": over, "x": x, "measured": measured, "claim": claim, "mutant": mutant}


def _sharpness() -> list[dict[str, Any]]:
    rate = {
        "part": "rate",
        "constant": "2",
        "where": "coefficient of −ρ·t",
        "printed": 2.0,
        "limit": 2.003,
        "open_ended": False,
        "instances": 1200,
        "sentence": "the constant 2 in −2·ρ·t cannot be raised above 2.003",
        "witness": {"X": [[1.0, 0.0], [0.0, 0.5]], "u": 1.0},
        "how": "gradient ascent",
    }
    factor = {
        **rate,
        "constant": "1",
        "where": "factor <of> ℓ(0)",
        "printed": 1.0,
        "limit": 0.25,
        "how": "drawn instance",
    }
    free = {**rate, "constant": "0", "where": "shift of t", "printed": 0.0, "limit": None, "open_ended": True}
    told = {"sentence": "the constant 1 in 1·ℓ(0) cannot be lowered below 0.25"}
    none = {"sentence": "the constant 0 in t + 0 can be raised to 8: no instance refutes it", "witness": None}
    return [rate, {**factor, **told}, {**free, **none, "how": ""}]


def _ablation() -> list[dict[str, Any]]:
    shown = "Dropped, part rate is violated: measured 0.5, predicted 0.25."
    return [
        {"assumption": "k > 1", "necessary": True, "sentence": shown, "instance": {"X": [[1.0, 0.0]], "k": 0.5}},
        {
            "assumption": "gradient flow",
            "necessary": False,
            "sentence": "not shown necessary: no violation on 64 instances without it",
            "instance": None,
        },
    ]


def _certificates(claim: Claim) -> dict[str, Any] | None:
    """Nothing for probabilities; a counterexample is re-proved."""
    sentence = "Ball arithmetic decides both sides at every step."
    counts = {"holds": 0, "fails": 1, "undecided": 0} if claim.printed else {"holds": 12, "fails": 0, "undecided": 1}
    return None if claim is PARTS else {**counts, "sentence": sentence}


def _vacuity(claim: Claim) -> dict[str, Any]:
    if claim is BOUND:
        part = {
            "part": "rate",
            "trivial": "ℓ(0)",
            "informative": 149,
            "run": 198,
            "share": 149 / 198,
            "median_gain": 6.5,
        }
        return {"parts": [part], "assumptions": [{"assumption": "k > 1", "strict": 190, "boundary": 8}]}
    if claim is PARTS:
        never = {"part": "first", "trivial": "1 < 2", "informative": 0, "run": 198, "share": 0.0, "median_gain": None}
        unknown = {"part": "second", "trivial": None, "informative": 0, "run": 0, "share": None, "median_gain": None}
        return {"parts": [never, unknown], "assumptions": []}
    return {"parts": [], "assumptions": []}


def _engines(claim: Claim) -> dict[str, Any]:
    compared = {"compared": 40, "disagreed": 0, "worst": 0.31}
    return compared if claim is BOUND else {"compared": 0, "disagreed": 0, "worst": None}


def _statistics(claim: Claim) -> list[dict[str, Any]]:
    if claim.kind is not Kind.PROBABILITY:
        return []
    test = {"name": "coverage", "test": "exact binomial", "n": 198, "observed": 198, "expected": "≥ 178"}
    return [{**test, "p_value": 1.0, "level": 0.0005, "passed": True}]


def _proof(claim: Claim) -> dict[str, Any]:
    steps = [{"kind": s.kind.value, "text": s.text, "status": s.check().value} for s in claim.proof]
    counts: dict[str, int] = {}
    for step in steps:
        counts[step["status"]] = counts.get(step["status"], 0) + 1
    return {"steps": steps, "counts": counts, "fully_checked": False, "trust": _trust(claim)}


def _trust(claim: Claim) -> dict[str, Any]:
    empty = {"algebra": 0, "smt": 0, "balls": 0, "lemmas": [], "claims": [], "cited": [], "failed": 0, "undecided": 0}
    if claim is BOUND:
        return {**empty, "algebra": 1, "smt": 2, "balls": 1, "lemmas": ["Grönwall"], "claims": ["demo.parts"]}
    return {**empty, "cited": ["elsewhere"]} if claim is PARTS else empty


def _curve() -> dict[str, Any]:
    x = [0.0, 0.5, 1.0, 1.5, 2.0]
    return {
        "title": "Loss against the bound",
        "xlabel": "time t",
        "ylabel": "excess loss",
        "xscale": "linear",
        "yscale": "log",
        "x": x,
        "series": [
            {"label": "measured", "role": "measured", "y": [1.0, 0.1, 0.01, 1e-3, None]},
            {"label": "bound", "role": "bound", "y": [1.0, 0.3, 0.09, 0.027, 0.008]},
        ],
    }


BUDGET = [
    {
        "claim": "demo.parts",
        "name": "coverage <first>",
        "test": "exact binomial",
        "n": 198,
        "p_value": 0.03,
        "holm": 0.06,
        "level": 0.0005,
        "power": 0.87,
        "power_at": "p = 0.2, twice δ",
    },
    {
        "claim": "demo.slip",
        "name": "law",
        "test": "Kolmogorov–Smirnov",
        "n": 1000,
        "p_value": None,
        "holm": None,
        "level": 0.0005,
        "power": None,
        "power_at": "",
    },
]


def report(*results: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A campaign over the three claims, or over the results given."""
    return {
        "schema_version": "1.2",
        "tool": {"name": "lemmaflow", "version": "0.1.0"},
        "profile": "quick",
        "seed": 7,
        "device": "cpu",
        "environment": {
            "python": "3.11.2",
            "platform": "Linux-x86_64",
            "versions": {"torch": "2.6.0", "sympy": "1.13"},
            "threads": 2,
            "commit": "0123abc",
        },
        "settings": {"instances": 200, "jobs": 2},
        "error_level": {"campaign": 0.001, "tests": 2, "per_test": 0.0005, "table": BUDGET},
        "started": "2030-01-02T03:04:05+00:00",
        "seconds": 4.5,
        "interrupted": False,
        "exit_code": 0,
        "data": None,
        "figures": [],
        "claims": list(results) or [result(claim) for claim in CATALOGUE.values()],
        **changes,
    }


DATA = {
    "name": "mine.csv",
    "samples": 40,
    "features": 3,
    "targets": 1,
    "rank": 3,
    "condition": 12.5,
    "predictions": [
        {
            "claim": "demo.rate",
            "what": "time to a loss of 1 %",
            "predicted": 4.6,
            "happened": 1.25,
            "unit": "time",
        },
        {"claim": "demo.rate", "what": "converges", "predicted": "yes", "happened": None, "unit": ""},
    ],
}

LABELS = {
    "name": "mine.npz",
    "samples": 900,
    "checkpoints": 61,
    "classes": 10,
    "accuracy": {"f": 0.976, "g": 0.907},
}
