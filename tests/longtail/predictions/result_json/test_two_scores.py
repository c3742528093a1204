"""Which of a store's two scores a result file has."""

import json
from collections.abc import Callable
from pathlib import Path

from longtail.predictions.columns import DetectionColumns
from longtail.predictions.result_json.write import export_json

Make = Callable[..., DetectionColumns]


def test_a_record_has_the_score_of_its_mask_or_else_of_its_box(
    tmp_path: Path, random_columns: Make
) -> None:
    columns = random_columns([1, 1, 1])
    export_json([columns], tmp_path / "both.json", with_bbox=True)
    scores = [record["score"] for record in json.loads((tmp_path / "both.json").read_text())]
    assert scores == [*columns.score_mask[:2].tolist(), columns.score[2]]
    export_json([columns.without_masks()], tmp_path / "boxes.json", with_bbox=True)
    scores = [record["score"] for record in json.loads((tmp_path / "boxes.json").read_text())]
    assert scores == columns.score.tolist()
