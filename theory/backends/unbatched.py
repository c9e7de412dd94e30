"""What the two backends that take one point at a time share: reading values, plain arithmetic."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Self

from theory.errors import ShapeError, TheoryError


def is_rows(value: Any) -> bool:
    """Whether a value is a list of rows of numbers."""
    nested = isinstance(value, list | tuple) and value and all(isinstance(r, list | tuple) for r in value)
    return bool(nested) and not any(isinstance(x, list | tuple) for row in value for x in row)


class Unbatched:
    """Operations on single numbers and single matrices; a backend names its number and its matrix."""

    fold = None
    number: Callable[[Any], Any]
    Matrix: Any

    @classmethod
    def of(cls, values: list[Any]) -> Self:
        return cls()

    def quiet(self) -> Any:
        return nullcontext()

    def guarded(self, go: Callable[[], Any], inputs: Mapping[str, Any], matrices: Any) -> Any:
        return go()

    def finish(self, value: Any) -> Any:
        return value

    def constant(self, value: Any) -> Any:
        return self.number(value)

    def truth(self, value: bool) -> bool:
        return value

    def scalar(self, name: str, value: Any) -> Any:
        try:
            return self.number(value)
        except (TypeError, ValueError, AttributeError):
            raise TheoryError(f"{name}={value!r}: expected one real number (no batches here)") from None

    def matrix(self, name: str, value: Any) -> Any:
        if isinstance(value, self.Matrix):
            return value
        rows = value.tolist() if hasattr(value, "tolist") else value
        if not is_rows(rows):
            raise ShapeError(f"{name}: expected one matrix as rows of numbers (no batches here)")
        return self.Matrix([[self.scalar(name, x) for x in row] for row in rows])

    def add(self, a: Any, b: Any) -> Any:
        return a + b

    def sub(self, a: Any, b: Any) -> Any:
        return a - b

    def mul(self, a: Any, b: Any) -> Any:
        return a * b

    def neg(self, a: Any) -> Any:
        return -a

    matmul = mul
