"""Attribution scores in files that Meed imports.

A matrix goes to safetensors (:func:`save_matrix`), triples of event, item and score to Parquet
(:func:`save_triples`). Both carry what Meed has to know of them: which tool and method made them,
what a score above zero means, what rows and columns are. Scores come from your own process, as
arrays, tensors or a tool's own results (:func:`from_kronfluence`, :func:`from_dattri`,
:func:`from_pydvl`); nothing here reads a pickle.

Scores are secrets of the operator: files are readable by their owner only, and no error and no
``repr`` repeats a score.
"""

from ._adapters import from_dattri, from_kronfluence, from_pydvl
from ._check import ExportError
from ._hash import hash_item
from ._matrix import Matrix, save_matrix
from ._triples import save_triples

__all__ = [
    "ExportError",
    "Matrix",
    "from_dattri",
    "from_kronfluence",
    "from_pydvl",
    "hash_item",
    "save_matrix",
    "save_triples",
]
__version__ = "0.1.0"
