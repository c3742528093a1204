"""CPU time of one trial with new scores: the re-scorer, and hotcoco evaluating anew.

Every size is measured on two problems of `benchmarks.lvis_problem`: 300 detections an image, and
100 to 500, of which a cap of 300 cuts some. Every trial draws new scores, of a kind that makes
ranking easy (spread) or hard. hotcoco gets spread ones only, in its array form with ground truth
and run-length masks already in memory, its cheapest way. One process, one thread; medians over
repeats after a first trial that is not counted. `AP difference` is the largest between the two
over the trials: hotcoco counts detections without an area as false positives, which lvis-api and
the re-scorer do not.

    python -m benchmarks.rescorer --images 500 --images 2000 --out rescorer-benchmark.json
    python -m benchmarks.rescorer --images 5000 --no-hotcoco --out rescorer-benchmark.json
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import fields
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.lvis_problem import ANNOTATIONS, STORE, write_problem

if TYPE_CHECKING:
    from longtail.evaluation.metrics.rescorer import Rescorer

Record = dict[str, Any]
Trial = Callable[[NDArray[np.float64]], float]
Scores = Callable[[np.random.Generator, int], NDArray[np.float64]]
Kind = Literal["segm", "box"]

REFERENCE = "hotcoco"
KINDS: tuple[Kind, ...] = ("segm", "box")
CAP_IDLE, CAP_BINDS = (300, 300), (100, 500)


def spread(random: np.random.Generator, num: int) -> NDArray[np.float64]:
    """Most low and few high, as a detector's."""
    return random.beta(0.6, 3, num)


def clustered(random: np.random.Generator, num: int) -> NDArray[np.float64]:
    """All within a thousandth."""
    return 0.5 + 1e-3 * random.random(num)


def near_zero(random: np.random.Generator, num: int) -> NDArray[np.float64]:
    """99 of 100 within a millionth of 0."""
    return random.random(num) * np.where(random.random(num) < 0.99, 1e-6, 1.0)


def tied(random: np.random.Generator, num: int) -> NDArray[np.float64]:
    """Two decimals: at most 101 values."""
    return spread(random, num).round(2)


def tied_clusters(random: np.random.Generator, num: int) -> NDArray[np.float64]:
    """A hundred clusters of floats next to each other."""
    return tied(random, num) + 2.0**-50 * random.integers(0, 1000, num)


SCORES: dict[str, Scores] = {
    "spread": spread,
    "clustered": clustered,
    "near zero": near_zero,
    "ties": tied,
    "tied clusters": tied_clusters,
}


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
    from longtail.evaluation.annotations.ground_truth import read_ground_truth
    from longtail.evaluation.metrics.rescorer import Rescorer
    from longtail.predictions.store import PredictionStore

    start = time.process_time()
    truth = read_ground_truth(directory / ANNOTATIONS)
    rescorer = Rescorer.build(truth, PredictionStore.open(directory / STORE), kind)
    return rescorer, time.process_time() - start


def measure(
    trial: Trial, scores: Scores, num_scores: int, repeats: int
) -> tuple[list[float], list[float]]:
    """CPU milliseconds and AP of trials, each with scores of its own."""
    milliseconds, values = [], []
    for seed in range(repeats + 1):
        new = scores(np.random.default_rng(seed), num_scores)
        start = time.process_time()
        values.append(trial(new))
        milliseconds.append(1000 * (time.process_time() - start))
    return milliseconds[1:], values[1:]


def problem_record(directory: Path, kind: Kind, repeats: int, hotcoco: bool) -> Record:
    """All contenders on one problem."""
    build(directory, kind)
    rescorer, build_seconds = build(directory, kind)
    num_scores = len(rescorer.scores)
    trials: dict[str, Trial] = {
        "re-scorer, AP and groups": lambda scores: rescorer.fast(scores)["AP"],
        "re-scorer, 13 metrics": lambda scores: rescorer.evaluate(scores)["AP"],
    }
    runs = {
        (contender, name): measure(trial, scores, num_scores, repeats)
        for contender, trial in trials.items()
        for name, scores in SCORES.items()
    }
    reference = None
    if hotcoco:
        reference = measure(with_hotcoco(directory, kind), spread, num_scores, repeats)
        runs[REFERENCE, "spread"] = reference
    arrays = [getattr(rescorer.overlaps, field.name) for field in fields(rescorer.overlaps)]
    return {
        "kind": kind,
        "detections": num_scores,
        "judged": len(rescorer.overlaps.row),
        "build_cpu_seconds": build_seconds,
        "megabytes": sum(array.nbytes for array in arrays) / 1e6,
        "results": [
            {"contender": contender, "scores": name}
            | result(*measured, reference if name == "spread" else None)
            for (contender, name), measured in runs.items()
        ],
    }


def result(
    times: list[float], values: list[float], reference: tuple[list[float], list[float]] | None
) -> Record:
    """Median and spread, and how they compare with the reference on the same scores."""
    record: Record = {
        "cpu_milliseconds": statistics.median(times),
        "cpu_milliseconds_range": [min(times), max(times)],
    }
    if reference is not None:
        record["times_faster"] = statistics.median(reference[0]) / statistics.median(times)
        record["AP difference"] = float(np.abs(np.subtract(values, reference[1])).max())
    return record


def show(images: int, record: Record) -> None:
    """Print one problem's results."""
    click.echo(
        f"{images} images, {record['kind']}, cap {'binds' if record['cap_binds'] else 'idle'}: "
        f"{record['detections']} detections, {record['judged']} judged; "
        f"built in {record['build_cpu_seconds']:.2f} CPU s, {record['megabytes']:.0f} MB"
    )
    for line in record["results"]:
        compared = ""
        if "times_faster" in line:
            compared = (
                f" ({line['times_faster']:.1f} x as fast as hotcoco), "
                f"AP difference {line['AP difference']:.1e}"
            )
        click.echo(
            f"  {line['contender']:25} {line['scores']:14} "
            f"{line['cpu_milliseconds']:8.1f} CPU ms{compared}"
        )


@click.command()
@click.option(
    "--images",
    "image_counts",
    multiple=True,
    type=int,
    default=(500, 2000),
    show_default=True,
    help="Images of a problem; may be given more than once. 5000 takes 8 GB with hotcoco.",
)
@click.option("--repeats", default=5, show_default=True)
@click.option("--hotcoco/--no-hotcoco", default=True, help="Run hotcoco too.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the results as JSON.")
def main(image_counts: tuple[int, ...], repeats: int, hotcoco: bool, out: Path | None) -> None:
    """Measure trials with new scores on made-up problems, masks and boxes."""
    # Read by hotcoco when its first evaluation starts.
    os.environ["RAYON_NUM_THREADS"] = "1"
    problems = []
    for images, per_image in product(image_counts, (CAP_IDLE, CAP_BINDS)):
        with TemporaryDirectory() as scratch:
            write_problem(Path(scratch), images, per_image)
            for kind in KINDS:
                record = problem_record(Path(scratch), kind, repeats, hotcoco)
                record["cap_binds"] = per_image == CAP_BINDS
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
