"""One search from a request to a finished folder, with what it tells its user."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console

from ensemble.outputs.recording_place import RecordingPlace, recording_place, runs_folder
from ensemble.outputs.tracking import check
from ensemble.tuning.held_out import START, TUNED, HeldOut
from ensemble.tuning.journal import Trial, TrialJournal
from ensemble.tuning.objective.meaning import num_merges
from ensemble.tuning.objective.trial import Objective
from ensemble.tuning.objective.trial_files import save_objective
from ensemble.tuning.pareto import front, objectives, thinned
from ensemble.tuning.pareto_files import ParetoMergeFiles
from ensemble.tuning.prepare import (
    HALVES,
    Say,
    judged_counts,
    labelled_sources,
    make_objective,
    open_splits,
    read_annotations,
)
from ensemble.tuning.report import Outcome, artifacts, show, write_report
from ensemble.tuning.request import TuneRequest, begin, digest_of_request
from ensemble.tuning.search import search
from ensemble.tuning.tracking import TrialPublisher
from longtail.commands import output_console
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.metrics import points_text
from longtail.predictions.working_copies import told_as_given
from longtail.tracking.address import DEFAULT_EXPERIMENT

WORK_PREFIX = ".work-"

messages = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def run(
    request: TuneRequest,
    out: Path,
    num_workers: int,
    address: str | None,
    experiment: str | None,
    reported: bool,
) -> None:
    """Search on one half, report on the other, and write what `ensemble.merge --config` takes.

    Args:
        request: What is asked for.
        out: Folder of the search, absolute; a search that was interrupted there goes on.
        num_workers: Trials at a time.
        address: Of a Ray cluster; None starts one of this machine.
        experiment: MLflow experiment of the trials; None takes that of the grid whose rows are
            among the sources, or else the default one.
        reported: Whether the folder gets a page of what was found.

    Raises:
        ValueError: `out` holds another search, a metric is undefined, or no trial is a merge.
        BadInputError: A source or the annotations cannot be used.
        InfrastructureError: Ray cannot be reached, or lost a trial, or MLflow's store was left
            half-made.
    """
    specs = request.space.specs
    place_of_record = recording_place(specs, experiment, messages.print) or RecordingPlace(
        DEFAULT_EXPERIMENT, runs_folder()
    )
    check(place_of_record)
    described = request.describe()
    truth = read_annotations(request, messages.print)
    begin(out, described)
    publisher = TrialPublisher(digest_of_request(described), out.name, place_of_record, messages)
    journal = TrialJournal(out)
    for left_over in out.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(left_over)
    if journal.trials:
        messages.print(f"{out}: going on after {len(journal.trials)} trials")

    with TemporaryDirectory(prefix=WORK_PREFIX, dir=out) as folder:
        place, work = (num_workers, address), Path(folder)
        with publisher.ended_if_interrupted(journal.trials), told_as_given(_given(request, work)):
            outcome = _tune(request, truth, journal, publisher, work, out, place)
    write_report(request, journal, outcome, out)
    show(request, journal, outcome, out, output_console())
    publisher.publish_rows(outcome.recorded_rows(), len(outcome.held_out.truth.images))
    if reported:
        from dashboards.at_end import report_at_end

        report_at_end(out, click.echo)
    publisher.publish(journal.trials, "FINISHED", artifacts(out))
    if publisher.is_recorded:
        from dashboards.views.write import write_views

        write_views(place_of_record.runs, place_of_record.experiment)


def _given(request: TuneRequest, work: Path) -> dict[Path, Path]:
    """Sources and annotations by their working copies, whole and of both halves."""
    folders = [work / name for name in ("sources", *HALVES)]
    sources = {of / spec.name: spec.path for of in folders for spec in request.space.specs}
    return sources | {work / name / "annotations.json": request.ann for name in HALVES}


def _tune(
    request: TuneRequest,
    truth: GroundTruth,
    journal: TrialJournal,
    publisher: TrialPublisher,
    work: Path,
    out: Path,
    place: tuple[int, str | None],
) -> Outcome:
    """The merges of the front, and what the other half says of them; their files are written."""
    space, say = request.space, messages.print
    tuned_on, other = open_splits(request, truth, work, say)
    held_out = HeldOut(other.truth, other.sources, int(space.options["resamples"]), work, say)
    # Before the search, so that sources that cannot be merged are found early.
    held_out.add_sources()
    held_out.add_merge(START, space.specs, space.options)
    say("matching the half that is tuned on")
    labelled = labelled_sources(tuned_on)
    judged = judged_counts(tuned_on, labelled, say)
    bench = make_objective(request, tuned_on, labelled, work / "union", say)
    save_objective(work / "bench", bench)
    num_trials = _num_trials(bench, request, say)

    def on_trial(point: dict[str, Any], result: dict[str, Any], seconds: float) -> None:
        _tell(journal.add(point, result, seconds), request, num_trials)
        publisher.publish(journal.trials, "RUNNING")

    wanted = num_trials, request.seed
    search(work / "bench", journal.trials, *wanted, *place, work / "ray", on_trial)
    names = objectives(request.wanted)
    whole = front(journal.trials, journal.margins, names)
    if not whole:
        problem = journal.trials[0].result["problem"]
        raise ValueError(f"no trial is a merge; the first: {problem}")
    outcome = Outcome(
        names, len(whole), thinned(whole, names), held_out, len(tuned_on.truth.images), judged
    )
    files = ParetoMergeFiles(request, labelled, tuned_on.truth, out)
    files.clear()
    for number, merge in enumerate(outcome.pareto_merges):
        options, specs = files.write(merge, number), space.specs_at(merge.trial.point)
        held_out.add_merge(outcome.row_of(number), specs, options)
        if outcome.row_of(number) == TUNED:
            held_out.add_without(specs, options)
    for warning in tuned_on.warnings:
        say(f"warning: {warning}")
    return outcome


def _num_trials(bench: Objective, request: TuneRequest, say: Say) -> int:
    """Trials that there can be; told where they are fewer than are asked for."""
    number = num_merges(bench.space)
    if number is None or number >= request.num_trials:
        return request.num_trials
    merges = "1 merge" if number == 1 else f"{number} different merges"
    say(
        f"the space has {merges}, margins apart: no more trials than that, not {request.num_trials}"
    )
    return number


def _tell(trial: Trial, request: TuneRequest, num_trials: int) -> None:
    values = (f"{name} {points_text(trial.result[name])}" for name in request.wanted)
    problem = trial.result.get("problem")
    what = problem or f"{', '.join(values)} in {trial.seconds:.1f} CPU seconds"
    messages.print(f"trial {trial.number + 1} of {num_trials}: {what}")
