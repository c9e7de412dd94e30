"""zhou2021: placeholder until its claims are stated."""

CLAIMS = ()
