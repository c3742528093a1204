"""Models that know other categories than LVIS: which of theirs are which of ours.

Source: the EQL report of the LVIS challenge 2019 (003), section 5: detectors trained on COCO and on
OpenImages join the ensemble with the categories they share with LVIS. K categories of the data set,
E of the expert.
"""

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.sources.coco_categories import coco_categories
from longtail.annotation_file.document import map_annotation_file, read_json_text
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.problems import BadInputError

COCO = "coco"
NOT_OURS = -1
REMEDY = (
    'give coco, or a JSON file with a list of {"id", "name", "synset"}, with `categories` that are'
    ' such a list, or with {name: {"coco_cat_id", "synset"}}'
)


@dataclass(frozen=True, eq=False)
class CategoryMap:
    """Where the categories of an expert go.

    Attributes:
        theirs: The expert's categories.
        ours: Those of the data set.
        target: (E,) int64, index into `ours`, `NOT_OURS` for a category that is dropped.
        by: E texts, "synset", "name" or "".
    """

    theirs: CategoryTable
    ours: CategoryTable
    target: NDArray[np.int64]
    by: tuple[str, ...]

    @property
    def known_categories(self) -> NDArray[np.bool_]:
        """(K,) the categories that the expert can find."""
        known = np.zeros(len(self.ours), np.bool_)
        known[self.target[self.target != NOT_OURS]] = True
        return known

    def translate(self, columns: DetectionColumns) -> DetectionColumns:
        """The detections of shared categories, with the ids of the data set."""
        target = self.target[self.theirs.index_of(columns.category_id)]
        rows = np.flatnonzero(target != NOT_OURS)
        return replace(columns.take(rows), category_id=self.ours.ids[target[rows]])


def map_categories(theirs: CategoryTable, ours: CategoryTable, file: str) -> CategoryMap:
    """Find the categories of an expert by synset, or else by name.

    Names are the same where they differ by case, spaces, '-' and '_' only.

    Args:
        theirs: Categories of the expert.
        ours: Categories of the data set.
        file: Where the expert's are from, for the error text.

    Raises:
        BadInputError: None is shared.
    """
    by_synset = _unique(ours.synsets)
    by_name = _unique([_plain(name) for name in ours.names])
    target, by = [], []
    for synset, name in zip(theirs.synsets, theirs.names, strict=True):
        found = by_synset.get(synset, NOT_OURS), by_name.get(_plain(name), NOT_OURS)
        index = found[0] if found[0] != NOT_OURS else found[1]
        target.append(index)
        by.append("synset" if found[0] != NOT_OURS else "name" if index != NOT_OURS else "")
    if not any(by):
        raise BadInputError(
            f"{file}: none of its {len(theirs)} categories is one of --ann's by synset or name; "
            "check that this is the expert's category file"
        )
    return CategoryMap(theirs, ours, np.array(target, np.int64), tuple(by))


def read_categories(where: str) -> CategoryTable:
    """The categories of an expert.

    Args:
        where: "coco", or the path of a JSON file in one of three forms (`REMEDY`).

    Raises:
        BadInputError: The file is not there, or in none of the forms.
    """
    if where == COCO:
        return CategoryTable.from_records(coco_categories(), COCO, counts_required=False)
    path = Path(where)
    if not path.is_file():
        raise BadInputError(f"{where}: no such file; {REMEDY}")
    try:
        records = _records(_tree(path))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInputError(
            f"{where}: cannot read categories ({type(error).__name__}: {error}); {REMEDY}"
        ) from None
    return CategoryTable.from_records(records, where, counts_required=False)


def _tree(path: Path) -> Any:
    """What a file holds; of an annotation file the categories alone, whatever its size."""
    with contextlib.suppress(BadInputError):
        file = map_annotation_file(path)
        if file.has("categories"):
            return file.categories()
    return json.loads(bytes(read_json_text(path)))


def _records(tree: Any) -> list[dict[str, Any]]:
    """Ids, names and synsets alone: the counts of another data set say nothing here."""
    if isinstance(tree, Mapping) and "categories" not in tree:
        return [
            {"id": entry["coco_cat_id"], "name": name, "synset": entry["synset"]}
            for name, entry in tree.items()
        ]
    records = tree["categories"] if isinstance(tree, Mapping) else tree
    return [{k: r[k] for k in ("id", "name", "synset") if k in r} for r in records]


def _unique(keys: Sequence[str]) -> dict[str, int]:
    """Index of each key that is there once and says something."""
    return {key: i for i, key in enumerate(keys) if key and keys.count(key) == 1}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())
