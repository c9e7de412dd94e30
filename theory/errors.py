"""Errors of the package.

Every message is one line: which name, which value, what was expected, what to do.
"""


class TheoryError(ValueError):
    """Base of every error that `theory` raises on purpose."""


class ShapeError(TheoryError):
    """Matrices whose shapes cannot fit together, or a value of the wrong shape."""


class MissingValueError(TheoryError):
    """A program was called without some of its inputs; `names` holds them."""

    def __init__(self, names: tuple[str, ...]):
        self.names = names
        listed = ", ".join(names)
        super().__init__(f"no value for {listed}: pass values={{name: value}} with these names")

    def __reduce__(self):
        return type(self), (self.names,)


class UnsupportedError(TheoryError):
    """The expression holds a node, or the call a case, for which the backend has no rule."""
