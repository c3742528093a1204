"""What a small merge costs as a whole process, from the interpreter's start to result.json.

Four made-up models of `benchmarks.tune` over 100 and 40 images. Each run is `python -m
ensemble.merge` alone: CPU seconds of the process with all its children, wall seconds, peak memory
of its largest process. Runs of several checkouts take turns, so that they stand side by side:

    python -m benchmarks.small_merge --code before=../other --code after=. --out small-merge.json
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import click

from benchmarks.merge import processor
from benchmarks.tune import MODELS, write_problem

Record = dict[str, Any]
MEASURES = ("cpu_seconds", "wall_seconds", "peak_mb")
OUTPUTS = ("submission.json", "stats.json", "evaluation.json")
HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Problem:
    """How large a made-up merge is.

    Attributes:
        num_images: Images of the annotations.
        num_wrong: Detections of each model in an image that show no object.
        num_detections: What is left of all sources together.
    """

    num_images: int
    num_wrong: int
    num_detections: int


@dataclass(frozen=True)
class Scenario:
    """A merge of one problem.

    Attributes:
        problem: A key of `PROBLEMS`.
        options: Of the command.
        is_first: With nothing compiled before.
    """

    problem: str
    options: tuple[str, ...] = ()
    is_first: bool = False


PROBLEMS = {"13400": Problem(100, 32, 13400), "200": Problem(40, 0, 200)}
WAYS: dict[str, tuple[str, ...]] = {
    "": (),
    ", one worker": ("--num-workers=1",),
    ", not evaluated": ("--no-evaluate",),
}
SCENARIOS = {
    **{f"{key} detections{way}": Scenario(key, WAYS[way]) for key in PROBLEMS for way in WAYS},
    "200 detections, first ever": Scenario("200", is_first=True),
}


@dataclass(frozen=True)
class Code:
    """A checkout to be measured, with what its processes compiled before.

    Attributes:
        folder: The checkout.
        caches: Takes compiled Python and compiled kernels, apart from those of other checkouts.
    """

    folder: Path
    caches: Path

    def environment(self, kernels: Path) -> dict[str, str]:
        """Of its processes: one thread each, kernels are kept in a folder of their own."""
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        return kept | {
            "PYTHONPATH": f"{self.folder / 'platform'}:{self.folder}",
            "PYTHONPYCACHEPREFIX": str(self.caches / "python"),
            "NUMBA_CACHE_DIR": str(kernels),
            "OMP_NUM_THREADS": "1",
        }


def write_sources(folder: Path, problem: Problem) -> None:
    """The files of a problem, with as many detections of each model."""
    folder.mkdir()
    write_problem(folder, problem.num_images, problem.num_wrong)
    num_kept = problem.num_detections // len(MODELS)
    for name in MODELS:
        path = folder / f"{name}.json"
        found = json.loads(path.read_text())
        assert len(found) >= num_kept, f"{name} has {len(found)} detections"
        # Evenly over the images.
        path.write_text(json.dumps([found[i * len(found) // num_kept] for i in range(num_kept)]))


def measured(code: Code, scenario: Scenario, inputs: Path) -> Record:
    """One merge in a process of its own, and a digest of what it wrote."""
    words = [f"--pred={name}={inputs / name}.json" for name in MODELS]
    with TemporaryDirectory() as scratch:
        out, kernels = Path(scratch) / "out", Path(scratch) / "kernels"
        environment = code.environment(kernels if scenario.is_first else code.caches / "kernels")
        command = [sys.executable, "-m", "ensemble.merge", *words, f"--ann={inputs / 'ann.json'}"]
        cost = cost_of([*command, f"--out={out}", *scenario.options], environment)
        written = [out / name for name in OUTPUTS if (out / name).exists()]
        return cost | {"digest": sha256(b"".join(p.read_bytes() for p in written)).hexdigest()}


def cost_of(command: Sequence[str], environment: dict[str, str]) -> Record:
    """What a command costs with all its children.

    Raises:
        ClickException: It failed; the message is what it said.
    """
    with TemporaryFile() as messages:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, cwd="/", stdout=subprocess.DEVNULL, stderr=messages
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            messages.seek(0)
            raise click.ClickException(messages.read().decode())
    cpu_seconds = usage.ru_utime + usage.ru_stime
    numbers = cpu_seconds, wall_seconds, usage.ru_maxrss / 1024
    return dict(zip(MEASURES, numbers, strict=True))


def costs(name: str, codes: dict[str, Code], folder: Path, repeats: int) -> Record:
    """What a scenario costs each code, run in turns, and whether all wrote the same bytes."""
    scenario = SCENARIOS[name]
    inputs = folder / scenario.problem
    runs: dict[str, list[Record]] = {label: [] for label in codes}
    for _ in range(repeats):
        for label, code in codes.items():
            runs[label].append(measured(code, scenario, inputs))
    digests = {run["digest"] for of_code in runs.values() for run in of_code}
    return {
        "same_bytes": len(digests) == 1,
        **{label: medians(of_code) for label, of_code in runs.items()},
    }


def medians(runs: Sequence[Record]) -> Record:
    """The median of each measure, and the range of CPU time."""
    seconds = [run["cpu_seconds"] for run in runs]
    found = {key: round(statistics.median(run[key] for run in runs), 2) for key in MEASURES}
    return {**found, "cpu_seconds_range": [round(min(seconds), 2), round(max(seconds), 2)]}


def codes_of(words: Sequence[str], folder: Path) -> dict[str, Code]:
    """The checkouts by label; this one where none is named."""
    named = dict(word.split("=", 1) for word in words) or {"this": str(HERE)}
    return {
        label: Code(Path(path).resolve(), folder / f"caches-{label}")
        for label, path in named.items()
    }


@click.command()
@click.option("--code", "words", multiple=True, metavar="LABEL=FOLDER", help="A checkout.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--only", type=click.Choice(list(SCENARIOS)), multiple=True, help="Scenarios.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the figures here as JSON.")
def main(words: tuple[str, ...], repeats: int, only: tuple[str, ...], out: Path | None) -> None:
    """Measure small merges of one or several checkouts."""
    figures: Record = {}
    with TemporaryDirectory() as scratch:
        codes = codes_of(words, Path(scratch))
        for key, problem in PROBLEMS.items():
            write_sources(Path(scratch) / key, problem)
        for code in codes.values():
            # Compiles before anything is measured.
            measured(code, Scenario("13400"), Path(scratch) / "13400")
        for name in only or SCENARIOS:
            figures[name] = costs(name, codes, Path(scratch), repeats)
            click.echo(f"{name}: {json.dumps(figures[name])}")
    content = {
        "machine": {
            "processor": processor(),
            "processors": len(os.sched_getaffinity(0)),
            "python": platform.python_version(),
        },
        "repeats": repeats,
        "scenarios": figures,
    }
    if out is not None:
        out.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
