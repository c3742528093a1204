"""What telemetry adds to a training step, as a share of the step's processor time.

The classifier alone is run forward and backward with and without telemetry, in turn: the median of
the differences is what telemetry costs. A whole training step at the same size, measured beside it,
is what it is a share of. One process, one thread, processor time. At LVIS's size the whole step is
too slow on a processor: one image at a short side of 400 pixels stands in for each, with all of its
RoIs, so the share is an upper bound.
"""

import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from experiments.variants.eql_2019 import SOFTMAX_R50
from experiments.variants.scale import demo_scale
from longtail.commands import run
from longtail.config import classifiers as config
from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.variant import Variant
from longtail.data.loading.batches import training_batches
from longtail.data.loading.sample import Sample
from longtail.data.lvis.annotations import open_annotations
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.base import ClassificationTargets, Classifier
from longtail.models.classifiers.build import build_classifier
from longtail.training.telemetry import Telemetry

CPU = torch.device("cpu")
CLASSIFIERS: tuple[config.SingleClassifier, ...] = (
    config.Softmax(),
    config.Equalization(),
    config.BalancedGroupSoftmax(),
    config.EqualizationV2(),
)


@dataclass(frozen=True)
class Size:
    """How large a step is.

    Attributes:
        name: What the table calls it.
        variant: Says detector, pictures and images of a step.
        num_categories: K.
        side: Of the synthetic pictures in pixels.
        step_images: Images of the step that is measured.
        all_images: Images of a worker's step, whose RoIs telemetry counts.
    """

    name: str
    variant: Variant
    num_categories: int
    side: int
    step_images: int
    all_images: int

    @property
    def rois(self) -> int:
        """R, of a worker's step."""
        return self.all_images * self.variant.detector.box_head.rois_per_image

    def statistics(self) -> CategoryStatistics:
        """Of made-up categories, from 10,000 instances down to 1."""
        rank = torch.arange(self.num_categories)
        instances = (10_000 / (1 + rank)).long().clamp(min=1)
        groups = torch.where(instances < 100, 0, 2)
        return CategoryStatistics((instances + 1) // 2, instances, groups, self.all_images)


def sizes() -> tuple[Size, ...]:
    """The demo's, and LVIS v1's with 512 RoIs of 2 images."""
    half = (Resize(short_sides=(400,), long_side_cap=667), HorizontalFlip())
    lvis = SOFTMAX_R50.replace(stages=(SOFTMAX_R50.stages[0].replace(augmentations=half),))
    return (
        Size("demo", demo_scale(SOFTMAX_R50), 30, 128, step_images=4, all_images=4),
        Size("LVIS", lvis, 1203, 500, step_images=1, all_images=2),
    )


@click.command()
@click.option("--repeats", default=60, show_default=True, help="Steps of a classifier alone.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the figures here as JSON.")
def main(repeats: int, out: Path | None) -> None:
    """Measure what telemetry adds to a training step.

    \b
    Example:
      python -m benchmarks.telemetry --out build/telemetry.json
    """
    torch.set_num_threads(1)
    results = []
    for size in sizes():
        step = whole_step(size)
        click.echo(f"{size.name}: {size.step_images} images in {step:.3f} CPU s")
        for classifier in CLASSIFIERS:
            record = measure(size, classifier, repeats)
            share = record["added_cpu_seconds"] / (step * size.all_images / size.step_images)
            results.append({"size": size.name, "step_cpu_seconds": step, **record, "share": share})
            click.echo(
                f"  {classifier.name:24} {1e3 * record['added_cpu_seconds']:7.2f} CPU ms,"
                f" {100 * share:.3f} % of a step, {record['operations']} operations"
            )
    machine = f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}"
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        figures = {"machine": machine, "repeats": repeats, "results": results}
        out.write_text(json.dumps(figures, indent=1))


def whole_step(size: Size, repeats: int = 3) -> float:
    """Median processor seconds of a forward, backward and optimizer step of the detector."""
    torch.manual_seed(0)
    variant = size.variant
    stage = variant.stages[0]
    engine = build_engine(variant.detector, stage.classifier, variant.inference, size.statistics())
    model = cast(nn.Module, engine).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    samples = pictures(size)

    def step() -> None:
        losses = model(samples)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()

    step()
    return statistics.median(cpu_seconds(step) for _ in range(repeats))


def pictures(size: Size) -> list[Sample]:
    """The images of the step that is measured."""
    variant = size.variant
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        parameters = Parameters(40, 1, 0, categories=20, size=size.side, seed=0)
        write_dataset(out, parameters)
        stage = variant.stages[0]
        schedule = stage.schedule.replace(images_per_step=size.step_images)
        batches = training_batches(
            annotations=open_annotations(out / "train.json", cache_dir=out / "cache"),
            images_root=out / "images",
            stage=stage.replace(schedule=schedule),
            data=variant.data,
            seed=0,
        )
        return next(batches).samples


def measure(size: Size, classifier: config.SingleClassifier, repeats: int) -> dict[str, Any]:
    """What telemetry adds to the classifier's own forward and backward."""
    torch.manual_seed(0)
    channels = size.variant.detector.box_head.channels
    built = build_classifier(classifier, channels, size.statistics())
    features = torch.randn(size.rois, channels)
    targets = draw_targets(size)
    telemetry = Telemetry(size.num_categories, CPU)

    def step(watched: bool) -> Callable[[], None]:
        return lambda: learn(built, features, targets, telemetry if watched else None)

    added, alone = [], []
    for _ in range(repeats):
        without = cpu_seconds(step(watched=False))
        added.append(cpu_seconds(step(watched=True)) - without)
        alone.append(without)
    return {
        "classifier": classifier.name,
        "categories": size.num_categories,
        "rois": size.rois,
        "classifier_cpu_seconds": statistics.median(alone),
        "added_cpu_seconds": statistics.median(added),
        "added_cpu_seconds_quartiles": statistics.quantiles(added, n=4)[::2],
        "operations": count_operations(step(watched=True)) - count_operations(step(watched=False)),
    }


def draw_targets(size: Size) -> ClassificationTargets:
    """A quarter of the RoIs are of a category, as the RoI sampler makes it."""
    labels = torch.randint(0, size.num_categories, (size.rois,))
    labels[size.rois // 4 :] = size.num_categories
    verified = torch.rand(size.rois, size.num_categories) < 0.01
    return ClassificationTargets(labels, verified, torch.ones(size.rois))


def learn(
    classifier: Classifier,
    features: Tensor,
    targets: ClassificationTargets,
    telemetry: Telemetry | None,
) -> None:
    """Forward and backward of the classifier."""
    logits = classifier(features)
    if telemetry:
        telemetry.watch(classifier, logits, targets)
    classifier.loss(logits, targets).backward()  # type: ignore[no-untyped-call]


def cpu_seconds(call: Callable[[], None]) -> float:
    """Processor time of all threads of this process."""
    start = time.process_time()
    call()
    return time.process_time() - start


class OperationCount(TorchDispatchMode):
    """Counts what would each be a kernel of an accelerator, or less."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))


def count_operations(call: Callable[[], None]) -> int:
    """Tensor operations of a call, views included."""
    with OperationCount() as counter:
        call()
    return counter.count


if __name__ == "__main__":
    run(main)
