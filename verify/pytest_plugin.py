"""`pytest --theorems min2021`: the claims of the catalogue as test items.

A claim is an item `theorems::min2021.thm1`, a planted mutant `theorems::min2021.thm1[mutant rate-4]` (it passes when it
is refuted), an error of the literature `theorems::min2021.tail-E1[printed]` (likewise). Given on the command line
without paths, `--theorems` runs the claims alone; with paths, or in `addopts`, the claims are added to the other tests.
Nothing heavy is imported unless the option is given.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lemmaflow", "theorems about training, tested on really trained networks")
    group.addoption(
        "--theorems",
        action="append",
        default=[],
        metavar="NAMES",
        help="claims and papers to test, comma-separated, such as min2021 or min2021.thm1,min2021.prop1; "
        "`all` takes the whole catalogue; repeatable",
    )
    group.addoption(
        "--theorems-profile",
        default="quick",
        metavar="NAME",
        help="how much to run for each claim: quick, standard or deep (default: quick)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--theorems") and _alone(config):
        config.args = []


def _alone(config: pytest.Config) -> bool:
    """Whether the command line names theorems and no paths."""
    named = any(a == "--theorems" or a.startswith("--theorems=") for a in config.invocation_params.args)
    return named and config.args_source is not pytest.Config.ArgsSource.ARGS


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    names = [n.strip() for text in config.getoption("--theorems") or [] for n in text.split(",") if n.strip()]
    if names:
        benches = _benches(names, config)
        theorems = Theorems.from_parent(session, name="theorems", nodeid="theorems", benches=benches)
        report = config.hook.pytest_make_collect_report(collector=theorems)
        config.hook.pytest_collectreport(report=report)
        items += report.result


def pytest_report_header(config: pytest.Config) -> str | None:
    names = config.getoption("--theorems")
    return f"theorems: {', '.join(names)}; profile {config.getoption('--theorems-profile')}" if names else None


class Theorems(pytest.Collector):
    """The selected claims, in the catalogue's order."""

    def __init__(self, *, benches: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.benches = benches

    def collect(self) -> list[pytest.Item]:
        return [item for bench in self.benches for item in self._items(bench)]

    def _items(self, bench: Any) -> list[pytest.Item]:
        claim = bench.claim.id + ("[printed]" if bench.claim.printed else "")
        mutants = [
            Theorem.from_parent(self, name=f"{bench.claim.id}[mutant {m}]", bench=bench, mutant=m)
            for m in bench.mutants
        ]
        return [Theorem.from_parent(self, name=claim, bench=bench), *mutants]


class Theorem(pytest.Item):
    """One claim, or one of its mutants."""

    def __init__(self, *, bench: Any, mutant: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bench, self.mutant = bench, mutant

    def runtest(self) -> None:
        if self.mutant:
            self.bench.check_mutant(self.mutant)
        else:
            self.bench.check()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What a user needs to know; tracebacks only for bugs."""
        from theory import TheoryError

        from .errors import VerifyError
        from .theorem_tests import TheoremFailure

        if isinstance(excinfo.value, TheoremFailure | VerifyError | TheoryError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        return "theorems", None, f"theorem {self.name}"


def _benches(names: list[str], config: pytest.Config) -> list[Any]:
    """One bench a claim; the error level is split over all statistical tests of the selection."""
    from theory import TheoryError, select

    from .errors import VerifyError
    from .experiment import Sampling
    from .papers import experiment_of
    from .profiles import CAMPAIGN_LEVEL, get_profile
    from .sampling import count_tests
    from .theorem_tests import Bench

    try:
        profile = get_profile(str(config.getoption("--theorems-profile")))
        chosen = [(c, experiment_of(c.id)) for c in select(() if "all" in names else tuple(names))]
    except (TheoryError, VerifyError) as error:
        raise pytest.UsageError(f"--theorems: {error}") from None
    tests = sum(count_tests(c, e, profile) for c, e in chosen if isinstance(e, Sampling))
    examples = _hypothesis_examples(config)
    return [Bench(c, e, profile, CAMPAIGN_LEVEL / max(tests, 1), _seed(config), examples) for c, e in chosen]


def _hypothesis_examples(config: pytest.Config) -> int | None:
    """The number of examples of a hypothesis profile that was asked for by name."""
    from hypothesis import settings

    return settings().max_examples if config.getoption("--hypothesis-profile", None) else None


def _seed(config: pytest.Config) -> int:
    """The seed of the probabilistic claims: that of hypothesis, 0 without one."""
    given = config.getoption("--hypothesis-seed", None)
    if given is None:
        return 0
    return int(given) if str(given).lstrip("-").isdigit() else random.getrandbits(32)
