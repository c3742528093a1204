"""CPU time and memory of an LVIS evaluation, side by side with hotcoco, vernier and lvis-api.

The problem is that of `benchmarks.lvis_problem` with 300 detections an image. Every contender runs
both masks and boxes in a process of its own, one thread; medians over repeats. The platform's
numbers include AP-fixed and AP by category, which cannot be left out; the others compute the
thirteen metrics or fewer. CPU seconds are counted after the imports, and what numba compiles is in
its cache; `process` is the whole process, imports included. `load` is reading annotations and
predictions; the platform reads predictions block by block as it goes, so its loading is timed
apart, after the evaluation, and subtracted. The others read results twice: hotcoco and lvis-api
with boxes, and without for masks; vernier, which evaluates text, the same one.

With `--before` the platform of another checkout runs too, in the same benchmark.

    python -m benchmarks.evaluation --images 500 --out evaluation-benchmark.json
    python -m benchmarks.evaluation --images 2000 --images 5000 --lvis-api-up-to 2000
    python -m benchmarks.evaluation --images 5000 --before ../older-checkout/platform
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
STORE_READER, JSON_READER = "platform, store", "platform, JSON"
BEFORE = {"before, store": STORE_READER, "before, JSON": JSON_READER}
MEASURES = (
    "cpu_seconds",
    "load_cpu_seconds",
    "evaluate_cpu_seconds",
    "process_cpu_seconds",
    "peak_mb",
)


class Clock:
    """CPU seconds of a contender: of loading, of all until it stops, and of its process."""

    def __init__(self) -> None:
        self._start = time.process_time()
        self.load = 0.0
        self.total = self.process = 0.0
        self.peak_mb = 0.0

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Count what happens inside as loading."""
        start = time.process_time()
        yield
        self.load += time.process_time() - start

    def stop(self) -> None:
        """Nothing from here on belongs to the total or the peak."""
        self.process = time.process_time()
        self.total = self.process - self._start
        self.peak_mb = peak_mb()


Run = Callable[[Path, Clock], float]


def with_platform(predictions: str) -> Run:
    """Our evaluation, from a store or from JSON."""
    from longtail.evaluation.annotations.ground_truth import read_ground_truth
    from longtail.evaluation.lvis import evaluate
    from longtail.evaluation.matching.prediction_set import open_set

    def run(directory: Path, clock: Clock) -> float:
        paths = directory / ANNOTATIONS, directory / predictions
        ap = evaluate(*paths).segm["AP"]
        clock.stop()
        with TemporaryDirectory() as scratch, clock.loading():
            truth = read_ground_truth(paths[0])
            store = open_set(paths[1], truth, Path(scratch) / "store")
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


def with_vernier() -> Run:
    """vernier on the bytes of the files: its grids are what evaluates LVIS."""
    from vernier import _core

    def run(directory: Path, clock: Clock) -> float:
        with clock.loading():
            truth = _core.CocoDataset.from_lvis_json((directory / ANNOTATIONS).read_bytes())
            results = (directory / RESULTS).read_bytes()
        options = {"parity_mode": "strict", "max_dets_per_image": 300, "use_cats": True}
        options |= {"num_threads": 1}
        for kind in ("bbox", "segm"):
            # The area of the box would be taken for masks too.
            area = {"dt_area": "mask"} if kind == "segm" else {}
            grid = getattr(_core, f"evaluate_{kind}_grid")(truth, results, **options, **area)
            metrics = grid.accumulate([300]).summarize_lvis(truth, [300]).stats
        clock.stop()
        return float(metrics[0])

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
    STORE_READER: lambda: with_platform(STORE),
    JSON_READER: lambda: with_platform(RESULTS),
    REFERENCE: with_hotcoco,
    "vernier": with_vernier,
    OFFICIAL: with_lvis_api,
}


def measure(contender: str, directory: Path) -> Record:
    """Run one contender in this process."""
    run = CONTENDERS[contender]()
    clock = Clock()
    ap = run(directory, clock)
    numbers = (
        clock.total,
        clock.load,
        clock.total - clock.load,
        clock.process,
        clock.peak_mb,
    )
    return {**dict(zip(MEASURES, numbers, strict=True)), "AP": ap}


