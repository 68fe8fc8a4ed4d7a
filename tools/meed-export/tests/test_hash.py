"""The content hash against coreutils and against what the registry of the digits has."""

import csv
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from meed_export import ExportError, hash_item

DIGITS = Path(__file__).resolve().parents[3] / "fixtures" / "digits"
SHELL = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"


@pytest.fixture
def tree(tmp_path):
    for name, text in [("b", "two"), ("a/z", "one"), ("a.txt", ""), ("a/b c/é", "three")]:
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (tmp_path / "tree" / "empty").mkdir()
    return tmp_path / "tree"


def test_bytes_and_a_file_have_their_sha256(tree):
    (tree / "b").write_bytes(b"x" * 3_000_000)
    expected = hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert (
        hash_item(b"x" * 3_000_000)
        == hash_item(tree / "b")
        == hash_item(str(tree / "b"))
        == expected
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs GNU find and coreutils")
def test_a_folder_agrees_with_the_shell(tree):
    shell = subprocess.run(["sh", "-c", SHELL], cwd=tree, capture_output=True, check=True)
    assert shell.stdout.decode().split()[0] == hash_item(tree)


@pytest.mark.skipif(not DIGITS.is_dir(), reason="needs the fixture of the digits")
def test_the_registry_of_the_digits_has_the_same_hashes():
    lines = (DIGITS / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    with (DIGITS / "assets.csv").open(newline="") as file:
        paths = [row["path"] for row in csv.DictReader(file)]
    assert len(paths) == 49
    for path in paths:
        assert hash_item(DIGITS / path) == sums[path]


@pytest.mark.skipif(os.name != "posix", reason="needs links and names of any bytes")
def test_what_meed_refuses_is_refused(tree):
    cases = [
        ("link", lambda p: os.symlink("z", p), "got a symbolic link"),
        ("pipe", os.mkfifo, "got a special file"),
        ("a\\b", lambda p: Path(os.fsdecode(p)).write_text("x"), "without backslash"),
        ("a\nb", lambda p: Path(os.fsdecode(p)).write_text("x"), "without backslash"),
        ("\udcff", lambda p: Path(os.fsdecode(p)).write_text("x"), "a name in UTF-8"),
    ]
    for name, make, message in cases:
        folder = tree / "a" / "deep"
        folder.mkdir()
        make(os.path.join(os.fsencode(folder), os.fsencode(name)))
        with pytest.raises(ExportError, match=message):
            hash_item(tree)
        shutil.rmtree(folder)
    with pytest.raises(ExportError, match="at least one file, got an empty folder"):
        hash_item(tree / "empty")
    with pytest.raises(FileNotFoundError):
        hash_item(tree / "none")
    with pytest.raises(ExportError, match="expected bytes or a path, got int"):
        hash_item(7)
