"""The machine in words: what a figure can depend on beside the code."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..environment import environment

OPTIONAL = ("z3-solver",)
LEAST_NORMAL = 2.0**-1022


def machine(device: str) -> dict[str, Any]:
    """The campaign's environment, and below it: CPU, threads, linear algebra, floating point."""
    found: dict[str, Any] = environment(device)
    return {
        **found,
        "versions": {**dict(found["versions"]), **_optional()},
        "cpu": _cpu(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": {"in a campaign": 1, "of torch": torch.get_num_threads()},
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "linear algebra": {"torch": _torch_blas(), "numpy": _numpy_blas()},
        "floating point": floating_point(),
    }


def _optional() -> dict[str, str]:
    found = {}
    for name in OPTIONAL:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def floating_point() -> dict[str, str]:
    """Rounding, subnormal numbers and reduced precision, as torch computes on the CPU."""
    one, tiny = torch.ones((), dtype=torch.float64), torch.tensor(LEAST_NORMAL, dtype=torch.float64)
    up, down = one + 2.0**-53 * 1.5, one + 2.0**-53
    nearest = bool(up == 1 + 2.0**-52) and bool(down == 1) and bool(-one - 2.0**-53 * 1.5 == -1 - 2.0**-52)
    return {
        "rounding": "to nearest" if nearest else "NOT to nearest",
        "subnormal numbers": "kept" if bool(tiny / 4 * 4 == tiny) else "FLUSHED to zero",
        "float32 products": torch.get_float32_matmul_precision(),
        "TensorFloat-32": "ALLOWED" if torch.backends.cuda.matmul.allow_tf32 else "off",
        "default dtype": str(torch.get_default_dtype()),
    }


def _cpu() -> str:
    try:
        names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _torch_blas() -> str:
    """What torch was built with, such as mkl or open."""
    found = dict(re.findall(r"(BLAS_INFO|LAPACK_INFO)=(\w+)", torch.__config__.show()))
    return ", ".join(f"{name.removesuffix('_INFO')} {value}" for name, value in found.items()) or "unknown"


def _numpy_blas() -> str:
    built: Any = np.show_config(mode="dicts")
    parts = built.get("Build Dependencies", {})
    named = [(name, parts.get(name, {})) for name in ("blas", "lapack")]
    return ", ".join(f"{n.upper()} {p.get('name', 'unknown')} {p.get('version', '')}".strip() for n, p in named)
