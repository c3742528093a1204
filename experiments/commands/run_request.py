"""What the options of `run_options` ask for, resolved: data files, scale, workers and places."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from experiments.commands.also_files import check_used, parse_also, stages_with_files
from experiments.variants.other_files import WHERE_FROM
from experiments.variants.scale import DEMO_ITERATIONS, demo_scale
from longtail.cluster.data_files import find_data_files, find_predicted_files, find_val_file
from longtail.cluster.nodes.plan import RESAMPLES, DataFiles
from longtail.cluster.nodes.settings import GridSettings, WorkerResources
from longtail.config.roi_stages import semantic_branch_of
from longtail.config.variant import Variant
from longtail.data.joining.check import Pictures, check_other_data
from longtail.data.joining.other_data import require_given
from longtail.data.lvis.annotations import open_annotations
from longtail.path_options import short_path
from longtail.tracking.address import DEFAULT_EXPERIMENT, check_experiment


@dataclass
class RunRequest:
    """The options that grid and sweep share; see their help for the meaning."""

    train: Path | None
    val: Path | None
    images: Path | None
    semantic: Path | None
    also: tuple[str, ...]
    exhaustive: bool
    scale: str | None
    iterations: int | None
    runs: Path
    resamples: int = RESAMPLES
    workers: int = 1
    cpus_per_worker: float = 1.0
    gpus_per_worker: float = 0.0
    loader_processes: int = 0
    address: str | None = None
    dashboard: bool = False
    experiment: str = DEFAULT_EXPERIMENT

    def __post_init__(self) -> None:
        check_experiment(self.experiment)
        if self.iterations is not None and not self.is_demo:
            raise ValueError(
                f"--iterations {self.iterations}: shortens --scale demo; here set"
                " stages.0.schedule.iterations and what belongs to it with --set"
            )
        self.runs = self.runs.resolve()

    @property
    def resources(self) -> WorkerResources:
        """What a node occupies."""
        return WorkerResources(self.workers, self.cpus_per_worker, self.gpus_per_worker)

    def settings(self, name: str) -> GridSettings:
        """Where and with what nodes run.

        Args:
            name: Of the grid or sweep.
        """
        return GridSettings(
            runs=self.runs,
            resources=self.resources,
            address=self.address,
            dashboard=self.dashboard,
            loader_processes=self.loader_processes,
            experiment=self.experiment,
            name=name,
        )

    def words(self) -> list[str]:
        """The options, as they are to be typed for a grid over the same files and workers."""
        given = {
            "--train": self.train and short_path(self.train),
            "--val": self.val and short_path(self.val),
            "--images": self.images and short_path(self.images),
            "--semantic": self.semantic and short_path(self.semantic),
            "--exhaustive": "" if self.exhaustive else None,
            "--resamples": self.resamples if self.resamples != RESAMPLES else None,
            "--workers": self.workers if self.workers != 1 else None,
            "--cpus-per-worker": self.cpus_per_worker if self.cpus_per_worker != 1 else None,
            "--gpus-per-worker": self.gpus_per_worker or None,
            "--loader-processes": self.loader_processes or None,
            "--runs": short_path(self.runs) if self.runs != Path("runs").resolve() else None,
            "--address": self.address,
            "--experiment": self.experiment if self.experiment != DEFAULT_EXPERIMENT else None,
        }
        words = [_option(name, value) for name, value in given.items() if value is not None]
        return [*words, *(_option("--also", word) for word in self.also)]

    def data(self) -> DataFiles:
        """The files; the synthetic set, made where it is not there yet, if none is named.

        Raises:
            ValueError: Options that do not fit together.
            BadInputError: A file cannot be used.
        """
        if not (self.train or self.val or self.images):
            if self.semantic is not None:
                raise ValueError(
                    f"--semantic {self.semantic}: the synthetic set has none; name the images that"
                    " it is for with --train, --val and --images"
                )
            files = _synthetic(self.runs / "data" / "synthetic")
            opened = tuple(file.opened() for file in parse_also(self.also, files.images))
            return replace(files, exhaustive=self.exhaustive, also=opened)
        if self.train is None or self.val is None:
            raise ValueError("--train, --val and --images belong together; give all three")
        return find_data_files(
            self.train,
            self.val,
            self.images,
            exhaustive=self.exhaustive,
            semantic=self.semantic,
            also=parse_also(self.also, self.images),
        )

    def data_of_trainings(self) -> DataFiles:
        """The files that finished trainings predict, where nothing is trained: `--train` may be
        left out.

        Raises:
            ValueError: Options that do not fit together.
            BadInputError: A file cannot be used.
        """
        if self.train is not None or self.val is None:
            return self.data()
        return find_predicted_files(self.val, self.images, exhaustive=self.exhaustive)

    def data_of_results(self) -> DataFiles:
        """The file that finished results are evaluated on, where nothing is trained.

        Raises:
            ValueError: It is not named, or pictures are.
            BadInputError: It cannot be used.
        """
        if self.val is None:
            raise ValueError(
                "--pred without variants: name the annotations with --val; or the rows to train"
                " with --variants or --table"
            )
        options = {"--images": self.images, "--semantic": self.semantic, "--also": self.also}
        for option, given in options.items():
            if given:
                raise ValueError(
                    f"{option}: results of --pred alone need no pictures; leave it out, or name"
                    " what is trained with --variants or --table, and --train"
                )
        return find_val_file(self.val, exhaustive=self.exhaustive)

    def scaled(self, variant: Variant) -> Variant:
        """A variant given by name at the size that is asked for."""
        return demo_scale(variant, self.iterations or DEMO_ITERATIONS) if self.is_demo else variant

    def check_semantic(self, variants: Iterable[Variant]) -> None:
        """Refuse PNGs of classes that nothing learns from.

        Raises:
            ValueError: They are given, and no variant has a semantic branch.
        """
        used = any(semantic_branch_of(variant.detector.roi_stages) for variant in variants)
        if self.semantic is not None and not used:
            raise ValueError(
                f"--semantic {self.semantic}: nothing learns from it; leave it out, or give a"
                " variant the branch: roi_stages=htc, roi_stages.semantic={}, external_data=true"
            )

    def check_also(self, variants: Mapping[str, Variant]) -> None:
        """Refuse other files that nothing learns from.

        Raises:
            ValueError: One is given, and no variant names it.
        """
        check_used(variants.values(), self.also)

    def check_other_data(self, variants: Mapping[str, Variant], data: DataFiles) -> None:
        """Look at all that the variants learn from besides the training file, and log what of it
        is left out.

        Raises:
            ValueError: A file is not given, has too few images, or pictures that are evaluated.
            BadInputError: A file or a picture cannot be used.
        """
        for path, (variant, stage) in stages_with_files(variants).items():
            require_given(path, stage, [file.name for file in data.also], WHERE_FROM)
            files = data.train, data.val
            training, evaluated = (
                Pictures(open_annotations(file, exhaustive=data.exhaustive), data.images)
                for file in files
            )
            use_empty = variant.data.use_images_without_annotations
            check_other_data(training, evaluated, stage, data.also, use_empty)

    @property
    def is_demo(self) -> bool:
        """Whether variants given by name are of the size of a demonstration."""
        return (self.scale or ("full" if self.train else "demo")) == "demo"

    def check_workers(self, variant: Variant) -> None:
        """Hold the number of workers against the images of a step.

        Raises:
            ValueError: It does not divide them.
        """
        for number, stage in enumerate(variant.stages):
            images = stage.schedule.images_per_step
            if self.workers < 1 or images % self.workers:
                raise ValueError(
                    f"--workers {self.workers}: does not divide"
                    f" stages.{number}.schedule.images_per_step ({images}); change one of them"
                )


def _option(name: str, value: object) -> str:
    """An option as it is typed; a flag has no value."""
    text = f"{value:g}" if type(value) is float else str(value)
    return f"{name} {shlex.quote(text)}" if text else name


def take_run_request(options: dict[str, Any]) -> RunRequest:
    """Take the shared options out of those that a command got."""
    return RunRequest(**{field.name: options.pop(field.name) for field in fields(RunRequest)})


def _synthetic(folder: Path) -> DataFiles:
    """The default data set: 96 training images, 30 categories."""
    from longtail.data.synthetic.dataset import Parameters, write_dataset

    write_dataset(folder, Parameters(96, 48, 24, categories=30, size=128, seed=0))
    return find_data_files(folder / "train.json", folder / "val.json", folder / "images")
