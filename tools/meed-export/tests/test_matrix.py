"""Matrices: what is written, that it is the same each time, and what is refused."""

import json
import os
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import numpy as np
import pytest
from meed_export import ExportError, Matrix, save_matrix
from safetensors import safe_open

EVENTS = [f"{i:032x}" for i in range(2)]
ITEMS = ["a/0", "a/1", "b é"]
SCORES = np.array([[1.5, -2.25, 0.0], [3.0, 1e-30, -7.0]], dtype=np.float32)
ABOUT = {
    "items": ITEMS,
    "events": EVENTS,
    "method": "influence",
    "polarity": "positive_helps",
    "model": "m",
}


def read(path):
    with safe_open(path, framework="np") as file:
        assert list(file.keys()) == ["scores"]
        return file.get_tensor("scores"), file.metadata()


def test_numbers_and_metadata_come_back(tmp_path):
    path = tmp_path / "s.safetensors"
    hashes = ["0" * 64, "f" * 64, "0" * 64]
    given = {**ABOUT, "polarity": "negative_helps", "item_hashes": hashes, "tool": "t 1.0"}
    save_matrix(path, SCORES, **given)
    scores, about = read(path)
    assert scores.dtype == np.float32 and scores.tobytes() == SCORES.tobytes()
    assert about == {
        "meed.format": "1",
        "meed.method": "influence",
        "meed.polarity": "negative_helps",
        "meed.model": "m",
        "meed.tool": "t 1.0",
        "meed.orientation": "test_x_train",
        "meed.items": json.dumps(ITEMS, ensure_ascii=False, separators=(",", ":")),
        "meed.events": json.dumps(EVENTS, separators=(",", ":")),
        "meed.item_hashes": json.dumps(hashes, separators=(",", ":")),
    }
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["s.safetensors"]


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_float_and_order_is_written_in_c_order(tmp_path, dtype, order):
    given = np.array(SCORES, dtype=dtype, order=order)
    save_matrix(tmp_path / "s", given, **ABOUT)
    scores, _ = read(tmp_path / "s")
    assert scores.dtype.itemsize == given.dtype.itemsize
    assert (scores == given).all()


def test_blocks_make_one_matrix(tmp_path, monkeypatch):
    monkeypatch.setattr("meed_export._check.CHUNK", 4)
    save_matrix(tmp_path / "s", SCORES, **ABOUT)
    assert (read(tmp_path / "s")[0] == SCORES).all()
    bad = SCORES.copy()
    bad[1, 2] = np.inf
    with pytest.raises(ExportError, match=r"scores\[1, 2\] .*got an infinite number"):
        save_matrix(tmp_path / "t", bad, **ABOUT)


def test_train_x_test_is_said_and_checked(tmp_path):
    save_matrix(tmp_path / "s", SCORES.T, **ABOUT, orientation="train_x_test")
    scores, about = read(tmp_path / "s")
    assert about["meed.orientation"] == "train_x_test"
    assert scores.shape == (3, 2) and (scores == SCORES.T).all()
    with pytest.raises(ExportError, match=r"expected 3 x 2 \(items x events\), got 2 x 3"):
        save_matrix(tmp_path / "t", SCORES, **ABOUT, orientation="train_x_test")


def test_event_ids_are_taken_as_people_have_them(tmp_path):
    ids = [uuid.UUID(int=0xAB), "000000AC-0000-0000-0000-00000000000D"]
    save_matrix(tmp_path / "s", SCORES, **{**ABOUT, "events": ids})
    expected = ["000000000000000000000000000000ab", "000000ac00000000000000000000000d"]
    assert json.loads(read(tmp_path / "s")[1]["meed.events"]) == expected


MAKE = """
import sys; from test_matrix import *
save_matrix(sys.argv[1], SCORES, **ABOUT, tool="t 1", item_hashes=["0" * 64] * 3)
"""


def test_bytes_are_the_same_in_every_process(tmp_path):
    # The order of a dict that a library hashes differs between processes.
    files = []
    for seed in range(4):
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
    header = int.from_bytes(files[0][:8], "little")
    assert header % 8 == 0 and list(json.loads(files[0][8 : 8 + header])["__metadata__"]) == sorted(
        json.loads(files[0][8 : 8 + header])["__metadata__"]
    )


def with_one(value):
    scores = SCORES.copy()
    scores[1, 0] = value
    return scores


