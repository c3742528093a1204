"""Write a synthetic data set: pictures as PNG and LVIS v1 annotation files.

The same parameters give the same bytes on one machine.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image as PilImage

from longtail.data.synthetic.categories import Look, frequency_group, image_shares, looks
from longtail.data.synthetic.plan import PlannedObject, plan_images, room_for_all, verified_absent
from longtail.data.synthetic.records import Record, instance_records
from longtail.data.synthetic.scenes import Scene, paint
from longtail.files import sha256_of, write_json
from longtail.randomness import generator_for
from longtail.sealed import MISMATCH, read_sealed_json, write_sealed_json

logger = logging.getLogger(__name__)

SPLITS = ("train", "val", "unlabelled")
MARKER = "synthetic.json"
REMEDY = "remove the folder or give --force: it is made again"
SIDE_VARIATION = 0.2
# Bump when the same parameters give other bytes.
FORMAT = 1

# Separate the random numbers of the category table, the plans and the pictures.
SHARES, PLAN, PICTURE = range(3)


@dataclass(frozen=True)
class Parameters:
    """What decides every byte of a synthetic data set.

    Attributes:
        images: Training images.
        val_images: Validation images.
        unlabelled: Images without annotations.
        categories: K.
        size: Pixels; each side of an image is within 20 percent of it.
        seed: Of all random numbers.
    """

    images: int
    val_images: int
    unlabelled: int
    categories: int
    size: int
    seed: int

    def __post_init__(self) -> None:
        least = {"images": 1, "val_images": 1, "unlabelled": 0, "size": 64, "seed": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name} {getattr(self, name)}: must be at least {low}")

    @property
    def counts(self) -> tuple[int, int, int]:
        """Images of each of `SPLITS`."""
        return self.images, self.val_images, self.unlabelled


def write_dataset(
    out: Path,
    parameters: Parameters,
    force: bool = False,
    painted: Callable[[], None] | None = None,
) -> bool:
    """Write the data set to a folder; False if exactly this one is there already, undamaged.

    Args:
        out: The folder: `train.json`, `val.json`, `unlabelled.json`, `images/<split>/*.png`.
        parameters: What to make.
        force: Write over what is there; files of other names are left alone.
        painted: Called after each picture.

    Raises:
        ValueError: The folder holds something else, or there are too many categories.
        DamagedError: What the folder holds cannot be told.
    """
    marker = {"format": FORMAT, **asdict(parameters)}
    if _is_finished(out, marker, force):
        return False
    kinds = looks(parameters.categories)
    shares = generator_for(parameters.seed, SHARES).permutation(image_shares(len(kinds)))
    if not room_for_all(parameters.images, shares):
        raise ValueError(
            f"{len(kinds)} categories: too many for {parameters.images} training images; give fewer"
            " categories or more images"
        )
    write_sealed_json(out / MARKER, {**marker, "finished": False})
    files = []
    for split, count in enumerate(parameters.counts):
        plans = plan_images(count, shares, generator_for(parameters.seed, PLAN, split))
        files.append(_paint_split(out, _Painter(parameters, kinds, split), plans, painted))
    _write_annotation_files(out, kinds, files)
    digests = _digests(out, files)
    write_sealed_json(out / MARKER, {**marker, "finished": True, "files": digests})
    return True


def painted_scene(
    size: int, kinds: Sequence[Look], plan: Sequence[PlannedObject], rng: np.random.Generator
) -> Scene:
    """A picture of some `size` pixels a side with the planned objects, which are of `kinds`."""
    low, high = (size * (1 + sign * SIDE_VARIATION) for sign in (-1, 1))
    height, width = (int(side) for side in np.rint(rng.uniform(low, high, 2)))
    return paint((height, width), [kinds[item.label] for item in plan], rng)


@dataclass(frozen=True)
class _Painter:
    """Makes the images of a split, each with random numbers of its own."""

    parameters: Parameters
    kinds: list[Look]
    split: int

    def paint(self, out: Path, i: int, plan: list[PlannedObject]) -> tuple[Record, list[Record]]:
        """Save picture i; return its image record and its annotations."""
        rng = generator_for(self.parameters.seed, PICTURE, self.split, i)
        scene = painted_scene(self.parameters.size, self.kinds, plan, rng)
        height, width = scene.owner.shape
        drawn = [plan[k] for k in scene.drawn]
        image_id = sum(self.parameters.counts[: self.split]) + i + 1
        file_name = f"{SPLITS[self.split]}/{image_id:012d}.png"
        picture = PilImage.fromarray(scene.pixels)
        picture.save(out / "images" / file_name, compress_level=1)
        image: Record = {
            "id": image_id,
            "height": height,
            "width": width,
            "file_name": file_name,
            "coco_url": f"http://images.invalid/{file_name}",
            "flickr_url": "",
            "license": 1,
            "date_captured": "",
        }
        if SPLITS[self.split] == "unlabelled":
            return image, []
        labels = [item.label if item.annotated else None for item in drawn]
        annotations = instance_records(image_id, labels, scene.owner)
        return image | self._verified(drawn, rng), annotations

    def _verified(self, drawn: list[PlannedObject], rng: np.random.Generator) -> Record:
        annotated = {item.label for item in drawn if item.annotated}
        left_out = {item.label for item in drawn if not item.annotated}
        shown = [item.label for item in drawn]
        absent = verified_absent(shown, len(self.kinds), rng)
        return {
            "neg_category_ids": [label + 1 for label in absent],
            "not_exhaustive_category_ids": sorted(label + 1 for label in annotated & left_out),
        }


def _paint_split(
    out: Path,
    painter: _Painter,
    plans: list[list[PlannedObject]],
    painted: Callable[[], None] | None,
) -> tuple[list[Record], list[Record]]:
    """Save a split's pictures; return its image records and its annotations."""
    (out / "images" / SPLITS[painter.split]).mkdir(parents=True, exist_ok=True)
    images: list[Record] = []
    annotations: list[Record] = []
    for i, plan in enumerate(plans):
        image, found = painter.paint(out, i, plan)
        images.append(image)
        annotations += found
        if painted is not None:
            painted()
    return images, annotations


