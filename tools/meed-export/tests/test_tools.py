"""The adapters on what the tools themselves return, and the committed files against a new run.

A tool that is not installed is skipped, and pytest says which. All of them:
``pip install -r fixtures/exported/requirements.txt``.
"""

import contextlib
import hashlib
import importlib.util
import io
import json
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from meed_export import ExportError, from_dattri, from_kronfluence, from_pydvl, save_matrix
from safetensors import safe_open

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "exported"
pytestmark = [
    pytest.mark.skipif(not FIXTURE.is_dir(), reason="needs the repository's fixtures"),
    pytest.mark.filterwarnings("ignore"),
]
EVENT = f"{7:032x}"


def need(package):
    """The version of the fixture, so that numbers can be compared."""
    return pytest.importorskip(package, reason=f"{package} is not installed")


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", FIXTURE / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data(generate):
    return generate.Data()


def quiet(work, *arguments, **more):
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work(*arguments, **more)


def committed(name):
    with safe_open(FIXTURE / name, framework="np") as file:
        return file.get_tensor("scores"), file.metadata()


def close(ours, theirs):
    """Equal but for what another build of the mathematics does."""
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-3 * np.abs(theirs).max()


def test_the_committed_files_are_whole():
    lines = (FIXTURE / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == 8
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((FIXTURE / name).read_bytes()).hexdigest() == digest, name


def test_both_files_of_kronfluence_hold_the_same_numbers():
    ours, about = committed("kronfluence.safetensors")
    with safe_open(FIXTURE / "pairwise_scores.safetensors", framework="np") as file:
        assert list(file.keys()) == ["all_modules"]
        assert (file.get_tensor("all_modules") == ours).all()
    assert json.loads(about["meed.items"]) == (FIXTURE / "item-ids.txt").read_text().split()
    assert json.loads(about["meed.events"]) == (FIXTURE / "event-ids.txt").read_text().split()


def test_dattri(generate, data):
    need("dattri")
    matrix = quiet(generate.dattri, data)
    assert matrix.orientation == "train_x_test" and matrix.method == "IFAttributorExplicit"
    assert matrix.tool.startswith("dattri ")
    close(matrix.scores, committed("dattri.safetensors")[0])


def test_kronfluence(generate, data, tmp_path):
    need("kronfluence")
    matrix = quiet(generate.kronfluence, data)
    assert matrix.orientation == "test_x_train" and matrix.tool.startswith("kronfluence ")
    close(matrix.scores, committed("kronfluence.safetensors")[0])


def test_tensors_of_torch(tmp_path):
    torch = need("torch")
    numbers = [[1.0, -0.3, 3e38]]
    about = {"model": "m", "items": ["a", "b", "c"], "events": [EVENT]}
    about.update(method="x", polarity="positive_helps")
    for kind, kept in [("float32", "F32"), ("float64", "F64"), ("bfloat16", "F32")]:
        tensor = torch.tensor(numbers, dtype=getattr(torch, kind), requires_grad=True)
        save_matrix(tmp_path / kind, tensor, **about)
        with safe_open(tmp_path / kind, framework="pt") as file:
            assert file.get_slice("scores").get_dtype() == kept
            assert torch.equal(file.get_tensor("scores").to(tensor.dtype), tensor)
    with pytest.raises(ExportError, match="got torch.int64"):
        save_matrix(tmp_path / "i", torch.tensor([[1, 2, 3]]), **about)


def test_pydvl(generate, data):
    need("pydvl")
    matrix = quiet(generate.pydvl, data)
    assert matrix.items == data.items and matrix.events == data.events
    assert matrix.tool.startswith("pyDVL ") and matrix.polarity == "positive_helps"
    table = pq.read_table(FIXTURE / "pydvl.parquet")
    assert table["item"].to_pylist() == data.items * len(data.events)
    close(matrix.scores.ravel(), table["score"].to_numpy())


def test_pydvl_results_in_any_order_and_for_many_events():
    valuation = need("pydvl.valuation")
    values, names = [0.5, -1.0, 2.0], ["x", "y", "z"]
    result = valuation.ValuationResult(values=values, data_names=names, algorithm="loo")
    ordered = result.sort(reverse=True)
    assert list(ordered.values) == [2.0, 0.5, -1.0]
    events = [f"{i:032x}" for i in range(3)]
    for given in (result, ordered):
        matrix = from_pydvl(given, repeat_for=events)
        assert matrix.items == names and matrix.method == "loo"
        assert matrix.scores.tolist() == [values] * 3
    other = valuation.ValuationResult(values=values, data_names=["x", "y", "w"])
    with pytest.raises(ExportError, match="expected the data of the first result"):
        from_pydvl({events[0]: result, events[1]: other})
    failed = valuation.ValuationResult(
        values=values, status=type(result.status).Failed, algorithm="loo"
    )
    with pytest.raises(ExportError, match="expected a valuation that did not fail"):
        from_pydvl({EVENT: failed})


def test_what_is_no_result_is_refused():
    ones, tool = np.ones((2, 3)), {"tool": "t 1"}
    good = {"polarity": "positive_helps", **tool}
    assert from_kronfluence({"all_modules": ones, "a": ones}, **good).scores.shape == (2, 3)
    assert from_kronfluence({"a": ones}, **good).scores.shape == (2, 3)
    assert from_kronfluence({"a": ones, "b": ones * 2}, module="b", **good).scores[0, 0] == 2
    with pytest.raises(ExportError, match="module: expected one of a, b, got None"):
        from_kronfluence({"a": ones, "b": ones}, **good)
    with pytest.raises(ExportError, match="expected the dict of load_pairwise_scores, got ndarray"):
        from_kronfluence(ones, **good)
    with pytest.raises(ExportError, match="polarity: expected positive_helps or negative_helps"):
        from_dattri(ones, method="x", polarity="up", **tool)
    with pytest.raises(ExportError, match="expected {event_id: ValuationResult}"):
        from_pydvl(ones, **tool)
    with pytest.raises(ExportError, match="expected a ValuationResult, got ndarray"):
        from_pydvl({EVENT: ones}, **tool)
    with pytest.raises(ExportError, match="results: expected at least one"):
        from_pydvl({}, **tool)
