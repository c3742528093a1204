"""One selection from a request to a finished folder, with what it tells its user."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ensemble.merging.config_file import write_merge_file
from ensemble.merging.options import settings_of
from ensemble.selection.console import StepProgress, messages, print_steps
from ensemble.selection.greedy import Counts, best_of, candidates, members_of, told
from ensemble.selection.halves import Halves, options_of
from ensemble.selection.journal import SelectionJournal, Step
from ensemble.selection.pool import PROBLEM
from ensemble.selection.request import MERGE_FILE, REPORT, SelectRequest, begin
from ensemble.tuning.prepare import HALVES, read_annotations
from ensemble.tuning.split import split_images
from longtail.commands import output_console
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.defined import require_defined
from longtail.files import write_json
from longtail.metrics import GROUP_METRICS, UNDEFINED, signed_points_text
from longtail.path_options import short_path, typed
from longtail.predictions.working_copies import told_as_given

WORK_PREFIX = ".work-"
Tree = dict[str, Any]


def run(request: SelectRequest, out: Path, force: bool) -> None:
    """Choose members on one half, tell their gains on the other, and write a merge.yaml.

    Args:
        request: What is asked for.
        out: Folder of the selection, absolute; one that was interrupted there goes on.
        force: Start anew, whatever selection the folder holds.

    Raises:
        ValueError: `out` holds something else, the metric is undefined, or nothing can be merged.
        BadInputError: A member or the annotations cannot be used.
    """
    described = request.describe()
    truth = _read(request)
    begin(out, described, force)
    journal = SelectionJournal(out)
    for left_over in out.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(left_over)
    _check_length(request, journal, out)
    if len(journal):
        messages.print(f"{out}: going on after {len(journal)} selections that were judged")
    with TemporaryDirectory(prefix=WORK_PREFIX, dir=out) as folder:
        work = Path(folder)
        with told_as_given(_given(request, work)):
            selection = Selection(request, journal, Halves(request, truth, work, messages.print))
            selection.go()
    warnings = list(selection.warnings)
    _write(request, described, truth, selection, out)
    print_steps(selection.steps, request.metric, selection.stopped, warnings, output_console())
    file = out / MERGE_FILE
    output_console().print(
        f"wrote {short_path(file)}: {told(selection.chosen)}; use it: python -m ensemble.merge"
        f" --config {typed(file)} --out NEW_FOLDER",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _check_length(request: SelectRequest, journal: SelectionJournal, out: Path) -> None:
    """Refuse to put a shorter selection in the place of a finished one."""
    kept = sum(step.is_kept for step in journal.steps)
    if (out / MERGE_FILE).exists() and request.max_members < kept:
        raise ValueError(
            f"--max-members {request.max_members}: {out} holds a selection of {kept} members; give"
            " another --out, or replace it with --force"
        )


def dry_run(request: SelectRequest) -> None:
    """Read and halve everything, say how much there is to judge, and write nothing."""
    request.describe()
    truth = _read(request)
    with TemporaryDirectory(prefix="select-") as folder:
        work = Path(folder)
        with told_as_given(_given(request, work)):
            pool = Halves(request, truth, work, messages.print).pool
    images, names = len(pool.split.truth.images), [spec.name for spec in request.specs]
    messages.print(
        f"each step judges {len(names)} merges on {images} images, {len(pool.inputs.rows):,}"
        f" detections of {', '.join(names)}; at most {request.max_members} steps"
    )
    messages.print("dry run: nothing was written")


def _read(request: SelectRequest) -> GroundTruth:
    """The annotations, of which both halves define the metric."""
    truth = read_annotations(request, messages.print)
    _, other = split_images(truth.images.ids, request.seed)
    half = f"the half of {request.ann} that --half-seed {request.seed} leaves for the gains"
    require_defined(request.wanted, truth.of_images(other), half, GROUP_METRICS)
    return truth


def _given(request: SelectRequest, work: Path) -> dict[Path, Path]:
    """Sources and annotations by their working copies, whole and of both halves."""
    folders = [work / name for name in ("sources", *HALVES)]
    sources = {of / spec.name: spec.path for of in folders for spec in request.specs}
    return sources | {work / name / "annotations.json": request.ann for name in HALVES}


@dataclass
class Selection:
    """The steps, one after the other.

    Attributes:
        request: What is asked for.
        journal: What is known already.
        halves: What the rest is judged on.
        chosen: How often each member was chosen.
        steps: Those that were made; the last may not be kept.
        stopped: Why there are no more.
    """

    request: SelectRequest
    journal: SelectionJournal
    halves: Halves
    chosen: Counts = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    stopped: str = ""

    @property
    def warnings(self) -> list[str]:
        """What a reader of the gains should know; none where all of them were known already."""
        return list(dict.fromkeys(w for step in self.steps for w in step.warnings))

    def go(self) -> None:
        """Add members until there is a reason to stop.

        Raises:
            ValueError: No member can be merged.
        """
        while not self.stopped:
            if sum(self.chosen.values()) >= self.request.max_members:
                self.stopped = f"--max-members {self.request.max_members}"
                return
            self._step()

    def _step(self) -> None:
        metric, number = self.request.metric, len(self.steps) + 1
        tried = candidates(self.chosen, [spec.name for spec in self.request.specs])
        results = self._judged(number, tried)
        name = best_of({name: float(result[metric]) for name, result in results.items()})
        result = results[name]
        if result[metric] == UNDEFINED:
            raise ValueError(f"no member can be merged; {name}: {result[PROBLEM]}")
        if self.chosen and result[metric] <= self.steps[-1].chosen_on[metric]:
            self.stopped = f"no member raises {metric} of the half that is chosen on"
            return
        step = self._told_step(number, name, tried[name], result)
        self.steps.append(step)
        if step.is_kept:
            self.chosen = step.members
            return
        assert step.gain is not None
        gain = step.gain[metric]
        low, high = (signed_points_text(gain[end]) for end in ("low", "high"))
        found = "is a loss" if gain["high"] < 0 else "cannot be told from 0"
        self.stopped = (
            f"the gain of {name} on the other half {found}: {metric}"
            f" {signed_points_text(gain['difference'])} ({low} to {high})"
        )

    def _judged(self, number: int, tried: Mapping[str, Counts]) -> dict[str, Tree]:
        """The results of all candidates of a step; those that are known are not judged again."""
        known = {name: self.journal.result_of(counts) for name, counts in tried.items()}
        missing = [name for name, result in known.items() if result is None]
        progress = StepProgress(number, self.request.metric, len(missing))
        for name in missing:
            if self.journal.result_of(tried[name]) is None:
                self.journal.add_candidate(tried[name], self.halves.pool.judge(tried[name]))
            progress.tell(name, self.journal.result_of(tried[name]) or {})
        return {name: self.journal.result_of(counts) or {} for name, counts in tried.items()}

    def _told_step(self, number: int, name: str, members: Counts, result: Tree) -> Step:
        """The step with what the other half says of it."""
        if number <= len(self.journal.steps):
            return self.journal.steps[number - 1]
        row = self.halves.row(members)
        gain = self.halves.gain(self.chosen, members) if self.chosen else None
        metrics = {of: float(result[of]) for of in GROUP_METRICS}
        real = gain is None or _is_real(gain[self.request.metric])
        step = Step(name, members, metrics, row, gain, real, self.halves.warnings)
        self.journal.add_step(step)
        return step


def _is_real(gain: Mapping[str, float]) -> bool:
    return gain["standard_error"] != UNDEFINED and gain["low"] > 0


def _write(
    request: SelectRequest, described: Tree, truth: GroundTruth, selection: Selection, out: Path
) -> None:
    """Write select.json, and then merge.yaml, which says that all is there."""
    first, second = split_images(truth.images.ids, request.seed)
    steps = [
        {"added": step.added, "members": step.members, "chosen_on": step.chosen_on}
        | {"held_out": step.held_out, "gain": step.gain, "is_kept": step.is_kept}
        for step in selection.steps
    ]
    report = {
        "request": described,
        "chosen": selection.chosen,
        "stopped": selection.stopped,
        "images_chosen_on": len(first),
        "images_of_the_other_half": len(second),
        "selections_judged": len(selection.journal),
        "steps": steps,
        "warnings": selection.warnings,
    }
    write_json(out / REPORT, report)
    specs = members_of(request.specs, selection.chosen)
    given = options_of(request.options, selection.chosen)
    # With one source the method is another, whose defaults are not those of the one asked for.
    _, resolved = settings_of(given, max(2, len(specs)))
    written = {
        "zip" if key == "zipped" else key: value
        for key, value in resolved.items()
        if given[key] is not None
    }
    words = {"pred": [spec.word() for spec in specs], "ann": str(request.ann)}
    write_merge_file(out / MERGE_FILE, words | written)
