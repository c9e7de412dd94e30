"""Users' data: `load` reads .npz, .csv and `diabetes` into a validated `Dataset`, or an .npz into `Predictions`."""

from __future__ import annotations

import csv
import difflib
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .errors import DataError
from .labels import Predictions, digest_of, predictions_of

BUNDLED = ("diabetes",)
DIABETES_TARGET = "target (centred, norm 1)"


@dataclass(frozen=True)
class Dataset:
    """A regression problem: X (n, D), Y (n, m), float64 and finite; weights U (D, h), V (m, h) if given."""

    name: str
    X: np.ndarray
    Y: np.ndarray
    U: np.ndarray | None = None
    V: np.ndarray | None = None
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    kind: ClassVar[str] = "a regression problem (X, Y)"

    def __post_init__(self) -> None:
        _check(self)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that are there, by name."""
        named = {"X": self.X, "Y": self.Y, "U": self.U, "V": self.V}
        return {name: array for name, array in named.items() if array is not None}

    def digest(self) -> str:
        """A fingerprint of the numbers: the same data under another name have the same one."""
        return digest_of(self.arrays)


def load(source: str | Path, target: Sequence[str] | None = None) -> Dataset | Predictions:
    """The data in a file (.npz or .csv) or of a bundled name; `target` names the target columns of a csv.

    An .npz with y, f and g, and without X, holds predictions. Raises `DataError`, one line that says what is wrong.
    """
    if str(source) in BUNDLED:
        return _diabetes(target)
    path = Path(source)
    try:
        return _reader(path)(path, target)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def load_problem(source: str | Path, target: Sequence[str] | None = None) -> Dataset:
    """`load`, where only a regression problem will do."""
    found = load(source, target)
    if not isinstance(found, Dataset):
        raise DataError(f"{found.name} holds {found.kind}; expected {Dataset.kind}")
    return found


def _reader(path: Path) -> Callable[[Path, Sequence[str] | None], Dataset | Predictions]:
    if path.is_dir():
        raise DataError(f"{path} is a directory; give a .npz or .csv file")
    if not path.exists():
        raise DataError(_missing(path))
    if path.suffix.lower() not in (".npz", ".csv"):
        raise DataError(f"{path}: unknown kind of file {path.suffix!r}; expected .npz or .csv")
    return _npz if path.suffix.lower() == ".npz" else _csv


def _missing(path: Path) -> str:
    near = difflib.get_close_matches(str(path), BUNDLED, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}?" if near else f"give a .npz or .csv file or a name: {', '.join(BUNDLED)}"
    return f"there is no file or data set {str(path)!r}; {hint}"


# --- .npz ---


PROBLEM, PREDICTIONS = ("X", "Y", "U", "V"), ("y", "f", "g", "steps")
"""The arrays that an .npz may hold, of either kind; others are not read."""


def _npz(path: Path, target: Sequence[str] | None) -> Dataset | Predictions:
    if target:
        raise DataError(f"{path}: --target names columns of a .csv; an .npz holds its targets as Y")
    arrays = _read_npz(path)
    predictions = "X" not in arrays and any(name in arrays for name in PREDICTIONS[:3])
    for name in PREDICTIONS[:3] if predictions else PROBLEM[:2]:
        if name not in arrays:
            raise DataError(f"{path}: no array {name!r}; found {', '.join(sorted(arrays)) or 'none'}")
    if predictions:
        return predictions_of(path.name, arrays)
    arrays = {name: array.astype(np.float64) for name, array in arrays.items()}
    if arrays["Y"].ndim == 1:
        arrays["Y"] = arrays["Y"][:, None]
    return Dataset(path.name, arrays["X"], arrays["Y"], arrays.get("U"), arrays.get("V"))


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    """The known arrays of the file. Pickled objects are never loaded."""
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty")
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no .npz file, or a truncated one")
    with np.load(path, allow_pickle=False) as file:
        return {name: _member(path, file, name) for name in file.files if name in (*PROBLEM, *PREDICTIONS)}


def _member(path: Path, file: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    try:
        array = file[name]
    except ValueError as error:
        if "pickle" in str(error).lower():
            raise DataError(f"{path}: array {name!r} holds pickled objects, which are never loaded") from None
        raise DataError(f"{path}: array {name!r} is damaged ({error})") from None
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise DataError(f"{path}: array {name!r} is damaged or truncated ({error})") from None
    if array.dtype.kind not in "fiub":
        raise DataError(f"{path}: array {name!r} has type {array.dtype}; expected real numbers")
    return array


# --- .csv ---


def _csv(path: Path, target: Sequence[str] | None) -> Dataset:
    header, rows = _read_csv(path)
    names = header or [f"column {i + 1}" for i in range(len(rows[0]))]
    columns = _target_columns(path, names, target, has_header=bool(header))
    table = np.array([[_number(path, names, i, j, cell) for j, cell in enumerate(row)] for i, row in enumerate(rows)])
    inputs = [j for j in range(len(names)) if j not in columns]
    if not inputs:
        raise DataError(f"{path}: all columns are targets; at least one must be an input")
    features, targets = tuple(names[j] for j in inputs), tuple(names[j] for j in columns)
    return Dataset(path.name, table[:, inputs], table[:, columns], features=features, targets=targets)


def _read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    """(header or [], rows). The first line is a header when none of its cells is a number."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [[cell.strip() for cell in line] for line in csv.reader(file) if any(c.strip() for c in line)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no readable text table ({error})") from None
    if not lines:
        raise DataError(f"{path} is empty")
    has_header = not any(_is_number(cell) for cell in lines[0])
    header, rows = (lines[0], lines[1:]) if has_header else ([], lines)
    if not rows:
        raise DataError(f"{path} has a header and no rows")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(lines[0]):
            raise DataError(f"{path}: row {number} has {len(row)} cells, expected {len(lines[0])}")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise DataError(f"{path}: two columns are named {twice!r}")
    return header, rows


