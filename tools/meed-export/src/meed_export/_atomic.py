"""Files that appear whole or not at all."""

import contextlib
import os
import tempfile


@contextlib.contextmanager
def replacing(path):
    """Gives the path of a new file beside ``path``, which takes its name if nothing goes wrong.

    Only its owner may read it: scores are secrets.
    """
    path = os.path.abspath(os.fspath(path))
    folder, name = os.path.split(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
    os.close(handle)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    # The name is part of the folder. Windows cannot open a folder, and needs no such step.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
