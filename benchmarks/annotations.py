"""Time and memory of opening an annotation file the size of LVIS v1 train, against json.load.

Writes a file of made-up annotations into a temporary folder, then measures in fresh processes:
the first opening (parse, checks, columns), later openings, and `json.load` of the same file.
"""

import json
import multiprocessing
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from longtail.commands import run

LVIS_V1_CATEGORIES = Path(__file__).parents[1] / "../shared/data/lvis_v1_categories.json"
NUM_IMAGES = 100_170
NUM_INSTANCES = 1_270_141
NUM_OUTLINES = 4096
MEAN_LOG_POINTS, SD_LOG_POINTS = 3.4, 0.9
WIDTH, HEIGHT = 640, 480
REPETITIONS = 5
READ_IMAGES = 1000
MEGABYTE = 1e6


@dataclass(frozen=True)
class Cost:
    """What a call took in a process of its own.

    Attributes:
        seconds: Wall-clock time of the call, imports left out.
        cpu_seconds: Processor time of the call.
        peak_rss_mb: Largest resident memory of the process, mapped file pages included.
        peak_anonymous_mb: Largest memory that the system cannot take back, sampled.
    """

    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    peak_anonymous_mb: float


@click.command()
@click.option("--scale", default=1.0, show_default=True, help="Share of LVIS v1 train's size.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the figures here as JSON.")
def main(scale: float, out: Path | None) -> None:
    """Measure opening an annotation file the size of LVIS v1 train.

    \b
    Examples:
      python benchmarks/annotations.py --scale 0.1
      python benchmarks/annotations.py --out build/annotations.json
    """
    with tempfile.TemporaryDirectory() as folder:
        path, cache = Path(folder) / "train.json", Path(folder) / "cache"
        alone(write_annotations, path, scale)
        first = measure(open_first, path, cache)
        later = [measure(open_first, path, cache) for _ in range(REPETITIONS)]
        read = measure(read_some, path, cache)
        plain = measure(load_plainly, path)
        figures = {
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "scale": scale,
            "file_mb": path.stat().st_size / MEGABYTE,
            "cache_mb": sum(f.stat().st_size for f in cache.rglob("*")) / MEGABYTE,
            "first_opening": asdict(first),
            "later_openings": [asdict(cost) for cost in later],
            f"open_and_read_{READ_IMAGES}_images": asdict(read),
            "json_load": asdict(plain),
        }
    show(figures, first, later, plain)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, indent=1))


def show(figures: dict[str, Any], first: Cost, later: list[Cost], plain: Cost) -> None:
    """Print the figures and their ratios to `json.load` in the same run."""
    seconds = [cost.seconds for cost in later]
    resident = max(cost.peak_rss_mb for cost in later)
    click.echo(f"file {figures['file_mb']:.0f} MB, cache {figures['cache_mb']:.0f} MB")
    for name, cost in (("json.load", plain), ("first opening", first)):
        click.echo(
            f"{name}: {cost.seconds:.1f} s ({cost.cpu_seconds:.1f} s CPU), peak RSS "
            f"{cost.peak_rss_mb:.0f} MB, of it anonymous {cost.peak_anonymous_mb:.0f} MB"
        )
    click.echo(
        f"later openings: median {statistics.median(seconds):.3f} s "
        f"({min(seconds):.3f} to {max(seconds):.3f}), peak RSS {resident:.0f} MB"
    )
    click.echo(
        f"json.load / first opening: {plain.cpu_seconds / first.cpu_seconds:.2f} in CPU time, "
        f"{plain.peak_rss_mb / first.peak_rss_mb:.1f} in RSS, "
        f"{plain.peak_anonymous_mb / first.peak_anonymous_mb:.1f} in anonymous memory"
    )
    click.echo(
        f"json.load / later opening: {plain.seconds / statistics.median(seconds):.0f} in time, "
        f"{plain.peak_rss_mb / resident:.0f} in RSS"
    )


def open_first(path: Path, cache: Path) -> None:
    """Open the file, whether its cache is there or not."""
    from longtail.data.lvis.annotations import open_annotations

    open_annotations(path, cache)


def read_some(path: Path, cache: Path) -> None:
    """Open the file and read the instances of random images."""
    from longtail.data.lvis.annotations import open_annotations

    annotations = open_annotations(path, cache)
    for i in np.random.default_rng(0).integers(annotations.num_images, size=READ_IMAGES):
        annotations.instances(int(i))


def load_plainly(path: Path) -> None:
    """What other code does with the file."""
    with path.open() as file:
        content = json.load(file)
    assert content


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh process, whose memory is its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        return pool.submit(function, *arguments).result()


def measure(function: Callable[..., None], *arguments: Any) -> Cost:
    """The cost of a call in a fresh process."""
    cost = alone(cost_of, function, *arguments)
    assert isinstance(cost, Cost)
    return cost


