"""Triples of event, item and score, and their file."""

import itertools
import math
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from . import _check
from ._atomic import replacing
from ._check import ExportError
from ._matrix import Matrix, checked, merged, metadata

# Rows of a row group.
_GROUP = 1 << 16


def save_triples(
    path,
    rows,
    *,
    model,
    method=None,
    polarity=None,
    tool=None,
    dtype="float64",
    items=None,
    events=None,
):
    """Writes triples to a Parquet file with the columns ``event_id``, ``item`` and ``score``.

    ``rows`` gives ``(event_id, item, score)``, once, in any order and any number; each pair of event
    and item may come once. Where a tool leaves a pair out, it has no score there. ``rows`` may also be
    a :class:`Matrix` of an adapter, all pairs of which are written, event by event; ``items`` and
    ``events`` are its ids, as in :func:`save_matrix`, and its own floats (at least 32 bits) are
    kept. ``dtype`` is ``"float64"`` or ``"float32"``; a score that float32 would round is refused.

    The same arguments give the same bytes with the same release of pyarrow. The file appears whole
    or not at all; memory holds one row group and the pairs that have come.

    Raises :class:`ExportError` for what Meed would not import, :class:`OSError`.
    """
    given = {"method": method, "polarity": polarity, "model": model, "tool": tool}
    if isinstance(rows, Matrix):
        matrix, known = merged(rows, {**given, "items": items, "events": events})
        matrix, orientation, events, items = checked(matrix, known)
        dtype = "float64" if matrix.dtype.itemsize == 8 else "float32"
        rows = _pairs(matrix if orientation == "test_x_train" else matrix.T, events, items)
    elif items is not None or events is not None:
        raise ExportError("items and events: expected with a Matrix only; triples name their own")
    else:
        known = given
    about = metadata(known)
    _check.one_of("dtype", dtype, ("float64", "float32"))
    schema = pa.schema(
        [
            pa.field("event_id", pa.utf8(), nullable=False),
            pa.field("item", pa.utf8(), nullable=False),
            pa.field("score", pa.float64() if dtype == "float64" else pa.float32(), nullable=False),
        ]
    )
    # Nothing compressed: every reader reads it, and ids are kept in a dictionary anyway.
    options = {"compression": "NONE", "store_schema": False, "use_dictionary": ["event_id", "item"]}
    with replacing(path) as temporary:
        with pq.ParquetWriter(temporary, schema, **options) as writer:
            any_row = False
            for event_column, item_column, scores in _groups(rows, dtype):
                any_row = True
                arrays = [pa.array(event_column), pa.array(item_column), pa.array(scores)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            if not any_row:
                raise ExportError("rows: expected at least one triple, got none")
            writer.add_key_value_metadata(dict(sorted(about.items())))
    return os.fspath(path)


def _pairs(matrix, events, items):
    for event, row in zip(events, matrix):
        for item, score in zip(items, row.tolist()):
            yield event, item, score


def _groups(rows, dtype):
    """Checked rows in groups: event ids, items, scores."""
    numbers, seen = ({}, {}), {}
    rows = enumerate(rows)
    while group := list(itertools.islice(rows, _GROUP)):
        columns = ([], [], np.empty(len(group), dtype))
        for at, (i, row) in enumerate(group):
            try:
                event, item, score = row
            except (TypeError, ValueError):
                raise ExportError(f"rows[{i}]: expected (event_id, item, score)") from None
            event = _check.event_id(f"rows[{i}]: event_id", event)
            item = _check.text(f"rows[{i}]: item", item)
            # Pairs of small numbers take less memory than pairs of texts.
            pair = tuple(n.setdefault(v, len(n)) for n, v in zip(numbers, (event, item)))
            if seen.setdefault(pair, i) != i:
                raise ExportError(
                    f"rows[{i}]: ({event}, {item!r}) is there twice: first at {seen[pair]}"
                )
            columns[0].append(event)
            columns[1].append(item)
            columns[2][at] = _score(f"rows[{i}]: score", score, dtype)
        yield columns


def _score(what, score, dtype):
    # Numbers of Python compare exactly with each other, those of numpy are first made alike.
    if isinstance(score, (np.float16, np.float32, np.float64, np.integer)):
        score = score.item()
    if isinstance(score, bool) or not isinstance(score, (float, int)):
        raise ExportError(f"{what}: expected a number, got {type(score).__name__}")
    if isinstance(score, float) and not math.isfinite(score):
        raise ExportError(f"{what}: expected a finite number")
    try:
        with np.errstate(over="ignore"):
            kept = np.dtype(dtype).type(score).item()
    except OverflowError:
        kept = math.inf
    if kept != score:
        raise ExportError(f"{what}: expected a number that {dtype} holds exactly")
    return kept
