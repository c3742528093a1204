"""CPU time and memory of a merge, side by side with ensemble-boxes and torchvision.

Made-up detections: every source finds most of an image's objects with its own jitter, guesses
several categories for each, and fills up with noise. One thread; medians over repeats.

    python -m benchmarks.merge --images 64 --out merge-benchmark.json
"""

import json
import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ensemble.fusion import fuse
from ensemble.merging import Merge, write_merged
from ensemble.rescoring import Margins
from ensemble.screening import box_shares
from ensemble.settings import DEFAULT_IOU_THRESHOLDS, MergeSettings, Method
from ensemble.sources import Block, SourceSpec, read_block
from ensemble.statistics import MergeStatistics
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.json_export import export_json
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.rle.codec import encode_many

HEIGHT, WIDTH = 480, 640
NUM_CATEGORIES = 1203
OBJECTS_PER_IMAGE = 70
GUESSES_PER_OBJECT = 6


def made_up_categories() -> CategoryTable:
    """LVIS v1's group sizes: 337 rare, 461 common, 405 frequent."""
    letters = ["r"] * 337 + ["c"] * 461 + ["f"] * 405
    counts = {"r": 5, "c": 50, "f": 500}
    records = [
        {
            "id": i + 1,
            "name": f"category {i + 1}",
            "frequency": letter,
            "image_count": counts[letter],
            "instance_count": 2 * counts[letter],
        }
        for i, letter in enumerate(letters)
    ]
    return CategoryTable.from_records(records, "made up")


def category_shares() -> NDArray[np.float64]:
    """Zipf's law: the frequent categories, at the end of the table, get most detections."""
    shares = 1 / np.arange(NUM_CATEGORIES, 0, -1) ** 1.1
    return shares / shares.sum()


def blob_runs(box: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """Runs of a lumpy ellipse in an xyxy box: one stretch per column, down the columns."""
    left, right = int(box[0]), max(int(box[2]), int(box[0]) + 1)
    across = (np.arange(left, right) + 0.5 - left) / (right - left) * 2 - 1
    half = np.sqrt(np.clip(1 - across**2, 0, 1)) * (box[3] - box[1]) / 2
    lumps = random.normal(0, 0.04, (2, right - left)).cumsum(axis=1)
    middle = (box[1] + box[3]) / 2
    top = np.clip(middle - half + lumps[0], 0, HEIGHT - 1).astype(np.int64)
    bottom = np.clip(middle + half + lumps[1], top + 1, HEIGHT).astype(np.int64)
    columns = np.arange(left, right) * HEIGHT
    edges = np.stack([columns + top, columns + bottom], axis=1).ravel()
    # A column that reaches both borders touches its neighbours: such runs are one.
    inner = np.flatnonzero(edges[1:-1:2] == edges[2::2])
    edges = np.delete(edges, np.concatenate([2 * inner + 1, 2 * inner + 2]))
    return np.diff(np.concatenate([[0], edges, [HEIGHT * WIDTH]]))


def made_up_detections(image_id: int, source: int, num_detections: int) -> DetectionColumns:
    """What one source says about one image."""
    scene = np.random.default_rng(image_id)
    sizes = np.exp(scene.uniform(np.log(12), np.log(350), (OBJECTS_PER_IMAGE, 2)))
    sizes = np.minimum(sizes, [WIDTH - 8, HEIGHT - 8])
    corners = scene.uniform(0, [WIDTH, HEIGHT] - sizes)
    objects = np.concatenate([corners, corners + sizes], axis=1)
    guesses = scene.choice(
        NUM_CATEGORIES, (OBJECTS_PER_IMAGE, GUESSES_PER_OBJECT), p=category_shares()
    )
    certainty = scene.normal(-1, 2, (OBJECTS_PER_IMAGE, GUESSES_PER_OBJECT))
    random = np.random.default_rng([image_id, source])
    jitter = random.normal(0, 0.035, objects.shape) * np.tile(sizes, 2)
    boxes = np.clip(objects + jitter, 0, [WIDTH - 2, HEIGHT - 2] * 2)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 2)
    logits = (certainty + random.normal(0, 0.6, certainty.shape)).ravel()
    best = np.argsort(-logits)[:num_detections]
    scores = 1 / (1 + np.exp(-logits[best]))
    category_ids = 1 + guesses.ravel()[best]
    return columns_of(image_id, category_ids, scores, boxes, best // GUESSES_PER_OBJECT, random)


def columns_of(
    image_id: int,
    category_ids: NDArray[np.int64],
    scores: NDArray[np.float64],
    boxes: NDArray[np.float64],
    objects: NDArray[np.int64],
    random: np.random.Generator,
) -> DetectionColumns:
    """Detections of the objects of one image; those of one object share its mask."""
    masks = [blob_runs(box, random) for box in boxes]
    runs = [masks[i] for i in objects]
    offsets = np.cumsum([0, *map(len, runs)])
    counts, counts_offsets = encode_many(np.concatenate(runs), offsets)
    ones = np.ones(len(objects), np.int64)
    corners = boxes[objects]
    return DetectionColumns(
        image_id=ones * image_id,
        category_id=category_ids.astype(np.int64),
        score=scores,
        score_mask=scores,
        boxes=np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1),
        heights=ones * HEIGHT,
        widths=ones * WIDTH,
        counts=counts,
        counts_offsets=counts_offsets,
    )


