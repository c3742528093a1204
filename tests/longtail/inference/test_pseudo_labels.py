"""What of a teacher's predictions becomes a label, and the file that holds them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from support.pictures.lvis_files import box, category, image, square, write_lvis

from longtail.config.other_data.ignored import IgnoreBoxes
from longtail.config.other_data.joined import JoinedFile
from longtail.config.other_data.pseudo_labels import IgnoredPseudoLabels, LearnedPseudoLabels
from longtail.config.stages import Stage
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.other_data import open_other_data
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.inference.job import image_set
from longtail.inference.pseudo_labels import (
    Counted,
    kept_detections,
    write_image_list,
    write_pseudo_labels,
)
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.rle.codec import pack

RARE, FREQUENT = 20, 50
NO_BOXES = np.zeros((0, 4))
SIZE = (40, 60)


def detections(
    *rows: tuple[int, int, float, Sequence[float]], masks: bool = False
) -> DetectionColumns:
    """Rows of (image, category, score, xywh); masks fill their boxes."""
    boxes = np.array([row[3] for row in rows], np.float64).reshape(-1, 4)
    strings = [_filled(row[3]) if masks else b"" for row in rows]
    counts, offsets = pack(strings)
    scores = np.array([row[2] for row in rows])
    return DetectionColumns(
        image_id=np.array([row[0] for row in rows], np.int64),
        category_id=np.array([row[1] for row in rows], np.int64),
        score=scores,
        score_mask=scores,
        boxes=boxes,
        heights=np.full(len(rows), SIZE[0]),
        widths=np.full(len(rows), SIZE[1]),
        counts=counts,
        counts_offsets=offsets,
    )


def _filled(xywh: Sequence[float]) -> bytes:
    pixels = np.zeros(SIZE, np.uint8, order="F")
    x, y, width, height = map(int, xywh)
    pixels[y : y + height, x : x + width] = 1
    counts: bytes = coco_mask.encode(pixels)["counts"]
    return counts


def kept(labels: Any, *rows: tuple[int, float], annotated: Any = NO_BOXES) -> list[bool]:
    columns = detections(*((1, category, score, (0, 0, 10, 10)) for category, score in rows))
    return kept_detections(columns, labels, annotated, np.array([RARE])).tolist()


# Alibaba 2020, section 4.1: score at least 0.8, and at least one rare category.
ALIBABA = LearnedPseudoLabels(file="web", min_score=0.8, needs_rare=True)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(RARE, 0.81)], [True]),
        ([(RARE, 0.80)], [True]),
        ([(RARE, 0.79)], [False]),
        ([(FREQUENT, 0.99)], [False]),
        ([(FREQUENT, 0.99), (RARE, 0.81), (FREQUENT, 0.5)], [True, True, False]),
        ([(FREQUENT, 0.99), (RARE, 0.79)], [False, False]),
        ([], []),
    ],
)
def test_an_image_is_kept_for_a_rare_label(
    rows: list[tuple[int, float]], expected: list[bool]
) -> None:
    assert kept(ALIBABA, *rows) == expected


def test_without_that_rule_the_score_alone_decides() -> None:
    plain = ALIBABA.replace(needs_rare=False)
    assert kept(plain, (FREQUENT, 0.99), (FREQUENT, 0.79)) == [True, False]


def test_what_overlaps_an_annotation_is_not_ignored() -> None:
    labels = IgnoredPseudoLabels(min_score=0.5, max_iou=0.1)
    columns = detections(
        (1, RARE, 0.9, (0, 0, 10, 10)),
        (1, RARE, 0.9, (30, 0, 10, 10)),
        (1, RARE, 0.9, (20, 20, 10, 10)),
        (1, RARE, 0.4, (50, 30, 5, 5)),
        (1, RARE, 0.9, (50, 30, 0, 5)),
    )
    # IoU 10 / 190 of the first two, 20 / 200 of the second two, which is 0.1 and not below.
    annotated = np.array([[9.0, 0, 10, 10], [38.0, 0, 12, 10]])
    found = kept_detections(columns, labels, annotated, np.array([RARE]))
    assert found.tolist() == [True, False, True, False, False]
    assert kept_detections(columns, labels, NO_BOXES, np.array([RARE])).tolist() == [
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.fixture
def training(tmp_path: Path) -> Annotations:
    """Images 1 and 2; category 20 is rare, 50 is frequent, and neither has a synset."""
    categories = [
        {**category(RARE, "", "cat"), "synset": ""},
        {**category(FREQUENT, "", "dog"), "synset": "", "frequency": "f"},
    ]
    images = [image(1, "1.png"), image(2, "2.png")]
    instances = [square(1, RARE, 0, 0, 10), box(2, FREQUENT, 5, 5, 5, 5)]
    return open_annotations(write_lvis(tmp_path / "train.json", images, instances, categories))


@pytest.fixture
def web(tmp_path: Path, training: Annotations) -> Annotations:
    """Images 7 to 9 without annotations, listed for the categories of the training file."""
    images = [image(number, f"w{number}.png") for number in (7, 8, 9)]
    whole = write_lvis(
        tmp_path / "web" / "web.json", images, [box(7, 1, 0, 0, 5, 5)], [category(1, "yak.n.01")]
    )
    listed = tmp_path / "web" / "images.json"
    write_image_list(open_annotations(whole), training.categories, listed)
    return open_annotations(listed)


def stored(tmp_path: Path, images: Annotations, *rows: Any) -> PredictionStore:
    writer = StoreWriter(tmp_path / "store", image_set(images), Source("a"))
    writer.write_shard(0, [detections(*rows, masks=True)])
    return writer.finish()


def test_a_list_of_images_has_the_training_categories_and_no_annotation(
    web: Annotations, training: Annotations
) -> None:
    assert web.image_ids.tolist() == [7, 8, 9] and web.num_instances == 0
    assert web.categories.same_ids(training.categories)
    assert web.file_name(2) == "w9.png"


ROWS = (
    (7, FREQUENT, 0.9, (2, 2, 10, 8)),
    (7, RARE, 0.85, (20, 20, 6, 6)),
    (8, FREQUENT, 0.99, (0, 0, 5, 5)),
    (9, RARE, 0.7, (0, 0, 5, 5)),
)


def test_learned_labels_are_a_file_that_joins_the_training_file(
    tmp_path: Path, web: Annotations, training: Annotations
) -> None:
    path = tmp_path / "web" / "pseudo_labels.json"
    arguments = stored(tmp_path, web, *ROWS), web, training, ALIBABA, {"node": "n"}
    counted = write_pseudo_labels(*arguments, path)
    assert counted == Counted(images=1, labels=2, rare_labels=1)
    first = path.read_bytes()
    write_pseudo_labels(*arguments, path)
    assert path.read_bytes() == first
    tree = json.loads(first)
    assert tree["info"]["pseudo_labels"] == {"node": "n"}
    assert [record["id"] for record in tree["images"]] == [7]
    dog = tree["annotations"][0]
    assert (dog["image_id"], dog["category_id"], dog["score"]) == (7, FREQUENT, 0.9)
    assert (dog["bbox"], dog["area"]) == ([2, 2, 10, 8], 80)
    stage = Stage(joined=(JoinedFile(file="made"),))
    made = AlsoFile("made", path, path.parent)
    (joined,) = open_other_data(training, stage, [made], use_empty_images=False).joined
    # The table is the training file's, and needs no synsets.
    assert joined.labels.tolist() == [0, 1]
    assert joined.annotations.has_masks(0)


def test_labels_without_masks_are_boxes(
    tmp_path: Path, web: Annotations, training: Annotations
) -> None:
    path = tmp_path / "pseudo_labels.json"
    boxes = ALIBABA.replace(masks=False)
    write_pseudo_labels(stored(tmp_path, web, *ROWS), web, training, boxes, {}, path)
    assert not open_annotations(path).has_masks(0)


def test_ignored_labels_are_boxes_over_the_training_images(
    tmp_path: Path, training: Annotations
) -> None:
    path = tmp_path / "pseudo_labels.json"
    rows = (
        (1, FREQUENT, 0.9, (0, 0, 10, 10)),
        (1, FREQUENT, 0.9, (30, 10, 10, 10)),
        (2, RARE, 0.4, (30, 10, 10, 10)),
    )
    labels = IgnoredPseudoLabels()
    store = stored(tmp_path, training, *rows)
    counted = write_pseudo_labels(store, training, training, labels, {}, path)
    # The first one lies on the annotation of image 1, the last one has too low a score.
    assert counted == Counted(images=2, labels=1, rare_labels=0)
    stage = Stage(ignore=(IgnoreBoxes(file="made", weight=0, proposals=True),))
    made = AlsoFile("made", path, tmp_path)
    other = open_other_data(training, stage, [made], use_empty_images=False)
    assert other.ignored_in(0).boxes.tolist() == [[30, 10, 40, 20]]
    assert len(other.ignored_in(1)) == 0
