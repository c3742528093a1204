import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from pycocotools import mask as coco_mask

from longtail.config.stages import ClassAware, ClassThenImage
from longtail.data.loading.images import load_image
from longtail.data.loading.load_sample import for_drawn_category, load_sample
from longtail.data.loading.sample import Sample
from longtail.data.loading.scenes.masks import BitmapMask, PolygonMask
from longtail.data.loading.scenes.pictures import TrainingPictures
from longtail.data.loading.transforms.base import Transform
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip
from longtail.data.loading.transforms.resize import Resize
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.problems import BadInputError

HEIGHT, WIDTH = 40, 60
PLAIN = (Resize((40,), 1333),)
DOUBLED_AND_FLIPPED = (Resize((80,), 1333), HorizontalFlip(1.0))


def square_rle() -> dict[str, Any]:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    pixels[20:30, 5:15] = 1
    rle = coco_mask.encode(pixels)
    return {"size": [HEIGHT, WIDTH], "counts": rle["counts"].decode()}


def instance(category_id: int, x: float, y: float, w: float, h: float, mask: Any) -> dict[str, Any]:
    return {
        "image_id": 7,
        "category_id": category_id,
        "bbox": [x, y, w, h],
        "area": w * h,
        "segmentation": mask,
    }


SQUARE = instance(20, 10, 5, 20, 10, [[10, 5, 30, 5, 30, 15, 10, 15]])
RLE_SQUARE = instance(50, 5, 20, 10, 10, square_rle())
BOX_ONLY = {k: v for k, v in instance(20, 30, 20, 10, 10, None).items() if k != "segmentation"}


