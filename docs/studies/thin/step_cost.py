"""CPU time of a training step by row: `python -m docs.studies.thin.step_cost`.

Rows take turns, so that what else the machine does meets all alike.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import cast

import click
import torch
from torch import nn

from docs.studies.thin.painting import write_thin_set
from docs.studies.thin.rows import study_rows
from longtail.commands import run
from longtail.config.variant import Variant
from longtail.data.loading.batches import training_batches
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.training.weights.freezing import freeze, set_training_mode

ROWS = ("plain", "level", "balanced", "boundary", "all", "cascade", "htc")
UNCOUNTED = 3
"""Steps of each row at the start."""


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/thin", show_default=True)
@click.option("--steps", default=20, show_default=True, help="Of each row that are counted.")
def main(runs: Path, steps: int) -> None:
    """Print the median CPU seconds of a step, and that over the plain row's."""
    torch.set_num_threads(1)
    runs = runs.resolve()
    train, _, images = write_thin_set(runs / "data")
    annotations, known = open_annotations(train), study_rows(runs)
    training = {name: _steps(known[name], annotations, images) for name in ROWS}
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(UNCOUNTED + steps):
        for name, of_row in training.items():
            seconds[name].append(next(of_row))
    medians = {name: median(of_row[UNCOUNTED:]) for name, of_row in seconds.items()}
    for name, value in medians.items():
        click.echo(f"{name}: {value:.3f} s, {value / medians['plain']:.2f} of plain")


def _steps(variant: Variant, annotations: Annotations, images: Path) -> Iterator[float]:
    """Does a step each time it is asked; its CPU seconds."""
    stage = variant.stages[0]
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    detector = variant.detector.without_weights()
    engine = build_engine(detector, stage.classifier, variant.inference, statistics)
    module = cast(nn.Module, engine)
    freeze(engine, stage.freeze)
    set_training_mode(engine, stage.freeze)
    learned = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=1e-3)
    batches = training_batches(
        annotations=annotations,
        images_root=images,
        stage=stage,
        data=variant.data,
        seed=0,
        start=(0, 0),
        loader_processes=0,
    )
    for batch in batches:
        start = time.process_time()
        losses = engine.losses(batch.samples)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        optimizer.step()
        optimizer.zero_grad()
        yield time.process_time() - start


if __name__ == "__main__":
    run(main)
