"""CPU time and memory of an LVIS evaluation, side by side with hotcoco alone and with lvis-api.

The problem is that of `benchmarks.lvis_problem` with 300 detections an image. Every contender runs
both masks and boxes in a process of its own, one thread; medians over repeats. The platform's
numbers include AP-fixed and AP by category, which cannot be left out; the others compute the
thirteen metrics or fewer. CPU seconds are counted after the imports, and what numba compiles is in
its cache. `load` is reading annotations and predictions; the platform reads predictions block by
block as it goes, so its loading is timed apart, after the evaluation, and subtracted. hotcoco and
lvis-api read results twice: with boxes, and without for masks.

    python -m benchmarks.evaluation --images 500 --out evaluation-benchmark.json
    python -m benchmarks.evaluation --images 2000 --images 5000 --lvis-api-up-to 2000
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
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

from benchmarks.lvis_problem import ANNOTATIONS, RESULTS, STORE, write_problem

Record = dict[str, Any]

DETECTIONS_PER_IMAGE = (300, 300)
MASKS_ONLY = "masks.json"
REFERENCE, OFFICIAL = "hotcoco", "lvis-api"
MEASURES = ("cpu_seconds", "load_cpu_seconds", "evaluate_cpu_seconds", "peak_mb")


class Clock:
    """CPU seconds of a contender: those of loading, and of all until it stops."""

    def __init__(self) -> None:
        self._start = time.process_time()
        self.load = 0.0
        self.total = 0.0
        self.peak_mb = 0.0

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Count what happens inside as loading."""
        start = time.process_time()
        yield
        self.load += time.process_time() - start

    def stop(self) -> None:
        """Nothing from here on belongs to the total or the peak."""
        self.total = time.process_time() - self._start
        self.peak_mb = peak_mb()


Run = Callable[[Path, Clock], float]


def with_platform(predictions: str) -> Run:
    """Our evaluation, from a store or from JSON."""
    from longtail.evaluation.ground_truth import read_ground_truth
    from longtail.evaluation.lvis import evaluate
    from longtail.predictions.json_import import open_predictions

    def run(directory: Path, clock: Clock) -> float:
        paths = directory / ANNOTATIONS, directory / predictions
        ap = evaluate(*paths).segm["AP"]
        clock.stop()
        with TemporaryDirectory() as scratch, clock.loading():
            truth = read_ground_truth(paths[0])
            out = Path(scratch) / "store"
            store = open_predictions(paths[1], truth.images, truth.categories, out)
            for block in range(store.block_count):
                store.read_block(block)
        return ap

    return run


def with_hotcoco() -> Run:
    """hotcoco on the files, without any check."""
    import hotcoco

    def run(directory: Path, clock: Clock) -> float:
        with clock.loading():
            truth = hotcoco.LVIS(str(directory / ANNOTATIONS))
        for name, kind in ((RESULTS, "bbox"), (MASKS_ONLY, "segm")):
            with clock.loading():
                results = hotcoco.LVISResults(truth, str(directory / name))
            evaluation = hotcoco.LVISEval(truth, results, kind)
            evaluation.evaluate()
            evaluation.accumulate()
        clock.stop()
        precision = np.asarray((evaluation.eval or {})["precision"])[..., 0, 0]
        return float(precision[precision > -1].mean())

    return run


def with_lvis_api() -> Run:
    """lvis-api on the files."""
    np.float = float  # type: ignore[attr-defined]
    import lvis

    def run(directory: Path, clock: Clock) -> float:
        with clock.loading():
            truth = lvis.LVIS(str(directory / ANNOTATIONS))
        for name, kind in ((RESULTS, "bbox"), (MASKS_ONLY, "segm")):
            with clock.loading():
                results = lvis.LVISResults(truth, str(directory / name))
            evaluation = lvis.LVISEval(truth, results, kind)
            evaluation.run()
        clock.stop()
        return float(evaluation.get_results()["AP"])

    return run


CONTENDERS: dict[str, Callable[[], Run]] = {
    "platform, store": lambda: with_platform(STORE),
    "platform, JSON": lambda: with_platform(RESULTS),
    REFERENCE: with_hotcoco,
    OFFICIAL: with_lvis_api,
}


