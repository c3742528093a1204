"""CPU time and memory of a merge in parts, beside ensemble-boxes, pycocotools and torchvision.

Made-up detections: every source finds most of an image's objects with its own jitter, guesses
several categories for each, and fills up with noise. One thread; medians over repeats. Memory is
that of a process which merges and does nothing else.

    python -m benchmarks.merge --images 64 --out merge-benchmark.json
"""

import json
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import click
import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

from ensemble.fusion.choices import Match
from ensemble.fusion.clusters import Clusters, fuse
from ensemble.fusion.methods import METHODS
from ensemble.fusion.settings import FusionSettings, MergeSettings
from ensemble.masks.final import vote_masks
from ensemble.merging.plan import MergePlan
from ensemble.merging.shards import MergeTask, finish_shards, merge_shard
from ensemble.merging.workers import local_backend
from ensemble.sources.blocks import Block, BlockReader
from ensemble.sources.filters import box_shares
from ensemble.sources.open import OpenedSource
from ensemble.sources.spec import MERGED, SourceSpec
from longtail.categories import CategoryTable
from longtail.evaluation.margins import Margins
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.write import export_json
from longtail.predictions.soft_masks import SoftMasks
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


def made_up_grids(columns: DetectionColumns) -> SoftMasks:
    """A soft disc for every detection; its paste takes the time of any other."""
    y, x = np.mgrid[:28, :28] / 28 - 0.5
    disc = 1 / (1 + np.exp((np.hypot(y, x) - 0.45) * 30))
    return SoftMasks.of(np.broadcast_to(disc, (len(columns), 28, 28)))


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


def write_large_source(folder: Path, images: ImageSet, small: PredictionStore) -> PredictionStore:
    """A store of many images: each has a random nine tenths of what a source says of another.

    No two images are alike, and none takes the time to be made up.
    """
    rows = small.read_block(0)
    places = np.searchsorted(small.images.blocks()[0], rows.image_id)
    random = np.random.default_rng([int(name) for name in re.findall(r"\d+", small.source.name)])
    writer = StoreWriter(folder / small.source.name, images, small.source)

    def block(number: int) -> DetectionColumns:
        ids = images.blocks()[number]
        kept = np.flatnonzero((random.random(len(rows)) < 0.9) & (places < len(ids)))
        return replace(rows.take(kept), image_id=ids[places[kept]])

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


def fuse_block(block: Block, method: str, num_sources: int, match: Match = "box") -> Clusters:
    """Our fusion as the merge runs it: boxes to shares, sort, kernel."""
    shares = box_shares(block.columns)
    rows = np.arange(len(block))
    settings = FusionSettings(method, METHODS[method].default_iou_threshold, match=match)
    return fuse(block, rows, shares, np.ones(num_sources), NUM_CATEGORIES, settings)


def best_of_images(block: Block, clusters: Clusters) -> NDArray[np.int64]:
    """The clusters that an image's quota of 300 leaves."""
    images = block.images[clusters.best]
    order = np.lexsort((-clusters.scores, images))
    ranks = np.arange(len(order)) - np.searchsorted(images[order], images[order])
    return order[ranks < 300]


def plan_of(stores: list[PredictionStore], settings: MergeSettings) -> MergePlan:
    """The plan of a merge of opened stores."""
    trusted = np.ones(NUM_CATEGORIES, np.bool_)
    sources = [
        OpenedSource(SourceSpec(s.source.name, s.directory), s.directory, s.directory, trusted)
        for s in stores
    ]
    return MergePlan(stores[0].images, made_up_categories(), sources, settings)


def settings_of(method: str, mask: Literal["best", "vote"]) -> MergeSettings:
    """The defaults of the command, but for these."""
    iou_thr = METHODS[method].default_iou_threshold
    return MergeSettings(FusionSettings(method, iou_thr, mask=mask), Margins(), evaluate=False)


