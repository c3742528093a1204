"""The data set of the study of thin objects: large objects, thin and solid ones in equal numbers.

The level rule of lvisTraveler 2020 moves masks of boxes of at least 112 pixels, so objects are
larger here than in the plain synthetic set: a fifth to under a half of the picture's side is their
radius. Nine categories of one shape and one colour each make classification easy, which leaves
AP to boxes and masks. Every picture shows three categories, every three pictures all nine. Every
object is annotated, and every category is verified in every picture.

The letters r, c and f of the file stand for the groups of shapes, not for frequencies, so that
APr, APc and APf are those of thin, stout and solid shapes; nothing in these trainings reads them.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from docs.studies.painted_files import category_record, is_written, save_picture, write_split
from longtail.data.synthetic.categories import Look
from longtail.data.synthetic.records import Record, instance_records
from longtail.data.synthetic.scenes import paint
from longtail.randomness import generator_for

SHAPES = {
    "thin": ("thin_ring", "thin_stick", "thin_cross"),
    "stout": ("ring", "stick", "cross"),
    "solid": ("disc", "square", "triangle"),
}
LETTERS = {"thin": "r", "stout": "c", "solid": "f"}
GROUPS = tuple(group for group, shapes in SHAPES.items() for _ in shapes)
"""By category index."""
COLOURS = ("red", "blue", "yellow", "green", "purple", "orange", "white", "pink", "cyan")
RADIUS = (0.2, 0.45)
OBJECTS_PER_IMAGE = 3
SPLITS = ("train", "val")


@dataclass(frozen=True)
class Painted:
    """What decides the set: training and validation images, the side in pixels, the seed."""

    images: int = 240
    val_images: int = 180
    side: int = 192
    seed: int = 0


LOOKS = [
    (group, Look(shape, colour, "plain"))
    for group, shape, colour in zip(
        GROUPS, [shape for shapes in SHAPES.values() for shape in shapes], COLOURS, strict=True
    )
]


def write_thin_set(out: Path, painted: Painted | None = None) -> tuple[Path, Path, Path]:
    """Make the set if it is not there: training and validation annotations, image folder."""
    painted = painted or Painted()
    paths = out / "train.json", out / "val.json"
    description = f"thin and solid objects, {json.dumps(asdict(painted))}"
    for split, (path, count) in enumerate(
        zip(paths, (painted.images, painted.val_images), strict=True)
    ):
        if not is_written(path, description):
            images, annotations = _paint_split(out / "images", painted, split, count)
            write_split(path, description, images, annotations, _categories(painted.images))
    return *paths, out / "images"


def _paint_split(
    folder: Path, of: Painted, split: int, count: int
) -> tuple[list[Record], list[Record]]:
    (folder / SPLITS[split]).mkdir(parents=True, exist_ok=True)
    images: list[Record] = []
    annotations: list[Record] = []
    for i in range(count):
        image_id = (of.images if split else 0) + i + 1
        labels = labels_of(of.seed, split, i)
        rng = generator_for(of.seed, 1, split, i)
        scene = paint((of.side, of.side), [LOOKS[k][1] for k in labels], rng, RADIUS)
        drawn = [labels[k] for k in scene.drawn]
        absent = set(range(len(LOOKS))) - set(drawn)
        file_name = f"{SPLITS[split]}/{image_id:06d}.png"
        images.append(save_picture(folder, file_name, scene.pixels, image_id, absent))
        annotations += instance_records(image_id, drawn, scene.owner)
    return images, annotations


def labels_of(seed: int, split: int, image: int) -> list[int]:
    """The three category indices of an image: a third of a shuffle of all nine."""
    block, place = divmod(image, len(LOOKS) // OBJECTS_PER_IMAGE)
    shuffled = generator_for(seed, 0, split, block).permutation(len(LOOKS))
    return [int(k) for k in np.split(shuffled, len(LOOKS) // OBJECTS_PER_IMAGE)[place]]


def _categories(num_images: int) -> list[Record]:
    counts = [num_images // OBJECTS_PER_IMAGE] * 2
    return [
        category_record(
            k,
            f"{look.colour}_{look.shape}",
            f"a {look.colour} {look.shape}",
            LETTERS[group],
            counts,
        )
        for k, (group, look) in enumerate(LOOKS)
    ]