def measure(contender: str, directory: Path) -> Record:
    """Run one contender in this process."""
    run = CONTENDERS[contender]()
    clock = Clock()
    ap = run(directory, clock)
    numbers = clock.total, clock.load, clock.total - clock.load, clock.peak_mb
    return {**dict(zip(MEASURES, numbers, strict=True)), "AP": ap}


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
    # lvis-api prints too.
    record: Record = json.loads(output.splitlines()[-1])
    return record


def write_masks_only(directory: Path) -> None:
    """The results without boxes: area ranges of masks go by the area of the mask."""
    from longtail.evaluation.detections import mask_dicts
    from longtail.predictions.store import PredictionStore

    with (directory / MASKS_ONLY).open("w") as file:
        for number, columns in enumerate(PredictionStore.open(directory / STORE).blocks()):
            records = json.dumps(mask_dicts(columns), default=bytes.decode)
            file.write(("," if number else "[") + records[1:-1])
        file.write("]")


def results_of(names: list[str], directory: Path, repeats: int) -> Iterator[Record]:
    """Medians of each contender, the spread of its CPU time, and its ratios to hotcoco."""
    runs = {name: [in_process(name, directory) for _ in range(repeats)] for name in names}
    medians = {
        name: {key: statistics.median(run[key] for run in measured) for key in MEASURES}
        for name, measured in runs.items()
    }
    reference = medians[REFERENCE]
    for name, measured in runs.items():
        seconds = [run["cpu_seconds"] for run in measured]
        yield {
            "contender": name,
            **medians[name],
            "cpu_seconds_range": [min(seconds), max(seconds)],
            "cpu_ratio": medians[name]["cpu_seconds"] / reference["cpu_seconds"],
            "memory_ratio": medians[name]["peak_mb"] / reference["peak_mb"],
            "AP": measured[0]["AP"],
        }


def problem_record(images: int, repeats: int, lvis_api_up_to: int) -> Record:
    """All contenders on one problem."""
    names, skipped = list(CONTENDERS), {}
    if images > lvis_api_up_to:
        names.remove(OFFICIAL)
        skipped[OFFICIAL] = f"left out above {lvis_api_up_to} images"
    with TemporaryDirectory() as scratch:
        num_detections = write_problem(Path(scratch), images, DETECTIONS_PER_IMAGE)
        write_masks_only(Path(scratch))
        results = list(results_of(names, Path(scratch), repeats))
    return {
        "images": images,
        "detections": num_detections,
        "skipped": skipped,
        "results": results,
    }


def fill_numba_cache() -> None:
    """Compile before anything is measured."""
    with TemporaryDirectory() as scratch:
        write_problem(Path(scratch), 2, DETECTIONS_PER_IMAGE)
        in_process("platform, JSON", Path(scratch))


def show(record: Record) -> None:
    """Print one problem's results."""
    click.echo(f"{record['images']} images, {record['detections']} detections")
    for result in record["results"]:
        click.echo(
            f"  {result['contender']:16} {result['cpu_seconds']:8.2f} CPU s "
            f"({result['cpu_ratio']:.2f} x hotcoco; load {result['load_cpu_seconds']:.2f}, "
            f"evaluate {result['evaluate_cpu_seconds']:.2f}), {result['peak_mb']:6.0f} MB "
            f"({result['memory_ratio']:.2f} x), AP {result['AP']!r}"
        )
    for name, reason in record["skipped"].items():
        click.echo(f"  {name}: {reason}")


@click.command()
@click.option(
    "--images",
    "image_counts",
    multiple=True,
    type=int,
    default=(500,),
    show_default=True,
    help="Images of a problem; may be given more than once.",
)
@click.option("--repeats", default=3, show_default=True)
@click.option(
    "--lvis-api-up-to",
    default=2000,
    show_default=True,
    help="Images up to which lvis-api runs too; it is slow and takes gigabytes. 0 for never.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the results as JSON.")
@click.option("--contender", type=click.Choice(list(CONTENDERS)), hidden=True)
@click.option("--work-dir", type=click.Path(path_type=Path), hidden=True)
def main(
    image_counts: tuple[int, ...],
    repeats: int,
    lvis_api_up_to: int,
    out: Path | None,
    contender: str | None,
    work_dir: Path | None,
) -> None:
    """Measure LVIS evaluations of made-up problems, masks and boxes."""
    if contender is not None:
        assert work_dir is not None
        click.echo(json.dumps(measure(contender, work_dir)))
        return
    fill_numba_cache()
    problems = []
    for images in image_counts:
        record = problem_record(images, repeats, lvis_api_up_to)
        show(record)
        problems.append(record)
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
