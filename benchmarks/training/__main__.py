"""CPU time and memory of a training step, beside torchvision's and detectron2's detectors.

Every contender learns from the same synthetic pictures at the same sizes: short side, proposals,
RoIs, share of foreground, categories, width of all layers. Untrained networks propose little that
is foreground, so some proposals of each image are instances' boxes, moved a little. `step` is all
from reading the pictures to the new weights, and its parts are: `data` (decoding and the masks that
the contender wants), `backbone` (with its pyramid), `proposals`, `heads`, `rest of forward`
(normalising, resizing in torchvision), `backward`, `optimizer`.

Each run is a process of its own, one thread; contenders take turns, and figures are medians over
all steps of all runs. `heads_keep_mb` is what the heads keep for the backward pass, beside
parameters; `heads_peak_mb` is the peak of the process less that of one without heads. `floor` is
the CPU time that the step's floating-point work would take as one large product of matrices.

A round takes some six CPU minutes, and 4 GB of memory.

    python -m benchmarks.training
    python -m benchmarks.training --settings demo --rounds 1 --out build/training.json
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.merge import processor
from benchmarks.training.contender import Contender
from benchmarks.training.settings import SETTINGS, Setting, write_pictures

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "training.json"
STOCK, PLAIN = "torchvision", "ours"
Record = dict[str, Any]
Build = Callable[[Setting, Path, bool], Contender]


def _ours(setting: Setting, folder: Path, heads: bool) -> Contender:
    from benchmarks.training import ours
    from longtail.config.roi_stages import OneStage

    return ours.build(setting, folder, OneStage(), heads)


def _our_cascade(setting: Setting, folder: Path, heads: bool) -> Contender:
    from benchmarks.training import ours
    from longtail.config.roi_stages import Cascade

    return ours.build(setting, folder, Cascade(), heads)


def _our_cascade_with_one_mask_head(setting: Setting, folder: Path, heads: bool) -> Contender:
    from benchmarks.training import ours
    from longtail.config.roi_stages import Cascade

    return ours.build(setting, folder, Cascade(mask_heads="one"), heads)


def _our_htc(setting: Setting, folder: Path, heads: bool) -> Contender:
    from benchmarks.training import ours
    from longtail.config.roi_stages import HybridTaskCascade

    return ours.build(setting, folder, HybridTaskCascade(), heads)


def _torchvision(setting: Setting, folder: Path, heads: bool) -> Contender:
    from benchmarks.training import torchvision_stock

    return torchvision_stock.build(setting, folder, heads)


def _detectron2(setting: Setting, folder: Path, heads: bool) -> Contender:
    from benchmarks.training import detectron2_stock

    return detectron2_stock.build(setting, folder, detectron2_stock.PLAIN, heads)


def _detectron2_cascade(setting: Setting, folder: Path, heads: bool) -> Contender:
    from benchmarks.training import detectron2_stock

    return detectron2_stock.build(setting, folder, detectron2_stock.CASCADE, heads)


CONTENDERS: dict[str, Build] = {
    STOCK: _torchvision,
    "detectron2": _detectron2,
    PLAIN: _ours,
    "detectron2-cascade": _detectron2_cascade,
    "ours-cascade-one-mask-head": _our_cascade_with_one_mask_head,
    "ours-cascade": _our_cascade,
    "ours-htc": _our_htc,
}
FIGURES = ("heads_keep_mb", "mask_rois", "gflop", "floor")


def contenders_of(setting: str, wanted: Sequence[str]) -> list[str]:
    """Those that are there; detectron2's networks have one size alone."""
    able = find_spec("detectron2") is not None and setting != "demo"
    return [name for name in wanted if able or not name.startswith("detectron2")]


def measure(contender: str, setting: Setting, folder: Path, steps: int, heads: bool) -> Record:
    """What this process, which does nothing else, needs for some steps."""
    import torch

    from benchmarks.training.step import measured_steps

    torch.manual_seed(0)
    torch.set_num_threads(1)
    built = CONTENDERS[contender](setting, folder, heads)
    record = measured_steps(built, steps, counted=heads)
    if heads:
        record["floor"] = record["gflop"] / gflop_a_second()
    return record


def gflop_a_second() -> float:
    """The best of some large products of matrices, in billions of operations a CPU second."""
    import torch

    side = 1024
    one, other = torch.randn(side, side), torch.randn(side, side)
    best = 0.0
    for _ in range(8):
        start = time.process_time()
        one @ other
        best = max(best, 2 * side**3 / 1e9 / (time.process_time() - start))
    return best