@pytest.mark.parametrize(
    "scores, change, message",
    [
        (with_one(np.nan), {}, r"scores\[1, 0\] \(0{31}1, a/0\): .*got NaN"),
        (with_one(-np.inf), {}, r"scores\[1, 0\] .*got an infinite number"),
        (SCORES.astype(int), {}, "expected floats of 16, 32 or 64 bits, got int64"),
        (SCORES > 0, {}, "expected floats of 16, 32 or 64 bits, got bool"),
        (SCORES.astype(complex), {}, "expected floats of 16, 32 or 64 bits, got complex128"),
        (SCORES.astype(object), {}, "expected floats of 16, 32 or 64 bits, got object"),
        (SCORES[0], {}, "expected 2 dimensions, got 1"),
        (SCORES[:, :0], {}, r"expected at least one number, got shape \(2, 0\)"),
        (SCORES[:, :2], {}, r"expected 2 x 3 \(events x items\), got 2 x 2"),
        (SCORES, {"items": None}, "items: expected a list, got none"),
        (SCORES, {"items": "abc"}, "items: expected a list, got str"),
        (SCORES, {"items": ["a", "b", "a"]}, r"items\[2\]: 'a' is there twice: first at 0"),
        (SCORES, {"items": ["a", "b", 3]}, r"items\[2\]: expected text, got int"),
        (SCORES, {"items": ["a", "b", ""]}, r"items\[2\]: expected text without space"),
        (SCORES, {"items": ["a", "b", "c\nd"]}, r"items\[2\]: expected one line"),
        (SCORES, {"items": ["a", "b", "\udcff"]}, r"items\[2\]: expected text in Unicode"),
        (SCORES, {"items": ["a", "b", "c" * 1025]}, r"expected at most 1024 bytes, got 1025"),
        (SCORES, {"events": [EVENTS[0], EVENTS[0]]}, r"events\[1\]: .* is there twice: first at 0"),
        (SCORES, {"events": [EVENTS[0], "12"]}, r"events\[1\]: expected 32 hexadecimal digits"),
        (SCORES, {"events": [0, 1]}, r"events\[0\]: expected 32 hexadecimal .*got int"),
        (SCORES, {"polarity": "up"}, "polarity: expected positive_helps or negative_helps"),
        (SCORES, {"polarity": None}, "polarity: expected positive_helps or negative_helps"),
        (SCORES, {"orientation": "x"}, "orientation: expected test_x_train or train_x_test"),
        (SCORES, {"method": None}, "method: expected text, got NoneType"),
        (SCORES, {"model": ""}, "model: expected text without space around it"),
        (SCORES, {"item_hashes": ["0" * 64]}, "item_hashes: expected 3, one an item, got 1"),
        (SCORES, {"item_hashes": ["0" * 64] * 2 + ["F" * 64]}, r"item_hashes\[2\]: expected 64"),
    ],
)
def test_what_is_refused_leaves_the_old_file(tmp_path, scores, change, message):
    path = tmp_path / "s"
    path.write_text("old")
    with pytest.raises(ExportError, match=message):
        save_matrix(path, scores, **{**ABOUT, **change})
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["s"]


def test_a_header_that_no_reader_takes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("meed_export._matrix._HEADER", 100)
    with pytest.raises(ExportError, match="a header of 100 bytes, got"):
        save_matrix(tmp_path / "s", SCORES, **ABOUT)


def test_a_matrix_brings_its_own_and_cannot_be_contradicted(tmp_path):
    matrix = Matrix(SCORES.T, "train_x_test", "negative_helps", "IF", "t 1", ITEMS, EVENTS)
    save_matrix(tmp_path / "s", matrix, model="m")
    about = read(tmp_path / "s")[1]
    assert about["meed.tool"] == "t 1" and about["meed.polarity"] == "negative_helps"
    with pytest.raises(ExportError, match="polarity: expected negative_helps, as of the matrix"):
        save_matrix(tmp_path / "s", matrix, model="m", polarity="positive_helps")
    with pytest.raises(ExportError, match="orientation: expected train_x_test"):
        save_matrix(tmp_path / "s", matrix, model="m", orientation="test_x_train")
    assert repr(matrix) == "Matrix((3, 2), train_x_test, 'IF')"


def test_no_error_repeats_a_score(tmp_path):
    bad = np.full((2, 3), 123456.75)
    bad[0, 0] = np.nan
    with pytest.raises(ExportError) as error:
        save_matrix(tmp_path / "s", bad, **ABOUT)
    assert "123456" not in str(error.value)