def merge_to_json(
    stores: list[PredictionStore], settings: MergeSettings, folder: Path, num_workers: int = 1
) -> None:
    """A whole merge: from stores to a merged store and result JSON."""
    shutil.rmtree(folder, ignore_errors=True)
    task = MergeTask(plan_of(stores, settings), folder / "merged", folder / "records")
    shards = [(task, shard) for shard in task.unfinished_shards()]
    for _ in local_backend(num_workers).run(merge_shard, shards):
        pass
    merged = finish_shards(task)[0][MERGED]
    export_json(merged, folder / "submission.json", with_bbox=False)


def time_ours(stores: list[PredictionStore], folder: Path, repeats: int) -> dict[str, float]:
    """CPU ms per image of the parts on the first block, and of whole merges."""
    images, categories = stores[0].images, made_up_categories()
    first = images.blocks()[0]
    reader = BlockReader(stores, categories)
    block = BlockReader(stores, categories).read(0, first)
    calls: dict[str, Callable[[], Any]] = {"read": lambda: reader.read(0, first)}
    for method in METHODS:
        calls[method] = partial(fuse_block, block, method, len(stores))
    for method in ("nms", "wbf"):
        calls[f"{method}_by_masks"] = partial(fuse_block, block, method, len(stores), "mask")
    clusters = fuse_block(block, "wbf", len(stores))
    chosen, weights = best_of_images(block, clusters), np.ones(len(block))
    fusion = settings_of("wbf", "vote").fusion
    for weighting in ("equal", "score"):
        votes = replace(fusion, mask_weights=weighting)
        calls[f"vote_{weighting}"] = partial(
            vote_masks, block.columns, clusters, chosen, weights, votes
        )
    soft = replace(block.columns, soft=made_up_grids(block.columns))
    calls["vote_soft"] = partial(vote_masks, soft, clusters, chosen, weights, votes)
    times = {k: cpu_milliseconds(call, repeats) / len(first) for k, call in calls.items()}
    for method, mask in (("nms", "best"), ("wbf", "best"), ("wbf", "vote")):
        whole = partial(merge_to_json, stores, settings_of(method, mask), folder / "whole")
        times[f"whole_{method}_{mask}"] = cpu_milliseconds(whole, repeats) / len(images)
    return {f"ours_{key}": value for key, value in times.items()}


def time_others(
    stores: list[PredictionStore], num_images: int, num_clusters: int, repeats: int
) -> dict[str, float]:
    """CPU ms per image of the peers on images of the first block."""
    import ensemble_boxes
    import torch
    import torchvision

    torch.set_num_threads(1)
    block = BlockReader(stores, made_up_categories()).read(0, stores[0].images.blocks()[0])
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
        "ensemble_boxes_soft_nms": lambda: [
            ensemble_boxes.soft_nms(*p, iou_thr=0.5, sigma=0.5, thresh=1e-3) for p in problems
        ],
        "ensemble_boxes_wbf": lambda: [
            ensemble_boxes.weighted_boxes_fusion(*p, iou_thr=0.55) for p in problems
        ],
        "torchvision_batched_nms": lambda: [
            torchvision.ops.batched_nms(*t, iou_threshold=0.5) for t in tensors
        ],
        "mmcv_style_batched_nms": lambda: [offset_nms(*t) for t in tensors],
    }
    times = {k: cpu_milliseconds(call, repeats) / len(problems) for k, call in calls.items()}
    return times | {"pycocotools_vote_equal": time_full_frames(block, len(stores), num_clusters)}


def offset_nms(boxes: Any, scores: Any, labels: Any) -> Any:
    """One call for all categories: boxes of each are moved to a place of their own."""
    import torchvision

    offsets = labels.to(boxes) * (boxes.max() + 1)
    return torchvision.ops.nms(boxes + offsets[:, None], scores, 0.5)


