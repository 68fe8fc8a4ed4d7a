"""A matrix of scores, and its file."""

import dataclasses
import json
import os
from typing import Any, Optional, Sequence

import safetensors

from . import _check
from ._atomic import replacing
from ._check import ExportError

# Name of the tensor in the file.
TENSOR = "scores"
_DTYPES = {2: "F16", 4: "F32", 8: "F64"}
# The longest header that the safetensors library reads.
_HEADER = 100_000_000


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Matrix:
    """Scores of a tool, with what is known of them. The adapters make these."""

    #: Two dimensions.
    scores: Any
    #: ``test_x_train`` (a row is an event) or ``train_x_test``.
    orientation: str
    #: ``positive_helps`` or ``negative_helps``.
    polarity: str
    #: What the tool computed, in its own words.
    method: str
    #: Which tool, with its version.
    tool: Optional[str] = None
    #: Ids of the training data, where the tool knows them.
    items: Optional[Sequence[str]] = None
    #: Ids of the events, where the tool knows them.
    events: Optional[Sequence[str]] = None

    def __repr__(self):
        return f"Matrix({tuple(self.scores.shape)}, {self.orientation}, {self.method!r})"


def merged(scores, given):
    """What is known of ``scores`` together with what the caller says; they must not disagree."""
    if not isinstance(scores, Matrix):
        return scores, given
    known = dict(given)
    for name in ("orientation", "polarity", "method", "tool", "items", "events"):
        there = getattr(scores, name)
        if known.get(name) is None:
            known[name] = there
        elif there is not None and name in ("orientation", "polarity") and known[name] != there:
            raise ExportError(f"{name}: expected {there}, as of the matrix, got {known[name]}")
    return scores.scores, known


def checked(scores, known):
    """Scores as an array, event ids, item ids, and the metadata of both kinds of file."""
    scores = _check.array("scores", scores, 2)
    orientation = known.get("orientation") or "test_x_train"
    _check.one_of("orientation", orientation, _check.ORIENTATIONS)
    items, events = _check.item_ids(known.get("items")), _check.event_ids(known.get("events"))
    shape = (len(events), len(items))
    rows, columns = events, items
    if orientation == "train_x_test":
        shape, rows, columns = shape[::-1], items, events
    if scores.shape != shape:
        names = ("events", "items") if orientation == "test_x_train" else ("items", "events")
        raise ExportError(
            f"scores: expected {shape[0]} x {shape[1]} ({names[0]} x {names[1]}), "
            f"got {scores.shape[0]} x {scores.shape[1]}"
        )
    _check.finite("scores", scores, rows, columns)
    return scores, orientation, events, items


def metadata(known):
    """The part of the metadata that matrices and triples share."""
    about = {
        "meed.format": _check.FORMAT,
        "meed.method": _check.text("method", known.get("method")),
        "meed.polarity": _check.one_of("polarity", known.get("polarity"), _check.POLARITIES),
        "meed.model": _check.text("model", known.get("model")),
    }
    if known.get("tool") is not None:
        about["meed.tool"] = _check.text("tool", known["tool"])
    return about


def save_matrix(
    path,
    scores,
    *,
    model,
    items=None,
    events=None,
    method=None,
    polarity=None,
    orientation=None,
    item_hashes=None,
    tool=None,
):
    """Writes a matrix to a safetensors file, of which Meed needs nothing else.

    ``scores`` is a :class:`Matrix` of an adapter, or a float array or tensor of two dimensions; its
    numbers are written as they are. ``items`` are the ids of the training data, each once, in the
    order of their axis; ``events`` those of the paid outputs, 32 hexadecimal digits or UUIDs.
    ``orientation`` is ``"test_x_train"`` (the default: a row is an event) or ``"train_x_test"``;
    ``polarity`` says which way scores count, ``"positive_helps"`` or ``"negative_helps"``. ``model``
    names the model, ``method`` what was computed, ``tool`` what computed it. ``item_hashes`` are
    SHA-256 of the items (:func:`hash_item`), in the order of ``items``.

    The same arguments give the same bytes. The file appears whole or not at all.

    Raises :class:`ExportError` for what Meed would not import, :class:`OSError`.
    """
    given = {
        "items": items,
        "events": events,
        "method": method,
        "polarity": polarity,
        "orientation": orientation,
        "model": model,
        "tool": tool,
    }
    scores, known = merged(scores, given)
    scores, orientation, events, items = checked(scores, known)
    about = metadata(known)
    about["meed.orientation"] = orientation
    about["meed.items"] = _json(items)
    about["meed.events"] = _json(events)
    if item_hashes is not None:
        about["meed.item_hashes"] = _json(_check.item_hashes(item_hashes, items))
    # The library writes metadata in another order each time; the header is sorted here, and what
    # comes out is read back with the library.
    header = _json(
        {
            "__metadata__": dict(sorted(about.items())),
            TENSOR: {
                "dtype": _DTYPES[scores.dtype.itemsize],
                "shape": list(scores.shape),
                "data_offsets": [0, scores.size * scores.dtype.itemsize],
            },
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    if len(header) > _HEADER:
        raise ExportError(
            f"items: expected ids that fit a header of {_HEADER} bytes, got {len(header)}; "
            "use shorter ids, leave item_hashes out, or write triples"
        )
    with replacing(path) as temporary:
        with open(temporary, "wb") as file:
            file.write(len(header).to_bytes(8, "little"))
            file.write(header)
            for _, block in _check.blocks(scores):
                file.write(block.data)
        _read_back(temporary, about, scores)
    return os.fspath(path)


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _read_back(path, about, scores):
    with safetensors.safe_open(path, framework="np") as file:
        tensor = file.get_slice(TENSOR)
        same = (
            list(file.keys()) == [TENSOR]
            and file.metadata() == about
            and tuple(tensor.get_shape()) == scores.shape
            and tensor.get_dtype() == _DTYPES[scores.dtype.itemsize]
        )
    if not same:
        raise RuntimeError("the safetensors library reads another file than was written")