def _write_annotation_files(
    out: Path, kinds: list[Look], files: list[tuple[list[Record], list[Record]]]
) -> None:
    categories = category_records(kinds, *files[0])
    for split, (images, annotations) in zip(SPLITS, files, strict=True):
        tree: Record = {
            "info": {"description": f"synthetic long-tail set, {split}", "version": "1.0"},
            "licenses": [{"id": 1, "name": "no restrictions", "url": ""}],
            "images": images,
            "categories": categories,
        }
        if split != "unlabelled":
            tree["annotations"] = [{"id": i, **a} for i, a in enumerate(annotations, start=1)]
        write_json(out / f"{split}.json", tree, indent=None, end="", allow_nan=True)


def category_records(
    kinds: Sequence[Look], images: Sequence[Record], annotations: Sequence[Record]
) -> list[Record]:
    """The `categories` of a file, with the counts of these images and annotations."""
    instance_counts = Counter(a["category_id"] for a in annotations)
    pairs = {(a["image_id"], a["category_id"]) for a in annotations}
    image_counts = Counter(category for _, category in pairs)
    return [
        {
            "id": i,
            "name": kind.name,
            "synset": f"{kind.name}.n.01",
            "synonyms": [kind.name],
            "def": f"a {kind.colour} {kind.shape} with a {kind.fill.replace('_', ' ')} surface",
            "frequency": frequency_group(image_counts[i], len(images)),
            "image_count": image_counts[i],
            "instance_count": instance_counts[i],
        }
        for i, kind in enumerate(kinds, start=1)
    ]


def _is_finished(out: Path, marker: Record, force: bool) -> bool:
    if not out.exists() or not any(out.iterdir()):
        out.mkdir(parents=True, exist_ok=True)
        return False
    path = out / MARKER
    if force:
        foreign = [split for split in SPLITS if (out / f"{split}.json").exists()]
        if foreign and not path.is_file():
            raise ValueError(
                f"{out}: holds {foreign[0]}.json of another data set; give another folder"
            )
        return False
    found = read_sealed_json(path, REMEDY) if path.is_file() else {}
    digests = found.pop("files", {})
    if found == {**marker, "finished": True}:
        return _holds(out, digests)
    # An interrupted run with the same parameters is simply done again.
    if found != {**marker, "finished": False}:
        raise ValueError(
            f"{out}: holds something else; give an empty folder, or --force to write over it"
        )
    return False


def _digests(out: Path, files: list[tuple[list[Record], list[Record]]]) -> dict[str, str]:
    """SHA-256 of the annotation files and the pictures, by path."""
    pictures = [f"images/{image['file_name']}" for images, _ in files for image in images]
    names = [*(f"{split}.json" for split in SPLITS), *pictures]
    return {name: sha256_of(out / name) for name in names}


def _holds(out: Path, digests: dict[str, str]) -> bool:
    for name, digest in digests.items():
        if not (out / name).is_file() or sha256_of(out / name) != digest:
            logger.warning("%s: missing, or %s; the data set is made again", out / name, MISMATCH)
            return False
    return True
