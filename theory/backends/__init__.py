"""Where programs run: numpy, torch, mpmath, Arb balls; each imported on first use."""

from importlib import import_module
from typing import Any

from theory.errors import TheoryError

BACKENDS = {
    "numpy": ("theory.backends.numpy_backend", "NumpyOps"),
    "torch": ("theory.backends.torch_backend", "TorchOps"),
    "mpmath": ("theory.backends.mpmath_backend", "MpmathOps"),
    "arb": ("theory.backends.arb_backend", "ArbOps"),
}


def load(name: str) -> Any:
    """The class of operations of a backend."""
    if name not in BACKENDS:
        raise TheoryError(f"backend={name!r}: expected one of {', '.join(BACKENDS)}")
    module, cls = BACKENDS[name]
    return getattr(import_module(module), cls)
