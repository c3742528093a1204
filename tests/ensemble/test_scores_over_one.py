"""Fused scores over 1: warned of in both submissions, and in order with margins in the scores.

The fused scores are those of ensemble-boxes, which cuts none.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ensemble_boxes import weighted_boxes_fusion
from support.merge_folder import HEIGHT, QUICK, WIDTH, Folder, detection, object_box

Found = tuple[int, int, float, int]
WEIGHTS = {"a": 3, "b": 1}
MARGINS = {3: 0.1, 7: 0.05, 9: 0.0}
IMAGES, RARE, COMMON, FREQUENT = (1, 2, 5), 3, 7, 9
# Image, category, score and shift: the heavier source is sure of its objects, and finds them twice.
SURE = [(1, FREQUENT, 0.99), (2, FREQUENT, 0.9), (5, FREQUENT, 0.85), (1, COMMON, 0.8)]
A: list[Found] = [(*found, shift) for found in [*SURE, (2, RARE, 0.75)] for shift in (0, 1)]
# One in each image: where a source finds nothing at all, it is no judge.
B: list[Found] = [(1, RARE, 0.6, 0), (2, COMMON, 0.4, 0), (5, RARE, 0.5, 0)]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    for name, found in (("a", A), ("b", B)):
        folder.write(f"{name}.json", [detection(*row) for row in found])
        folder.write(f"{name}_boxes.json", [_box(*row) for row in found])
    return folder


def _box(image: int, category: int, score: float, shift: int) -> dict[str, Any]:
    box = list(object_box(category, shift))
    return {"image_id": image, "category_id": category, "score": score, "bbox": box}


def _merge(folder: Folder, *options: str, boxes: bool = False) -> int:
    end = "_boxes.json" if boxes else ".json"
    sources = [f"{name}={name}{end},weight={weight}" for name, weight in WEIGHTS.items()]
    return folder.merge(*sources, options=(*QUICK, *options))


def _reference() -> dict[tuple[int, int], float]:
    """The uncut score of each object, by image and category."""
    scores = {}
    for image in IMAGES:
        of_image = [[row for row in source if row[0] == image] for source in (A, B)]
        _, fused, labels = weighted_boxes_fusion(
            [[_share(object_box(c, shift)) for _, c, _, shift in rows] for rows in of_image],
            [[score for _, _, score, _ in rows] for rows in of_image],
            [[c for _, c, _, _ in rows] for rows in of_image],
            weights=list(WEIGHTS.values()),
            iou_thr=0.55,
        )
        scores |= {(image, int(c)): float(s) for c, s in zip(labels, fused, strict=True)}
    return scores


def _share(box: tuple[int, int, int, int]) -> list[float]:
    x, y, width, height = box
    return [x / WIDTH, y / HEIGHT, (x + width) / WIDTH, (y + height) / HEIGHT]


def _written(folder: Folder, name: str) -> dict[tuple[int, int], float]:
    return {(r["image_id"], r["category_id"]): r["score"] for r in folder.read(name)}


@pytest.mark.parametrize("boxes", [False, True])
def test_margins_in_scores_keep_the_order_of_the_keys_over_one(folder: Folder, boxes: bool) -> None:
    assert _merge(folder, "--margin-mode=score", "--with-bbox", boxes=boxes) == 0
    keys = {where: score + MARGINS[where[1]] for where, score in _reference().items()}
    # Cut to 1, five scores of three groups would make three keys.
    assert sum(score > 1 for score in _reference().values()) == 5
    assert len(set(keys.values())) == len(keys) == 8
    names = ["submission_box.json", *([] if boxes else ["submission.json"])]
    for name in names:
        written = _written(folder, name)
        assert sorted(written, key=written.__getitem__) == sorted(keys, key=keys.__getitem__)
        assert len(set(written.values())) == len(keys)
        # 3 * 2 / (3 + 1) is the largest score of these weights.
        expected = {where: key / (1.5 + 0.1) for where, key in keys.items()}
        assert written == pytest.approx(expected, rel=1e-6)


def test_equal_weights_are_written_as_before(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=(*QUICK, "--margin-mode=score")) == 0
    written = _written(folder, "submission.json")
    assert written[1, FREQUENT] == pytest.approx(0.99 / 1.1, rel=1e-6)


@pytest.mark.parametrize("boxes", [False, True])
def test_scores_that_are_cut_are_counted_in_each_submission(
    folder: Folder, boxes: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _merge(folder, "--with-bbox", boxes=boxes) == 0
    over = sum(score > 1 for score in _reference().values())
    warnings = " ".join(capsys.readouterr().err.split())
    assert over == 5
    assert "5 fused scores over 1 are written as 1 in submission_box.json" in warnings
    assert ("are written as 1 in submission.json" in warnings) is not boxes
    counts = folder.read("stats.json")
    assert counts["box_scores_over_one_cut_to_one"] == over
    assert counts["scores_over_one_cut_to_one"] == (0 if boxes else over)
    assert max(_written(folder, "submission_box.json").values()) == 1


def test_no_score_is_cut_where_margins_are_in_the_scores(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _merge(folder, "--margin-mode=score", "--with-bbox") == 0
    assert "over 1" not in capsys.readouterr().err
    written = np.array(list(_written(folder, "submission.json").values()))
    assert (written < 1).all()
