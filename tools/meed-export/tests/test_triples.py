"""Triples: what is written, that it is the same each time, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from meed_export import ExportError, Matrix, save_triples

A, B = f"{1:032x}", f"{2:032x}"
ABOUT = {"method": "spans", "polarity": "positive_helps", "model": "m"}


def test_rows_and_metadata_come_back(tmp_path):
    path = tmp_path / "s.parquet"
    rows = [(B, "x é", 0.1), (A, "x é", -3), (A, "y", np.float32(0.25))]
    save_triples(path, iter(rows), **ABOUT, tool="t 1")
    table = pq.read_table(path)
    assert table.schema.names == ["event_id", "item", "score"]
    assert table.schema.types == [pa.utf8(), pa.utf8(), pa.float64()]
    assert [tuple(r.values()) for r in table.to_pylist()] == [(e, i, float(s)) for e, i, s in rows]
    about = {k.decode(): v.decode() for k, v in pq.read_metadata(path).metadata.items()}
    assert about == {
        "meed.format": "1",
        "meed.method": "spans",
        "meed.polarity": "positive_helps",
        "meed.model": "m",
        "meed.tool": "t 1",
    }
    assert pq.read_metadata(path).row_group(0).column(2).compression == "UNCOMPRESSED"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


MAKE = """
import sys; from test_triples import *
save_triples(sys.argv[1], [(A, "x", 1.5), (B, "x", -2)], **ABOUT, tool="t 1")
"""


def test_bytes_are_the_same_in_every_process(tmp_path):
    files = []
    for seed in range(3):
        path = tmp_path / str(seed)
        env = {
            **os.environ,
            "PYTHONHASHSEED": str(seed),
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        folder = Path(__file__).parent
        subprocess.run([sys.executable, "-c", MAKE, str(path)], check=True, env=env, cwd=folder)
        files.append(path.read_bytes())
    assert len(set(files)) == 1


def test_groups_make_one_table_and_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("meed_export._triples._GROUP", 4)
    rows = [(f"{i % 3:032x}", f"i{i}", i / 8) for i in range(10)]
    files = []
    for name in "ab":
        save_triples(tmp_path / name, rows, **ABOUT, dtype="float32")
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    assert pq.read_metadata(tmp_path / "a").num_row_groups == 3
    assert pq.read_table(tmp_path / "a")["score"].to_pylist() == [i / 8 for i in range(10)]
    again = [*rows, rows[0]]
    with pytest.raises(ExportError, match=r"rows\[10\]: .* is there twice: first at 0"):
        save_triples(tmp_path / "c", again, **ABOUT)


@pytest.mark.parametrize("orientation", ["test_x_train", "train_x_test"])
def test_a_matrix_becomes_all_its_triples(tmp_path, orientation):
    scores = np.arange(6, dtype=np.float16).reshape(2, 3) / 8
    given = scores if orientation == "test_x_train" else scores.T
    matrix = Matrix(given, orientation, "positive_helps", "m", "t 1", None, [A, B])
    save_triples(tmp_path / "s", matrix, model="m", items=["x", "y", "z"])
    table = pq.read_table(tmp_path / "s")
    assert table["event_id"].to_pylist() == [A] * 3 + [B] * 3
    assert table["item"].to_pylist() == ["x", "y", "z"] * 2
    assert table["score"].type == pa.float32()
    assert table["score"].to_pylist() == [i / 8 for i in range(6)]


@pytest.mark.parametrize(
    "rows, change, message",
    [
        ([], {}, "at least one triple, got none"),
        ([(A, "x")], {}, r"rows\[0\]: expected \(event_id, item, score\)"),
        ([7], {}, r"rows\[0\]: expected \(event_id, item, score\)"),
        ([(A, "x", 1.0), ("1", "x", 1.0)], {}, r"rows\[1\]: event_id: expected 32"),
        ([(A, "", 1.0)], {}, r"rows\[0\]: item: expected text"),
        ([(A, "x", float("nan"))], {}, r"rows\[0\]: score: expected a finite number"),
        ([(A, "x", np.float32("inf"))], {}, r"rows\[0\]: score: expected a finite number"),
        ([(A, "x", 10**400)], {}, r"score: expected a number that float64 holds"),
        ([(A, "x", "1")], {}, r"rows\[0\]: score: expected a number, got str"),
        ([(A, "x", True)], {}, r"rows\[0\]: score: expected a number, got bool"),
        ([(A, "x", 0.1)], {"dtype": "float32"}, r"score: expected a number that float32 holds"),
        ([(A, "x", 1e300)], {"dtype": "float32"}, r"score: expected a"),
        ([(A, "x", 2**53 + 1)], {}, r"score: expected a number that float64 holds"),
        ([(A, "x", 1.0)], {"dtype": "float16"}, "dtype: expected float64 or float32"),
        ([(A, "x", 1.0), (A, "x", 1.0)], {}, r"rows\[1\]: .* is there twice: first at 0"),
        ([(A, "x", 1.0)], {"items": ["x"]}, "expected with a Matrix only"),
        ([(A, "x", 1.0)], {"polarity": None}, "polarity: expected"),
    ],
)
def test_what_is_refused_leaves_the_old_file(tmp_path, rows, change, message):
    path = tmp_path / "s"
    path.write_text("old")
    with pytest.raises(ExportError, match=message):
        save_triples(path, rows, **{**ABOUT, **change})
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["s"]
