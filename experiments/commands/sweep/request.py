"""What a sweep's command line asks for, resolved: base variant, space, data files and settings."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import cast

from experiments.commands.run_request import RunRequest
from experiments.commands.sweep.named_space import tail_threshold
from experiments.commands.variant_files import ENDING, find_variant
from experiments.spaces import DELEGATED_SPACES, SPACES
from longtail.cluster.nodes.plan import DataFiles
from longtail.cluster.nodes.settings import check_writable
from longtail.cluster.work.connection import check_machine
from longtail.config.base import parse_assignments
from longtail.config.dimensions import Dimension, values_of
from longtail.config.search_space import SearchSpace
from longtail.config.search_words import parse_search
from longtail.config.variant import Variant
from longtail.metrics import RESULT_METRICS
from longtail.sweep.defined import check_metrics
from longtail.sweep.layout import lay_out, num_distinct
from longtail.sweep.request import Algorithm, Scheduler, Sweep
from longtail.sweep.search.initial_points import fixed_points
from longtail.sweep.settings import SweepSettings

DEFAULT_TRIALS = 20
SPACE_NAMES = (*SPACES, *DELEGATED_SPACES)
SCHEDULERS = ("asha", "median", "none")
NEEDS_CHECKPOINTS = ("pbt", "pb2", "hyperband", "bohb")
"""Schedulers of Ray Tune that pause a trial or copy it from another one's checkpoint."""
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"


