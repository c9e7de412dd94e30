"""Reports: `write` puts report.json and report.html into a folder; `render_*` give each format as text."""

from __future__ import annotations

import json
import math
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from theory.catalogue import get_claim
from theory.errors import TheoryError

from ..errors import DataError, OutputError
from .describe import describe
from .html import render_html
from .junit import render_junit
from .markdown import render_markdown

__all__ = [
    "complete",
    "describe",
    "read",
    "render_html",
    "render_json",
    "render_junit",
    "render_markdown",
    "schema",
    "write",
]

SCHEMA_FILE = Path(__file__).with_name("schema.json")


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a report."""
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def complete(report: dict[str, Any]) -> dict[str, Any]:
    """The report with each claim's statement, source, assumptions and erratum, and no non-finite number."""
    claims = [{**result, **_description(result["id"])} for result in report["claims"]]
    return _finite({**report, "claims": claims})


def _description(claim_id: str) -> dict[str, Any]:
    try:
        return describe(get_claim(claim_id))
    except TheoryError:  # a claim that the catalogue no longer has: the report says what it knows
        return {}


def _finite(value: Any) -> Any:
    """JSON has no infinity: such numbers become null."""
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def render_json(report: dict[str, Any]) -> str:
    """The machine's copy; `schema()` describes it."""
    return json.dumps(complete(report), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def write(report: dict[str, Any], out: Path) -> Path:
    """Write OUT/report.json and OUT/report.html, each whole or not at all; returns the path of the page."""
    whole = complete(report)
    _replace(out / "report.json", render_json(whole))
    page = out / "report.html"
    _replace(page, render_html(whole))
    return page


def read(folder: Path) -> dict[str, Any]:
    """The report in a folder (or the file itself), checked against the schema. Raises `DataError`."""
    path = folder / "report.json" if folder.is_dir() else folder
    if not path.exists():
        raise DataError(f"no report at {path}; `lemmaflow verify --out {folder}` writes one")
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path} is no report: not JSON ({error})") from None
    _check(path, report)
    return report


def _check(path: Path, report: Any) -> None:
    found = report.get("schema_version") if isinstance(report, dict) else None
    expected = schema()["properties"]["schema_version"]["const"]
    if found != expected:
        raise DataError(f"{path} has schema version {found!r}; this version reads {expected!r}")
    error = best_match(jsonschema.Draft202012Validator(schema()).iter_errors(report))
    if error:
        raise DataError(f"{path} is no valid report: at {error.json_path}, {error.message[:200]}")


def _replace(path: Path, text: str) -> None:
    """Write the whole file, then put it in place at once. Raises `OutputError`."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            temporary = file.name
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None
