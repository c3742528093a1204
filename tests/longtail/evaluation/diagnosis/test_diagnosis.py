"""Diagnoses of whole problems against slow definitions that read the files' own records."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import hotcoco
import numpy as np
import pycocotools.mask
import pytest
from support.distinct_records import distinct

from longtail.evaluation.diagnosis.diagnosis import Diagnosis, diagnose
from longtail.evaluation.lvis import evaluate
from longtail.problems import BadInputError

Record = dict[str, Any]
Kind = Literal["segm", "box"]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
HOTCOCO_TYPES = {
    "localisation": "Loc",
    "classification": "Cls",
    "duplicate": "Dupe",
    "background": "Bkg",
    "both": "Both",
    "missed": "Miss",
}
KINDS: tuple[Kind, ...] = ("segm", "box")


class SlowImage:
    """One image's judged detections and objects, as plain records."""

    def __init__(self, image: Record, annotations: Record, results: list[Record], kind: Kind):
        self.kind, self.size = kind, (image["height"], image["width"])
        records = [a for a in annotations["annotations"] if a["image_id"] == image["id"]]
        self.objects = [a for a in records if a["area"] > 0]
        present = {a["category_id"] for a in self.objects}
        self.judged = present | set(image["neg_category_ids"])
        self.lenient = set(image["not_exhaustive_category_ids"])
        mine = [r for r in results if r["image_id"] == image["id"]]
        # Sorting keeps the file's order of equal scores.
        mine.sort(key=lambda r: -r["score"])
        self.unjudged = [r for r in mine[:300] if r["category_id"] not in self.judged]
        self.detections = [
            r for r in mine[:300] if r["category_id"] in self.judged and self.area(r) > 0
        ]

    def area(self, result: Record) -> float:
        if self.kind == "box":
            return float(result["bbox"][2] * result["bbox"][3])
        return float(pycocotools.mask.area(result["segmentation"]))

    def iou(self, d: int, g: int) -> float:
        detection, item = self.detections[d], self.objects[g]
        if self.kind == "box":
            pair: Any = [detection["bbox"]], [item["bbox"]]
        else:
            segmentation = item["segmentation"]
            if isinstance(segmentation, list):
                parts = pycocotools.mask.frPyObjects(segmentation, *self.size)
                segmentation = pycocotools.mask.merge(parts)
            elif isinstance(segmentation["counts"], list):
                segmentation = pycocotools.mask.frPyObjects(segmentation, *self.size)
            pair = [detection["segmentation"]], [segmentation]
        return float(pycocotools.mask.iou(*pair, [0])[0, 0])

    def same(self, d: int, g: int) -> bool:
        return bool(self.detections[d]["category_id"] == self.objects[g]["category_id"])

    def take(self, allowed: Callable[[int, int], bool], threshold: float) -> dict[int, int]:
        """Object by detection; ignored objects come last."""
        taken: dict[int, int] = {}
        for d in range(len(self.detections)):
            near = [
                (not self.ignored(g), self.iou(d, g), g)
                for g in range(len(self.objects))
                if g not in taken.values() and allowed(d, g) and self.iou(d, g) >= threshold
            ]
            if near:
                taken[d] = max(near)[2]
        return taken

    def ignored(self, g: int) -> bool:
        return bool(self.objects[g].get("ignore"))

    def exhaustive(self, d: int) -> bool:
        return self.detections[d]["category_id"] not in self.lenient


