"""CPU time of loading a training image with each augmentation, beside torchvision's.

Both read the same photographs and the same annotations, and end with a float tensor, boxes, labels
and masks that an instance is learned from. Ours keeps polygons until a head crops them; with
torchvision.transforms.v2 masks are rasterised before they are transformed, as in its reference
scripts, and instances without area are dropped by `SanitizeBoundingBoxes`. Mixes have no
equivalent there: they stand beside the same number of pictures resized by it.

One thread; contenders take turns, round by round, and figures are medians over the rounds.

    python -m benchmarks.loading --ann train.json --images images
"""

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from PIL import Image as PilImage
from pycocotools import mask as coco_mask
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from benchmarks.merge import processor
from longtail.config import augmentations as config
from longtail.config.augmentations import Augmentation
from longtail.data.loading.load_sample import load_sample
from longtail.data.loading.scenes.pictures import TrainingPictures
from longtail.data.loading.transforms.build import build_transforms
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.lvis.segmentation import Polygons

RESULTS = Path(__file__).parent / "results" / "loading.json"
SIDES, CAP = (640, 672, 704, 736, 768, 800), 1333
GREY = 114
RESIZE = config.Resize()
V2_RESIZE = v2.RandomShortestSize(SIDES, CAP)
Load = Callable[[int, int], object]
"""Of an image and a seed."""

CASES: Mapping[str, tuple[Sequence[Augmentation], Sequence[Any] | None]] = {
    "decoded alone": ((), ()),
    "resize": ((RESIZE,), (V2_RESIZE,)),
    "resize, flip": ((RESIZE, config.HorizontalFlip()), (V2_RESIZE, v2.RandomHorizontalFlip())),
    "multi_scale": ((config.MultiScale(),), (v2.RandomShortestSize(list(range(400, 1401)), 1400),)),
    "scale_jitter": ((config.ScaleJitter(),), (v2.ScaleJitter((800, 1333), (0.5, 1.5)),)),
    "large_scale_jitter": (
        (config.LargeScaleJitter(),),
        (
            v2.ScaleJitter((1024, 1024), (0.1, 2.0)),
            v2.RandomCrop(1024, pad_if_needed=True, fill=GREY),
        ),
    ),
    "crop, resize": (
        (config.Crop(), RESIZE),
        (v2.RandomIoUCrop(min_scale=0.5, sampler_options=[0.0], trials=1), V2_RESIZE),
    ),
    "resize, rotation": (
        (RESIZE, config.Rotation(probability=1)),
        (V2_RESIZE, v2.RandomRotation(15, v2.InterpolationMode.BILINEAR, fill=GREY)),
    ),
    "resize, colour_jitter": (
        (RESIZE, config.ColourJitter()),
        (V2_RESIZE, v2.ColorJitter(0.4, 0.4, 0.4)),
    ),
    "resize, blur": (
        (RESIZE, config.Blur(probability=1)),
        (V2_RESIZE, v2.GaussianBlur(9, (0.1, 2.0))),
    ),
    "resize, cutout": (
        (RESIZE, config.Cutout(probability=1)),
        (V2_RESIZE, v2.RandomErasing(1.0, (0.05, 0.2))),
    ),
    "mosaic, resize": ((config.Mosaic(probability=1), RESIZE), None),
    "balanced_mosaic, crop, flip": (
        (config.BalancedMosaic(), config.Crop(), config.HorizontalFlip()),
        None,
    ),
    "resize, copy_paste": ((RESIZE, config.CopyPaste(probability=1)), None),
    "instance_jitter, resize": ((config.InstanceJitter(probability=1), RESIZE), None),
}
"""Ours, and torchvision's."""


