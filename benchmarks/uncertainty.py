"""How often bootstrap intervals cover the truth in simulations, and what a resample costs.

Two made-up models are judged on data sets drawn from one distribution. The truth is the mean of
their AP over many further data sets of the same size; plain percentile intervals stand beside ours.
"""

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.commands import run
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.protocol import IOU_THRESHOLDS
from longtail.evaluation.uncertainty.bootstrap import bootstrap, draw_weights
from longtail.evaluation.uncertainty.comparison import compare
from longtail.evaluation.uncertainty.weighted_ap import WeightedAP

NUM_THRESHOLDS = len(IOU_THRESHOLDS)
SHARED_LUCK = 0.7
TRUTH_DATASETS = 300
TIMED_RESAMPLES = 100


@dataclass(frozen=True, eq=False)
class Distribution:
    """Where data sets come from.

    Attributes:
        name: What the table calls it.
        presence: (K,) probability of a category to be in an image.
        num_images: Images of a data set.
        false_positives: Their mean number an image.
        skills: How well each of the two models finds an instance.
    """

    name: str
    presence: NDArray[np.float64]
    num_images: int = 200
    false_positives: float = 3.0
    skills: tuple[float, float] = (0.5, 0.55)


def zipf(num_categories: int, num_instances: float, num_images: int) -> NDArray[np.float64]:
    """Probabilities of categories of which the most frequent has `num_instances`."""
    rank = np.arange(1, num_categories + 1)
    return np.minimum(0.3, num_instances / num_images / rank**0.9)


DISTRIBUTIONS = (
    Distribution("500 categories, Zipf", zipf(500, 450, 1500), 1500, 20.0, (0.5, 0.52)),
    Distribution("8 of 40 images", np.full(8, 0.2)),
    Distribution("20 of 10 images", np.full(20, 0.05)),
    Distribution("100 of 4 images", np.full(100, 0.02)),
    Distribution("100 of 1.6 images", np.full(100, 0.008)),
    Distribution("200 of 0.4 images", np.full(200, 0.002)),
    Distribution("1 of 10 images", np.full(1, 0.05)),
)
LVIS_SIZED = Distribution("LVIS-sized", zipf(1203, 8000, 5000), 5000, 105.0)


@click.command()
@click.option("--datasets", default=150, show_default=True, help="Data sets a distribution.")
@click.option("--resamples", default=150, show_default=True, help="Resamples a data set.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the figures here as JSON.")
def main(datasets: int, resamples: int, out: Path | None) -> None:
    """Measure the coverage of 95% intervals, and the time of a resample.

    \b
    Examples:
      python -m benchmarks.uncertainty --datasets 20
      python -m benchmarks.uncertainty --out build/uncertainty.json
    """
    figures = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "datasets": datasets,
        "resamples": resamples,
        "speed": speed(),
        "coverage": {},
    }
    click.echo(figures["speed"])
    for distribution in DISTRIBUTIONS:
        rates = coverage(distribution, datasets, resamples)
        figures["coverage"][distribution.name] = rates
        click.echo(f"{distribution.name}: " + ", ".join(f"{k} {v:.3f}" for k, v in rates.items()))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(figures, indent=1))


def speed() -> dict[str, float]:
    """Processor seconds of 1000 resamples at the size of a quarter of LVIS's validation set."""
    table_a, table_b = simulate(LVIS_SIZED, seed=0)
    bootstrap(table_a, 20)
    start = time.process_time()
    bootstrap(table_a, TIMED_RESAMPLES)
    middle = time.process_time()
    compare(table_a, table_b, TIMED_RESAMPLES)
    factor = 1000 / TIMED_RESAMPLES
    return {
        "images": LVIS_SIZED.num_images,
        "detections": len(table_a),
        "bootstrap_1000": factor * (middle - start),
        "compare_1000": factor * (time.process_time() - middle),
    }


