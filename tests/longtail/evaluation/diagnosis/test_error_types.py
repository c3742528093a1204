"""Each type of error on a detection of its own, and what correcting it does to AP."""

from dataclasses import replace

import numpy as np
import pytest

from longtail.categories import CategoryTable
from longtail.evaluation.diagnosis.error_types import (
    ERROR_TYPES,
    ErrorAnalysis,
    ap_gains,
    ap_losses,
)
from longtail.evaluation.diagnosis.image_overlaps import ImageOverlaps
from longtail.evaluation.diagnosis.judged_detections import JudgedDetections, collect
from longtail.evaluation.protocol import IOU_THRESHOLDS

RARE, FREQUENT = 0, 1
LETTERS = "rffc"
TABLE = CategoryTable.from_records(
    [
        {"id": i, "name": str(i), "frequency": letter, "image_count": 1, "instance_count": 1}
        for i, letter in enumerate(LETTERS)
    ],
    "test",
)


def image(label: list[int], gt_label: list[int], iou: list[list[float]]) -> ImageOverlaps:
    return ImageOverlaps(
        label=np.array(label, np.int64),
        score=np.linspace(1, 0.1, len(label)),
        exhaustive=np.ones(len(label), bool),
        gt_label=np.array(gt_label, np.int64),
        gt_ignored=np.zeros(len(gt_label), bool),
        iou=np.array(iou, float).reshape(len(label), len(gt_label)),
    )


def analyse(*images: ImageOverlaps) -> ErrorAnalysis:
    return ErrorAnalysis(collect(images, np.array([0.5])), TABLE, 0, 0.5)


def non_zero(analysis: ErrorAnalysis) -> dict[str, dict[str, int]]:
    counts = {
        error: {group: n for group, n in groups.items() if n and group != "all"}
        for error, groups in analysis.counts().items()
    }
    return {error: groups for error, groups in counts.items() if groups}


def random_detections(seed: int) -> JudgedDetections:
    rng = np.random.default_rng(seed)

    def random_image() -> ImageOverlaps:
        num_detections, num_objects = rng.integers(0, 8, 2)
        iou = rng.random((num_detections, num_objects)) * (rng.random(num_objects) < 0.7)
        return replace(
            image(rng.integers(0, 4, num_detections), rng.integers(0, 3, num_objects), iou),
            score=-np.sort(-rng.random(num_detections).round(1)),
            exhaustive=rng.random(num_detections) < 0.8,
            gt_ignored=np.sort(rng.random(num_objects) < 0.2),
        )

    thresholds = np.array([0.5, *IOU_THRESHOLDS])
    return collect([random_image() for _ in range(12)], thresholds)


@pytest.mark.parametrize(
    ("label", "gt_label", "iou", "expected"),
    [
        ([RARE], [RARE], [[0.3]], {"localisation": {"r": 1}}),
        ([RARE], [FREQUENT], [[0.7]], {"classification": {"r": 1}}),
        ([RARE, RARE], [RARE], [[0.7], [0.9]], {"duplicate": {"r": 1}}),
        ([RARE], [FREQUENT], [[0.05]], {"background": {"r": 1}, "missed": {"f": 1}}),
        ([RARE], [FREQUENT], [[0.3]], {"both": {"r": 1}, "missed": {"f": 1}}),
        ([], [RARE], [], {"missed": {"r": 1}}),
        ([RARE], [], [], {"background": {"r": 1}}),
        ([RARE], [RARE], [[0.5]], {}),
        # Near its own object and on another's: the place is taken for the error, as in TIDE.
        ([RARE], [RARE, FREQUENT], [[0.3, 0.9]], {"localisation": {"r": 1}, "missed": {"f": 1}}),
    ],
)
def test_each_error_has_one_type(
    label: list[int],
    gt_label: list[int],
    iou: list[list[float]],
    expected: dict[str, dict[str, int]],
) -> None:
    assert non_zero(analyse(image(label, gt_label, iou))) == expected


@pytest.mark.parametrize("field", ["exhaustive", "gt_ignored"])
def test_what_lvis_does_not_count_is_no_error(field: str) -> None:
    lenient = image([RARE], [RARE], [[0.6 if field == "gt_ignored" else 0.05]])
    value = np.array([field == "gt_ignored"])
    counts = analyse(replace(lenient, **{field: value})).counts()
    assert sum(counts[error]["all"] for error in ERROR_TYPES if error != "missed") == 0


