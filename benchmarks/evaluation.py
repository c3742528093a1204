"""CPU time and memory of an LVIS evaluation, side by side with hotcoco alone and with lvis-api.

A made-up federated problem of LVIS v1's shape: 1203 categories by Zipf's law, about 10 instances
an image, 300 detections an image of which a third lie near an instance. Every contender runs both
masks and boxes in a process of its own, one thread; medians over repeats. CPU seconds are counted
after the imports; what numba compiles is read from its cache, so the first repeat warms up.

    python -m benchmarks.evaluation --images 500 --out evaluation-benchmark.json
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

Record = dict[str, Any]

HEIGHT, WIDTH = 480, 640
GROUPS = ("r",) * 337 + ("c",) * 461 + ("f",) * 405
DETECTIONS_PER_IMAGE = 300
ANNOTATIONS, RESULTS, MASKS_ONLY, STORE = "annotations.json", "results.json", "masks.json", "store"
REFERENCE = "hotcoco"


def categories() -> list[Record]:
    """The categories, rare ones first."""
    counts = np.rint(2000 / np.arange(len(GROUPS), 0, -1) ** 1.1).astype(int) + 1
    return [
        {
            "id": i + 1,
            "name": f"category {i + 1}",
            "frequency": group,
            "image_count": int(counts[i]),
            "instance_count": 3 * int(counts[i]),
        }
        for i, group in enumerate(GROUPS)
    ]


def star(random: np.random.Generator, centre: NDArray[np.float64], size: float) -> list[float]:
    """An irregular polygon of 8 to 40 vertices around a centre."""
    num = int(random.integers(8, 40))
    angles = (np.arange(num) + random.uniform(0, 0.7, num)) * 2 * np.pi / num
    radii = size / 2 * random.uniform(0.5, 1, num)
    x = np.clip(centre[0] + radii * np.cos(angles), 0, WIDTH)
    y = np.clip(centre[1] + radii * np.sin(angles), 0, HEIGHT)
    return [round(float(v), 2) for v in np.stack([x, y], axis=1).ravel()]


def near(random: np.random.Generator, polygon: list[float], noise: float) -> list[float]:
    """A polygon with every vertex moved, and all of them moved together."""
    points = np.array(polygon).reshape(-1, 2)
    side = np.ptp(points, axis=0)
    points = points + side * (random.normal(0, noise, 2) + random.normal(0, 0.02, points.shape))
    return [float(v) for v in np.clip(points, 0, [WIDTH, HEIGHT]).ravel()]


def image_problem(
    random: np.random.Generator, image_id: int, shares: NDArray[np.float64]
) -> tuple[Record, list[Record], list[Record]]:
    """One image, its instances and its detections."""
    num_categories = len(shares)
    present = random.choice(num_categories, 1 + random.poisson(2.6), replace=False, p=shares)
    labels = np.repeat(present, 1 + random.poisson(1.8, len(present)))
    centres = random.uniform(0, [WIDTH, HEIGHT], (len(labels), 2))
    sizes = np.exp(random.normal(np.log(40), 1, len(labels))).clip(6, 400)
    polygons = [star(random, *row) for row in zip(centres, sizes, strict=True)]
    absent = np.setdiff1d(random.choice(num_categories, 9, p=shares), present)
    image: Record = {"id": image_id, "height": HEIGHT, "width": WIDTH}
    image |= {"neg_category_ids": (absent + 1).tolist(), "not_exhaustive_category_ids": []}
    instances = [
        {"image_id": image_id, "category_id": int(label) + 1, **outline(polygon)}
        for label, polygon in zip(labels, polygons, strict=True)
    ]
    found = random.integers(0, len(labels), DETECTIONS_PER_IMAGE // 3)
    guesses = [near(random, polygons[i], abs(random.normal(0, 0.1))) for i in found]
    others = DETECTIONS_PER_IMAGE - len(found)
    scattered = zip(
        random.uniform(0, [WIDTH, HEIGHT], (others, 2)), sizes[[0] * others], strict=True
    )
    guesses += [star(random, *row) for row in scattered]
    guessed = np.concatenate([labels[found], random.choice(num_categories, others, p=shares)])
    masks = pycocotools.mask.frPyObjects(guesses, HEIGHT, WIDTH)
    detections = [
        {
            "image_id": image_id,
            "category_id": int(label) + 1,
            "score": float(score),
            "bbox": outline(guess)["bbox"],
            "segmentation": {"size": [HEIGHT, WIDTH], "counts": mask["counts"].decode()},
        }
        for label, score, guess, mask in zip(
            guessed, random.beta(0.6, 3, len(guesses)), guesses, masks, strict=True
        )
    ]
    return image, instances, detections


def outline(polygon: list[float]) -> Record:
    """Box, area and segmentation of a polygon."""
    x, y = np.array(polygon).reshape(-1, 2).T
    box = [float(v) for v in (x.min(), y.min(), np.ptp(x), np.ptp(y))]
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return {"bbox": box, "area": area, "segmentation": [polygon]}


def write_problem(directory: Path, num_images: int) -> int:
    """Write all files that contenders read; return the number of detections."""
    from longtail.categories import CategoryTable
    from longtail.predictions.image_set import ImageSet
    from longtail.predictions.json_import import import_json
    from longtail.predictions.store import Source

    random = np.random.default_rng(0)
    table = categories()
    shares = np.array([record["image_count"] for record in table], dtype=np.float64)
    images, annotations, results = [], [], []
    for image_id in range(1, num_images + 1):
        image, instances, detections = image_problem(random, image_id, shares / shares.sum())
        images.append(image)
        annotations += instances
        results += detections
    for number, annotation in enumerate(annotations, start=1):
        annotation["id"] = number
    content = {"images": images, "annotations": annotations, "categories": table}
    path = directory / ANNOTATIONS
    path.write_text(json.dumps(content))
    (directory / RESULTS).write_text(json.dumps(results))
    masks = [{k: v for k, v in result.items() if k != "bbox"} for result in results]
    (directory / MASKS_ONLY).write_text(json.dumps(masks))
    sources = ImageSet.from_json(path), CategoryTable.from_json(path)
    import_json(directory / RESULTS, *sources, directory / STORE, Source("benchmark"))
    return len(results)


def with_platform(predictions: str) -> Callable[[Path], float]:
    """Our evaluation, from a store or from JSON."""
    from longtail.evaluation.lvis import evaluate

    return lambda directory: evaluate(directory / ANNOTATIONS, directory / predictions).segm["AP"]


def with_hotcoco() -> Callable[[Path], float]:
    """hotcoco on the files, without any check."""
    import hotcoco

    def run(directory: Path) -> float:
        truth = hotcoco.LVIS(str(directory / ANNOTATIONS))
        for name, kind in ((RESULTS, "bbox"), (MASKS_ONLY, "segm")):
            results = hotcoco.LVISResults(truth, str(directory / name))
            evaluation = hotcoco.LVISEval(truth, results, kind)
            evaluation.evaluate()
            evaluation.accumulate()
        precision = np.asarray((evaluation.eval or {})["precision"])[..., 0, 0]
        return float(precision[precision > -1].mean())

    return run


def with_lvis_api() -> Callable[[Path], float]:
    """lvis-api on the files."""
    np.float = float  # type: ignore[attr-defined]
    import lvis

    def run(directory: Path) -> float:
        truth = lvis.LVIS(str(directory / ANNOTATIONS))
        for name, kind in ((RESULTS, "bbox"), (MASKS_ONLY, "segm")):
            results = lvis.LVISResults(truth, str(directory / name))
            evaluation = lvis.LVISEval(truth, results, kind)
            evaluation.run()
        return float(evaluation.get_results()["AP"])

    return run


CONTENDERS: dict[str, Callable[[], Callable[[Path], float]]] = {
    "platform, store": lambda: with_platform(STORE),
    "platform, JSON": lambda: with_platform(RESULTS),
    "hotcoco": with_hotcoco,
    "lvis-api": with_lvis_api,
}


def measure(contender: str, directory: Path) -> Record:
    """Run one contender in this process."""
    run = CONTENDERS[contender]()
    start = time.process_time()
    ap = run(directory)
    return {"cpu_seconds": time.process_time() - start, "peak_mb": peak_mb(), "AP": ap}


def peak_mb() -> float:
    """Highest resident memory of this process; getrusage would count its parent's too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None, "the benchmark reads Linux's /proc"
    return int(found[1]) / 1024


