"""Verdicts are those of lvis-api's matching, and of rules written down by hand."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.dashboards.picture_scene import (
    NAMES,
    Record,
    detection,
    instance,
    random_scene,
    write_annotations,
)

from dashboards.pictures.judging import Judgement, Verdict
from dashboards.pictures.opened import OpenRow, OpenTruth, ShownRow
from dashboards.sources.pictures import PictureSource


def judged(
    folder: Path, annotations: Path, results: list[Record], exhaustive: bool = False
) -> dict[tuple[int, int], Judgement]:
    """By image id and category id."""
    path = folder / "results.json"
    path.write_text(json.dumps(results))
    opened = OpenTruth(PictureSource(annotations, folder, exhaustive))
    row = OpenRow(ShownRow("row", path), opened, folder / "work")
    return {
        (rank + 1, label + 1): row.judge(rank, label)
        for rank in range(len(opened.truth.images))
        for label in range(len(NAMES))
    }


def by_lvis_api(
    annotations: Path, results: list[Record], kind: str
) -> dict[tuple[int, int], dict[str, Any]]:
    """Its matching of each image and category over all areas; pairs that it drops are not there."""
    np.float = float  # type: ignore[attr-defined]
    from lvis import LVIS, LVISEval, LVISResults

    logging.getLogger("lvis").setLevel(logging.ERROR)
    left_out = "bbox" if kind == "segm" else "segmentation"
    records = [
        {key: value for key, value in record.items() if key != left_out} for record in results
    ]
    truth = LVIS(str(annotations))
    evaluation = LVISEval(truth, LVISResults(truth, records), kind)
    evaluation.evaluate()
    whole = evaluation.params.area_rng[0]
    return {
        (found["image_id"], found["category_id"]): found
        for found in evaluation.eval_imgs
        if found is not None and found["area_rng"] == whole
    }


def check_equal(annotations: Path, ours: dict[Any, Judgement], theirs: dict[Any, Any]) -> None:
    tree = json.loads(annotations.read_text())
    judged_pairs = {(of["image_id"], of["category_id"]) for of in tree["annotations"]} | {
        (image["id"], category)
        for image in tree["images"]
        for category in image["neg_category_ids"]
    }
    seen = set()
    for pair, judgement in ours.items():
        got = [(of.score, of.verdict) for of in judgement.detections]
        seen |= {verdict for _, verdict in got}
        if pair not in judged_pairs:
            assert pair not in theirs and {verdict for _, verdict in got} <= {Verdict.UNJUDGED}
            continue
        expected = theirs.get(pair)
        if expected is None:
            assert got == [] and judgement.missed == ()
            continue
        matched, ignored = expected["dt_matches"][0] > 0, expected["dt_ignore"][0]
        verdicts = [
            Verdict.IGNORED if out else Verdict.FOUND if hit else Verdict.WRONG
            for hit, out in zip(matched, ignored, strict=True)
        ]
        assert got == list(zip(expected["dt_scores"], verdicts, strict=True))
        own = [
            of["id"] for of in tree["annotations"] if (of["image_id"], of["category_id"]) == pair
        ]
        lost = {
            own.index(number)
            for number, match, out in zip(
                expected["gt_ids"], expected["gt_matches"][0], expected["gt_ignore"], strict=True
            )
            if match == 0 and not out
        }
        assert set(judgement.missed) == lost
    assert seen == set(Verdict), "the scene has too little in it"


@pytest.mark.parametrize("seed", range(6))
def test_verdicts_on_masks_equal_lvis_api(seed: int, tmp_path: Path) -> None:
    annotations, results = random_scene(tmp_path, seed)
    ours = judged(tmp_path, annotations, results)
    check_equal(annotations, ours, by_lvis_api(annotations, results, "segm"))


@pytest.mark.parametrize("seed", range(6, 9))
def test_verdicts_on_results_with_boxes_only_equal_lvis_api(seed: int, tmp_path: Path) -> None:
    annotations, results = random_scene(tmp_path, seed)
    boxes = [{k: v for k, v in of.items() if k != "segmentation"} for of in results]
    ours = judged(tmp_path, annotations, boxes)
    check_equal(annotations, ours, by_lvis_api(annotations, boxes, "bbox"))
    assert not any(of.shape.counts for judgement in ours.values() for of in judgement.detections)


def test_each_verdict_by_hand(tmp_path: Path) -> None:
    disc, cup, kite, lamp = 1, 2, 3, 4
    there = [
        instance(1, disc, (0, 0, 20, 20)),
        instance(1, disc, (40, 0, 20, 20)),
        instance(1, cup, (0, 30, 20, 20), ignore=1),
        instance(1, cup, (40, 30, 20, 20)),
    ]
    lists = {1: {"neg_category_ids": [kite], "not_exhaustive_category_ids": [cup]}}
    annotations = write_annotations(tmp_path, there, 1, lists)
    results = [
        # 12 of 20 columns: IoU 0.6.
        detection(1, disc, (0, 0, 12, 20), 0.9),
        # The same instance again, better placed and too late.
        detection(1, disc, (0, 0, 20, 20), 0.8),
        # 13 of 27 columns: IoU 0.48.
        detection(1, disc, (47, 0, 20, 20), 0.7),
        detection(1, cup, (0, 30, 20, 20), 0.9),
        detection(1, cup, (60, 0, 9, 9), 0.5),
        detection(1, kite, (0, 0, 9, 9), 0.4),
        detection(1, lamp, (0, 0, 9, 9), 0.3),
    ]
    ours = judged(tmp_path, annotations, results)
    assert [of.verdict for of in ours[1, disc].detections] == ["TP", "FP", "FP"]
    assert ours[1, disc].missed == (1,)
    assert [of.verdict for of in ours[1, cup].detections] == ["ignored", "ignored"]
    assert ours[1, cup].missed == (1,)
    assert [of.verdict for of in ours[1, kite].detections] == ["FP"]
    assert [of.verdict for of in ours[1, lamp].detections] == ["not judged"]


def test_exhaustive_labels_judge_every_category(tmp_path: Path) -> None:
    annotations = write_annotations(tmp_path, [instance(1, 1, (0, 0, 20, 20))], 1)
    results = [detection(1, 4, (0, 0, 9, 9), 0.3)]
    ours = judged(tmp_path, annotations, results, exhaustive=True)
    assert [of.verdict for of in ours[1, 4].detections] == ["FP"]


def test_nothing_found_is_all_missed(tmp_path: Path) -> None:
    there = [instance(1, 1, (0, 0, 20, 20)), instance(1, 1, (30, 0, 20, 20))]
    annotations = write_annotations(tmp_path, there, 2)
    ours = judged(tmp_path, annotations, [detection(2, 1, (0, 0, 9, 9), 0.3)])
    assert ours[1, 1] == Judgement((), (0, 1))


def test_detections_beyond_the_cap_of_an_image_are_left_out(tmp_path: Path) -> None:
    annotations = write_annotations(tmp_path, [instance(1, 1, (0, 0, 20, 20))], 1)
    crowd = [detection(1, 2, (0, 0, 2 + i // 50, 2 + i % 50), 0.9) for i in range(300)]
    results = [*crowd, detection(1, 1, (0, 0, 20, 20), 0.1)]
    ours = judged(tmp_path, annotations, results)
    assert ours[1, 1] == Judgement((), (0,))
    assert len(ours[1, 2].detections) == 300
