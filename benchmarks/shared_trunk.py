"""CPU time of training K classifiers over one frozen trunk in one pass, and in K runs of their own.

At the size of `--scale demo`: the synthetic set of 96 images and 30 categories, a detector whose
first stage is trained for some steps, and eight second stages that freeze all but the classifier.
A run is all that a training worker does in its process, from opening the annotations to the final
checkpoint. One process, one thread, no Ray. The runs take turns: half of those alone, the pass,
the other half.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from experiments.variants.eql_2019 import SOFTMAX_R50
from experiments.variants.scale import demo_scale
from longtail.commands import run
from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Equalization,
    EqualizationV2,
    Federated,
    Seesaw,
    Sigmoid,
    Softmax,
)
from longtail.config.stages import Stage
from longtail.config.trunk import TRUNK

if TYPE_CHECKING:
    from longtail.training.stage import StageJob

SWEEP: dict[str, Classifier] = {
    f"equalization {share:g}": Equalization(tail_frequency=share)
    for share in (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3)
}
KINDS: dict[str, Classifier] = {
    "sigmoid": Sigmoid(),
    "equalization": Equalization(),
    "federated": Federated(),
    "balanced group softmax": BalancedGroupSoftmax(),
    "seesaw": Seesaw(),
    "equalization v2": EqualizationV2(),
    "calibrated, 2fc_rand": Calibrated(head="2fc_rand"),
}
SETS: dict[str, dict[str, Classifier]] = {
    "a sweep of lambda": {"softmax": Softmax(), **SWEEP},
    "eight kinds": {"softmax": Softmax(), **KINDS},
}


@click.command()
@click.option("--iterations", default=90, show_default=True, help="Steps of a second stage.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the figures here as JSON.")
def main(iterations: int, out: Path | None) -> None:
    """Compare one pass over a frozen trunk with separate runs.

    \b
    Example:
      python -m benchmarks.shared_trunk --out build/shared_trunk.json
    """
    import torch

    torch.set_num_threads(1)
    machine = f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}"
    figures: dict[str, Any] = {"machine": machine, "iterations": iterations}
    with TemporaryDirectory() as folder:
        os.environ["LONGTAIL_CACHE"] = str(Path(folder) / "cache")
        first = first_stage(Path(folder), iterations)
        for name, classifiers in SETS.items():
            record = compare(first, classifiers, iterations, name)
            figures[name] = record
            click.echo(
                f"{name}: {record['classifiers']} classifiers in one pass"
                f" {record['one_pass_cpu_seconds']:.1f} CPU s, one alone"
                f" {record['one_run_cpu_seconds']:.1f} (ratio {record['pass_to_one_run']:.2f}),"
                f" all alone {record['all_runs_cpu_seconds']:.1f};"
                f" weights differ by at most {record['largest_weight_difference']:g}"
            )
            if out:
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_text(json.dumps(figures, indent=1) + "\n")


def first_stage(folder: Path, iterations: int) -> "StageJob":
    """A detector with a softmax classifier, trained for as many steps as its heads will be."""
    from longtail.data.synthetic.dataset import Parameters, write_dataset
    from longtail.training.stage import StageJob

    data = folder / "data"
    write_dataset(data, Parameters(96, 48, 24, categories=30, size=128, seed=0))
    variant = demo_scale(SOFTMAX_R50, iterations)
    files = data / "train.json", data / "images"
    job = StageJob(variant, 0, *files, folder / "first", None, loader_processes=0)
    cpu_seconds([job])
    return job


def compare(
    first: "StageJob", classifiers: Mapping[str, Classifier], iterations: int, folder: str
) -> dict[str, Any]:
    """Train the classifiers together and each alone."""
    alone, together = (
        [second_stage(first, one, iterations, f"{folder}, {how}") for one in classifiers.values()]
        for how in ("alone", "together")
    )
    half = len(alone) // 2
    seconds = [cpu_seconds([job]) for job in alone[:half]]
    one_pass = cpu_seconds(together)
    seconds += [cpu_seconds([job]) for job in alone[half:]]
    one_run = statistics.mean(seconds)
    pairs = zip(together, alone, strict=True)
    differences = [weight_difference(*pair, iterations) for pair in pairs]
    return {
        "classifiers": len(alone),
        "one_pass_cpu_seconds": round(one_pass, 2),
        "one_run_cpu_seconds": round(one_run, 2),
        "runs_alone_cpu_seconds": dict(
            zip(classifiers, [round(s, 2) for s in seconds], strict=True)
        ),
        "all_runs_cpu_seconds": round(sum(seconds), 2),
        "pass_to_one_run": round(one_pass / one_run, 3),
        "pass_to_all_runs": round(one_pass / sum(seconds), 3),
        "largest_weight_difference": max(differences),
    }


def second_stage(
    first: "StageJob", classifier: Classifier, iterations: int, folder: str
) -> "StageJob":
    """A stage that trains the classifier over the frozen first stage."""
    from dataclasses import replace

    from longtail.training.checkpoints import final_checkpoint

    stage = head_stage(first.config, classifier)
    return replace(
        first,
        variant=first.variant.replace(stages=(first.config, stage)),
        stage=1,
        directory=first.directory.with_name(folder) / classifier.fingerprint(),
        initial_weights=final_checkpoint(first.directory, iterations),
    )


def head_stage(first: Stage, classifier: Classifier) -> Stage:
    """The first stage's settings with all but the classifier frozen."""
    inherits = isinstance(classifier, Calibrated)
    return first.replace(
        classifier=classifier,
        freeze=tuple(sorted(TRUNK)),
        recreate=() if inherits else ("classifier",),
    )


def cpu_seconds(jobs: "Sequence[StageJob]") -> float:
    """Processor time of training jobs in one pass."""
    import torch

    from longtail.training.stage import train_stages

    start = time.process_time()
    outcomes = train_stages(jobs, rank=0, world_size=1, device=torch.device("cpu"))
    assert all(outcome.finished for outcome in outcomes)
    return time.process_time() - start


def weight_difference(one: "StageJob", other: "StageJob", iterations: int) -> float:
    """The largest difference of a trained weight or buffer."""
    from longtail.training.checkpoints import Checkpoint, final_checkpoint

    first, second = (
        Checkpoint(final_checkpoint(job.directory, iterations)).weights() for job in (one, other)
    )
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)


if __name__ == "__main__":
    run(main)