class Images:
    """Annotated images as torchvision's transforms take them."""

    def __init__(self, annotations: Annotations, root: Path) -> None:
        self.annotations, self.root = annotations, root

    def read(self, i: int) -> tuple[PilImage.Image, dict[str, Tensor]]:
        """The picture, and boxes, masks and labels in its pixels."""
        picture = PilImage.open(self.annotations.image_path(i, self.root)).convert("RGB")
        size = picture.height, picture.width
        found = self.annotations.instances(i)
        masks = np.zeros((len(found.labels), *size), np.uint8)
        for mask, outline in zip(masks, found.segmentations, strict=True):
            if isinstance(outline, Polygons):
                runs = coco_mask.frPyObjects([ring.ravel() for ring in outline.rings], *size)
                mask[:] = coco_mask.decode(coco_mask.merge(runs))
            elif outline is not None:
                mask[:] = coco_mask.decode({"size": list(size), "counts": outline.counts})
        boxes = torch.from_numpy(found.boxes).float()
        return picture, {
            "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=size),
            "masks": tv_tensors.Mask(torch.from_numpy(masks)),
            "labels": torch.from_numpy(found.labels.copy()),
        }

    def load(self, transforms: v2.Transform) -> Load:
        """Loading by torchvision's transforms."""

        def load(i: int, seed: int) -> object:
            torch.manual_seed(seed)
            return transforms(*self.read(i))

        return load


def ours(annotations: Annotations, root: Path, augmentations: Sequence[Augmentation]) -> Load:
    """Loading by our transforms."""
    pictures = TrainingPictures(annotations, root, augmentations)
    transforms = build_transforms(augmentations)

    def load(i: int, seed: int) -> object:
        return load_sample(pictures, i, transforms, np.random.default_rng(seed))

    return load


def torchvisions(steps: Sequence[Any]) -> v2.Transform:
    """Its transforms, to a float tensor without instances that have no area."""
    end = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    return v2.Compose([v2.ToImage(), *steps, *end, v2.SanitizeBoundingBoxes()])


def milliseconds(load: Load, images: Sequence[int], seed: int) -> float:
    """CPU time of an image, mean over some."""
    begin = time.process_time()
    for number, i in enumerate(images):
        load(i, seed + number)
    return 1000 * (time.process_time() - begin) / len(images)


@click.command()
@click.option("--ann", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--images", "root", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--num", default=40, show_default=True, help="Images of a round.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--out", default=RESULTS, show_default=True, type=click.Path(path_type=Path))
def main(ann: Path, root: Path, num: int, rounds: int, out: Path) -> None:
    """Measure loading with each augmentation, one thread."""
    torch.set_num_threads(1)
    annotations = open_annotations(ann, logs_warnings=False)
    offsets, _ = annotations.labels_per_image()
    annotated = np.flatnonzero(np.diff(offsets))
    images = Images(annotations, root)
    found = {}
    for name, (own, theirs) in CASES.items():
        contenders = {"ours": ours(annotations, root, own)}
        if theirs is not None:
            contenders["torchvision"] = images.load(torchvisions(theirs))
        times: dict[str, list[float]] = {key: [] for key in contenders}
        for number in range(rounds + 1):
            chosen = np.random.default_rng(number).choice(annotated, num).tolist()
            for key, load in contenders.items():
                spent = milliseconds(load, chosen, 1000 * number)
                if number:
                    times[key].append(spent)
        found[name] = _summary(times)
        click.echo(f"{name}: {json.dumps(found[name])}")
    sizes = np.stack([annotations.heights, annotations.widths])[:, annotated]
    record = {
        "machine": f"{processor()}, one thread, Python {platform.python_version()}",
        "images": len(annotated),
        "median_size": np.median(sizes, axis=1).astype(int).tolist(),
        "instances_per_image": round(annotations.num_instances / len(annotated), 1),
        "rounds": rounds,
        "cases": found,
    }
    out.write_text(json.dumps(record, indent=1) + "\n")


def _summary(times: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    medians = {key: statistics.median(values) for key, values in times.items()}
    record: dict[str, Any] = {}
    for key, values in times.items():
        record[key] = {
            "milliseconds": round(medians[key], 2),
            "range": [round(min(values), 2), round(max(values), 2)],
            "images_per_second": round(1000 / medians[key], 1),
        }
    if "torchvision" in medians:
        record["ratio"] = round(medians["ours"] / medians["torchvision"], 3)
    return record


if __name__ == "__main__":
    main()
