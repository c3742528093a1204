"""CPU time of one trial with new scores: the re-scorer, and hotcoco evaluating anew.

The problem is that of `benchmarks.evaluation`. Every trial draws new scores; hotcoco gets them in
its array form with ground truth and run-length masks already in memory, its cheapest way. One
process, one thread; medians over repeats after a first trial that is not counted. `AP difference`
is the largest between the two over the trials: hotcoco counts detections without an area as false
positives, which lvis-api and the re-scorer do not.

    python -m benchmarks.rescorer --images 500 --images 2000 --out rescorer-benchmark.json
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation import ANNOTATIONS, STORE, write_problem

if TYPE_CHECKING:
    from longtail.evaluation.rescorer import Rescorer

Record = dict[str, Any]
Trial = Callable[[NDArray[np.float64]], float]
Kind = Literal["segm", "box"]

REFERENCE = "hotcoco"
KINDS: tuple[Kind, ...] = ("segm", "box")


def with_hotcoco(directory: Path, kind: Kind) -> Trial:
    """hotcoco on arrays in memory."""
    import hotcoco

    from longtail.predictions.store import PredictionStore

    truth = hotcoco.LVIS(str(directory / ANNOTATIONS))
    columns = PredictionStore.open(directory / STORE).read_all(with_masks=kind == "segm")
    ids = columns.image_id[:, None], columns.category_id[:, None]
    rows = np.hstack([ids[0], columns.boxes, columns.score[:, None], ids[1]]).astype(np.float64)
    sizes = np.stack([columns.heights, columns.widths], axis=1).tolist()
    masks = [
        {"size": size, "counts": counts} for size, counts in zip(sizes, columns.rles(), strict=True)
    ]

    def run(scores: NDArray[np.float64]) -> float:
        rows[:, 5] = scores
        if kind == "segm":
            results = truth.load_res(rows, segmentation=masks)
        else:
            results = hotcoco.LVISResults(truth, rows)
        evaluation = hotcoco.LVISEval(truth, results, "segm" if kind == "segm" else "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        precision = np.asarray((evaluation.eval or {})["precision"])[..., 0, 0]
        return float(precision[precision > -1].mean())

    return run


def build(directory: Path, kind: Kind) -> "tuple[Rescorer, float]":
    """The re-scorer and the CPU seconds that making it takes."""
    from longtail.evaluation.ground_truth import read_ground_truth
    from longtail.evaluation.rescorer import Rescorer
    from longtail.predictions.store import PredictionStore

    start = time.process_time()
    truth = read_ground_truth(directory / ANNOTATIONS)
    rescorer = Rescorer.build(truth, PredictionStore.open(directory / STORE), kind)
    return rescorer, time.process_time() - start


def measure(trial: Trial, num_scores: int, repeats: int) -> tuple[list[float], list[float]]:
    """CPU milliseconds and AP of trials, each with scores of its own."""
    milliseconds, values = [], []
    for seed in range(repeats + 1):
        scores = np.random.default_rng(seed).beta(0.6, 3, num_scores)
        start = time.process_time()
        values.append(trial(scores))
        milliseconds.append(1000 * (time.process_time() - start))
    return milliseconds[1:], values[1:]


def problem_record(directory: Path, kind: Kind, repeats: int) -> Record:
    """All contenders on one problem."""
    build(directory, kind)
    rescorer, build_seconds = build(directory, kind)
    contenders: dict[str, Trial] = {
        REFERENCE: with_hotcoco(directory, kind),
        "re-scorer, AP and groups": lambda scores: rescorer.fast(scores)["AP"],
        "re-scorer, 13 metrics": lambda scores: rescorer.evaluate(scores)["AP"],
    }
    num_scores = len(rescorer.scores)
    runs = {name: measure(trial, num_scores, repeats) for name, trial in contenders.items()}
    reference, reference_values = statistics.median(runs[REFERENCE][0]), runs[REFERENCE][1]
    arrays = [getattr(rescorer.overlaps, field.name) for field in fields(rescorer.overlaps)]
    return {
        "kind": kind,
        "detections": num_scores,
        "judged": len(rescorer.overlaps.row),
        "build_cpu_seconds": build_seconds,
        "megabytes": sum(array.nbytes for array in arrays) / 1e6,
        "results": [
            {
                "contender": name,
                "cpu_milliseconds": statistics.median(times),
                "cpu_milliseconds_range": [min(times), max(times)],
                "times_faster": reference / statistics.median(times),
                "AP difference": float(np.abs(np.subtract(values, reference_values)).max()),
            }
            for name, (times, values) in runs.items()
        ],
    }


def show(images: int, record: Record) -> None:
    """Print one problem's results."""
    click.echo(
        f"{images} images, {record['kind']}: {record['detections']} detections, "
        f"{record['judged']} judged; built in {record['build_cpu_seconds']:.2f} CPU s, "
        f"{record['megabytes']:.0f} MB"
    )
    for result in record["results"]:
        click.echo(
            f"  {result['contender']:25} {result['cpu_milliseconds']:8.1f} CPU ms "
            f"({result['times_faster']:.1f} x as fast as hotcoco), "
            f"AP difference {result['AP difference']:.1e}"
        )


@click.command()
@click.option(
    "--images",
    "image_counts",
    multiple=True,
    type=int,
    default=(500, 2000),
    show_default=True,
    help="Images of a problem; may be given more than once. 5000 takes about 8 GB.",
)
@click.option("--repeats", default=5, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the results as JSON.")
def main(image_counts: tuple[int, ...], repeats: int, out: Path | None) -> None:
    """Measure trials with new scores on made-up problems, masks and boxes."""
    # Read by hotcoco when its first evaluation starts.
    os.environ["RAYON_NUM_THREADS"] = "1"
    problems = []
    for images in image_counts:
        with TemporaryDirectory() as scratch:
            write_problem(Path(scratch), images)
            for kind in KINDS:
                record = problem_record(Path(scratch), kind, repeats)
                show(images, record)
                problems.append({"images": images, **record})
    content = {
        "repeats": repeats,
        "machine": f"{platform.system()} {platform.machine()}",
        "processor_count": os.cpu_count(),
        "problems": problems,
    }
    if out is not None:
        out.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
