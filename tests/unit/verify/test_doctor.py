"""Every comparison of the doctor agrees here, and sees each engine that is spoilt on purpose."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import torch
import toys

from theory import get_claim
from verify import doctor
from verify.doctor import claims
from verify.doctor.bench import Specimen, specimen_of
from verify.doctor.check import Compared, Untested
from verify.experiment import Experiment, Run
from verify.papers import experiment_of

# torch's forward mode imports a module of torch that torch itself has deprecated
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
WRONG = 1 + 1e-6


@dataclass(frozen=True)
class SmallBench:
    """A bench with some claims of the catalogue."""

    specimens: tuple[Specimen, ...] = ()
    cuda: bool = False
    reason: str = "no CUDA device"


def diagnose(name: str, *claims: str) -> doctor.Check:
    bench: Any = SmallBench(tuple(specimen_of(get_claim(claim)) for claim in claims))
    chosen = tuple(c for c in doctor.COMPARISONS if c.name == name)
    assert len(chosen) == 1
    return next(doctor.examine(bench, chosen))


def spoil(monkeypatch: pytest.MonkeyPatch, target: str, change: Callable[[Any], Any]) -> None:
    """Change what a function gives: `change` maps its result."""
    module, name = target.rsplit(".", 1)
    try:
        owner: Any = importlib.import_module(module)
    except ModuleNotFoundError:
        package, attribute = module.rsplit(".", 1)
        owner = getattr(importlib.import_module(package), attribute)
    sound = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *args, **options: change(sound(*args, **options)))


def scaled(x: Any) -> Any:
    """Off by a millionth."""
    return x * WRONG


def first_scaled(parts: Any) -> Any:
    return (parts[0] * WRONG, *parts[1:])


CHEAP = [c.name for c in doctor.COMPARISONS if c.name not in ("compiled statements", "confirming runs", "CPU and CUDA")]


@pytest.mark.parametrize("name", CHEAP)
def test_the_engines_agree(name: str) -> None:
    check = diagnose(name)
    assert check.passed, check
    assert check.compared > 5


def states_scaled(solution: Any) -> Any:
    return replace(solution, y=solution.y * WRONG)


def in_slopes(slopes: dict[str, Any]) -> dict[str, Any]:
    return {**slopes, "V": slopes["V"] * WRONG} if "V" in slopes else slopes


SPOILT = [
    ("float64 arithmetic", "torch.sqrt", lambda x: x * (1 + 2.0**-52)),
    ("float64 arithmetic", "numpy.multiply", lambda x: np.where(abs(x) < 2.0**-1022, 0.0, x)),
    ("matrix products", "torch.matmul", lambda x: x.mT),
    ("matrix products", "torch.matmul", lambda x: x.half().to(x.dtype)),
    ("eigenvalues", "torch.linalg.eigvalsh", scaled),
    ("eigenvalues", "numpy.linalg.eigvalsh", lambda x: x[..., ::-1]),
    ("eigenvalues", "numerics.linalg.eigh_psd", first_scaled),
    ("singular values", "torch.linalg.svdvals", scaled),
    ("singular values", "numpy.linalg.svd", lambda x: x.clip(min=1e-4)),
    ("factorisations", "torch.linalg.qr", first_scaled),
    ("factorisations", "torch.linalg.svd", lambda x: (x[0], x[1], x[2].mT)),
    ("factorisations", "torch.linalg.eigh", lambda x: (x[0], x[1].mT)),
    ("gradients", "numerics.parameters.gradient", in_slopes),
    ("gradients", "numerics.networks.squared_loss", lambda x: 2 * x),
    ("gradients", "torch.func.jvp", lambda x: (x[0], x[1] * WRONG)),
    ("scalar gradient flow", "numerics.closed_forms.scalar_flow", first_scaled),
    ("scalar gradient flow", "numerics.flow.gradient", lambda x: {k: 1.1 * v for k, v in x.items()}),
    ("whitened gradient flow", "numerics.closed_forms.whitened_flow", scaled),
    ("gradient flow", "numerics.flow.gradient", lambda x: {k: v * WRONG for k, v in x.items()}),
    ("gradient flow", "numerics.field.ReducedField.weighted_residual", lambda x: x * 1.01),
    ("integrators", "numerics.flow.solve_explicit", states_scaled),
    ("integrators", "numerics.flow.solve_collocation", states_scaled),
    ("path integrals", "numerics.field.ReducedField.speeds", scaled),
    ("gradient descent", "numerics.descent.gradient", lambda x: {k: v * WRONG for k, v in x.items()}),
    ("gradient descent", "numerics.field.ReducedField.couple", scaled),
    ("binomial tests", "scipy.stats.binom.sf", scaled),
    ("binomial tests", "verify.statistics.violation_upper_limit", scaled),
    ("Kolmogorov–Smirnov", "scipy.stats.kstest", lambda r: type("R", (), {"statistic": r[0], "pvalue": r[1] * WRONG})),
    ("seeded draws", "torch.randn", scaled),
    ("seeded draws", "torch.rand", lambda x: x.flip(0)),
]


@pytest.mark.parametrize(
    ("name", "engine", "change"), SPOILT, ids=[f"{n}-{e}-{i}" for i, (n, e, _) in enumerate(SPOILT)]
)
def test_a_spoilt_engine_is_unsound(monkeypatch: pytest.MonkeyPatch, name: str, engine: str, change: Any) -> None:
    spoil(monkeypatch, engine, change)
    check = diagnose(name)
    assert check.outcome is doctor.Outcome.UNSOUND, check
    assert check.worst > 1


@pytest.fixture
def flushing() -> Iterator[None]:
    if not torch.set_flush_denormal(True):
        pytest.skip("this CPU cannot flush subnormal numbers: nothing to see")
    yield
    torch.set_flush_denormal(False)


@pytest.mark.usefixtures("flushing")
def test_flushed_subnormal_numbers_are_unsound() -> None:
    assert doctor.machine("cpu")["floating point"]["subnormal numbers"].startswith("FLUSHED")
    assert diagnose("float64 arithmetic").passed is False


# ---- the catalogue's engines
STATIC = ("min2021.v2-lemma8", "min2021.dLdt", "min2021.lemma1")


def test_compiled_statements_agree() -> None:
    check = diagnose("compiled statements", *STATIC)
    assert check.passed and check.compared >= 20, check


@pytest.mark.parametrize(
    "engine",
    [
        "theory.backends.torch_backend.TorchOps.eigenvalues",
        "theory.backends.numpy_backend.NumpyOps.singular_values",
        "theory.backends.torch_backend.TorchOps.matmul",
    ],
)
def test_a_spoilt_backend_is_unsound(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    spoil(monkeypatch, engine, scaled)
    check = diagnose("compiled statements", *STATIC)
    assert check.passed is False and check.worst > 1


def test_a_spoilt_mpmath_or_ball_is_unsound(monkeypatch: pytest.MonkeyPatch) -> None:
    for engine in ("mpmath_backend.MpmathOps.eigenvalues", "arb_backend.ArbOps.eigenvalues"):
        with monkeypatch.context() as patch:
            spoil(patch, f"theory.backends.{engine}", lambda values: [x * WRONG for x in values])
            assert diagnose("compiled statements", *STATIC).passed is False, engine


def test_a_backend_that_gives_no_number_is_unsound(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, "theory.backends.torch_backend.TorchOps.eigenvalues", lambda x: x * torch.nan)
    assert diagnose("compiled statements", *STATIC).worst == math.inf


def test_values_beyond_float64_are_infinite_in_float64_and_nothing_else_is() -> None:
    huge, one = flint.arb(10) ** 400, flint.arb(1)
    assert math.isnan(claims._ratio(math.inf, huge, huge))
    assert [claims._ratio(x, huge, huge) for x in (-math.inf, math.nan)] == [math.inf] * 2
    assert claims._ratio(math.inf, one, one) == math.inf
    assert claims._ratio(1 + 1e-15, one, flint.arb(1, 1e-14)) == pytest.approx(0.1, rel=0.2)
    assert claims._ratio(mpmath.mpf((0, 3, -(10**13), 2)), flint.arb((3, -(10**13))), flint.arb(0)) == 0
    assert math.isnan(claims._ratio(1.1, one, flint.arb(1, 0.5))) and claims._ratio(2.1, one, flint.arb(1, 0.5)) > 2


def test_confirming_runs_agree_until_one_integrator_is_spoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = next(c for c in doctor.COMPARISONS if c.name == "confirming runs")

    def witnessed(claim_id: str) -> Specimen:  # mild: first Dormand and Prince, then Gauss and Legendre
        experiment = experiment_of(claim_id)
        assert isinstance(experiment, Experiment)
        instances = experiment.witnesses[0]()
        return Specimen(get_claim(claim_id), experiment.measure(instances, Run()), experiment, instances)

    def examined(*ids: str) -> Any:
        bench: Any = SmallBench(tuple(map(witnessed, ids)))
        return next(doctor.examine(bench, (comparison,)))

    sound = examined("min2021.thm1", "min2021.dLdt")  # dLdt has no second engine
    assert sound.passed and sound.compared == examined("min2021.thm1").compared > 0
    spoil(monkeypatch, "numerics.flow.solve_collocation", states_scaled)
    spoilt = examined("min2021.thm1")
    assert spoilt.passed is False and spoilt.worst > 1


@pytest.mark.parametrize("excess, ok", [((0.0, math.nan), None), ((0.0, 0.0), torch.tensor([True, False]))])
def test_a_second_engine_that_cannot_tell_is_unsound(excess: tuple[float, float], ok: torch.Tensor | None) -> None:
    def measure(instances: Any, run: Run) -> Any:
        return toys.measure(instances, run, excess=excess, ok=ok if run.level else None)

    def specimen(experiment: Experiment) -> Specimen:
        instances = toys.realise(1, 2)
        return Specimen(toys.SQUARE, experiment.measure(instances, Run()), experiment, instances)

    sound, silent = toys.experiment(), replace(toys.experiment(), measure=measure)
    comparison = next(c for c in doctor.COMPARISONS if c.name == "confirming runs")
    bench: Any = SmallBench((specimen(sound), specimen(silent)))
    check = next(doctor.examine(bench, (comparison,)))
    assert check.passed is False and check.worst == math.inf
    alone: Any = SmallBench((specimen(sound),))
    assert next(doctor.examine(alone, (comparison,))).passed


# ---- what is not compared
def test_without_cuda_nothing_was_tested_and_that_is_no_pass() -> None:
    check = diagnose("CPU and CUDA")
    assert check.passed is None and check.compared == 0
    assert check.outcome.value[0] == "NOT TESTED" and check.note == "not tested: no CUDA device"
    assert doctor.bench_for("cpu").reason == "--device cpu" and not doctor.bench_for("cpu").cuda


def test_a_comparison_of_nothing_and_one_that_breaks_down_do_not_pass() -> None:
    def broken(_: Any) -> Compared:
        raise RuntimeError("LAPACK\nstopped")

    def untested(_: Any) -> Compared:
        raise Untested("no such engine")

    bench: Any = SmallBench()
    cases = [lambda _: Compared(torch.empty(0)), broken, lambda _: Compared(torch.tensor([0.0, math.nan])), untested]
    checks = [next(doctor.examine(bench, (doctor.Comparison("name", "engines", run),))) for run in cases]
    assert [check.passed for check in checks] == [False, False, False, None]
    assert checks[1].note == "could not be carried out: RuntimeError: LAPACK stopped"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: CPU against CUDA was NOT tested")
def test_cpu_and_cuda_agree() -> None:
    check = next(doctor.examine(doctor.bench_for("cuda"), doctor.COMPARISONS[-1:]))
    assert check.passed and check.compared > 20, check
