"""`lemmaflow report DIR --format html|json|junit|md`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import report
from .outcome import OK

RENDER = {
    "html": report.render_html,
    "json": report.render_json,
    "junit": report.render_junit,
    "md": report.render_markdown,
}


def run(arguments: argparse.Namespace) -> int:
    text = RENDER[arguments.format](report.read(Path(arguments.folder)))
    if arguments.output:
        Path(arguments.output).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
    return OK
