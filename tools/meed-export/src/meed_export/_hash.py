"""The content hash of an item: the same SHA-256 that Meed's registry has for a file or folder."""

import hashlib
import os
import stat

from ._check import ExportError

# Folders nest at most this deep.
_DEPTH = 128


def hash_item(item):
    """SHA-256 of bytes, of a file, or of a folder, as 64 hexadecimal digits.

    ``bytes`` are hashed as they are. A ``str`` or path leads to a file, whose hash is that of its
    bytes, or to a folder, whose hash is that of one line ``<hex>  <relative/path>\\n`` for each
    regular file below it, in byte order of the paths. Links and special files are refused, and names
    that are not UTF-8 or have a backslash or a line break.
    """
    if isinstance(item, (bytes, bytearray, memoryview)):
        return hashlib.sha256(item).hexdigest()
    if not isinstance(item, (str, os.PathLike)):
        raise ExportError(f"item: expected bytes or a path, got {type(item).__name__}")
    path = os.fspath(item)
    about = os.lstat(path)
    if stat.S_ISREG(about.st_mode):
        return _file(path, about.st_size)
    files = []
    _list(path, b"", 0, files)
    if not files:
        raise ExportError(f"{path}: expected at least one file, got an empty folder")
    lines = hashlib.sha256()
    for name, file, size in sorted(files):
        lines.update(_file(file, size).encode() + b"  " + name + b"\n")
    return lines.hexdigest()


def _list(folder, below, depth, files):
    """All regular files below ``folder`` as (relative path, path, length)."""
    about = os.lstat(folder)
    if not stat.S_ISDIR(about.st_mode):
        got = "a symbolic link" if stat.S_ISLNK(about.st_mode) else "a special file"
        raise ExportError(f"{os.fsdecode(folder)}: expected a regular file or a folder, got {got}")
    if depth == _DEPTH:
        raise ExportError(f"{os.fsdecode(folder)}: expected at most {_DEPTH} folders in each other")
    for name in os.listdir(os.fsencode(folder)):
        path = os.path.join(os.fsencode(folder), name)
        if not _plain(name):
            raise ExportError(
                f"{os.fsdecode(path)!r}: expected a name in UTF-8 without backslash or line break"
            )
        relative = below + b"/" + name if below else name
        about = os.lstat(path)
        if stat.S_ISREG(about.st_mode):
            files.append((relative, path, about.st_size))
        else:
            _list(path, relative, depth + 1, files)


def _plain(name):
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return not any(c in name for c in (b"\n", b"\r", b"\\"))


def _file(path, size):
    digest, read = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            read += len(block)
    if read != size:
        raise ExportError(
            f"{os.fsdecode(path)}: expected {size} bytes, as at the start, got {read}"
        )
    return digest.hexdigest()
