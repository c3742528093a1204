"""Categories that carry the counts of a training file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Convert = Callable[..., Record]


def test_validation_file_carries_the_counts_of_training(
    coco: Record, convert: Convert, tmp_path: Path
) -> None:
    train = convert(coco, "--frequency-limits", "1,5", out="train.json")
    coco["annotations"] = coco["annotations"][:1]
    val = convert(coco, "--counts-of", str(tmp_path / "train.json"))
    assert val["categories"] == train["categories"]
    assert [category["frequency"] for category in val["categories"]] == ["c", "r"]


def test_counts_of_a_file_with_other_categories_are_refused(
    coco: Record, convert: Convert, refused: Callable[..., str], tmp_path: Path
) -> None:
    convert(coco, out="train.json")
    coco["categories"][1]["name"] = "hound"
    coco["categories"].append({"id": 7, "name": "bird"})
    error = refused(coco, "--counts-of", str(tmp_path / "train.json"))
    assert "category 4 is 'dog' there and 'hound' here" in error
    assert "category 7 is 'not there' there and 'bird' here" in error


def test_counts_of_a_file_without_counts_are_refused(
    coco: Record, refused: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "train.json").write_text(json.dumps(coco))
    error = refused(coco, "--counts-of", str(tmp_path / "train.json"))
    assert "no frequency and counts; convert it first" in error
