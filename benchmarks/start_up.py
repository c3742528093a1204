"""What starting costs: seconds between a node's turn and its training, CPU time and memory.

Three jobs run as a user types them: a grid of 8 tiny trainings, a sweep of 6 tiny trials, the
demo, the demo again. Start-up is read off what the runs leave: a node's turn is the time in its
`node.json`, its training begins when its lock is taken; of a rung of a sweep it is what its work
took beyond the training itself. The commands can be those of another checkout, so that before and
after stand side by side in one file.
"""

import json
import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.process_tree import Spent, measure

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "start_up.json"
TINY = {"iterations": 12, "warmup_iterations": 2, "checkpoint_every": 6, "log_every": 1}
NUM_NODES, NUM_TRIALS = 8, 6


@click.command()
@click.option("--label", default="now", show_default=True, help="Key of the figures in --out.")
@click.option(
    "--checkout",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    default=ROOT,
    help="Whose commands are run [default: this one's].",
)
@click.option(
    "--jobs", default="grid,sweep,demo", show_default=True, help="Which, comma-separated."
)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, show_default=True)
def main(label: str, checkout: Path, jobs: str, out: Path) -> None:
    """Measure start-up seconds of nodes, and CPU seconds and memory of whole commands.

    \b
    Examples:
      python -m benchmarks.start_up
      python -m benchmarks.start_up --label before --checkout ../longtail-before
      python -m benchmarks.start_up --jobs grid --out build/start_up.json
    """
    figures: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    known = {"grid": _grid, "sweep": _sweep, "demo": _demo}
    with TemporaryDirectory(prefix="start-up-") as folder:
        for name in jobs.split(","):
            found = known[name](checkout, Path(folder) / name)
            figures.setdefault(label, {})[name] = found
            click.echo(f"{label} {name}: {json.dumps(found)}")
    figures["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, one thread a process"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=1) + "\n")


def _run(checkout: Path, folder: Path, words: Sequence[str], runs: Path | None = None) -> Spent:
    paths = os.pathsep.join((str(checkout / "platform"), str(checkout)))
    bin_folder = str(Path(sys.executable).parent)
    environment: Mapping[str, str] = {
        "PYTHONPATH": paths,
        "OMP_NUM_THREADS": "1",
        "PATH": os.pathsep.join((bin_folder, os.environ["PATH"])),
        **({"LONGTAIL_RUNS": str(runs)} if runs else {}),
    }
    log = folder / "output.txt"
    spent = measure(words, checkout, environment, log)
    if spent.code != 0:
        raise click.ClickException(f"{' '.join(words)}: exit code {spent.code}\n{log.read_text()}")
    return spent


def _toy_words(folder: Path, stages: int) -> list[str]:
    from longtail.data.synthetic.dataset import Parameters, write_dataset

    data = folder / "data"
    write_dataset(data, Parameters(16, 8, 0, categories=6, size=64, seed=0))
    files = ["--train", f"{data}/train.json", "--val", f"{data}/val.json"]
    sets = [
        f"stages.{n}.schedule.{key}={value}" for n in range(stages) for key, value in TINY.items()
    ]
    changes = [word for change in sets for word in ("--set", change)]
    return [*files, "--images", f"{data}/images", "--scale", "demo", "--resamples", "20", *changes]


def _grid(checkout: Path, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    seeds = ",".join(map(str, range(NUM_NODES)))
    rows = ["--variants", "sigmoid_r50", "--seeds", seeds, "--runs", str(folder / "runs")]
    words = [sys.executable, "experiments/grid.py", *rows, *_toy_words(folder, 1)]
    spent = _run(checkout, folder, words)
    nodes = sorted((folder / "runs" / "nodes").glob("stage-*"), key=_turn)
    seconds = [(node / "training.lock").stat().st_mtime - _turn(node) for node in nodes]
    ends = [(node / "result.json").stat().st_mtime - _last_line(node) for node in nodes]
    return {
        "start-up seconds by node": [round(value, 2) for value in seconds],
        "median of later nodes": round(statistics.median(seconds[2:]), 2),
        "median seconds from a training's last line to its result": round(
            statistics.median(ends), 2
        ),
        **_rounded(spent),
    }


def _turn(node: Path) -> float:
    created: float = json.loads((node / "node.json").read_text())["created"]
    return created


def _journal(node: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (node / "metrics.jsonl").read_text().splitlines()]


def _last_line(node: Path) -> float:
    last: float = _journal(node)[-1]["time"]
    return last


def _sweep(checkout: Path, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    search = "stages.1.classifier.tail_frequency=loguniform(1e-3,0.9)"
    base = ["--variant", "eql_head_r50", "--name", "toy", "--search", search]
    chosen = ["--algorithm", "random", "--trials", str(NUM_TRIALS), "--runs", str(folder / "runs")]
    words = [sys.executable, "experiments/sweep.py", *base, *chosen, *_toy_words(folder, 2)]
    spent = _run(checkout, folder, words)
    journal = (folder / "runs" / "sweeps" / "toy" / "trials.jsonl").read_text().splitlines()
    works = [event["work"] for event in map(json.loads, journal) if event["event"] == "spent"]
    seconds: dict[str, list[float]] = {}
    for work in works:
        seconds.setdefault(work["kind"], []).append(round(work["seconds"], 2))
    return {"seconds of each piece of work": seconds, **_rounded(spent)}


def _demo(checkout: Path, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    words = ["sh", "experiments/demo.sh"]
    first, again = (_run(checkout, folder, words, folder / "runs") for _ in range(2))
    return {"first": _rounded(first), "again": _rounded(again)}


def _rounded(spent: Spent) -> dict[str, float]:
    tree = asdict(spent)
    return {
        "wall seconds": round(tree["wall"], 1),
        "CPU seconds": round(tree["cpu"], 1),
        "peak MB": round(tree["peak_bytes"] / 2**20),
        "processes": tree["processes"],
    }


if __name__ == "__main__":
    main()
