"""Match tables on disk, so that an evaluation can be compared later without matching again.

`matches_segm.npz` and `matches_box.npz` hold the columns of a `MatchTable`: flags of the ten
thresholds as bits, integers in 32 bits where they fit, scores exactly.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.protocol import IOU_THRESHOLDS, as_bits, from_bits
from longtail.problems import BadInputError
from longtail.sealed_arrays import read_arrays, write_arrays

KINDS: tuple[Kind, ...] = get_args(Kind)
INTEGERS = ("image_ids", "image", "row", "starts", "gt_image", "gt_category", "gt_count")
BITS = ("matched", "ignored")
NAMES = ("category_ids", *INTEGERS, *BITS, "score")
REMEDY = "evaluate the predictions again"

Columns = dict[str, NDArray[Any]]


def matches_path(directory: Path, kind: Kind) -> Path:
    """Where a directory keeps the matches of masks or boxes."""
    return directory / f"matches_{kind}.npz"


def write_matches(directory: Path, tables: Mapping[Kind, MatchTable]) -> None:
    """Write a file for each kind, under a temporary name first; files of other kinds go.

    Args:
        directory: Made if absent.
        tables: Matches of one prediction set.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        path = matches_path(directory, kind)
        if kind in tables:
            _write(path, tables[kind])
        else:
            path.unlink(missing_ok=True)


def read_matches(directory: Path, categories: CategoryTable) -> dict[Kind, MatchTable]:
    """The tables that `write_matches` left, masks before boxes.

    Args:
        directory: Where they are.
        categories: The categories of the annotations that were matched.

    Raises:
        BadInputError: There are none, they are damaged, or they are of other categories.
    """
    kinds = [kind for kind in KINDS if matches_path(directory, kind).is_file()]
    if not kinds:
        raise BadInputError(f"{directory}: no matches are kept here; {REMEDY}")
    return {kind: read_matches_of(directory, kind, categories) for kind in kinds}


def read_matches_of(directory: Path, kind: Kind, categories: CategoryTable) -> MatchTable:
    """The table of masks or boxes alone.

    Raises:
        FileNotFoundError: There is none.
        BadInputError: It is damaged, or of other categories.
    """
    return _read(matches_path(directory, kind), categories)


def _write(path: Path, table: MatchTable) -> None:
    columns: Columns = {"category_ids": table.categories.ids, "score": table.score}
    columns |= {name: _narrow(getattr(table, name)) for name in INTEGERS}
    columns |= {name: as_bits(getattr(table, name)) for name in BITS}
    write_arrays(path, columns, compressed=True)


def _read(path: Path, categories: CategoryTable) -> MatchTable:
    columns = read_arrays(path, REMEDY)
    if missing := sorted({*NAMES} - {*columns}):
        raise BadInputError(f"{path}: no matches: {', '.join(missing)} missing; {REMEDY}")
    if not np.array_equal(columns.pop("category_ids"), categories.ids):
        raise BadInputError(f"{path}: matches of other categories; {REMEDY} on these annotations")
    if problem := _problem(columns, len(categories)):
        raise BadInputError(f"{path}: damaged: {problem}; {REMEDY}")
    integers = {name: columns[name].astype(np.int64) for name in INTEGERS}
    return MatchTable(
        categories=categories,
        category=np.repeat(np.arange(len(categories)), np.diff(integers["starts"])),
        score=columns["score"],
        matched=from_bits(columns["matched"]),
        ignored=from_bits(columns["ignored"]),
        **integers,
    )


def _problem(columns: Columns, num_categories: int) -> str | None:
    """What keeps columns from being a table: compiled code trusts its indices."""
    wrong_types = {
        **{name: columns[name].dtype not in (np.int32, np.int64) for name in INTEGERS},
        **{name: columns[name].dtype != np.uint16 for name in BITS},
        "score": columns["score"].dtype != np.float64,
    }
    for name, wrong in wrong_types.items():
        if wrong or columns[name].ndim != 1:
            return f"{name} is {columns[name].ndim}-dimensional of {columns[name].dtype}"
    num_detections, num_images = len(columns["score"]), len(columns["image_ids"])
    starts, pairs = columns["starts"], len(columns["gt_count"])
    lengths = {"image": num_detections, "row": num_detections, "starts": num_categories + 1}
    lengths |= {"gt_image": pairs, "gt_category": pairs} | dict.fromkeys(BITS, num_detections)
    for name, length in lengths.items():
        if len(columns[name]) != length:
            return f"{name} has {len(columns[name])} values, not {length}"
    if starts[0] != 0 or starts[-1] != num_detections or (np.diff(starts) < 0).any():
        return f"starts does not go from 0 up to {num_detections}"
    limits = {"image": num_images, "gt_image": num_images, "gt_category": num_categories}
    for name, limit in (limits | dict.fromkeys(BITS, 1 << len(IOU_THRESHOLDS))).items():
        values = columns[name]
        if len(values) and not 0 <= values.min() <= values.max() < limit:
            return f"{name} has a value outside 0 to {limit - 1}"
    return None


def _narrow(values: NDArray[np.int64]) -> NDArray[Any]:
    limits = np.iinfo(np.int32)
    fits = not len(values) or limits.min <= values.min() <= values.max() <= limits.max
    return values.astype(np.int32) if fits else values
