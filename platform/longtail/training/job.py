"""What the training of a stage is asked for, and how it ended: plain values."""

from dataclasses import dataclass
from pathlib import Path

from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.data.joining.also_file import AlsoFile

DIVERGED = "diverged.txt"
"""In a stage's directory: why it is not trained further. Without the file it is tried again."""


@dataclass(frozen=True)
class StageJob:
    """Everything a worker needs to know, as values that can be pickled.

    Attributes:
        variant: The whole variant.
        stage: Index of the stage to train.
        train_annotations: The annotation file.
        images: Folder of its images.
        directory: The node's own directory: journal and checkpoints go there.
        initial_weights: Final checkpoint of the stage before; None for stage 0.
        loader_processes: Processes per worker that prepare samples; 0 prepares in the worker.
        until: Iterations after which it pauses, with a checkpoint; None trains to the end.
        exhaustive: Every category is labelled in every image of the annotation file.
        semantic: Folder of the images' PNGs of classes, where the variant has a semantic branch.
        also: Other files, at least those that the stage names.
    """

    variant: Variant
    stage: int
    train_annotations: Path
    images: Path
    directory: Path
    initial_weights: Path | None
    loader_processes: int
    until: int | None = None
    exhaustive: bool = False
    semantic: Path | None = None
    also: tuple[AlsoFile, ...] = ()

    @property
    def last_step(self) -> int:
        """Iterations that are done when the call returns."""
        iterations = self.config.schedule.iterations
        return iterations if self.until is None else min(self.until, iterations)

    @property
    def config(self) -> Stage:
        """Configuration of the stage."""
        return self.variant.stages[self.stage]

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.directory / "checkpoints"

    @property
    def divergence(self) -> Path:
        """The file that says why the stage is not trained further."""
        return self.directory / DIVERGED


@dataclass(frozen=True)
class StageOutcome:
    """How a call of `train_stage` ended.

    Attributes:
        step: Optimizer steps done in all; those before the call if the stage diverged.
        finished: Whether that is all of them; False after `should_stop`.
        protected_categories: Tail categories that the equalization loss spares; 0 without it.
        skipped_checkpoints: Damaged checkpoints that were passed over, and what is wrong with them.
        lost_steps: Steps that had to be done again for that reason, or because stages trained in
            one pass go on from a checkpoint that all of them have.
        diverged: Why the stage is not trained further; None if nothing is wrong.
    """

    step: int
    finished: bool
    protected_categories: int
    skipped_checkpoints: tuple[str, ...]
    lost_steps: int
    diverged: str | None = None