def time_full_frames(block: Block, num_sources: int, num_clusters: int) -> float:
    """CPU ms per image of decode, mean, threshold and encode with pycocotools in full frames.

    Measured on a sample of the clusters of the first image, and scaled to 300 of an image.
    """
    clusters = fuse_block(block, "wbf", num_sources)
    chosen = best_of_images(block, clusters)
    chosen = chosen[block.images[clusters.best[chosen]] == 0]
    sample = chosen[:: max(1, len(chosen) // num_clusters)]
    dicts = [
        [
            {"size": [HEIGHT, WIDTH], "counts": block.columns.rle(row)}
            for row in clusters.members[clusters.member_starts[c] : clusters.member_starts[c + 1]]
        ]
        for c in sample
    ]

    def vote() -> None:
        for masks in dicts:
            mean = pycocotools.mask.decode(masks).mean(axis=2)
            pycocotools.mask.encode(np.asfortranarray((mean >= 0.5).astype(np.uint8)))

    return cpu_milliseconds(vote, 1) * len(chosen) / len(sample)


def memory_of_merge(folder: Path) -> float:
    """Peak MB of a process of its own that merges the stores of a folder."""
    code = "import sys; from benchmarks.merge import merge_stores; merge_stores(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def merge_stores(folder: str) -> None:
    """Merge the stores of a folder with WBF and votes; prints the peak of memory in MB."""
    stores = [PredictionStore.open(path) for path in sorted(Path(folder).glob("s[0-9]*"))]
    merge_to_json(stores, settings_of("wbf", "vote"), Path(folder) / "alone")
    click.echo(peak_rss_mb())


def peak_rss_mb() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def image_set(num_images: int) -> ImageSet:
    """Images of one size."""
    ids = np.arange(1, num_images + 1)
    return ImageSet(ids, np.full(num_images, HEIGHT), np.full(num_images, WIDTH))


@click.command()
@click.option("--images", "num_images", default=64, show_default=True)
@click.option("--models", default=4, show_default=True)
@click.option("--scales", default=5, show_default=True)
@click.option("--detections", default=300, show_default=True, help="Per image and source.")
@click.option("--compared-images", default=2, show_default=True, help="For the slow peers.")
@click.option("--compared-clusters", default=30, show_default=True, help="For voting in frames.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--memory-images", default=0, help="Also the memory of a merge of so many images.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON here too.")
def main(
    num_images: int,
    models: int,
    scales: int,
    detections: int,
    compared_images: int,
    compared_clusters: int,
    repeats: int,
    memory_images: int,
    out: Path | None,
) -> None:
    """Measure a merge of models x scales sources on made-up detections."""
    images = image_set(num_images)
    with TemporaryDirectory() as name:
        folder = Path(name)
        stores = [write_source(folder, images, i, detections) for i in range(models * scales)]
        memory = {num_images: round(memory_of_merge(folder))}
        if memory_images:
            for store in stores:
                write_large_source(folder / "large", image_set(memory_images), store)
            memory[memory_images] = round(memory_of_merge(folder / "large"))
        times = time_ours(stores, folder, repeats)
        times |= time_others(stores, compared_images, compared_clusters, repeats)
        num_rows = sum(store.num_detections for store in stores)
    naive = times["ensemble_boxes_wbf"] + times["pycocotools_vote_equal"]
    ratios = {
        "nms_than_ensemble_boxes": times["ensemble_boxes_nms"] / times["ours_nms"],
        "nms_than_torchvision": times["torchvision_batched_nms"] / times["ours_nms"],
        "nms_than_mmcv_style": times["mmcv_style_batched_nms"] / times["ours_nms"],
        "soft_nms_than_ensemble_boxes": times["ensemble_boxes_soft_nms"] / times["ours_soft-nms"],
        "wbf_than_ensemble_boxes": times["ensemble_boxes_wbf"] / times["ours_wbf"],
        "vote_than_pycocotools": times["pycocotools_vote_equal"] / times["ours_vote_equal"],
        "whole_merge_than_wbf_and_vote_of_these": naive / times["ours_whole_wbf_vote"],
    }
    report = {
        "machine": {"processor": processor(), "python": platform.python_version()},
        "images": num_images,
        "sources": models * scales,
        "detections_per_image": num_rows / num_images,
        "cpu_ms_per_image": {name: round(value, 3) for name, value in times.items()},
        "times_faster": {name: round(value, 1) for name, value in ratios.items()},
        "peak_rss_mb_of_merge_by_images": memory,
    }
    text = json.dumps(report, indent=2)
    click.echo(text)
    if out is not None:
        out.write_text(text + "\n")


if __name__ == "__main__":
    main()