class Slow:
    """Counts of a whole problem."""

    def __init__(
        self, annotations: Record, results: list[Record], kind: Kind, threshold: float
    ) -> None:
        letters = {c["id"]: c["frequency"] for c in annotations["categories"]}
        self.errors: Counter[tuple[str, str]] = Counter()
        self.confusion: Counter[tuple[str, str]] = Counter()
        self.pairs: Counter[tuple[int, int]] = Counter()
        self.scores: dict[str, dict[str, list[float]]] = {
            letter: {"right": [], "wrong": []} for letter in "rcf"
        }
        self.unjudged = 0
        for record in annotations["images"]:
            image = SlowImage(record, annotations, results, kind)
            self.unjudged += len(image.unjudged)
            self._errors(image, threshold, letters)
            self._confusion(image, threshold, letters)

    def _errors(self, image: SlowImage, threshold: float, letters: dict[int, str]) -> None:
        matched = image.take(image.same, threshold)
        counting = [g for g in range(len(image.objects)) if not image.ignored(g)]
        reachable = set(matched.values())
        for d, detection in enumerate(image.detections):
            letter, score = letters[detection["category_id"]], detection["score"]
            if d in matched:
                if not image.ignored(matched[d]):
                    self.scores[letter]["right"].append(score)
                continue
            if not image.exhaustive(d):
                continue
            self.scores[letter]["wrong"].append(score)
            own = [(image.iou(d, g), -g) for g in counting if image.same(d, g)]
            other = [(image.iou(d, g), -g) for g in counting if not image.same(d, g)]
            own_iou, other_iou = max(own, default=(0, 0)), max(other, default=(0, 0))
            error = self._type(own_iou[0], other_iou[0], threshold)
            self.errors[error, letter] += 1
            if error == "localisation":
                reachable.add(-own_iou[1])
            if error == "classification":
                reachable.add(-other_iou[1])
        for g in set(counting) - reachable:
            self.errors["missed", letters[image.objects[g]["category_id"]]] += 1

    @staticmethod
    def _type(own: float, other: float, threshold: float) -> str:
        if 0.1 <= own < threshold:
            return "localisation"
        if other >= threshold:
            return "classification"
        if own >= threshold:
            return "duplicate"
        return "background" if max(own, other) < 0.1 else "both"

    def _confusion(self, image: SlowImage, threshold: float, letters: dict[int, str]) -> None:
        taken = image.take(lambda d, g: image.exhaustive(d) or image.same(d, g), threshold)
        for d, detection in enumerate(image.detections):
            found = detection["category_id"]
            if d not in taken:
                self.confusion["background", letters[found]] += image.exhaustive(d)
            elif not image.ignored(taken[d]):
                wanted = image.objects[taken[d]]["category_id"]
                self.confusion[letters[wanted], letters[found]] += 1
                self.pairs[wanted, found] += 1
        for g, item in enumerate(image.objects):
            if g not in taken.values() and not image.ignored(g):
                self.confusion[letters[item["category_id"]], "missed"] += 1


def agree(diagnosis: Diagnosis, slow: Slow) -> None:
    for error, groups in diagnosis.errors.items():
        assert {g: groups[g] for g in "rcf"} == {g: slow.errors[error, g] for g in "rcf"}, error
        assert groups["all"] == sum(groups[g] for g in "rcf")
    rows, columns = ("r", "c", "f", "background"), ("r", "c", "f", "missed")
    expected = tuple(tuple(slow.confusion[row, column] for column in columns) for row in rows)
    assert diagnosis.confusion.matrix == expected
    for pair in diagnosis.confusion.pairs:
        assert pair.count == slow.pairs[pair.object_id, pair.detected_id]
    different = [n for (wanted, found), n in slow.pairs.items() if wanted != found]
    assert [p.count for p in diagnosis.confusion.pairs] == sorted(different, reverse=True)[:20]
    for group, kinds in slow.scores.items():
        for kind, scores in kinds.items():
            assert diagnosis.scores[group][kind].count == len(scores)
        counted = kinds["right"] + kinds["wrong"]
        assert sum(b.count for b in diagnosis.calibration[group].bins) == len(counted)
        if kinds["right"]:
            expected_median = pytest.approx(np.median(kinds["right"]))
            assert diagnosis.scores[group]["right"].quantiles[2] == expected_median
    assert diagnosis.counts["unjudged"] == slow.unjudged


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("seed", "threshold"), [(0, 0.5), (1, 0.5), (2, 0.5), (3, 0.5), (4, 0.75)])
def test_every_count_is_that_of_the_slow_definition(
    make_problem: MakeProblem, write: Write, seed: int, threshold: float, kind: Kind
) -> None:
    annotations, results = make_problem(seed, decimals=1)
    diagnosis = diagnose(*write(annotations, results), kind, threshold)
    agree(diagnosis, Slow(annotations, results, kind, threshold))


