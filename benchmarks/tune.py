"""What tuning a made-up ensemble of LVIS's shape finds, and how long a trial takes.

Four models look at images of 1203 categories. Each has its own slope and its own shift of the log
odds for rare, common and frequent categories, as models trained with different losses have, and
misses objects of its own. Everything else is `python -m ensemble.tune`: the numbers under
`held_out` are of the half of the images that it did not see. Seconds are of CPU time.

    python -m benchmarks.tune --images 800 --trials 60 --out tune-benchmark.json
"""

import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

from benchmarks.lvis_problem import GROUPS, HEIGHT, WIDTH, images, zipf_categories

Record = dict[str, Any]
LETTERS = "rcf"
NUM_WRONG = 45
MAX_DETS = 60


@dataclass(frozen=True)
class Model:
    """How a model scores and what it finds, by r, c and f."""

    slope: float
    shifts: tuple[float, float, float]
    recalls: tuple[float, float, float]


MODELS = {
    "softmax": Model(1.6, (-3.0, -1.5, 0.5), (0.4, 0.6, 0.8)),
    "equalized": Model(1.0, (-0.5, 0.0, -0.5), (0.6, 0.7, 0.75)),
    "resampled": Model(0.7, (1.0, 0.5, -1.0), (0.65, 0.65, 0.7)),
    "expert": Model(2.2, (0.0, -1.0, -2.0), (0.7, 0.5, 0.5)),
}


def write_problem(folder: Path, num_images: int, num_wrong: int = NUM_WRONG) -> None:
    """ann.json and a result file of every model.

    Args:
        folder: Takes the files.
        num_images: How many.
        num_wrong: Detections of each model in an image that show no object.
    """
    categories = zipf_categories()
    # Drawn by the root of their counts, or hardly a rare object would be there to judge by.
    drawn = [{**c, "image_count": int(10 * c["image_count"] ** 0.5)} for c in categories]
    records: list[Record] = []
    annotations: list[Record] = []
    results: dict[str, list[Record]] = {name: [] for name in MODELS}
    for image, instances, _ in images(drawn, num_images, (1, 1), seed=0):
        records.append(image)
        annotations += instances
        clarity = np.random.default_rng([7, image["id"]]).normal(0, 1, len(instances))
        for number, (name, model) in enumerate(MODELS.items()):
            random = np.random.default_rng([number, image["id"]])
            results[name] += detections(random, model, image, instances, clarity, num_wrong)
    tree = {"images": records, "annotations": annotations, "categories": categories}
    (folder / "ann.json").write_text(json.dumps(tree))
    for name, found in results.items():
        (folder / f"{name}.json").write_text(json.dumps(found))


def detections(
    random: np.random.Generator,
    model: Model,
    image: Record,
    instances: list[Record],
    clarity: NDArray[np.float64],
    num_wrong: int,
) -> Iterator[Record]:
    """What a model finds in an image: objects, and then what is none.

    Args:
        random: Of this model and image.
        model: The model.
        image: The record of the image.
        instances: Its objects.
        clarity: How easy each one is to recognise, for all models.
        num_wrong: How many of the latter.
    """
    labels = [instance["category_id"] for instance in instances]
    others = [*image["neg_category_ids"], *labels]
    guesses = []
    for label, instance, clear in zip(labels, instances, clarity, strict=True):
        if random.random() < model.recalls[group_of(label)]:
            odds = random.normal(1.5 + clear, 1.2)
            guesses.append((label, odds, moved(random, instance, 0.06)))
    for _ in range(num_wrong):
        instance = instances[int(random.integers(len(instances)))]
        judged = random.random() < 0.5
        label = int(random.choice(others) if judged else random.integers(1, len(GROUPS) + 1))
        guesses.append((label, random.normal(-1.5, 1.5), moved(random, instance, 0.5)))
    masks = pycocotools.mask.frPyObjects([polygon for *_, polygon in guesses], HEIGHT, WIDTH)
    for (label, odds, _), mask in zip(guesses, masks, strict=True):
        logit = model.slope * odds + model.shifts[group_of(label)]
        yield {
            "image_id": image["id"],
            "category_id": label,
            "score": float(1 / (1 + np.exp(-logit))),
            "segmentation": {"size": [HEIGHT, WIDTH], "counts": mask["counts"].decode()},
        }


def group_of(category_id: int) -> int:
    """0 for rare, 1 for common, 2 for frequent."""
    return LETTERS.index(GROUPS[category_id - 1])


def moved(random: np.random.Generator, instance: Record, noise: float) -> list[float]:
    """The polygon of an instance, shifted by a share of its size and a little out of shape."""
    points = np.array(instance["segmentation"][0]).reshape(-1, 2)
    side = np.ptp(points, axis=0)
    points = points + side * (random.normal(0, noise, 2) + random.normal(0, 0.02, points.shape))
    return [float(v) for v in np.clip(points, 0, [WIDTH, HEIGHT]).ravel()]


def summary(out: Path) -> Record:
    """The report of a search without its inputs, and the times of its trials."""
    report = json.loads((out / "tune.json").read_text())
    lines = (out / "trials.jsonl").read_text().splitlines()
    trials = [json.loads(line) for line in lines]
    # The first trial of a process loads what all others use.
    seconds = sorted(trial["seconds"] for trial in trials)[:-1]
    by_masks: dict[str, list[float]] = {}
    for trial in trials[1:]:
        point = {"match": "box", "mask": "as the method does", **trial["point"]}
        key = f"{point['method']}, match {point['match']}, mask {point['mask']}"
        by_masks.setdefault(key, []).append(trial["seconds"])
    keys = (
        *("images_of_the_other_half", "trials", "merges_judged", "best"),
        *("held_out", "tuned_minus", "pareto"),
    )
    return {
        "machine": platform.processor() or platform.machine(),
        "cpu_seconds_per_trial": {"median": statistics.median(seconds), "largest": seconds[-1]},
        "median_cpu_seconds_by_masks": {
            key: statistics.median(values) for key, values in sorted(by_masks.items())
        },
        "merges_per_trial": report["merges_judged"] / report["trials"],
        **{key: report[key] for key in keys},
        "start_on_its_half": trials[0]["result"],
    }


@click.command()
@click.option("--images", "num_images", default=800, show_default=True, help="Images in all.")
@click.option("--trials", default=60, show_default=True, help="Fusions to try.")
@click.option("--resamples", default=1000, show_default=True, help="For intervals.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="JSON file.")
def main(num_images: int, trials: int, resamples: int, out: Path | None) -> None:
    """Make the problem, tune, and print what was found."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_problem(folder, num_images)
        preds = [f"--pred={model}={folder / model}.json" for model in MODELS]
        options = f"--trials={trials}", f"--resamples={resamples}", f"--max-dets={MAX_DETS}"
        where = f"--ann={folder / 'ann.json'}", f"--out={folder / 'out'}"
        command = [sys.executable, "-m", "ensemble.tune", *preds, *where, *options]
        subprocess.run(command, check=True)
        found = summary(folder / "out")
    text = json.dumps(found, indent=1)
    if out is None:
        click.echo(text)
    else:
        out.write_text(text + "\n")


if __name__ == "__main__":
    main()
