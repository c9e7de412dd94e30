"""Is the device there that was asked for?"""

from __future__ import annotations

from ..errors import UsageError


def check_device(device: str) -> None:
    """Raises `UsageError` for `cuda` on a machine without it."""
    if device != "cuda":
        return
    import torch

    if not torch.cuda.is_available():
        raise UsageError("--device cuda: this machine has no CUDA device that torch can use; take --device cpu")
