from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
import toys

from verify import checks


@pytest.fixture(autouse=True)
def toys_are_known() -> None:
    for claim in (toys.SQUARE, toys.FALSE):
        checks.register(claim)