@dataclass
class SweepRequest:
    """The options of `experiments/sweep.py`; see its help for their meaning."""

    run: RunRequest
    space: str | None
    searched: tuple[str, ...]
    variant: str | None
    assignments: tuple[str, ...]
    algorithm: str | None
    trials: int | None
    metrics: tuple[str, ...]
    scheduler: str | None
    rungs: int
    reduction: int
    concurrent: int | None
    seed: int
    name: str | None

    def sweep(self) -> Sweep:
        """Resolve the request to what is searched.

        Raises:
            ValueError: An unknown name, a wrong range or `--set`, or options that do not fit
                together.
            BadInputError: A data file or a variant's file cannot be used.
            InfrastructureError: The runs folder cannot be written, or this machine can never hold
                the workers.
        """
        self._check_words()
        self._check_scheduler()
        check_machine(self.run.resources, self.run.address)
        check_writable(self.run.runs)
        base, space = self._base_and_space()
        if not any("roi_stages" in path for path in space.dimensions):
            self.run.check_semantic([base])
        self.run.check_also({"sweep": base})
        self.run.check_other_data({"sweep": base}, self.data)
        check_metrics(self.metrics, self.data.val, exhaustive=self.data.exhaustive)
        algorithm, num_trials = self._algorithm(base, space)
        sweep = Sweep(
            base=base,
            space=space,
            data=self.data,
            algorithm=algorithm,
            num_trials=num_trials,
            metrics=self.metrics,
            scheduler="none",
            num_rungs=self.rungs,
            reduction=self.reduction,
            seed=self.seed,
            resamples=self.run.resamples,
        )
        _check_points(sweep)
        scheduler = self._scheduler(sweep.trains)
        if scheduler != "none":
            _check_views(base, space)
        return replace(sweep, scheduler=scheduler)

    def settings(self) -> SweepSettings:
        """Where and with what it runs."""
        return SweepSettings(self.run.settings(self.sweep_name), self.concurrent)

    @cached_property
    def data(self) -> DataFiles:
        """What is trained and evaluated on."""
        return self.run.data()

    @property
    def sweep_name(self) -> str:
        """What its folder is called: as asked for, else after the space or the variant."""
        return self.name or self.space or Path(self.variant or "").name.removesuffix(ENDING)

    def _check_words(self) -> None:
        if not self.space and not self.searched:
            raise ValueError(
                f"nothing to search: give --space, one of {', '.join(SPACE_NAMES)}, or"
                " --search 'PATH=loguniform(1e-4,1e-2)' with --variant"
            )
        if self.space and self.space not in SPACES:
            raise ValueError(f"--space {self.space}: unknown; there are {', '.join(SPACE_NAMES)}")
        if not self.space and not self.variant:
            raise ValueError("--search varies a variant: name it with --variant, or give a --space")
        if not re.fullmatch(NAME, self.sweep_name):
            raise ValueError(f"--name {self.sweep_name}: letters, digits and _ . - alone")
        if wrong := [name for name in self.metrics if name not in RESULT_METRICS]:
            raise ValueError(f"--metric {wrong[0]}: none of {', '.join(RESULT_METRICS)}")

    def _check_scheduler(self) -> None:
        if self.scheduler in NEEDS_CHECKPOINTS:
            raise ValueError(
                f"--scheduler {self.scheduler}: it goes on from checkpoints in Ray Tune's hands,"
                " and a trial that trains by workers of its own never gives Tune one, so it would"
                " silently search at random; take asha or median, which stop trials"
            )
        if self.scheduler not in (None, *SCHEDULERS):
            raise ValueError(f"--scheduler {self.scheduler}: none of {', '.join(SCHEDULERS)}")
        if len(self.metrics) > 1 and self.scheduler not in (None, "none"):
            raise ValueError(
                f"--scheduler {self.scheduler}: stops trials by one metric, and there are"
                f" {', '.join(self.metrics)}; leave it out, or give one --metric"
            )

    def _base_and_space(self) -> tuple[Variant, SearchSpace]:
        named = SPACES[self.space] if self.space else None
        word = self.variant or (named.base if named else "")
        base = find_variant(f"--variant {word}", word, self.run)
        base = base.override(parse_assignments(self.assignments))
        train = self.data.train
        dimensions: dict[str, Dimension] = {}
        if named is not None:
            try:
                base = named.start(base, lambda: tail_threshold(train))
                dimensions.update(named.on(base, lambda: tail_threshold(train)).dimensions)
                SearchSpace(dimensions).check(base)
            except ValueError as error:
                raise ValueError(f"--space {self.space} on {word}: {error}") from None
        dimensions.update(parse_search(self.searched, base).dimensions)
        space = SearchSpace(dimensions)
        try:
            space.check(base)
        except ValueError as error:
            raise ValueError(f"--search on {word}: {error}") from None
        self._check_schedules(base, space)
        return base, space

    def _check_schedules(self, base: Variant, space: SearchSpace) -> None:
        last = f"stages.{len(base.stages) - 1}.schedule.iterations"
        if last in space.dimensions:
            raise ValueError(
                f"--search {last}: trials are compared after equal numbers of iterations of their"
                " last stage; compare lengths as rows of a grid"
            )
        self.run.check_workers(base)
        for path, dimension in space.dimensions.items():
            if path.endswith(".schedule.images_per_step"):
                for images in values_of(dimension):
                    self.run.check_workers(base.override({path: images}))

    def _algorithm(self, base: Variant, space: SearchSpace) -> tuple[Algorithm, int]:
        """How points are chosen and how many trials there are."""
        size, trials = num_distinct(space, base), self.trials or DEFAULT_TRIALS
        finite = size is not None and size <= trials
        algorithm = self.algorithm or ("grid" if finite else "optuna")
        if algorithm == "grid":
            try:
                num_points = len(lay_out(space, base, "grid", 0, 0).points)
            except ValueError as error:
                raise ValueError(f"--algorithm grid: {error}") from None
            if self.trials is not None and self.trials < num_points:
                raise ValueError(
                    f"--trials {self.trials}: the grid has {num_points} points; leave --trials"
                    " out, or take --algorithm random"
                )
            return "grid", num_points
        if size is not None and self.trials is not None and size < self.trials:
            raise ValueError(
                f"--trials {self.trials}: the space has {size} points; --algorithm grid tries each"
                " of them once"
            )
        if size is not None:
            return cast(Algorithm, algorithm), min(trials, size)
        num_trials = len(lay_out(space, base, "random", trials, self.seed).points)
        if num_trials == 1 < trials:
            raise ValueError(
                "every point means the same variant: what is searched has no effect beside the"
                " other values of the variant; vary something else"
            )
        return cast(Algorithm, algorithm), num_trials

    def _scheduler(self, trains: bool) -> Scheduler:
        if self.scheduler is None:
            return "asha" if trains and len(self.metrics) == 1 else "none"
        if self.scheduler != "none" and not trains:
            raise ValueError(
                f"--scheduler {self.scheduler}: trials differ in test-time settings alone and train"
                " nothing that could be stopped; leave it out"
            )
        return cast(Scheduler, self.scheduler)


def _check_views(base: Variant, space: SearchSpace) -> None:
    """Trials are compared on their way, where no views are predicted."""
    tta = "inference.tta"
    if base.inference.tta is not None or any(path.startswith(tta) for path in space.dimensions):
        raise ValueError(
            f"{tta}: trials that are stopped early are compared by predictions that see every image"
            f" once; set {tta}=null and give the best one views in a grid, or take --scheduler none"
        )


def _check_points(sweep: Sweep) -> None:
    """Values that will do alone may break a rule together."""
    for point in fixed_points(sweep) or ():
        try:
            sweep.variant_at(point)
        except ValueError as error:
            raise ValueError(f"the values {dict(point)} do not go together: {error}") from None