def in_process(contender: str, setting: str, folder: Path, steps: int, heads: bool) -> Record:
    """Run one contender in a process of its own, one thread."""
    words = [sys.executable, "-m", "benchmarks.training", "--contender", contender]
    words += ["--settings", setting, "--steps", str(steps), "--work-dir", str(folder)]
    click.echo(f"{setting}: {contender}{'' if heads else ' without heads'}", err=True)
    output = subprocess.run(
        words if heads else [*words, "--without-heads"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    record: Record = json.loads(output.splitlines()[-1])
    return record


def compare(
    setting: str, wanted: Sequence[str], rounds: int, steps: int
) -> Iterator[dict[str, Record]]:
    """All contenders in turn, with their ratios to torchvision's and to our step; what is known
    after each round."""
    names = contenders_of(setting, wanted)
    runs: dict[str, list[Record]] = {name: [] for name in names}
    with TemporaryDirectory(prefix="training-") as scratch:
        folder = Path(scratch)
        write_pictures(SETTINGS[setting](), folder)
        engines = dict.fromkeys(name.partition("-")[0] for name in names)
        bare = {name: in_process(name, setting, folder, 1, heads=False) for name in engines}
        for _ in range(rounds):
            for name in names:
                runs[name].append(in_process(name, setting, folder, steps, heads=True))
            yield _with_ratios(
                {name: _medians(runs[name], bare[name.partition("-")[0]]) for name in names}
            )


def _with_ratios(results: dict[str, Record]) -> dict[str, Record]:
    for result in results.values():
        for reference in (STOCK, PLAIN):
            for key in ("step", "heads_keep_mb", "heads_peak_mb", "peak_mb"):
                ratio = result[key] / results[reference][key]
                result[f"{key}_to_{reference}"] = round(ratio, 3)
    return results


def _medians(runs: list[Record], bare: Record) -> Record:
    steps = [step for run in runs for step in run["steps"]]
    seconds = sorted(step["step"] for step in steps)
    peak = statistics.median(run["peak_mb"] for run in runs)
    return {
        "step": round(statistics.median(seconds), 3),
        "step_range": [round(seconds[0], 3), round(seconds[-1], 3)],
        "parts": {
            part: round(statistics.median(step[part] for step in steps), 3)
            for part in steps[0]
            if part != "step"
        },
        "peak_mb": round(peak, 1),
        "heads_peak_mb": round(peak - bare["peak_mb"], 1),
        **{key: round(statistics.median(run[key] for run in runs), 3) for key in FIGURES},
    }


def show(setting: str, results: dict[str, Record]) -> None:
    """Print one setting's results."""
    click.echo(setting)
    for name, of in results.items():
        parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in of["parts"].items())
        click.echo(
            f"  {name:28} {of['step']:6.2f} CPU s ({of[f'step_to_{STOCK}']:.2f} x torchvision,"
            f" {of[f'step_to_{PLAIN}']:.2f} x ours; floor {of['floor']:.2f}); heads keep"
            f" {of['heads_keep_mb']:.0f} MB ({of[f'heads_keep_mb_to_{STOCK}']:.2f} x), raise the"
            f" peak by {of['heads_peak_mb']:.0f} MB ({of[f'heads_peak_mb_to_{STOCK}']:.2f} x);"
            f" {of['mask_rois']:.0f} masks\n{'':30} {parts}"
        )


@click.command()
@click.option("--settings", default=",".join(SETTINGS), show_default=True, help="Comma-separated.")
@click.option("--contenders", default=",".join(CONTENDERS), show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Processes of each contender.")
@click.option("--steps", default=2, show_default=True, help="Steps measured in each, after one.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, show_default=True)
@click.option("--contender", type=click.Choice(list(CONTENDERS)), hidden=True)
@click.option("--without-heads", is_flag=True, hidden=True)
@click.option("--work-dir", type=click.Path(path_type=Path), hidden=True)
def main(
    settings: str,
    contenders: str,
    rounds: int,
    steps: int,
    out: Path,
    contender: str | None,
    without_heads: bool,
    work_dir: Path | None,
) -> None:
    """Measure training steps by parts, one thread."""
    if contender is not None:
        assert work_dir is not None
        record = measure(contender, SETTINGS[settings](), work_dir, steps, not without_heads)
        click.echo(json.dumps(record))
        return
    figures: Record = json.loads(out.read_text()) if out.exists() else {}
    figures["machine"] = f"{processor()}, one thread, Python {platform.python_version()}"
    names = contenders.split(",")
    if not {STOCK, PLAIN} <= set(names) <= set(CONTENDERS):
        raise click.BadParameter(f"--contenders {contenders}: {STOCK}, {PLAIN} and any of the rest")
    for setting in settings.split(","):
        for number, results in enumerate(compare(setting, names, rounds, steps), 1):
            figures[setting] = {"rounds": number, "steps": steps, "results": results}
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps(figures, indent=1) + "\n")
        show(setting, figures[setting]["results"])


if __name__ == "__main__":
    main()