def write_lvis(folder: Path, instances: list[dict[str, Any]], **image: Any) -> Annotations:
    """One image with category ids 20, 50, 70 and 90, which have the indices 0 to 3."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[5:15, 10:30] = (255, 0, 0)
    PilImage.fromarray(pixels).save(folder / "7.png")
    labels = [item["category_id"] for item in instances]
    tree = {
        "images": [
            {
                "id": 7,
                "height": HEIGHT,
                "width": WIDTH,
                "file_name": "7.png",
                "neg_category_ids": [90],
                "not_exhaustive_category_ids": [],
            }
            | image
        ],
        "annotations": [{"id": i, **item} for i, item in enumerate(instances, start=1)],
        "categories": [
            {
                "id": i,
                "name": f"thing_{i}",
                "synset": f"thing_{i}.n.01",
                "frequency": "r",
                "image_count": int(i in labels),
                "instance_count": labels.count(i),
            }
            for i in (20, 50, 70, 90)
        ],
    }
    path = folder / "lvis.json"
    path.write_text(json.dumps(tree))
    return open_annotations(path, cache_dir=folder / "cache")


def load(folder: Path, annotations: Annotations, transforms: Sequence[Transform]) -> Sample:
    pictures = TrainingPictures(annotations, folder)
    return load_sample(pictures, 0, transforms, np.random.default_rng(0))


def test_sample_holds_the_annotations_in_its_own_pixels(tmp_path: Path) -> None:
    sample = load(tmp_path, write_lvis(tmp_path, [SQUARE, RLE_SQUARE]), DOUBLED_AND_FLIPPED)
    assert sample.image.size == (80, 120) and sample.image.original_size == (40, 60)
    assert sample.image.image_id == 7
    assert sample.boxes.tolist() == [[60, 10, 100, 30], [90, 40, 110, 60]]
    assert sample.labels.tolist() == [0, 1]
    assert sample.source.tolist() == [0, 0]
    assert sample.masks.areas().tolist() == [800, 400]
    polygon, bitmap = sample.masks.items
    assert isinstance(polygon, PolygonMask) and isinstance(bitmap, BitmapMask)
    assert sample.masks.crop_to_grid(torch.tensor([0, 1]), sample.boxes, 14).all()
    assert sample.has_masks and sample.ignore_boxes.shape == (0, 4)


def test_pixels_follow_the_boxes_and_are_rgb(tmp_path: Path) -> None:
    annotations = write_lvis(tmp_path, [SQUARE])
    for transforms in (PLAIN, DOUBLED_AND_FLIPPED):
        sample = load(tmp_path, annotations, transforms)
        x0, y0, x1, y1 = (int(side) for side in sample.boxes[0])
        inside = sample.image.pixels[:, y0 + 1 : y1 - 1, x0 + 1 : x1 - 1]
        assert inside.amin(dim=(1, 2)).tolist() == [1, 0, 0]
        assert sample.image.pixels.dtype == torch.float32
        assert sample.image.pixels[0].sum() == pytest.approx((x1 - x0) * (y1 - y0), rel=0.05)


def test_verified_categories_are_indices(tmp_path: Path) -> None:
    annotations = write_lvis(tmp_path, [RLE_SQUARE, SQUARE, SQUARE])
    (verified,) = load(tmp_path, annotations, PLAIN).verified
    assert verified.present.tolist() == [0, 1]
    assert verified.absent.tolist() == [3]
    assert verified.present.dtype == verified.absent.dtype == torch.int64


def test_not_exhaustive_categories_count_as_present(tmp_path: Path) -> None:
    annotations = write_lvis(tmp_path, [SQUARE], not_exhaustive_category_ids=[20, 70])
    (verified,) = load(tmp_path, annotations, PLAIN).verified
    assert verified.present.tolist() == [0, 2]


def test_instances_without_area_are_dropped_but_their_categories_stay_verified(
    tmp_path: Path,
) -> None:
    speck = instance(70, 20, 20, 0.4, 0.4, square_rle() | {"counts": one_pixel(20, 20)})
    annotations = write_lvis(tmp_path, [speck, SQUARE])
    shrunk = (Resize((4,), 1333),)
    sample = load(tmp_path, annotations, shrunk)
    assert sample.labels.tolist() == [0]
    assert len(sample.masks) == len(sample.boxes) == len(sample.source) == 1
    assert sample.verified[0].present.tolist() == [0, 2]


def one_pixel(row: int, column: int) -> str:
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    pixels[row, column] = 1
    counts: bytes = coco_mask.encode(pixels)["counts"]
    return counts.decode()


def test_boxes_without_masks_are_said_to_be_so(tmp_path: Path) -> None:
    sample = load(tmp_path, write_lvis(tmp_path, [SQUARE, BOX_ONLY]), PLAIN)
    assert not sample.has_masks
    assert sample.masks.items[1] is None
    assert sample.labels.tolist() == [0, 0]


def test_image_without_instances_gives_an_empty_sample(tmp_path: Path) -> None:
    sample = load(tmp_path, write_lvis(tmp_path, []), PLAIN)
    assert sample.boxes.shape == (0, 4) and sample.labels.shape == (0,)
    assert len(sample.masks) == 0 and sample.has_masks
    assert sample.verified[0].present.tolist() == []


def test_only_a_sampler_that_selects_proposals_marks_the_drawn_category(tmp_path: Path) -> None:
    sample = load(tmp_path, write_lvis(tmp_path, [SQUARE, RLE_SQUARE]), PLAIN)
    selecting = ClassThenImage(background_per_foreground=3.0)
    marked = for_drawn_category(sample, selecting, 1)
    assert (marked.drawn_category, marked.background_per_foreground) == (1, 3.0)
    # The other instance stays: it must not become background.
    assert marked.labels.tolist() == [0, 1]
    for sampler in (selecting.replace(selected_proposals=False), ClassAware()):
        assert for_drawn_category(sample, sampler, 1).drawn_category is None


def test_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    annotations = write_lvis(tmp_path, [SQUARE])
    PilImage.new("RGB", (30, 20)).save(tmp_path / "7.png")
    with pytest.raises(BadInputError, match=r"7.png: of another size .*20 x 30 in the pict"):
        load(tmp_path, annotations, PLAIN)


def test_prediction_image_is_resized_and_remembers_its_size(tmp_path: Path) -> None:
    PilImage.new("RGB", (60, 40), (255, 0, 51)).save(tmp_path / "a.png")
    image = load_image(tmp_path / "a.png", 5, short_side=80, long_side_cap=100, size=(40, 60))
    assert image.size == (67, 100) and image.original_size == (40, 60) and image.image_id == 5
    assert image.pixels.amin(dim=(1, 2)).tolist() == pytest.approx([1, 0, 0.2])
