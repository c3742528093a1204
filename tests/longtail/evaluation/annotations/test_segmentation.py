"""Outlines of instances: polygons and run-length masks of one image of 4 x 5 pixels."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from longtail.evaluation.annotations.segmentation import read_segmentation
from longtail.problems import BadInputError
from longtail.rle.codec import encode


def read(value: Any) -> Any:
    return read_segmentation(msgspec.Raw(json.dumps(value).encode()), 4, 5, "val.json: here")


def test_polygons_pass_unchanged() -> None:
    polygons = [[0.5, 0, 4, 0, 4, 3], [0, 0, 1, 0, 1, 1, 0, 1]]
    assert read(polygons) == polygons


def test_compressed_and_uncompressed_runs_pass_unchanged() -> None:
    counts = encode(np.array([3, 2, 15])).decode()
    assert read({"size": [4, 5], "counts": counts}) == {"size": [4, 5], "counts": counts}
    assert read({"size": [4, 5], "counts": [3, 2, 15]})["counts"] == [3, 2, 15]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[0, 0, 1, 1]], r"a polygon of under 3 points \(4 numbers\); remove the polygon"),
        ([[0, 0, 1, 1, 2, 2, 3]], r"a polygon of odd length \(7 numbers\); give x and y"),
        ([[0, 0, 1, 1, 2, 1e7]], "a vertex over 20 pixels"),
        ([[0, 0, 1, -1e7, 2, 2]], "a vertex over 20 pixels"),
        ({"size": [5, 4], "counts": [20]}, r"size is \[5, 4\]"),
        ({"size": [4, 5], "counts": [19]}, "add up to 20"),
        ({"size": [4, 5], "counts": [25, -5]}, "non-negative"),
        ({"size": [4, 5], "counts": "`"}, "truncated"),
        ({"size": [4, 5], "counts": ""}, "empty"),
        ({"counts": [20]}, "size"),
        ("text", "polygons or an RLE"),
    ],
)
def test_an_unusable_outline_is_refused(value: Any, message: str) -> None:
    with pytest.raises(BadInputError, match=rf"val\.json: here: .*{message}"):
        read(value)
