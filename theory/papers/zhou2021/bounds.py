"""zhou2021: bounds with explicit constants that hold for every W, and what they say of networks of zero loss."""

from . import averages, certificates, zeros

CLAIMS = (*certificates.CLAIMS[:5], *averages.CLAIMS[:3], certificates.strip, averages.descent_direction, *zeros.CLAIMS)
