"""What each part of a merge adds, on a made-up ensemble of LVIS's shape, with intervals.

The four models of `benchmarks.tune`: 1203 categories, each model wrong about itself in its own way
by frequency group, each missing objects of its own. Together they find more in an image than the
300 that may stay.
Everything is done by the commands: `ensemble.calibrate` and `ensemble.tune` see one half of the
images, and every number is of the other half. AP and AP-fixed as fractions.

    python -m benchmarks.ensemble_table --images 600 --out ensemble-table.json
"""

import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.tune import MODELS, summary, write_problem
from ensemble.outputs.resampled_ap import ALL_METRICS, Resampled, evaluate_masks, resample
from ensemble.tuning.split import split_images, write_annotations
from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.predictions.store import PredictionStore

Record = dict[str, Any]
NUM_WRONG, MAX_DETS = 140, 300
METHODS = ("nms", "soft-nms", "wbf")
SEED = 0
BOUNDS = ("low", "high")


def write_halves(folder: Path) -> None:
    """The same halves as `ensemble.tune --seed 0` makes: a folder each, `fit` and `report`."""
    ids = split_images(read_ground_truth(folder / "ann.json").images.ids, SEED)
    for name, half in zip(("fit", "report"), ids, strict=True):
        (folder / name).mkdir()
        chosen = set(half.tolist())
        write_annotations(folder / "ann.json", chosen, folder / name / "ann.json")
        for model in MODELS:
            found = json.loads((folder / f"{model}.json").read_text())
            kept = [record for record in found if record["image_id"] in chosen]
            (folder / name / f"{model}.json").write_text(json.dumps(kept))


def command(name: str, folder: Path, *options: str) -> None:
    """Run one of ours on all models of a folder."""
    preds = [f"--pred={model}={folder / model}.json" for model in MODELS]
    words = [sys.executable, "-m", f"ensemble.{name}"]
    words += ["fit"] if name == "calibrate" else []
    subprocess.run([*words, *preds, f"--ann={folder / 'ann.json'}", *options], check=True)


def merge(folder: Path, name: str, resamples: int, *options: str) -> Record:
    """A merge of the second half: its evaluation.json; the merged store stays."""
    out = folder / name
    quota = f"--max-dets={MAX_DETS}"
    how = f"--out={out}", quota, f"--resamples={resamples}", "--num-workers=1", *options
    command("merge", folder / "report", *how)
    tree: Record = json.loads((out / "evaluation.json").read_text())
    return tree


def shown(row: Record) -> Record:
    """AP and AP-fixed of a row of evaluation.json, each with its interval."""
    found: Record = {}
    for part, ending in (("segm", ""), ("segm_fixed", "_fixed")):
        bounds = row["intervals"][part]["metrics"]
        for metric in ("AP", "APr", "APc", "APf"):
            ends = [bounds[metric][end] for end in BOUNDS]
            found[f"{metric}{ending}"] = [row[part][metric], *ends]
    return found


def steps(tree: Record) -> Record:
    """Every step with what it changes."""
    return {
        name: shown(row) | {"change": differences(row["change_intervals"])}
        for name, row in tree["steps"].items()
    }


def differences(bounds: Mapping[str, Record]) -> Record:
    """Differences with their intervals by metric."""
    return {name: [of["difference"], of["low"], of["high"]] for name, of in bounds.items()}


def resampled(folder: Path, names: Sequence[str], resamples: int) -> dict[str, Resampled]:
    """The merges over the same resamples of the images."""
    truth = read_ground_truth(folder / "report" / "ann.json")
    found = {}
    for name in names:
        row, tables = evaluate_masks(truth, PredictionStore.open(folder / name / "merged"))
        found[name] = resample(row, tables, resamples)
    return found


def margins(folder: Path, resamples: int) -> Record:
    """What 2000 margins on one fusion give, and the CPU seconds that trying them took."""
    out = folder / "alpha"
    words = "--search=margins", "--margin-trials=2000", "--metric=AP,APr", f"--seed={SEED}"
    how = f"--max-dets={MAX_DETS}", f"--resamples={resamples}"
    command("tune", folder, f"--out={out}", *words, *how)
    report = json.loads((out / "tune.json").read_text())
    (trial,) = [json.loads(line) for line in (out / "trials.jsonl").open()]
    keys = "merges_judged", "best", "tuned_minus", "pareto"
    return {"cpu_seconds": trial["seconds"], **{key: report[key] for key in keys}}


def measure(folder: Path, trials: int, resamples: int) -> Record:
    """Run everything in a folder that has the problem."""
    write_halves(folder)
    calibration = folder / "calibration.json"
    command("calibrate", folder / "fit", f"--out={calibration}")
    trees: dict[str, Record] = {}
    for method in METHODS:
        trees[method] = merge(folder, method, resamples, f"--method={method}")
        words = f"--method={method}", f"--calibration={calibration}"
        name = f"{method}, calibrated"
        trees[name] = merge(folder, name, resamples, *words)
    of = resampled(folder, [*trees], resamples)
    search = "method,calibration,match,mask,iou,sigma,weights,margins"
    how = f"--search={search}", f"--trials={trials}", f"--seed={SEED}", f"--resamples={resamples}"
    command("tune", folder, f"--out={folder / 'tuned'}", f"--max-dets={MAX_DETS}", *how)
    sources = next(iter(trees.values()))["sources"]
    return {
        "sources": {name: shown(row) for name, row in sources.items()},
        "merges": {name: steps(tree) for name, tree in trees.items()},
        "against_best_source": {
            name: {"source": best["source"], **differences(best["metrics"])}
            for name, best in ((name, tree["against_best_source"]) for name, tree in trees.items())
        },
        "calibrated_minus_raw": {
            name: differences(of[f"{name}, calibrated"].minus(of[name])) for name in METHODS
        },
        "tune": summary(folder / "tuned"),
        "margins": margins(folder, resamples),
    }


@click.command()
@click.option("--images", "num_images", default=600, show_default=True, help="Images in all.")
@click.option("--trials", default=60, show_default=True, help="Fusions that tune tries.")
@click.option("--resamples", default=1000, show_default=True, help="For intervals.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="JSON file.")
def main(num_images: int, trials: int, resamples: int, out: Path | None) -> None:
    """Make the problem, merge it in several ways, tune, and write what was found."""
    with TemporaryDirectory() as name:
        write_problem(Path(name), num_images, NUM_WRONG)
        found = {
            "machine": platform.processor() or platform.machine(),
            "images_of_each_half": num_images // 2,
            "models": {model: vars(of) for model, of in MODELS.items()},
            "max_dets": MAX_DETS,
            "metrics": [*ALL_METRICS],
            **measure(Path(name), trials, resamples),
        }
    text = json.dumps(found, indent=1)
    if out is None:
        click.echo(text)
    else:
        out.write_text(text + "\n")


if __name__ == "__main__":
    main()
