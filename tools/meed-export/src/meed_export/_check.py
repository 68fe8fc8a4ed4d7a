"""What is accepted as metadata and as a score."""

import re
import uuid

import numpy as np

FORMAT = "1"
POLARITIES = ("positive_helps", "negative_helps")
ORIENTATIONS = ("test_x_train", "train_x_test")
# Longest item and longest one-line text, in bytes of UTF-8.
LONGEST = 1024
# Numbers looked at at once, so that a check needs little memory beside the scores.
CHUNK = 1 << 22


class ExportError(ValueError):
    """Something that Meed would not import: what was expected, and what was given."""


def text(what, value):
    """A line of text that says something."""
    if not isinstance(value, str):
        raise ExportError(f"{what}: expected text, got {type(value).__name__}")
    if not value.strip() or value != value.strip():
        raise ExportError(f"{what}: expected text without space around it, got {value!r}")
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ExportError(f"{what}: expected one line of text, got {value[:60]!r}")
    try:
        length = len(value.encode())
    except UnicodeEncodeError:
        raise ExportError(f"{what}: expected text in Unicode, got {value[:60]!r}") from None
    if length > LONGEST:
        raise ExportError(f"{what}: expected at most {LONGEST} bytes, got {length}")
    return value


def one_of(what, value, choices):
    if value not in choices:
        raise ExportError(f"{what}: expected {' or '.join(choices)}, got {value!r}")
    return value


def event_id(what, value):
    """An event's id as 32 hexadecimal digits; dashes of a UUID and capitals are taken too."""
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, (bytes, bytearray)) and len(value) == 16:
        return bytes(value).hex()
    if isinstance(value, str):
        if re.fullmatch(r"[0-9a-fA-F]{32}", value):
            return value.lower()
        if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
            return value.replace("-", "").lower()
    got = repr(value)[:60] if isinstance(value, str) else type(value).__name__
    raise ExportError(f"{what}: expected 32 hexadecimal digits or a UUID, got {got}")


def _listed(what, values):
    if values is None:
        raise ExportError(f"{what}: expected a list, got none")
    if isinstance(values, (str, bytes)):
        raise ExportError(f"{what}: expected a list, got {type(values).__name__}")
    return [v.item() if isinstance(v, np.generic) else v for v in values]


def _distinct(what, values):
    first = {}
    for i, value in enumerate(values):
        if first.setdefault(value, i) != i:
            raise ExportError(f"{what}[{i}]: {value!r} is there twice: first at {first[value]}")
    return values


def event_ids(values):
    listed = _listed("events", values)
    return _distinct("events", [event_id(f"events[{i}]", v) for i, v in enumerate(listed)])


def item_ids(values):
    listed = _listed("items", values)
    return _distinct("items", [text(f"items[{i}]", v) for i, v in enumerate(listed)])


def item_hashes(values, items):
    """SHA-256 of each item, as :func:`hash_item` gives it. Equal items have equal hashes."""
    listed = _listed("item_hashes", values)
    if len(listed) != len(items):
        raise ExportError(f"item_hashes: expected {len(items)}, one an item, got {len(listed)}")
    for i, value in enumerate(listed):
        if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
            got = repr(value)[:80] if isinstance(value, str) else type(value).__name__
            raise ExportError(
                f"item_hashes[{i}]: expected 64 hexadecimal digits in small letters, got {got}"
            )
    return listed


def array(what, scores, dimensions):
    """Scores as an array of numpy, little-endian, without a change of any number.

    A tensor of torch is taken off its device; bfloat16, which numpy does not have, becomes float32,
    which holds each of its numbers exactly.
    """
    if hasattr(scores, "detach") and hasattr(scores, "cpu"):
        scores = scores.detach().cpu()
        if str(scores.dtype) == "torch.bfloat16":
            scores = scores.float()
        if not str(scores.dtype).startswith("torch.float"):
            raise ExportError(f"{what}: expected floats of 16, 32 or 64 bits, got {scores.dtype}")
        scores = scores.numpy()
    scores = np.asarray(scores)
    if scores.dtype.kind != "f" or scores.dtype.itemsize not in (2, 4, 8):
        raise ExportError(f"{what}: expected floats of 16, 32 or 64 bits, got {scores.dtype}")
    if scores.ndim != dimensions:
        raise ExportError(f"{what}: expected {dimensions} dimensions, got {scores.ndim}")
    if scores.size == 0:
        raise ExportError(f"{what}: expected at least one number, got shape {scores.shape}")
    return scores.astype(scores.dtype.newbyteorder("<"), copy=False)


def blocks(scores):
    """Rows of a matrix in blocks, each with its first row, C order."""
    rows = max(1, CHUNK // max(1, scores.shape[1]))
    for start in range(0, scores.shape[0], rows):
        yield start, np.ascontiguousarray(scores[start : start + rows])


def finite(what, scores, rows, columns):
    """Refuses NaN and infinity, with the place. ``rows`` and ``columns`` name it."""
    for start, block in blocks(scores):
        bad = ~np.isfinite(block)
        if bad.any():
            row, column = np.unravel_index(int(bad.argmax()), bad.shape)
            got = "NaN" if np.isnan(block[row, column]) else "an infinite number"
            row += start
            raise ExportError(
                f"{what}[{row}, {column}] ({rows[row]}, {columns[column]}): "
                f"expected a finite number, got {got}"
            )
