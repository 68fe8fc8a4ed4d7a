"""Results of attribution tools as they give them. None of the tools is imported here."""

from collections.abc import Mapping
from importlib import metadata

import numpy as np

from . import _check
from ._check import ExportError
from ._matrix import Matrix


def _tool(package, given):
    if given is not None:
        return given
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        raise ExportError(
            f"tool: expected {package} to be installed here, or tool='{package} VERSION'"
        ) from None


def from_kronfluence(scores, *, polarity, module=None, method="kronfluence pairwise", tool=None):
    """Takes what kronfluence's ``Analyzer.load_pairwise_scores`` returns.

    That is one matrix of queries x training rows for all modules together, or one for each module;
    of several, ``module`` says which. Name your factor strategy in ``method``, such as ``"ekfac"``.

    ``polarity`` follows from your ``Task.compute_measurement``: if that is a loss (less is better),
    a score above zero means that the row helped, ``"positive_helps"``; if it is a margin, logit or
    log-probability (more is better), ``"negative_helps"``.
    """
    if not isinstance(scores, Mapping):
        raise ExportError(
            f"scores: expected the dict of load_pairwise_scores, got {type(scores).__name__}"
        )
    names = list(scores)
    if module is None:
        module = "all_modules" if "all_modules" in scores else names[0] if len(names) == 1 else None
    if module is None or module not in scores:
        raise ExportError(f"module: expected one of {', '.join(names)}, got {module!r}")
    return Matrix(
        scores=_check.array(f"scores[{module!r}]", scores[module], 2),
        orientation="test_x_train",
        polarity=_check.one_of("polarity", polarity, _check.POLARITIES),
        method=method,
        tool=_tool("kronfluence", tool),
    )


def from_dattri(scores, *, method, polarity, tool=None):
    """Takes what ``attribute`` of an attributor of dattri returns: training rows x test rows.

    ``method`` is the attributor's class, or the attributor itself, of which the class's name is
    taken. ``polarity`` follows from the attributor and its task's target function: influence functions
    and TracIn on a loss give ``"positive_helps"``, and so does TRAK on a margin; influence functions
    with a target of which more is better, ``"negative_helps"``.
    """
    if not isinstance(method, str):
        method = (method if isinstance(method, type) else type(method)).__name__
    return Matrix(
        scores=_check.array("scores", scores, 2),
        orientation="train_x_test",
        polarity=_check.one_of("polarity", polarity, _check.POLARITIES),
        method=method,
        tool=_tool("dattri", tool),
    )


def from_pydvl(results, *, repeat_for=None, method=None, polarity="positive_helps", tool=None):
    """Takes ``ValuationResult`` objects of pyDVL.

    A valuation is of a training set under one utility. To score events, value the training set once
    for each, with a test set of that event alone, and give ``{event_id: result}``. One result for
    many events may be given with ``repeat_for=[event_id, ..]``: each event then gets the same scores.

    Items are the names of the data (of groups, in a ``GroupedDataset``) in order of their indices,
    however the result is sorted; where names are but positions, name items when you save. pyDVL's
    utilities are scores of which more is better; with another, say so in ``polarity``.
    """
    if repeat_for is not None:
        results = {event: results for event in _check.event_ids(repeat_for)}
    if not isinstance(results, Mapping):
        raise ExportError(
            "results: expected {event_id: ValuationResult}, or one result and repeat_for, "
            f"got {type(results).__name__}"
        )
    events = _check.event_ids(results)
    rows, names, algorithm = [], None, None
    for event, result in zip(events, results.values()):
        for attribute in ("values", "indices", "names", "algorithm"):
            if not hasattr(result, attribute):
                raise ExportError(
                    f"results[{event}]: expected a ValuationResult, got {type(result).__name__}"
                )
        if getattr(getattr(result, "status", None), "name", "") == "Failed":
            raise ExportError(f"results[{event}]: expected a valuation that did not fail")
        order = np.argsort(np.asarray(result.indices), kind="stable")
        these = [str(name) for name in np.asarray(result.names)[order]]
        if names is not None and these != names:
            raise ExportError(f"results[{event}]: expected the data of the first result, got other")
        names, algorithm = these, algorithm or str(result.algorithm)
        rows.append(np.asarray(result.values, dtype=np.float64)[order])
    if not rows:
        raise ExportError("results: expected at least one, got none")
    return Matrix(
        scores=np.stack(rows),
        orientation="test_x_train",
        polarity=_check.one_of("polarity", polarity, _check.POLARITIES),
        method=method or algorithm,
        tool=_tool("pyDVL", tool),
        items=names,
        events=events,
    )