@pytest.mark.parametrize("seed", range(5))
def test_types_of_error_are_those_of_hotcoco_where_nothing_is_ignored(
    make_problem: MakeProblem, write: Write, seed: int
) -> None:
    annotations, results = make_problem(200 + seed, num_images=12, decimals=6)
    for annotation in annotations["annotations"]:
        annotation |= {"ignore": 0, "iscrowd": 0, "area": annotation["area"] or 1.0}
    boxes = [result for result in results if result["bbox"][2] * result["bbox"][3] > 0]
    paths = write(annotations, boxes)
    truth = hotcoco.COCO(str(paths[0]))
    reference = hotcoco.LVISeval(truth, hotcoco.LVISResults(truth, str(paths[1])), "bbox")
    reference.evaluate()
    reference.accumulate()
    # Boxes of whole numbers can overlap by 0.5 exactly: a match for LVIS and us, not for TIDE.
    tide = reference.tide_errors(pos_thr=0.55)
    diagnosis = diagnose(*paths, "box", 0.55)
    assert {HOTCOCO_TYPES[e]: n["all"] for e, n in diagnosis.errors.items()} == tide["counts"]
    # Of the others it corrects fewer errors, see docs/diagnosis.md.
    for error in ("duplicate", "background", "both"):
        gain = diagnosis.ap_gain[error]["all"]
        assert gain == pytest.approx(tide["delta_ap"][HOTCOCO_TYPES[error]], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_its_ap_is_that_of_the_evaluation(
    make_problem: MakeProblem, write: Write, seed: int
) -> None:
    paths = write(*make_problem(100 + seed, num_images=12))
    evaluation = evaluate(*paths)
    for kind, metrics in (("segm", evaluation.segm), ("box", evaluation.box)):
        ap = diagnose(*paths, kind).ap_loss["AP"]  # type: ignore[arg-type]
        expected = metrics["AP"], metrics["APr"], metrics["APc"], metrics["APf"]
        assert tuple(ap.values()) == pytest.approx(expected, abs=1e-12)


def test_of_120_unjudged_detections_none_counts(make_problem: MakeProblem, write: Write) -> None:
    annotations, results = make_problem(5)
    without = diagnose(*write(annotations, results))
    # On the very places of other detections, and surer than all of them.
    copies = distinct(
        [
            result | {"category_id": category_id, "score": 1.0}
            for result in results
            for category_id in _unverified(annotations, result["image_id"])
        ]
    )
    assert len(copies) >= 120
    with_them = diagnose(*write(annotations, results + copies[:120]))
    assert with_them.counts["unjudged"] == without.counts["unjudged"] + 120
    assert with_them.counts["judged"] == without.counts["judged"]
    for name in ("confusion", "errors", "ap_gain", "ap_loss", "calibration", "scores"):
        assert getattr(with_them, name) == getattr(without, name), name


def _unverified(annotations: Record, image_id: int) -> list[int]:
    image = next(image for image in annotations["images"] if image["id"] == image_id)
    instances = [a for a in annotations["annotations"] if a["image_id"] == image_id]
    verified = {a["category_id"] for a in instances if a["area"] > 0}
    verified |= set(image["neg_category_ids"])
    return [c["id"] for c in annotations["categories"] if c["id"] not in verified]


@pytest.mark.parametrize("kind", KINDS)
def test_without_detections_every_object_is_missed(
    make_problem: MakeProblem, write: Write, kind: Kind
) -> None:
    annotations, _ = make_problem(6)
    diagnosis = diagnose(*write(annotations, []), kind)
    assert diagnosis.errors["missed"]["all"] == diagnosis.counts["objects"] > 0
    assert diagnosis.ap_loss["AP"]["all"] == 0
    assert diagnosis.ap_loss["rest"]["all"] == 1
    assert diagnosis.calibration["all"].error == -1


def test_one_category_is_never_confused(make_problem: MakeProblem, write: Write) -> None:
    annotations, results = make_problem(7, num_categories=1)
    diagnosis = diagnose(*write(annotations, results))
    assert diagnosis.confusion.pairs == ()
    assert diagnosis.errors["classification"]["all"] == 0
    agree(diagnosis, Slow(annotations, results, "segm", 0.5))


def test_the_cap_of_300_comes_before_everything(make_problem: MakeProblem, write: Write) -> None:
    annotations, results = make_problem(8, num_images=3, copies=200)
    diagnosis = diagnose(*write(annotations, results))
    assert diagnosis.counts["within_cap"] < diagnosis.counts["detections"]
    agree(diagnosis, Slow(annotations, results, "segm", 0.5))


def test_boxes_without_masks_are_refused_for_masks(make_problem: MakeProblem, write: Write) -> None:
    annotations, results = make_problem(9)
    boxes = [{k: v for k, v in r.items() if k != "segmentation"} for r in results]
    with pytest.raises(BadInputError, match="--kind box"):
        diagnose(*write(annotations, boxes))
    for annotation in annotations["annotations"]:
        del annotation["segmentation"]
    with pytest.raises(ValueError, match="--kind box"):
        diagnose(*write(annotations, results))
    diagnose(*write(annotations, boxes), "box")


@pytest.mark.parametrize("threshold", [0.1, 1.01, -1.0])
def test_a_threshold_out_of_range_is_refused(tmp_path: Path, threshold: float) -> None:
    with pytest.raises(ValueError, match="iou_threshold"):
        diagnose(tmp_path, tmp_path, iou_threshold=threshold)
