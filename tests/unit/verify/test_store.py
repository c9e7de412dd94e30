"""Finished work is kept by its settings, and nothing else is returned for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.errors import OutputError
from verify.store import Store, fingerprint


def test_what_was_put_is_got_also_after_reopening(tmp_path: Path) -> None:
    file = tmp_path / "new" / "campaign.sqlite"
    store = Store(file)
    assert store.get("key", "a.b", 0) is None
    store.put("key", "a.b", 0, {"run": 1, "slacks": [0.5]})
    store.put("key", "a.b", 0, {"run": 2, "slacks": [0.25]})
    store.close()
    again = Store(file)
    assert again.get("key", "a.b", 0) == {"run": 2, "slacks": [0.25]}
    assert again.get("key", "a.b", 1) is None and again.get("other", "a.b", 0) is None
    again.close()


def test_a_folder_or_a_foreign_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        Store(tmp_path)
    file = tmp_path / "campaign.sqlite"
    file.write_text("no database, but long enough to be read as the header of one, which it is not" * 10)
    with pytest.raises(OutputError, match="choose another --out"):
        Store(file)


def test_the_key_depends_on_every_setting_and_not_on_their_order() -> None:
    key = fingerprint(seed=1, profile={"examples": 4, "batch": 8})
    assert key == fingerprint(profile={"batch": 8, "examples": 4}, seed=1)
    assert len({key, fingerprint(seed=2, profile={"examples": 4, "batch": 8}), fingerprint(seed=1)}) == 3
