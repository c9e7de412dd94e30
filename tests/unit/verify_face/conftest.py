"""The three claims of `demo` in place of the catalogue."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import demo


@pytest.fixture
def demo_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("theory.catalogue")  # the attribute of that name is the function
    monkeypatch.setattr(module, "catalogue", lambda: demo.CATALOGUE)
    monkeypatch.setattr(module, "claims_of", lambda key: demo.CATALOGUE)
    monkeypatch.setattr(module, "paper_keys", lambda: ("demo",))
