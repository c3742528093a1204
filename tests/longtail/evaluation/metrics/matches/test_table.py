"""The table of matched detections: a problem by hand, and its AP against evaluate's."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from longtail.evaluation.lvis import evaluate
from longtail.evaluation.match_table import match_table
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.protocol import IOU_THRESHOLDS, RECALLS
from longtail.problems import BadInputError

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Kind = Literal["segm", "box"]


def slow_ap(table: MatchTable) -> NDArray[np.float64]:
    """AP by cumulative sums over all detections, as its definition has it."""
    ap = np.full(len(table.categories), -1.0)
    for k in range(len(ap)):
        num_truth = table.gt_count[table.gt_category == k].sum()
        if num_truth == 0:
            continue
        precisions = []
        for t in range(len(IOU_THRESHOLDS)):
            counts = (table.category == k) & ~table.ignored[:, t]
            true = np.cumsum(table.matched[counts, t])
            precision = np.append(true / np.arange(1, len(true) + 1), 0.0)
            envelope = np.maximum.accumulate(precision[::-1])[::-1]
            precisions.append(envelope[np.searchsorted(true / num_truth, RECALLS)])
        ap[k] = np.mean(precisions)
    return ap


def hand_made() -> tuple[Record, list[Record]]:
    """Images 7 and 9; category 1 in both, category 2 absent from 7 and not exhaustive in 9."""
    boxes = {7: [0.0, 0.0, 10.0, 10.0], 9: [20.0, 20.0, 10.0, 10.0]}
    annotations = [
        {"id": i, "image_id": image_id, "category_id": 1, "bbox": box, "area": 100.0}
        for i, (image_id, box) in enumerate(boxes.items(), start=1)
    ]
    annotations.append(annotations[1] | {"id": 3, "category_id": 2, "ignore": 1})
    images = [
        {"id": 7, "neg_category_ids": [2], "not_exhaustive_category_ids": []},
        {"id": 9, "neg_category_ids": [], "not_exhaustive_category_ids": [2]},
    ]
    counts = {"frequency": "r", "image_count": 3, "instance_count": 4}
    categories = [{"id": i, "name": f"category {i}", **counts} for i in (1, 2, 3)]
    size = {"height": 50, "width": 50}
    content = {"images": [image | size for image in images], "categories": categories}
    rows = [
        (9, 1, [20.0, 20.0, 10.0, 7.5], 0.5),  # row 3: IoU 0.75
        (7, 1, [0.0, 0.0, 10.0, 10.0], 0.5),  # row 0: IoU 1, tied with row 3, first by image
        (7, 1, [0.0, 0.0, 10.0, 9.0], 0.9),  # row 1: takes row 0's instance up to 0.9
        (7, 2, [0.0, 0.0, 10.0, 10.0], 0.1),  # row 2: verified to be absent
        (9, 2, [20.0, 20.0, 10.0, 10.0], 0.3),  # row 4: matches the ignored instance
        (9, 2, [0.0, 0.0, 5.0, 5.0], 0.2),  # row 5: not exhaustive
        (9, 3, [20.0, 20.0, 10.0, 10.0], 1.0),  # row 6: not judged
        (9, 1, [20.0, 20.0, 0.0, 10.0], 1.0),  # row 7: without an area
    ]
    names = ("image_id", "category_id", "bbox", "score")
    results = [dict(zip(names, row, strict=True)) for row in rows]
    return content | {"annotations": annotations}, results


def test_every_detection_of_a_problem_by_hand_is_where_it_belongs(write: Write) -> None:
    table = match_table(*write(*hand_made()), "box")
    assert table.image_ids.tolist() == [7, 9]
    assert table.row.tolist() == [1, 0, 3, 4, 5, 2]
    assert table.image.tolist() == [0, 0, 1, 1, 1, 0]
    assert table.category.tolist() == [0, 0, 0, 1, 1, 1]
    assert table.score.tolist() == [0.9, 0.5, 0.5, 0.3, 0.2, 0.1]
    assert table.starts.tolist() == [0, 3, 6, 6]
    assert table.matched.sum(axis=1).tolist() == [9, 1, 6, 0, 0, 0]
    assert table.ignored.sum(axis=1).tolist() == [0, 0, 0, 10, 10, 0]
    assert table.gt_image.tolist() == [0, 1]
    assert table.gt_category.tolist() == [0, 0]
    assert table.gt_count.tolist() == [1, 1]
    assert table.gt_per_category.tolist() == [2, 0, 0]


def test_a_cap_leaves_detections_out(write: Write) -> None:
    table = match_table(*write(*hand_made()), "box", max_dets=2)
    assert table.row.tolist() == [1, 0]
    assert match_table(*write(*hand_made()), "box", max_dets=-1).row.tolist() == [1, 0, 3, 4, 5, 2]


@pytest.mark.parametrize("kind", ["segm", "box"])
@pytest.mark.parametrize("max_dets", [300, 6])
@pytest.mark.parametrize("num_categories", [1, 2, 9, 40])
def test_its_ap_equals_evaluates_to_the_last_digit(
    kind: Kind, max_dets: int, num_categories: int, make_problem: MakeProblem, write: Write
) -> None:
    paths = write(*make_problem(50, num_images=20, num_categories=num_categories))
    table = match_table(*paths, kind, max_dets)
    records = evaluate(*paths, max_dets).per_category
    assert table.ap_per_category().tolist() == [getattr(r, f"{kind}_ap") for r in records]


@pytest.mark.parametrize("seed", range(3))
def test_its_ap_equals_the_definition(seed: int, make_problem: MakeProblem, write: Write) -> None:
    table = match_table(*write(*make_problem(seed, copies=5)))
    assert table.ap_per_category() == pytest.approx(slow_ap(table), abs=1e-12)


def test_detections_are_by_category_score_and_row(make_problem: MakeProblem, write: Write) -> None:
    table = match_table(*write(*make_problem(51, copies=6, decimals=1)))
    order = np.lexsort((table.row, -table.score, table.category))
    assert order.tolist() == list(range(len(table)))
    assert np.array_equal(np.searchsorted(table.category, np.arange(7)), table.starts)
    assert not (table.matched & table.ignored).any()


def test_rows_are_those_of_the_store(make_problem: MakeProblem, write: Write) -> None:
    annotations, results = make_problem(52)
    table = match_table(*write(annotations, results))
    stored = sorted(results, key=lambda result: result["image_id"])
    for i, row in enumerate(table.row.tolist()):
        assert stored[row]["score"] == table.score[i]
        assert stored[row]["image_id"] == table.image_ids[table.image[i]]
        assert stored[row]["category_id"] == table.categories.ids[table.category[i]]


def test_no_detection_leaves_an_empty_table_with_an_ap_of_0(
    make_problem: MakeProblem, write: Write
) -> None:
    table = match_table(*write(make_problem(53)[0], []))
    assert len(table) == 0
    assert set(table.ap_per_category().tolist()) <= {0.0, -1.0}


def test_a_detection_that_counts_as_nothing_changes_no_ap(
    make_problem: MakeProblem, write: Write
) -> None:
    table = match_table(*write(*make_problem(54, num_images=20, copies=6)))
    kept = ~table.ignored.all(axis=1)
    assert not kept.all()
    columns = ("image", "category", "score", "row", "matched", "ignored")
    starts = np.searchsorted(table.category[kept], np.arange(len(table.categories) + 1))
    fewer = replace(table, starts=starts, **{c: getattr(table, c)[kept] for c in columns})
    assert np.array_equal(fewer.ap_per_category(), table.ap_per_category())


def test_a_store_of_other_images_is_refused(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    from longtail.evaluation.annotations.ground_truth import read_ground_truth
    from longtail.predictions.result_json.read import import_json
    from longtail.predictions.store import Source

    annotations, results = make_problem(55)
    path, predictions = write(annotations, results)
    truth = read_ground_truth(path)
    columns = (truth.images, truth.categories)
    store = import_json(predictions, *columns, tmp_path / "store", Source("test"))
    assert len(match_table(path, store.directory)) > 0
    annotations["images"].append(annotations["images"][0] | {"id": 2000})
    path.write_text(json.dumps(annotations))
    with pytest.raises(BadInputError, match="not the 9 of the annotation file"):
        match_table(path, store.directory)