def test_a_corrected_place_or_category_finds_the_object() -> None:
    wrong_place = analyse(image([RARE], [RARE], [[0.3]]))
    assert wrong_place.ap().tolist() == [0, -1, -1, -1]
    assert wrong_place.ap("localisation")[RARE] == pytest.approx(1)
    wrong_category = analyse(image([RARE], [FREQUENT], [[0.9]]))
    assert wrong_category.ap("classification")[FREQUENT] == pytest.approx(1)


def test_a_wrong_category_on_an_object_that_is_found_is_only_taken_away() -> None:
    # RARE on a FREQUENT object that the last detection finds; another FREQUENT one is not found.
    label, gt_label = [RARE, RARE, FREQUENT], [FREQUENT, RARE, FREQUENT]
    analysis = analyse(image(label, gt_label, [[0.9, 0, 0], [0, 0.9, 0], [0.9, 0, 0]]))
    assert analysis.ap()[RARE] == pytest.approx(0.5)
    assert analysis.ap("classification").tolist() == pytest.approx([1, 51 / 101, -1, -1])


def test_an_error_of_another_type_does_not_keep_an_object_from_being_found() -> None:
    rivals = analyse(image([FREQUENT, RARE], [RARE], [[0.9], [0.3]]))
    assert rivals.ap("localisation")[RARE] == pytest.approx(1)
    assert rivals.ap("classification", "localisation")[RARE] == pytest.approx(1)


def test_only_the_best_scored_of_two_errors_about_an_object_becomes_right() -> None:
    both = analyse(image([RARE, RARE], [RARE], [[0.3], [0.4]]))
    assert both.ap("localisation")[RARE] == pytest.approx(1)


def test_duplicates_and_detections_of_background_are_taken_away() -> None:
    duplicate = analyse(image([RARE, RARE, RARE], [RARE, RARE], [[0.7, 0], [0.9, 0], [0, 0.9]]))
    assert duplicate.ap()[RARE] < 1
    assert duplicate.ap("duplicate")[RARE] == pytest.approx(1)
    background = analyse(image([RARE, RARE], [RARE], [[0], [0.9]]))
    assert background.ap("background")[RARE] == pytest.approx(1)


def test_missed_objects_are_not_to_be_found_any_more() -> None:
    half = analyse(image([RARE], [RARE, RARE], [[0.9, 0]]))
    assert half.ap()[RARE] == pytest.approx(51 / 101)
    assert half.ap("missed")[RARE] == pytest.approx(1)
    assert analyse(image([], [RARE], [])).ap("missed")[RARE] == 1


@pytest.mark.parametrize("seed", range(20))
def test_every_false_positive_has_one_type_and_corrections_never_cost_ap(seed: int) -> None:
    detections = random_detections(seed)
    analysis = ErrorAnalysis(detections, TABLE, 0, 0.5)
    of_type = [analysis.rows(error) for error in ERROR_TYPES if error != "missed"]
    assert np.array_equal(np.sum(of_type, axis=0), detections.false_positives())
    for gains in ap_gains(analysis, TABLE).values():
        assert all(gain >= -1e-12 or gain == -1 for gain in gains.values())


@pytest.mark.parametrize("seed", range(5))
def test_ap_and_its_losses_add_up_to_1(seed: int) -> None:
    detections = random_detections(seed)
    analyses = [
        ErrorAnalysis(detections, TABLE, 1 + t, threshold)
        for t, threshold in enumerate(IOU_THRESHOLDS.tolist())
    ]
    losses = ap_losses(analyses, TABLE)
    for group in ("all", "r", "f"):
        total = losses["AP"][group] + losses["together"][group] + losses["rest"][group]
        assert total == pytest.approx(1)
    assert {loss["c"] for loss in losses.values()} == {-1}
    assert losses["together"]["all"] >= losses["localisation"]["all"] - 1e-12


def test_correcting_everything_is_an_ap_of_1() -> None:
    analysis = ErrorAnalysis(random_detections(0), TABLE, 0, 0.5)
    ap = analysis.ap(*ERROR_TYPES)
    assert set(ap[ap >= 0].round(12)) == {1.0}