def _target_columns(path: Path, names: list[str], target: Sequence[str] | None, *, has_header: bool) -> list[int]:
    if not target:
        return [len(names) - 1]
    for name in target:
        if name not in names:
            known = f"its columns are {', '.join(names)}" if has_header else "the file has no header"
            raise DataError(f"{path}: no column {name!r} for --target; {known}")
    return [names.index(name) for name in dict.fromkeys(target)]


def _number(path: Path, names: list[str], row: int, column: int, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        where = f"column {names[column]!r}, row {row + 1}"
        what = repr(cell) if cell else "an empty cell"
        raise DataError(f"{path}: {where} holds {what}; every column must be numeric") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


# --- bundled ---


def _diabetes(target: Sequence[str] | None) -> Dataset:
    """Efron et al. 2004: 442 patients, 10 centred inputs of norm 1; the target is brought to that form."""
    from sklearn.datasets import load_diabetes

    if target and list(target) != ["target"]:
        raise DataError(f"diabetes has the single target 'target', not {', '.join(map(repr, target))}")
    bunch: Any = load_diabetes()
    y = bunch.target - bunch.target.mean()
    Y = (y / np.linalg.norm(y))[:, None]
    return Dataset("diabetes", bunch.data, Y, features=tuple(bunch.feature_names), targets=(DIABETES_TARGET,))


# --- what every data set must satisfy ---


def _check(data: Dataset) -> None:
    for name, array in data.arrays.items():
        if array.ndim != 2:
            raise DataError(f"{data.name}: {name} has shape {array.shape}; expected a matrix")
        if array.size == 0:
            raise DataError(f"{data.name}: {name} is empty (shape {array.shape})")
        _check_finite(data, name, array)
    if len(data.X) != len(data.Y):
        raise DataError(f"{data.name}: X has {len(data.X)} rows and Y has {len(data.Y)}; expected the same number")
    if not data.X.any():
        raise DataError(f"{data.name}: X is zero everywhere (rank 0); there is nothing to learn from")
    _check_weights(data)


def _check_finite(data: Dataset, name: str, array: np.ndarray) -> None:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        names = {"X": data.features, "Y": data.targets}.get(name, ())
        where = f"column {names[column]!r}" if names else f"column {column + 1}"
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise DataError(f"{data.name}: {name} holds {array[row, column]} at row {row + 1}, {where}{more}")


def _check_weights(data: Dataset) -> None:
    expected = {"U": ("D", data.X.shape[1]), "V": ("m", data.Y.shape[1])}
    for name, (letter, size) in expected.items():
        array = data.arrays.get(name)
        if array is not None and array.shape[0] != size:
            raise DataError(f"{data.name}: {name} has {array.shape[0]} rows; expected {letter} = {size}")
    if data.U is not None and data.V is not None and data.U.shape[1] != data.V.shape[1]:
        widths = f"{data.U.shape[1]} and {data.V.shape[1]}"
        raise DataError(f"{data.name}: U and V have widths {widths}; expected the same number of columns")
