"""Min, Tarmoun, Vidal, Mallada: the explicit role of initialisation in overparametrised linear networks."""

from . import bias, closed, deep, descent, errata, flow, gaussian, law, margin

CLAIMS = (
    *flow.CLAIMS,
    *bias.CLAIMS,
    *margin.CLAIMS,
    *gaussian.CLAIMS,
    *law.CLAIMS,
    *descent.CLAIMS,
    *closed.CLAIMS,
    *deep.CLAIMS,
    *errata.CLAIMS,
)
