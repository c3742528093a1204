"""Time of checking the headers of pictures, against decoding them.

Writes JPEG files of 640 x 480 pixels into a temporary folder, then measures the first check, later
ones, which remember it, and the decoding of a part. The files are in the page cache: on storage
that has to be waited for, headers are read by 16 threads.
"""

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image as PilImage

from longtail.commands import run
from longtail.data.pictures.reading import read_all
from longtail.data.pictures.rgb import read_rgb

NUM_DISTINCT = 64
NUM_DECODED = 500
REPETITIONS = 5
LONG_AGO = 1_000_000_000


@click.command()
@click.option("--pictures", default=100_000, show_default=True, help="How many files.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the figures here as JSON.")
def main(pictures: int, out: Path | None) -> None:
    """Measure checking the headers of as many pictures as LVIS v1 train has.

    \b
    Examples:
      python benchmarks/pictures.py --pictures 5000
      python benchmarks/pictures.py --out build/pictures.json
    """
    with tempfile.TemporaryDirectory() as folder:
        files, memory = write_pictures(Path(folder), pictures), Path(folder) / "memory.json"
        first = cost_per_picture(lambda: read_all(files, memory), pictures)
        later = [
            cost_per_picture(lambda: read_all(files, memory), pictures) for _ in range(REPETITIONS)
        ]
        decoded = files[:NUM_DECODED]
        decoding = cost_per_picture(lambda: [read_rgb(file) for file in decoded], len(decoded))
    figures = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "pictures": pictures,
        "first_check": first,
        "later_checks": later,
        "decoding": decoding,
    }
    show(figures)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, indent=1))


def show(figures: dict[str, Any]) -> None:
    """Print the figures, and their ratios to decoding in the same run."""
    first, decoding = figures["first_check"], figures["decoding"]
    later = statistics.median(cost["cpu_us"] for cost in figures["later_checks"])
    click.echo(
        f"CPU time of a picture: first check {first['cpu_us']:.0f} us, later ones {later:.1f} us,"
        f" decoding {decoding['cpu_us']:.0f} us"
    )
    click.echo(
        f"decoding / first check: {decoding['cpu_us'] / first['cpu_us']:.0f};"
        f" first / later check: {first['cpu_us'] / later:.1f};"
        f" {1e6 / first['us']:.0f} headers a second"
    )


def cost_per_picture(call: Callable[[], object], count: int) -> dict[str, float]:
    """Wall-clock and processor time of a picture, in microseconds."""
    start, cpu_start = time.perf_counter(), time.process_time()
    call()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    return {"us": 1e6 * seconds / count, "cpu_us": 1e6 * cpu / count}


def write_pictures(folder: Path, count: int) -> list[Path]:
    """JPEG files; a few are written, the others are links to them."""
    rng = np.random.default_rng(0)
    files = [folder / f"{number:06}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        if number < NUM_DISTINCT:
            coarse = PilImage.fromarray(rng.integers(0, 256, (48, 64, 3), np.uint8))
            coarse.resize((640, 480)).save(file)
            os.utime(file, (LONG_AGO, LONG_AGO))
        else:
            os.link(files[number % NUM_DISTINCT], file)
    return files


if __name__ == "__main__":
    run(main)
