from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.categories import CategoryTable
from longtail.predictions.checks.validation import validate, validate_json
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import open_predictions
from longtail.problems import BadInputError, Problem
from longtail.rle.bitmaps import encode_bitmap

Write = Callable[[Any], Path]
FULL = encode_bitmap(np.ones((20, 30), dtype=bool)).decode()
EMPTY = encode_bitmap(np.zeros((20, 30), dtype=bool)).decode()


def record(
    image_id: int = 1, score: float = 0.5, counts: Any = FULL, **more: Any
) -> dict[str, Any]:
    mask = {"segmentation": {"size": [20, 30], "counts": counts}} if counts else {}
    return {"image_id": image_id, "category_id": 3, "score": score, **mask, **more}


@pytest.fixture
def problems_of(
    write: Write, images: ImageSet, categories: CategoryTable
) -> Callable[..., tuple[list[Problem], list[Problem]]]:
    def run(records: list[Any], max_dets: int = 300) -> tuple[list[Problem], list[Problem]]:
        report = validate_json(write(records), images, categories, max_dets)
        return report.errors, report.warnings

    return run


Problems = Callable[..., tuple[list[Problem], list[Problem]]]


def test_a_sound_submission_has_no_problem(problems_of: Problems) -> None:
    assert problems_of([record(), record(2, 0.25)]) == ([], [])


def test_one_detection_over_the_cap_is_an_error(problems_of: Problems) -> None:
    records = [record(5, i / 8) for i in range(4)] + [record(2)]
    [error], _ = problems_of(records, max_dets=3)
    assert "more than 3 detections" in error.what
    assert error.offenders == ("image 5 (4)",)
    assert problems_of(records, max_dets=4) == ([], [])


def test_a_detection_without_mask_is_an_error(problems_of: Problems) -> None:
    errors, _ = problems_of([record(counts=None, bbox=[0, 0, 1, 1])])
    assert errors[0].field == "segmentation" and "is missing" in errors[0].what
    assert errors[0].offenders == ("image 1, category 3, score 0.5",)


def test_a_byte_order_mark_stops_lvis_api_and_is_an_error(
    write: Write, images: ImageSet, categories: CategoryTable
) -> None:
    path = write([record()])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    (problem,) = validate_json(path, images, categories, 300).errors
    assert (problem.field, "byte order mark" in problem.what) == ("file", True)


def test_boxes_in_some_records_only_are_an_error(problems_of: Problems) -> None:
    [error], [] = problems_of([record(bbox=[0, 0, 30, 20]), record(2), record(5)])
    assert error.field == "bbox" and error.offenders == ("1 records with and 2 without",)


def test_boxes_in_all_records_are_a_warning(problems_of: Problems) -> None:
    [], [warning] = problems_of([record(bbox=[0, 0, 30, 20])])
    assert warning.field == "bbox" and "areas" not in warning.field


@pytest.mark.parametrize("nothing", [None, []])
def test_boxes_that_are_empty_stop_lvis_api_and_are_an_error(
    problems_of: Problems, nothing: list[float] | None
) -> None:
    [error], [] = problems_of([record(bbox=nothing), record(2, bbox=nothing)])
    assert error.field == "bbox" and error.offenders == ("2 records",)
    assert "--to json" in error.remedy


def test_uncompressed_runs_are_an_error_and_polygons_a_warning(problems_of: Problems) -> None:
    polygon = record(counts=None, segmentation=[[0.0, 0.0, 9.0, 0.0, 9.0, 9.0]])
    [error], [warning] = problems_of([record(2, counts=[0, 600]), polygon])
    assert "lvis-api lets match nothing" in error.what
    assert "polygons" in warning.what


def test_exact_repeats_are_a_warning_and_near_ones_are_not(problems_of: Problems) -> None:
    records = [record(), record(), record(score=0.75), record(counts=EMPTY), record(2)]
    [], warnings = problems_of(records)
    assert [w.what.split()[0] for w in warnings] == ["repeats", "the"]
    assert warnings[0].offenders == ("1 records in 1 images",)


def test_masks_without_a_pixel_are_a_warning(problems_of: Problems) -> None:
    [], [warning] = problems_of([record(counts=EMPTY)])
    assert "no pixel" in warning.what and warning.count == 1


def test_an_empty_list_is_a_warning(problems_of: Problems) -> None:
    [], [warning] = problems_of([])
    assert warning.what == "there is no detection"


def test_scores_outside_0_to_1_are_a_warning_for_lvis_api_ranks_by_any(
    problems_of: Problems,
) -> None:
    [], [warning] = problems_of([record(score=1.25), record(2, -3.0), record(5)])
    assert "from -3.0 to 1.25" in warning.what and warning.offenders == ("2 records",)


def test_faulty_records_are_told_and_the_others_checked(problems_of: Problems) -> None:
    errors, warnings = problems_of([record(7), record(), record()])
    assert [error.field for error in errors] == ["image_id"]
    assert [warning.field for warning in warnings] == ["record"]


def test_what_is_no_list_is_raised(
    write: Write, images: ImageSet, categories: CategoryTable
) -> None:
    with pytest.raises(BadInputError, match="an object, not a list"):
        validate_json(write({}), images, categories)


def test_the_summary_counts_by_hand(
    write: Write, images: ImageSet, categories: CategoryTable
) -> None:
    records = [record(1, 0.25), record(1, 0.75), record(9, 0.5) | {"category_id": 1}]
    summary = validate(write(records), images, categories).summary
    assert (summary.num_images, summary.num_images_without) == (4, 2)
    assert (summary.num_detections, summary.max_per_image) == (3, 2)
    assert (summary.lowest_score, summary.highest_score) == (0.25, 0.75)
    assert summary.per_group == {"r": 1, "c": 2, "f": 0}


def test_groups_are_left_out_where_the_file_has_none(write: Write, images: ImageSet) -> None:
    table = CategoryTable.from_records([{"id": 3, "name": "a"}], "test", counts_required=False)
    assert validate(write([record()]), images, table).summary.per_group == {}


def test_a_store_is_examined_too(
    write: Write, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    path = write([record(score=i / 8) for i in range(4)])
    open_predictions(path, images, categories, tmp_path / "store")
    validation = validate(tmp_path / "store", images, categories, max_dets=3)
    assert [error.field for error in validation.report.errors] == ["image_id"]
    assert validation.report.warnings == []
    assert validation.summary.num_detections == 4