def coverage(distribution: Distribution, datasets: int, resamples: int) -> dict[str, float]:
    """Shares of the data sets whose interval of AP, or of the difference, holds the truth."""
    further = [simulate(distribution, 10**6 + seed) for seed in range(TRUTH_DATASETS)]
    truth_a, truth_b = np.nanmean([[mean_ap(table) for table in pair] for pair in further], axis=0)
    covered = []
    for seed in range(datasets):
        table_a, table_b = simulate(distribution, seed)
        ours = bootstrap(table_a, resamples, seed).metrics["AP"]
        paired = compare(table_a, table_b, resamples, seed).metrics["AP"]
        ap_a, ap_b = plain_resamples([table_a, table_b], resamples, seed)
        bounds = np.nanquantile([ap_a, ap_b - ap_a], [0.025, 0.975], axis=1)
        covered.append(
            {
                "plain AP": bounds[0, 0] <= truth_a <= bounds[1, 0],
                "AP": ours.low <= truth_a <= ours.high,
                "plain difference": bounds[0, 1] <= truth_b - truth_a <= bounds[1, 1],
                "difference": paired.low <= truth_b - truth_a <= paired.high,
            }
        )
    return {name: float(np.mean([row[name] for row in covered])) for name in covered[0]}


def plain_resamples(tables: Sequence[MatchTable], resamples: int, seed: int) -> NDArray[np.float64]:
    """(M, B) AP of the same resamples, neither moved nor stretched."""
    weighted = [WeightedAP(table) for table in tables]
    draws = list(draw_weights(len(tables[0].image_ids), resamples, seed))
    return np.array([[defined_mean(one.per_category(w)) for w in draws] for one in weighted])


def mean_ap(table: MatchTable) -> float:
    """AP of all images, NaN without an instance."""
    return defined_mean(table.ap_per_category())


def defined_mean(ap: NDArray[np.float64]) -> float:
    """Mean over the categories that occur."""
    return float(ap[ap >= 0].mean()) if (ap >= 0).any() else np.nan


def simulate(distribution: Distribution, seed: int) -> list[MatchTable]:
    """The matches of both models on one data set; they share images, instances and most luck."""
    rng = np.random.default_rng(seed)
    num_images, presence = distribution.num_images, distribution.presence
    category, image = np.nonzero(rng.random((len(presence), num_images)) < presence[:, None])
    difficulty, luck = rng.beta(2, 2, num_images)[image], rng.random(len(image))
    is_shared = rng.random(len(image)) < SHARED_LUCK
    tables = []
    for skill in distribution.skills:
        chance = np.minimum(skill * (1.5 - difficulty), 1)[:, None]
        drawn = np.where(is_shared, luck, rng.random(len(image)))[:, None]
        matched = drawn < chance * (1 - np.arange(NUM_THRESHOLDS) / NUM_THRESHOLDS)
        found = matched[:, 0]
        num_false = rng.poisson(distribution.false_positives * num_images)
        labels = rng.choice(len(presence), num_false, p=presence / presence.sum())
        scores = np.concatenate([rng.beta(4, 2, found.sum()), rng.beta(2, 4, num_false)])
        rows = (
            np.concatenate([image[found], rng.integers(num_images, size=num_false)]),
            np.concatenate([category[found], labels]),
            scores,
            np.concatenate([matched[found], np.zeros((num_false, NUM_THRESHOLDS), bool)]),
        )
        tables.append(_table(num_images, len(presence), rows, image, category))
    return tables


def _table(
    num_images: int,
    num_categories: int,
    rows: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]],
    gt_image: NDArray[np.int64],
    gt_category: NDArray[np.int64],
) -> MatchTable:
    counts = {"frequency": "f", "image_count": 1, "instance_count": 1}
    records = [{"id": i, "name": str(i), **counts} for i in range(num_categories)]
    image, category, score, matched = rows
    order = np.lexsort((-score, category))
    return MatchTable(
        categories=CategoryTable.from_records(records, "simulation"),
        image_ids=np.arange(num_images),
        image=image[order],
        category=category[order],
        score=score[order],
        row=order,
        matched=matched[order],
        ignored=np.zeros_like(matched),
        starts=np.searchsorted(category[order], np.arange(num_categories + 1)),
        gt_image=gt_image,
        gt_category=gt_category,
        gt_count=np.ones_like(gt_image),
    )


if __name__ == "__main__":
    run(main)
