"""Request of a sweep: which values of a variant are searched, how, on what data, in which rungs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from longtail.cluster.nodes.plan import DataFiles, Plan, Row, make_plan
from longtail.config.base import fingerprint
from longtail.config.search_space import Point, SearchSpace
from longtail.config.variant import Variant
from longtail.sweep.layout import Layout, lay_out


def rung_steps(iterations: int, num_rungs: int, reduction: int) -> tuple[int, ...]:
    """Iterations of the rungs of successive halving, rising, the last one the end.

    The first is `iterations / reduction ** (num_rungs - 1)`, rounded up, each further one
    `reduction` times the one before: as ASHA places them (Li et al. 2020, section 3).

    Args:
        iterations: Of the stage that trials train.
        num_rungs: How many, from 1.
        reduction: From 2.
    """
    steps = [-(-iterations // reduction ** (num_rungs - 1))]
    while steps[-1] * reduction < iterations:
        steps.append(steps[-1] * reduction)
    if steps[-1] < iterations:
        steps.append(iterations)
    return tuple(steps)


Algorithm = Literal["grid", "random", "optuna"]
Scheduler = Literal["asha", "median", "none"]


@dataclass(frozen=True)
class Sweep:
    """What is searched.

    Attributes:
        base: The variant that every trial is a changed copy of; its seed is that of all trials.
        space: What varies.
        data: What is trained and evaluated on.
        algorithm: How points are chosen.
        num_trials: How many are wanted; a grid has as many as it has points.
        metrics: What to raise, each a column of the result table; with several, `scheduler` is
            "none".
        scheduler: Which trials are stopped early.
        num_rungs: How often a trial is evaluated on its way, the end included.
        reduction: Of the trials at a rung, one in so many goes on.
        seed: Of the choice of points.
        resamples: Resamples of the images for the intervals of finished trials.
    """

    base: Variant
    space: SearchSpace
    data: DataFiles
    algorithm: Algorithm
    num_trials: int
    metrics: tuple[str, ...]
    scheduler: Scheduler
    num_rungs: int
    reduction: int
    seed: int
    resamples: int

    @property
    def id(self) -> str:
        """Twelve hex digits; `num_trials` is left out, so that a sweep can be made longer."""
        return fingerprint(self.identity())

    def identity(self) -> dict[str, Any]:
        """Everything that decides about the trials and their order, as a JSON tree."""
        tree: dict[str, Any] = {
            "base": self.base.identity(),
            "space": self.space.describe(),
            "train": self.data.train_digest,
            "val": self.data.val_digest,
            "algorithm": self.algorithm,
            "metrics": list(self.metrics),
            "scheduler": self.scheduler,
            "rungs": list(self.rungs),
            "reduction": self.reduction,
            "seed": self.seed,
            "resamples": self.resamples,
        }
        if self.data.exhaustive:
            tree["exhaustive"] = True
        if self.data.semantic is not None:
            tree["semantic"] = self.data.semantic.digest
        if self.data.also:
            tree["also"] = {file.name: file.identity for file in self.data.also}
        # The numbers of later points rest on it.
        return tree | ({"alike": "left out"} if self.num_alike else {})

    @cached_property
    def layout(self) -> Layout | None:
        """The points of a grid or of a random search; None where optuna chooses as it goes."""
        if self.algorithm == "optuna":
            return None
        return lay_out(self.space, self.base, self.algorithm, self.num_trials, self.seed)

    @property
    def num_alike(self) -> int:
        """Points left out because they mean the same variant as one that was laid out."""
        return 0 if self.layout is None else self.layout.num_alike

    @property
    def trains(self) -> bool:
        """Whether trials differ in what they train, not in test-time settings alone."""
        return any(not path.startswith("inference.") for path in self.space.dimensions)

    @property
    def rungs(self) -> tuple[int, ...]:
        """Iterations of the last stage after which a trial is evaluated, the end included."""
        iterations = self.base.stages[-1].schedule.iterations
        if self.scheduler == "none":
            return (iterations,)
        return rung_steps(iterations, self.num_rungs, self.reduction)

    def variant_at(self, point: Point) -> Variant:
        """The variant that a trial trains."""
        return self.space.at(self.base, point)

    def row(self, number: int, point: Point) -> Row:
        """The row of a trial: its variant and the chain of its nodes."""
        (row,) = self.plan({f"trial {number}": point}).rows
        return row

    def base_plan(self) -> Plan:
        """The row of the base itself."""
        return make_plan({"sweep": self.base}, (self.base.seed,), self.data, self.resamples)

    def plan(self, points: dict[str, Point]) -> Plan:
        """The rows of several trials by name."""
        variants = {name: self.variant_at(point) for name, point in points.items()}
        return make_plan(variants, (self.base.seed,), self.data, self.resamples)