def cost_of(function: Callable[..., None], *arguments: Any) -> Cost:
    """The cost of a call in this process."""

    done, samples = threading.Event(), [memory_mb("RssAnon")]

    def sample() -> None:
        while not done.wait(0.02):
            samples.append(memory_mb("RssAnon"))

    sampler = threading.Thread(target=sample)
    sampler.start()
    start, cpu_start = time.perf_counter(), time.process_time()
    function(*arguments)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    done.set()
    sampler.join()
    return Cost(seconds, cpu_seconds, memory_mb("VmHWM"), max(samples))


def memory_mb(field: str) -> float:
    """A memory field of this process, as Linux counts it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / MEGABYTE
    raise AssertionError(field)


def write_annotations(path: Path, scale: float) -> None:
    """Write an LVIS file with `scale` times the images and instances of LVIS v1 train."""
    rng = np.random.default_rng(0)
    num_images, num_instances = int(NUM_IMAGES * scale), int(NUM_INSTANCES * scale)
    categories = make_categories(num_instances)
    weights = np.array([category["image_count"] for category in categories], dtype=np.float64)
    ids = np.array([category["id"] for category in categories])
    labels = rng.choice(ids, size=num_instances, p=weights / weights.sum())
    images = rng.integers(1, num_images + 1, size=num_instances)
    outlines = [make_outline(rng) for _ in range(NUM_OUTLINES)]
    choices = rng.integers(NUM_OUTLINES, size=num_instances)
    with path.open("w") as file:
        file.write(f'{{"info": {{}}, "categories": {json.dumps(categories)}, "images": [')
        file.writelines(joined(image_text(i, rng, ids) for i in range(1, num_images + 1)))
        file.write('], "annotations": [')
        rows = zip(images.tolist(), labels.tolist(), choices.tolist(), strict=True)
        file.writelines(
            joined(
                f'{{"id": {i}, "image_id": {image}, "category_id": {label}, {outlines[choice]}}}'
                for i, (image, label, choice) in enumerate(rows, start=1)
            )
        )
        file.write("]}")


def make_categories(num_instances: int) -> list[dict[str, Any]]:
    """The categories of LVIS v1 with instance counts in proportion, or Zipf's law without them."""
    if LVIS_V1_CATEGORIES.exists():
        categories: list[dict[str, Any]] = json.loads(LVIS_V1_CATEGORIES.read_text())
    else:
        counts = [max(20_000 // (rank + 10), 1) for rank in range(1203)]
        categories = [
            {"id": i, "name": f"category {i}", "image_count": count, "frequency": letter(count)}
            for i, count in enumerate(counts, start=1)
        ]
    total = sum(category["image_count"] for category in categories)
    for category in categories:
        category["instance_count"] = category["image_count"] * num_instances // total
    return categories


def letter(image_count: int) -> str:
    """LVIS v1's groups: up to 10 images, up to 100, more."""
    return "r" if image_count <= 10 else "c" if image_count <= 100 else "f"


def image_text(image: int, rng: np.random.Generator, category_ids: NDArray[np.int64]) -> str:
    """One record of `images`, as in LVIS v1."""
    return json.dumps(
        {
            "id": image,
            "height": HEIGHT,
            "width": WIDTH,
            "license": 3,
            "coco_url": f"http://images.cocodataset.org/train2017/{image:012d}.jpg",
            "flickr_url": f"http://farm9.staticflickr.com/8186/{image:010d}_z.jpg",
            "date_captured": "2013-11-14 17:02:52",
            "neg_category_ids": rng.choice(category_ids, size=6).tolist(),
            "not_exhaustive_category_ids": rng.choice(category_ids, size=1).tolist(),
        }
    )


def make_outline(rng: np.random.Generator) -> str:
    """Box, area and one polygon on an ellipse, two decimals, as fields of a record."""
    num_points = max(int(rng.lognormal(MEAN_LOG_POINTS, SD_LOG_POINTS)), 3)
    radius = np.array([WIDTH, HEIGHT]) * rng.uniform(0.02, 0.3, size=2)
    centre = rng.uniform(radius, np.array([WIDTH, HEIGHT]) - radius)
    angles = np.sort(rng.uniform(0, 2 * np.pi, num_points))
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = (centre + radius * circle).round(2)
    low, extent = points.min(axis=0), np.ptp(points, axis=0).clip(min=1)
    fields = {
        "bbox": [*low.tolist(), *extent.round(2).tolist()],
        "area": round(float(np.pi * radius.prod()), 2),
        "segmentation": [points.ravel().tolist()],
    }
    return json.dumps(fields)[1:-1]


def joined(records: Iterator[str]) -> Iterator[str]:
    """The records with commas between them."""
    for position, record in enumerate(records):
        yield f", {record}" if position else record


if __name__ == "__main__":
    run(main)
