"""Entropy and information estimated from counts, their corrections for bias, and their exact expectations.

Every estimator here is a sum over cells: it is given by the *share* of a cell that holds c of N samples. Hence its
expectation over N independent samples needs binomial probabilities only, ``sum_s sum_k Bin(k; N, p_s) share(k, N)``:
no samples are drawn. Information is a combination of the entropies of marginal tables, and so is its expectation.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from .errors import check_positive, require
from .information import Counts, JointLaw, Numbers, times_log

__all__ = [
    "Information",
    "Share",
    "binomial_law",
    "combined",
    "digamma",
    "estimated_entropy",
    "estimated_information",
    "expected_entropy",
    "expected_information",
    "increment",
    "jackknife",
    "margins",
    "miller_madow",
    "panzeri_treves",
    "plug_in",
]

Share = Callable[[Tensor, Tensor], Tensor]
"""Counts c and sample sizes N, float64, to what a cell adds to the entropy; 0 at c = 0."""

SUMMED: dict[str, tuple[int, ...]] = {
    "F": (-2, -1),
    "G": (-3, -1),
    "Y": (-3, -2),
    "FG": (-1,),
    "FY": (-2,),
    "GY": (-3,),
    "FGY": (),
}
"""The dimensions of a table (..., K_F, K_G, K_Y) that each marginal table is summed over."""


@dataclass(frozen=True)
class Information:
    """What F and G know of Y, in nats: ``mu_Y(F;G)``, ``I(F;Y)``, ``I(G;Y)``, ``I(F;Y|G)``, each of shape (...)."""

    mu: Tensor
    f_y: Tensor
    g_y: Tensor
    f_y_given_g: Tensor


# ---- shares of a cell
def plug_in(c: Numbers, N: Numbers) -> Numbers:
    """The entropy of the observed frequencies."""
    return -times_log(c / N, c / N)


def miller_madow(c: Numbers, N: Numbers) -> Numbers:
    """Plug-in and ``(S - 1)/(2N)``, S the number of occupied cells (Miller 1955)."""
    return plug_in(c, N) + ((c > 0).to(c) - c / N) / (2 * N)


def increment(c: Numbers) -> Numbers:
    """``c log c - (c - 1) log(c - 1)`` for c >= 1, without cancellation; from 0 at c = 1 up to ``1 + log c``."""
    return c.log() - torch.special.xlog1py(c - 1, -1 / c)


def jackknife(c: Numbers, N: Numbers) -> Numbers:
    """``N H - (N - 1) (mean of H with one sample left out)``; summed up, a cell adds ``c/N (phi(N) - phi(c))`` with
    ``phi`` the increment of ``c log c``."""
    return c / N * (increment(N) - increment(c.clamp_min(1)))


def digamma(c: Numbers, N: Numbers) -> Numbers:
    """``c/N (psi(N) - psi(c))`` (Grassberger): its bias falls exponentially in N."""
    return c / N * (torch.special.digamma(N) - torch.special.digamma(c.clamp_min(1)))


# ---- estimates
def estimated_entropy(counts: Int64[Tensor, "*lead S"], share: Share = plug_in) -> Float[Tensor, "*lead"]:
    """The estimate from the counts of S cells."""
    c = counts.double()
    return share(c, c.sum(-1, keepdim=True)).sum(-1)


def margins(table: JointLaw | Counts) -> dict[str, Tensor]:
    """The seven marginal tables of (..., K_F, K_G, K_Y) by their variables, "F" to "FGY", each as (..., cells)."""
    summed = {name: table.sum(dims) if dims else table for name, dims in SUMMED.items()}
    return {name: t.flatten(-len(name)) for name, t in summed.items()}


def combined(H: Mapping[str, Tensor]) -> Information:
    """Information from the entropies of the marginal tables; linear, so it serves estimates and expectations."""
    f_y, g_y = H["F"] + H["Y"] - H["FY"], H["G"] + H["Y"] - H["GY"]
    f_y_given_g = H["FG"] + H["GY"] - H["G"] - H["FGY"]
    return Information(f_y - f_y_given_g, f_y, g_y, f_y_given_g)


def estimated_information(counts: Counts, share: Share = plug_in) -> Information:
    """The estimates from count tables (..., K_F, K_G, K_Y), each marginal entropy estimated with the share."""
    return combined({name: estimated_entropy(c, share) for name, c in margins(counts).items()})


def panzeri_treves(counts: Int64[Tensor, "*lead K_A K_B"], possible: Tensor | None = None) -> Float[Tensor, "*lead"]:
    """Plug-in ``I(A;B)`` less ``(sum_b (R_b - 1) - (R - 1))/(2N)``, R_b values of A possible given b, R in all.

    ``possible`` marks the cells that can occur; by default those that did, which gives Miller and Madow's correction.
    """
    table = counts.double()
    N = table.sum((-2, -1))
    H = [estimated_entropy(t) for t in (table.sum(-1), table.sum(-2), table.flatten(-2))]
    cells = table > 0 if possible is None else possible
    given_b, in_all = cells.sum(-2), cells.any(-1).sum(-1)
    return H[0] + H[1] - H[2] - ((given_b - 1).clamp_min(0).sum(-1) - (in_all - 1)) / (2 * N)


# ---- exact expectations
def expected_entropy(p: Float[Tensor, "*lead S"], N: int, share: Share = plug_in) -> Float[Tensor, "*lead"]:
    """The exact expectation of the estimate from N independent samples of the law p."""
    k = torch.arange(N + 1, dtype=p.dtype, device=p.device)
    return (binomial_law(N, p) * share(k, torch.full_like(k, N))).sum((-2, -1))


def expected_information(p: JointLaw, N: int, share: Share = plug_in) -> Information:
    """The exact expectations of the estimates from N independent samples of the joint law p."""
    return combined({name: expected_entropy(q, N, share) for name, q in margins(p).items()})


def binomial_law(N: int, p: Numbers) -> Numbers:
    """``Bin(k; N, p)`` for k = 0 .. N, (..., N + 1), by deviances from the mean (Loader 2000).

    The error of a logarithm is a few eps times ``1 + |k - Np|`` where Np >= 1/2: large factorials do not appear.
    """
    check_positive("N", N)
    outside = int(((p < 0) | (p > 1 + ROUNDED)).sum())
    require(outside == 0, f"p has {outside} entries outside [0, 1]; expected probabilities; normalise it.")
    inside = p[..., None].clamp(torch.finfo(p.dtype).tiny, 1 - torch.finfo(p.dtype).eps / 2)
    k = torch.arange(1, N, dtype=p.dtype, device=p.device)
    rest = (
        _stirling(torch.full_like(k, N)) - _stirling(k) - _stirling(N - k) - (2 * math.pi * k * (N - k) / N).log() / 2
    )
    middle = rest - _deviance(k, N * inside) - _deviance(N - k, N * (1 - inside))
    law = torch.cat((N * torch.log1p(-inside), middle, N * inside.log()), -1).exp()
    ends = torch.stack((p == 0, p >= 1)).to(p)[..., None]
    sure = torch.cat((ends[0], torch.zeros_like(middle), ends[1]), -1)
    return torch.where(ends.sum(0) > 0, sure, law)


def _deviance(x: Tensor, mean: Tensor) -> Tensor:
    """``x log(x/mean) + mean - x`` for x > 0."""
    away = x - mean
    return x * torch.log1p(away / mean) - away


FEW = 16
ROUNDED = 1e-12
"""By how much a probability that was summed up may exceed 1."""
SMALL_ERRORS = tuple(
    math.log(math.factorial(n) / n**n * math.exp(n) / math.sqrt(2 * math.pi * n)) if n else 0.0 for n in range(FEW)
)


def _stirling(n: Tensor) -> Tensor:
    """``log n!`` less Stirling's ``(n + 1/2) log n - n + log(2 pi)/2``, for whole n >= 1."""
    table = torch.tensor(SMALL_ERRORS, dtype=n.dtype, device=n.device)
    s = 1 / n.square()
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - s / 1188) * s) * s) * s) / n
    return torch.where(n < FEW, table[n.clamp_max(FEW - 1).long()], series)
