"""Boxes of other conventions are refused by name; boxes as they should be never are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.categories import CategoryTable
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json import stream as json_stream
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import PredictionStore, Source
from longtail.problems import BadInputError
from longtail.rle.bitmaps import encode_bitmap

Write = Callable[[Any], Path]
Import = Callable[..., PredictionStore]
Record = dict[str, Any]

HEIGHT, WIDTH = 120, 200
CONVERSIONS: dict[str, Callable[[float, float, float, float], list[float]]] = {
    "x1, y1, x2, y2 in pixels": lambda x, y, w, h: [x, y, x + w, y + h],
    "centre x, centre y, width, height in pixels": lambda x, y, w, h: [x + w / 2, y + h / 2, w, h],
    "y1, x1, y2, x2 in pixels": lambda x, y, w, h: [y, x, y + h, x + w],
}
SHARES = "as shares of the image (0..1)"


def shares(box: list[float], order: str) -> list[float]:
    first = (HEIGHT, WIDTH) if order.startswith("y") else (WIDTH, HEIGHT)
    return [value / side for value, side in zip(box, first * 2, strict=True)]


@pytest.fixture
def images() -> ImageSet:
    return ImageSet(np.array([1, 2]), np.full(2, HEIGHT), np.full(2, WIDTH))


@pytest.fixture
def do_import(tmp_path: Path, images: ImageSet, categories: CategoryTable) -> Import:
    def run(path: Path, **options: Any) -> PredictionStore:
        return import_json(path, images, categories, tmp_path / "out", Source("a"), **options)

    return run


def records(num: int, with_masks: bool, seed: int = 0) -> list[Record]:
    """Rectangles of any size anywhere, with masks of their pixels."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(num):
        x, w = np.sort(rng.choice(WIDTH + 1, 2, replace=False)).tolist()
        y, h = np.sort(rng.choice(HEIGHT + 1, 2, replace=False)).tolist()
        record: Record = {"image_id": 1 + number % 2, "category_id": 3, "score": number / num}
        record["bbox"] = [x, y, w - x, h - y]
        if with_masks:
            bitmap = np.zeros((HEIGHT, WIDTH), dtype=bool)
            bitmap[y:h, x:w] = True
            counts = encode_bitmap(bitmap).decode()
            record["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": counts}
        made.append(record)
    return made


def converted(these: list[Record], convention: str) -> list[Record]:
    order = convention.removesuffix(SHARES).removesuffix("in pixels").strip()
    plain = lambda *box: list(box)  # noqa: E731
    convert = CONVERSIONS.get(f"{order} in pixels", plain)
    boxes = [convert(*record["bbox"]) for record in these]
    if convention.endswith(SHARES):
        boxes = [shares(box, order) for box in boxes]
    return [{**record, "bbox": box} for record, box in zip(these, boxes, strict=True)]


@pytest.mark.parametrize("on_invalid", ["error", "drop"])
@pytest.mark.parametrize(
    "convention",
    [
        *CONVERSIONS,
        *(name.replace("in pixels", SHARES) for name in CONVERSIONS),
        f"x, y, width, height {SHARES}",
    ],
)
def test_boxes_that_contradict_their_masks_are_refused_with_the_convention_they_fit(
    write: Write, do_import: Import, convention: str, on_invalid: str
) -> None:
    path = write(converted(records(40, with_masks=True), convention))
    with pytest.raises(BadInputError) as error:
        do_import(path, on_invalid=on_invalid)
    message = str(error.value)
    assert f"fit them as {convention} (1.00)" in message
    assert "record 0" in message and "(40 in all)" in message
    assert "fix: write x, y, width, height in pixels" in message


@pytest.mark.parametrize("convention", list(CONVERSIONS)[:2])
def test_boxes_alone_are_judged_by_what_leaves_the_image(
    write: Write, do_import: Import, convention: str
) -> None:
    with pytest.raises(BadInputError) as error:
        do_import(write(converted(records(40, with_masks=False), convention)))
    assert f"40 lie within them as {convention.removesuffix(' in pixels')}" in str(error.value)


@pytest.mark.parametrize("num", [1, 40])
def test_boxes_within_one_pixel_are_shares_of_the_image(
    write: Write, do_import: Import, num: int
) -> None:
    these = converted(records(num, with_masks=False), f"x1, y1, x2, y2 {SHARES}")
    with pytest.raises(BadInputError, match=r"all boxes lie within one pixel.*shares of"):
        do_import(write(these))


def test_a_fault_of_corners_has_the_iou_of_a_hand_computed_example(
    write: Write, do_import: Import
) -> None:
    # x 20 to 60, y 20 to 50: 40 x 30 of the 60 x 50 pixels that the box has as x, y, width, height.
    bitmap = np.zeros((HEIGHT, WIDTH), dtype=bool)
    bitmap[20:50, 20:60] = True
    mask = {"size": [HEIGHT, WIDTH], "counts": encode_bitmap(bitmap).decode()}
    record = {"image_id": 1, "category_id": 3, "score": 0.5, "segmentation": mask}
    with pytest.raises(BadInputError, match=r"mean IoU 0\.40.*x1, y1, x2, y2 in pixels \(1\.00\)"):
        do_import(write([record | {"bbox": [20, 20, 60, 50]}]))


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("with_masks", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_boxes_as_they_should_be_pass_however_inexact(
    write: Write, do_import: Import, seed: int, with_masks: bool, noise: float
) -> None:
    these = records(60, with_masks, seed)
    rng = np.random.default_rng(seed)
    for record in these:
        x, y, w, h = record["bbox"]
        moved = np.array([x, y, w, h]) + rng.normal(0, noise, 4) * [w, h, w, h]
        record["bbox"] = [*moved[:2].clip(0).tolist(), *moved[2:].clip(1, HEIGHT).tolist()]
    assert do_import(write(these)).num_detections == 60


@pytest.mark.parametrize("box", [[0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 200, 120], [0.5, 0.5, 7, 9]])
def test_boxes_that_say_nothing_of_their_convention_pass(
    write: Write, do_import: Import, box: list[float]
) -> None:
    record = {"image_id": 1, "category_id": 3, "score": 0.5, "bbox": box}
    assert do_import(write([record])).num_detections == 1


def test_masks_without_a_pixel_say_nothing(write: Write, do_import: Import) -> None:
    counts = encode_bitmap(np.zeros((HEIGHT, WIDTH), dtype=bool)).decode()
    empty = {"segmentation": {"size": [HEIGHT, WIDTH], "counts": counts}}
    assert do_import(write([r | empty for r in records(40, True)])).num_detections == 40


def test_all_pieces_of_a_file_are_looked_at(
    write: Write, do_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream.read_blocks, "__defaults__", (256,))
    these = records(200, with_masks=True)
    wrong = converted(these, "x1, y1, x2, y2 in pixels")
    with pytest.raises(BadInputError, match=r"\(200 in all\)"):
        do_import(write([{**r, "note": "a"} if i % 2 else r for i, r in enumerate(wrong)]))
