"""Reading users' data: what is accepted, and one clear line for everything that is not."""

from __future__ import annotations

import numpy as np
import pytest

from verify.data import Dataset, load
from verify.errors import DataError

X, Y = np.arange(6.0).reshape(3, 2), np.ones((3, 1))


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_npz(tmp_path):
    data = load(npz(tmp_path / "a.npz", X=X.astype(np.float32), Y=Y[:, 0].astype(int), U=np.ones((2, 4)), other=Y))
    assert data.X.dtype == data.Y.dtype == np.float64
    assert data.Y.shape == (3, 1) and data.U is not None and data.V is None


@pytest.mark.parametrize("text", ["a,b,y\n1,2,3\n4,5,6\n", "1,2,3\n4,5,6\n", "\ufeffa,b,y\n1, 2 ,3\n\n4,5,6\n"])
def test_csv(tmp_path, text):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    data = load(tmp_path / "a.csv")
    assert data.X.tolist() == [[1, 2], [4, 5]] and data.Y.tolist() == [[3], [6]]


def test_csv_targets(tmp_path):
    (tmp_path / "a.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    data = load(tmp_path / "a.csv", ["c", "a"])
    assert (data.features, data.targets) == (("b",), ("c", "a"))
    assert data.Y.tolist() == [[3, 1], [6, 4]]


def test_diabetes():
    data = load("diabetes")
    assert data.X.shape == (442, 10) and np.linalg.norm(data.Y) == pytest.approx(1)


def test_digest_is_of_the_numbers():
    assert Dataset("a", X, Y).digest() == Dataset("b", X, Y).digest()
    assert Dataset("a", X, Y).digest() != Dataset("a", X + 1, Y).digest()


def bad(value):
    changed = X.copy()
    changed[2, 1] = value
    return changed


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X, "Y": np.ones((4, 1))}, "X has 3 rows and Y has 4"),
        ({"X": bad(np.nan), "Y": Y}, "X holds nan at row 3, column 2"),
        ({"X": bad(np.inf), "Y": Y}, "X holds inf at row 3, column 2"),
        ({"X": X[:0], "Y": Y[:0]}, r"X is empty \(shape \(0, 2\)\)"),
        ({"X": X * 0, "Y": Y}, "rank 0"),
        ({"X": X}, "no array 'Y'; found X"),
        ({"Y": Y}, "no array 'X'"),
        ({"X": np.ones((2, 2, 2)), "Y": Y}, "expected a matrix"),
        ({"X": X + 0j, "Y": Y}, "expected real numbers"),
        ({"X": X.astype(str), "Y": Y}, "expected real numbers"),
        ({"X": X, "Y": Y, "U": np.ones((3, 4))}, "U has 3 rows; expected D = 2"),
        ({"X": X, "Y": Y, "V": np.ones((2, 4))}, "V has 2 rows; expected m = 1"),
        ({"X": X, "Y": Y, "U": np.ones((2, 4)), "V": np.ones((1, 3))}, "widths 4 and 3"),
    ],
)
def test_bad_npz(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        load(npz(tmp_path / "a.npz", **arrays))


def test_pickles_are_never_loaded(tmp_path):
    path = npz(tmp_path / "a.npz", X=np.array([{"a": 1}], dtype=object), Y=Y)
    with pytest.raises(DataError, match="array 'X' holds pickled objects, which are never loaded"):
        load(path)


def test_truncated_npz(tmp_path):
    path = npz(tmp_path / "a.npz", X=np.random.default_rng(0).normal(size=(50, 2)), Y=np.ones(50))
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"truncated|is empty"):
            load(path)


def test_damaged_npz(tmp_path):
    path = npz(tmp_path / "a.npz", X=np.random.default_rng(0).normal(size=(50, 2)), Y=np.ones(50))
    content = bytearray(path.read_bytes())
    content[300] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "a header and no rows"),
        ("a,b\n1,2\n3,blue\n", "column 'b', row 2 holds 'blue'"),
        ("1,2\n3,blue\n", "column 'column 2', row 2 holds 'blue'"),
        ("a,b\n1,\n", "column 'b', row 1 holds an empty cell"),
        ("a,b\n1,2,3\n", "row 1 has 3 cells, expected 2"),
        ("a,a\n1,2\n", "two columns are named 'a'"),
        ("a,b\n1,nan\n", "Y holds nan at row 1, column 'b'"),
        ("a,b\n1,2\ninf,2\n", "X holds inf at row 2, column 'a'"),
        ("a\n1\n", "all columns are targets"),
    ],
)
def test_bad_csv(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        load(tmp_path / "a.csv")


def test_other_bad_sources(tmp_path):
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    for source, target, message in [
        (tmp_path, None, "is a directory"),
        (tmp_path / "none.csv", None, "there is no file or data set"),
        ("diabetis", None, "did you mean 'diabetes'"),
        ("diabetes", ["age"], "single target"),
        (tmp_path / "a.txt", None, "unknown kind of file '.txt'"),
        (tmp_path / "a.csv", None, "no readable text table"),
        (tmp_path / "b.csv", ["z"], "no column 'z' for --target; its columns are a, b"),
        (npz(tmp_path / "a.npz", X=X, Y=Y), ["z"], "holds its targets as Y"),
    ]:
        with pytest.raises(DataError, match=message):
            load(source, target)


def test_unreadable(tmp_path, monkeypatch):
    path = npz(tmp_path / "a.npz", X=X, Y=Y)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(np, "load", refuse)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        load(path)
