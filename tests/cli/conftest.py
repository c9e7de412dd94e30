"""The demo catalogue and a campaign that costs nothing, for the tests of the command."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "unit" / "verify_face"))

import demo

from verify.__main__ import main


@pytest.fixture
def demo_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("theory.catalogue")  # the attribute of that name is the function
    monkeypatch.setattr(module, "catalogue", lambda: demo.CATALOGUE)
    monkeypatch.setattr(module, "claims_of", lambda key: demo.CATALOGUE)
    monkeypatch.setattr(module, "paper_keys", lambda: ("demo",))


@dataclass
class Ran:
    """What a run of the command gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def run(*words: object) -> Ran:
        code = main([str(word) for word in words])
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def fails(command: Callable[..., Ran]) -> Callable[..., str]:
    """Runs the command, expects exit code 2 and exactly one line on stderr, and returns that line."""

    def run(*words: object) -> str:
        ran = command(*words)
        assert ran.code == 2, ran
        assert ran.err.count("\n") == 1, ran.err
        assert ran.out == ""
        assert "internal error" not in ran.err
        return ran.err

    return run


@pytest.fixture
def campaign(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Puts a campaign in place that returns a given report; returns the list of its requests."""

    def install(report: dict[str, Any]) -> list[Any]:
        requests: list[Any] = []

        @dataclass(frozen=True)
        class Request:
            claims: tuple[str, ...]
            profile: str
            seed: int
            device: str
            jobs: int
            out: Path
            data: Any

        def run_campaign(request: Request, on_event: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
            requests.append(request)
            on_event({"event": "planned", "claims": list(request.claims)})
            for result in report["claims"]:
                on_event({"event": "progress", "claim": result["id"], "done": 1, "total": 2})
                on_event({"event": "finished", "claim": result["id"], "result": result})
            return report

        module = types.ModuleType("verify.campaign")
        module.__dict__.update(Request=Request, run_campaign=run_campaign)
        monkeypatch.setitem(sys.modules, "verify.campaign", module)
        return requests

    return install