def in_process(contender: str, directory: Path) -> Record:
    """Run one contender in a process of its own, one thread."""
    command = [sys.executable, "-m", "benchmarks.evaluation", "--contender", contender]
    threads = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    output = subprocess.run(
        [*command, "--work-dir", str(directory)],
        env=os.environ | threads,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    record: Record = json.loads(output)
    return record


def results_of(names: list[str], directory: Path, repeats: int) -> Iterator[Record]:
    """Median and spread of each contender, and its ratios to hotcoco."""
    runs = {name: [in_process(name, directory) for _ in range(repeats)] for name in names}
    reference = statistics.median(run["cpu_seconds"] for run in runs[REFERENCE])
    reference_mb = statistics.median(run["peak_mb"] for run in runs[REFERENCE])
    for name, measured in runs.items():
        seconds = [run["cpu_seconds"] for run in measured]
        peak = statistics.median(run["peak_mb"] for run in measured)
        yield {
            "contender": name,
            "cpu_seconds": statistics.median(seconds),
            "cpu_seconds_range": [min(seconds), max(seconds)],
            "peak_mb": peak,
            "cpu_ratio": statistics.median(seconds) / reference,
            "memory_ratio": peak / reference_mb,
            "AP": measured[0]["AP"],
        }


@click.command()
@click.option("--images", default=500, show_default=True, help="Images; 200, 500 or 2000, say.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--lvis-api/--no-lvis-api", default=True, help="Run the slow official evaluator too.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the results as JSON.")
@click.option("--contender", type=click.Choice(list(CONTENDERS)), hidden=True)
@click.option("--work-dir", type=click.Path(path_type=Path), hidden=True)
def main(
    images: int,
    repeats: int,
    lvis_api: bool,
    out: Path | None,
    contender: str | None,
    work_dir: Path | None,
) -> None:
    """Measure LVIS evaluations of one made-up problem, masks and boxes."""
    if contender is not None:
        assert work_dir is not None
        click.echo(json.dumps(measure(contender, work_dir)))
        return
    names = [name for name in CONTENDERS if lvis_api or name != "lvis-api"]
    with TemporaryDirectory() as scratch:
        num_detections = write_problem(Path(scratch), images)
        results = list(results_of(names, Path(scratch), repeats))
    for result in results:
        click.echo(
            f"{result['contender']:16} {result['cpu_seconds']:8.2f} CPU s "
            f"({result['cpu_ratio']:.2f} x hotcoco), {result['peak_mb']:6.0f} MB "
            f"({result['memory_ratio']:.2f} x), AP {result['AP']!r}"
        )
    record = {
        "images": images,
        "detections": num_detections,
        "repeats": repeats,
        "machine": f"{platform.system()} {platform.machine()}",
        "processor_count": os.cpu_count(),
        "results": results,
    }
    if out is not None:
        out.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
