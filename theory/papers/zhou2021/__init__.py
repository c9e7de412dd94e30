"""Zhou, Ge, Jin: a local convergence theory for mildly over-parametrised two-layer networks."""

from . import bounds, closed, descent, exponent, families, kl, minibatch

CLAIMS = (
    *kl.CLAIMS,
    *closed.CLAIMS,
    *families.CLAIMS,
    *bounds.CLAIMS,
    *exponent.CLAIMS,
    *descent.CLAIMS,
    *minibatch.CLAIMS,
)
