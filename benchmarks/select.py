"""What a candidate of `python -m ensemble.select` costs beside the whole merge that it stands for.

The four made-up models of `benchmarks.tune`, on one half of the images. A whole merge is a store
written, and AP of its masks, in the same process: what would be done for every candidate if nothing
were kept between them. Both give the same AP, which is checked. Seconds are of CPU time; each
number is the median of `--repeats` rounds in which the two take turns.

    python -m benchmarks.select --images 800 --out select-benchmark.json
"""

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.merge import processor
from benchmarks.tune import MAX_DETS, MODELS, write_problem
from ensemble.rows.keys import default_options
from ensemble.selection.greedy import members_of
from ensemble.selection.halves import Halves
from ensemble.selection.request import SelectRequest
from ensemble.sources.spec import parse_sources
from ensemble.tuning.held_out import HeldOut
from ensemble.tuning.prepare import read_annotations

WAYS: Mapping[str, Mapping[str, Any]] = {
    "nms, best masks": {"method": "nms"},
    "wbf, best masks": {"method": "wbf", "mask": "best"},
    "wbf, voted masks": {"method": "wbf"},
}
SIZES = 1, 2, 4


def ignore(_: str) -> None:
    """Told what is done; nobody watches."""


def seconds_of(call: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, and what it returned."""
    began = time.process_time()
    found = call()
    return time.process_time() - began, found


def measured(folder: Path, changes: Mapping[str, Any], repeats: int) -> dict[str, Any]:
    """Seconds of one way of merging, by the number of members."""
    options = default_options() | {"max_dets": MAX_DETS} | changes
    specs = parse_sources([f"{name}={folder / name}.json" for name in MODELS])
    request = SelectRequest(folder / "ann.json", specs, options, "AP", 0, 4)
    truth = read_annotations(request, ignore)
    with TemporaryDirectory() as name:
        halves = Halves(request, truth, Path(name), ignore)
        once, pool = seconds_of(lambda: halves.pool)
        found: dict[str, Any] = {"once": round(once, 2), "detections": len(pool.inputs.rows)}
        for size in SIZES:
            counts = dict.fromkeys(list(MODELS)[:size], 1)
            rounds = []
            for number in range(repeats + 1):
                short, judged = seconds_of(partial(pool.judge, counts))
                work = Path(name) / f"whole-{size}-{number}"
                whole = HeldOut(pool.split.truth, pool.split.sources, 0, work, ignore)
                of = "merge", members_of(request.specs, counts), options
                long, _ = seconds_of(partial(whole.add_merge, *of))
                assert judged["AP"] == whole.rows["merge"]["AP"]
                rounds.append((short, long))
            # The first round compiles.
            candidate, merge = (statistics.median(of) for of in zip(*rounds[1:], strict=True))
            found[f"{size} members"] = {
                "candidate": round(candidate, 3),
                "whole merge": round(merge, 3),
                "times": round(merge / candidate, 1),
            }
    return found


@click.command()
@click.option("--images", "num_images", default=800, show_default=True, help="Images in all.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="JSON file.")
def main(num_images: int, repeats: int, out: Path | None) -> None:
    """Make the problem, measure, and print what was found."""
    with TemporaryDirectory() as name:
        write_problem(Path(name), num_images)
        ways = {way: measured(Path(name), changes, repeats) for way, changes in WAYS.items()}
    machine = {"processor": processor(), "python": platform.python_version()}
    found = {"machine": machine, "images_of_the_half": num_images // 2, "cpu_seconds": ways}
    text = json.dumps(found, indent=1)
    click.echo(text)
    if out is not None:
        out.write_text(text + "\n")


if __name__ == "__main__":
    main()
