"""Where a campaign ran: versions, threads, commit."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("lemmaflow", "torch", "numpy", "scipy", "sympy", "hypothesis", "mpmath", "python-flint")
ROOT = Path(__file__).resolve().parent.parent


def environment(device: str) -> dict[str, object]:
    """Versions, platform, device and commit, for the report."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions(),
        "threads": 1,
        "device": _device_name(device),
        "commit": _commit(),
    }


def versions() -> dict[str, str]:
    """Installed versions of what a result depends on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _device_name(device: str) -> str:
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    return platform.processor() or platform.machine()


def _commit() -> str:
    try:
        out = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            cwd=ROOT,
            check=True,
        )
        return out.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


@cache
def source_digest() -> str:
    """A digest of the three packages' sources: a stored result is reused only by the code that made it."""
    digest = hashlib.sha256()
    for package in ("theory", "numerics", "verify"):
        for file in sorted((ROOT / package).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