def write_source(
    folder: Path, images: ImageSet, source: int, num_detections: int
) -> PredictionStore:
    """The store of one source, made block by block."""
    name = f"s{source:02}"
    writer = StoreWriter(folder / name, images, Source(name))

    def block(number: int) -> DetectionColumns:
        ids = images.blocks()[number].tolist()
        return DetectionColumns.concatenate(
            [made_up_detections(i, source, num_detections) for i in ids]
        )

    for shard in range(images.num_shards):
        writer.write_shard(shard, map(block, images.blocks_of_shard(shard)))
    return writer.finish()


def cpu_milliseconds(call: Callable[[], Any], repeats: int) -> float:
    """Median CPU time of a call, after one that warms up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


def fuse_block(block: Block, method: Method, num_sources: int) -> None:
    """Our fusion as the merge runs it: boxes to shares, sort, kernel."""
    shares = box_shares(block.columns)
    rows = np.arange(len(block))
    iou_thr = DEFAULT_IOU_THRESHOLDS[method]
    fuse(block, rows, shares, np.ones(num_sources), NUM_CATEGORIES, method, iou_thr)


def time_ours(
    stores: list[PredictionStore], categories: CategoryTable, folder: Path, repeats: int
) -> dict[str, float]:
    """CPU ms per image of the kernels on the first block, and of whole merges."""
    images = stores[0].images
    first = images.blocks()[0]
    block = read_block(stores, 0, first, categories)
    times = {}
    for method in ("nms", "wbf"):
        per_block = cpu_milliseconds(lambda m=method: fuse_block(block, m, len(stores)), repeats)
        times[f"ours_{method}"] = per_block / len(first)
    specs = [SourceSpec(store.source.name, store.directory) for store in stores]
    for method in ("nms", "wbf"):
        settings = MergeSettings(method, DEFAULT_IOU_THRESHOLDS[method], Margins())

        def whole(settings: MergeSettings = settings) -> None:
            counted = MergeStatistics([spec.name for spec in specs])
            merge = Merge(specs, stores, categories, settings, counted)
            merged = write_merged(merge, folder / "merged", lambda items, _: items)
            export_json(merged, folder / "submission.json", with_bbox=False)

        times[f"ours_whole_merge_{method}"] = cpu_milliseconds(whole, repeats) / len(images)
    return times


def time_others(
    stores: list[PredictionStore], categories: CategoryTable, num_images: int, repeats: int
) -> dict[str, float]:
    """CPU ms per image of ensemble-boxes and torchvision on images of the first block."""
    import ensemble_boxes
    import torch
    import torchvision

    torch.set_num_threads(1)
    block = read_block(stores, 0, stores[0].images.blocks()[0], categories)
    shares = box_shares(block.columns)
    problems = []
    for image in range(min(num_images, len(block.image_ids))):
        rows = [
            np.flatnonzero((block.images == image) & (block.sources == i))
            for i in range(len(stores))
        ]
        columns = (shares, block.columns.score, block.categories)
        problems.append([[column[r] for r in rows] for column in columns])
    tensors = [[torch.from_numpy(np.concatenate(part)) for part in parts] for parts in problems]

    calls: dict[str, Callable[[], Any]] = {
        "ensemble_boxes_nms": lambda: [ensemble_boxes.nms(*p, iou_thr=0.5) for p in problems],
        "ensemble_boxes_wbf": lambda: [
            ensemble_boxes.weighted_boxes_fusion(*p, iou_thr=0.55) for p in problems
        ],
        "torchvision_batched_nms": lambda: [
            torchvision.ops.batched_nms(*t, iou_threshold=0.5) for t in tensors
        ],
    }
    return {name: cpu_milliseconds(call, repeats) / len(problems) for name, call in calls.items()}


def peak_rss_mb() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


@click.command()
@click.option("--images", "num_images", default=64, show_default=True)
@click.option("--models", default=4, show_default=True)
@click.option("--scales", default=3, show_default=True)
@click.option("--detections", default=300, show_default=True, help="Per image and source.")
@click.option("--compared-images", default=4, show_default=True, help="For the slow peers.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON here too.")
def main(
    num_images: int,
    models: int,
    scales: int,
    detections: int,
    compared_images: int,
    repeats: int,
    out: Path | None,
) -> None:
    """Measure a merge of models x scales sources on made-up detections."""
    ids = np.arange(1, num_images + 1)
    images = ImageSet(ids, np.full(num_images, HEIGHT), np.full(num_images, WIDTH))
    categories = made_up_categories()
    with TemporaryDirectory() as folder:
        stores = [write_source(Path(folder), images, i, detections) for i in range(models * scales)]
        times = time_ours(stores, categories, Path(folder), repeats)
        memory = peak_rss_mb()
        times |= time_others(stores, categories, compared_images, repeats)
        num_rows = sum(store.num_detections for store in stores)
    report = {
        "machine": {"processor": processor(), "python": platform.python_version()},
        "images": num_images,
        "sources": models * scales,
        "detections_per_image": num_rows / num_images,
        "cpu_ms_per_image": {name: round(value, 3) for name, value in times.items()},
        "times_faster": {
            "nms_than_ensemble_boxes": round(times["ensemble_boxes_nms"] / times["ours_nms"], 1),
            "nms_than_torchvision": round(times["torchvision_batched_nms"] / times["ours_nms"], 1),
            "wbf_than_ensemble_boxes": round(times["ensemble_boxes_wbf"] / times["ours_wbf"], 1),
        },
        "peak_rss_mb_of_merge": round(memory),
    }
    text = json.dumps(report, indent=2)
    click.echo(text)
    if out is not None:
        out.write_text(text + "\n")


if __name__ == "__main__":
    main()
