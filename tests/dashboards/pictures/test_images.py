"""Which images show a category, and which of its detections are drawn."""

import json
from pathlib import Path

from support.dashboards.picture_scene import (
    Record,
    detection,
    instance,
    write_annotations,
)

from dashboards.pictures.categories import ChosenCategory, named_categories
from dashboards.pictures.images import Choice, by_turns, choose_images, drawn
from dashboards.pictures.judging import Detection, Judgement, Shape, Verdict
from dashboards.pictures.opened import OpenTruth, ShownRow, open_rows
from dashboards.sources.pictures import PictureSource


def chosen(
    folder: Path, annotations: Path, results: list[list[Record]], name: str, most: int
) -> list[Choice]:
    rows = []
    for i, records in enumerate(results):
        path = folder / f"row-{i}.json"
        path.write_text(json.dumps(records))
        rows.append(ShownRow(f"row-{i}", path))
    opened = OpenTruth(PictureSource(annotations, folder))
    (folder / "work").mkdir()
    judged = open_rows(rows, opened, folder / "work")
    categories = named_categories(opened.truth.categories, [name])
    steps: list[tuple[int, int]] = []
    (found,) = choose_images(
        opened, judged, categories, most, 0.05, lambda done, total: steps.append((done, total))
    )
    assert steps == [(i, len(steps)) for i in range(1, len(steps) + 1)]
    return found


def test_images_where_rows_differ_come_first_then_those_with_large_instances(
    tmp_path: Path,
) -> None:
    boxes = {1: (0, 0, 9, 9), 2: (0, 0, 20, 20), 3: (0, 0, 9, 9), 4: (0, 0, 9, 9)}
    annotations = write_annotations(tmp_path, [instance(i, 1, boxes[i]) for i in boxes], 5)
    finds_both = [detection(i, 1, boxes[i], 0.9) for i in (3, 4)]
    finds_one = [detection(4, 1, boxes[4], 0.9), detection(1, 1, (50, 30, 9, 9), 0.8)]
    found = chosen(tmp_path, annotations, [finds_both, finds_one], "disc", 4)
    # Found by one row in image 3, wrong in one row in image 1.
    assert [choice.rank + 1 for choice in found] == [3, 1, 2, 4]
    assert [of.count(Verdict.FOUND) for of in found[0].judgements] == [1, 0]


def test_a_category_that_no_image_has_is_shown_where_it_is_wrongly_found(tmp_path: Path) -> None:
    lists = {i: {"neg_category_ids": [4]} for i in (1, 2)}
    there = [instance(1, 1, (0, 0, 9, 9))]
    annotations = write_annotations(tmp_path, there, 3, lists)
    wrong = [detection(i, 4, (0, 0, 9, 9), 0.5) for i in (2, 3)]
    found = chosen(tmp_path, annotations, [wrong], "lamp", 4)
    assert [choice.rank + 1 for choice in found] == [2]
    assert found[0].judgements[0].count(Verdict.WRONG) == 1


def test_many_images_are_looked_at_evenly(tmp_path: Path) -> None:
    there = [instance(i, 1, (0, 0, 9, 9)) for i in range(1, 22)]
    annotations = write_annotations(tmp_path, there, 40)
    nothing = [detection(40, 2, (0, 0, 9, 9), 0.5)]
    found = chosen(tmp_path, annotations, [nothing], "disc", 1)
    assert [choice.rank for choice in found] == [0]


def test_the_five_best_above_a_score_are_drawn_or_else_the_best() -> None:
    judgement = Judgement(
        tuple(
            Detection(Shape((0, 0, 1, 1)), score, Verdict.WRONG)
            for score in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.03)
        ),
        (),
    )
    assert [of.score for of in drawn(judgement, 0.05)] == [0.9, 0.8, 0.7, 0.6, 0.5]
    assert [of.score for of in drawn(judgement, 0.75)] == [0.9, 0.8]
    assert [of.score for of in drawn(judgement, 0.95)] == [0.9]
    assert drawn(Judgement((), ()), 0.05) == ()


def test_each_category_has_its_turn() -> None:
    a, b = (
        [Choice(ChosenCategory(label, ""), rank, (), ()) for rank in ranks]
        for label, ranks in enumerate(((1, 2, 3), (7,)))
    )
    assert [choice.rank for choice in by_turns([a, b])] == [1, 7, 2, 3]
    assert by_turns([]) == []