def peak_mb() -> float:
    """Highest resident memory of this process; getrusage would count its parent's too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None, "the benchmark reads Linux's /proc"
    return int(found[1]) / 1024


def in_process(contender: str, directory: Path, before: Path | None) -> Record:
    """Run one contender in a process of its own, one thread."""
    paths = [*filter(None, [os.environ.get("PYTHONPATH")])]
    if contender in BEFORE:
        assert before is not None
        paths = [str(before.resolve()), *paths]
        contender = BEFORE[contender]
    command = [sys.executable, "-m", "benchmarks.evaluation", "--contender", contender]
    settings = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    if paths:
        settings["PYTHONPATH"] = os.pathsep.join(paths)
    output = subprocess.run(
        [*command, "--work-dir", str(directory)],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    # lvis-api prints too.
    record: Record = json.loads(output.splitlines()[-1])
    return record


def write_masks_only(directory: Path) -> None:
    """The results without boxes: area ranges of masks go by the area of the mask."""
    from longtail.evaluation.matching.judged import mask_dicts
    from longtail.predictions.store import PredictionStore

    with (directory / MASKS_ONLY).open("w") as file:
        for number, columns in enumerate(PredictionStore.open(directory / STORE).blocks()):
            records = json.dumps(mask_dicts(columns), default=bytes.decode)
            file.write(("," if number else "[") + records[1:-1])
        file.write("]")


def results_of(
    names: list[str], directory: Path, repeats: int, before: Path | None
) -> Iterator[Record]:
    """Medians of each contender, the spread of its CPU time, and its ratios to hotcoco."""
    runs: dict[str, list[Record]] = {name: [] for name in names}
    # In turn, so that a busy machine slows all of them.
    for name in names * repeats:
        runs[name].append(in_process(name, directory, before))
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


def problem_record(images: int, repeats: int, lvis_api_up_to: int, before: Path | None) -> Record:
    """All contenders on one problem."""
    names, skipped = [*(BEFORE if before else ()), *CONTENDERS], {}
    if images > lvis_api_up_to:
        names.remove(OFFICIAL)
        skipped[OFFICIAL] = f"left out above {lvis_api_up_to} images"
    with TemporaryDirectory() as scratch:
        num_detections = write_problem(Path(scratch), images, DETECTIONS_PER_IMAGE)
        write_masks_only(Path(scratch))
        results = list(results_of(names, Path(scratch), repeats, before))
    return {
        "images": images,
        "detections": num_detections,
        "skipped": skipped,
        "results": results,
    }


def fill_numba_cache(before: Path | None) -> None:
    """Compile before anything is measured."""
    with TemporaryDirectory() as scratch:
        write_problem(Path(scratch), 2, DETECTIONS_PER_IMAGE)
        for name in (STORE_READER, JSON_READER, *(BEFORE if before else ())):
            in_process(name, Path(scratch), before)


def show(record: Record) -> None:
    """Print one problem's results."""
    click.echo(f"{record['images']} images, {record['detections']} detections")
    for result in record["results"]:
        click.echo(
            f"  {result['contender']:16} {result['cpu_seconds']:8.2f} CPU s "
            f"({result['cpu_ratio']:.2f} x hotcoco; load {result['load_cpu_seconds']:.2f}, "
            f"evaluate {result['evaluate_cpu_seconds']:.2f}; process "
            f"{result['process_cpu_seconds']:.2f}), {result['peak_mb']:6.0f} MB "
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
@click.option(
    "--before",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder platform of another checkout, to be measured too.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the results as JSON.")
@click.option("--contender", type=click.Choice(list(CONTENDERS)), hidden=True)
@click.option("--work-dir", type=click.Path(path_type=Path), hidden=True)
def main(
    image_counts: tuple[int, ...],
    repeats: int,
    lvis_api_up_to: int,
    before: Path | None,
    out: Path | None,
    contender: str | None,
    work_dir: Path | None,
) -> None:
    """Measure LVIS evaluations of made-up problems, masks and boxes."""
    if contender is not None:
        assert work_dir is not None
        click.echo(json.dumps(measure(contender, work_dir)))
        return
    fill_numba_cache(before)
    problems = []
    for images in image_counts:
        record = problem_record(images, repeats, lvis_api_up_to, before)
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
