"""Repeatable by default: hypothesis draws the same examples in every run, unless a seed or a profile is given."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None)


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--hypothesis-profile", None) and config.getoption("--hypothesis-seed", None) is None:
        settings.load_profile("repeatable")
