"""One search from a request to a finished folder, with what it tells its user."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from ensemble.tune_bench import save_bench
from ensemble.tune_held_out import START, TUNED, HeldOut
from ensemble.tune_journal import Trial, TrialJournal
from ensemble.tune_members import MemberFiles
from ensemble.tune_pareto import front, objectives, thinned
from ensemble.tune_prepare import labelled_sources, make_bench, open_halves
from ensemble.tune_report import Outcome, artifacts, show, write_report
from ensemble.tune_request import TuneRequest, begin, digest_of_request
from ensemble.tune_search import OnTrial, search
from ensemble.tune_tracking import TrialPublisher
from longtail.commands import output_console

WORK_PREFIX = ".work-"

console = output_console()
messages = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def run(
    request: TuneRequest, out: Path, num_workers: int, address: str | None, experiment: str
) -> None:
    """Search on one half, report on the other, and write what `ensemble.merge --config` takes.

    Args:
        request: What is asked for.
        out: Folder of the search; a search that was interrupted there goes on.
        num_workers: Trials at a time.
        address: Of a Ray cluster; None starts one of this machine.
        experiment: MLflow experiment of the trials.

    Raises:
        ValueError: `out` holds another search, or no trial is a merge.
        BadInputError: A source or the annotations cannot be used.
        InfrastructureError: Ray cannot be reached, or lost a trial.
    """
    described = request.describe()
    begin(out, described)
    publisher = TrialPublisher(digest_of_request(described), out.name, experiment, messages)
    journal = TrialJournal(out)
    for left_over in out.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(left_over)
    if journal.trials:
        messages.print(f"{out}: going on after {len(journal.trials)} trials")

    def on_trial(point: dict[str, Any], result: dict[str, Any], seconds: float) -> None:
        _tell(journal.add(point, result, seconds), request)
        publisher.publish(journal.trials, "RUNNING")

    with TemporaryDirectory(prefix=WORK_PREFIX, dir=out) as folder:
        place = num_workers, address
        outcome = _tune(request, journal, Path(folder), out, place, on_trial)
    write_report(request, journal, outcome, out)
    show(request, journal, outcome, out, console)
    publisher.publish(journal.trials, "FINISHED", artifacts(out))


def _tune(
    request: TuneRequest,
    journal: TrialJournal,
    work: Path,
    out: Path,
    place: tuple[int, str | None],
    on_trial: OnTrial,
) -> Outcome:
    """The merges of the front, and what the other half says of them; their files are written."""
    space, say = request.space, messages.print
    tuned_on, other = open_halves(request, work, say)
    held_out = HeldOut(other.truth, other.sources, int(space.options["resamples"]), work, say)
    # Before the search, so that sources that cannot be merged are found early.
    held_out.add_sources()
    held_out.add_merge(START, space.specs, space.options)
    say("matching the half that is tuned on")
    labelled = labelled_sources(tuned_on)
    bench = make_bench(request, tuned_on, labelled, work / "union", say)
    save_bench(work / "bench", bench)
    wanted = request.num_trials, request.seed
    search(work / "bench", journal.trials, *wanted, *place, work / "ray", on_trial)
    names = objectives(request.wanted)
    whole = front(journal.trials, journal.margins, names)
    if not whole:
        problem = journal.trials[0].result["problem"]
        raise ValueError(f"no trial is a merge; the first: {problem}")
    outcome = Outcome(
        names, len(whole), thinned(whole, names), held_out, len(tuned_on.truth.images)
    )
    files = MemberFiles(request, labelled, tuned_on.truth, out)
    files.clear()
    for number, member in enumerate(outcome.members):
        options, specs = files.write(member, number), space.specs_at(member.trial.point)
        held_out.add_merge(outcome.row_of(number), specs, options)
        if outcome.row_of(number) == TUNED:
            held_out.add_without(specs, options)
    for warning in tuned_on.warnings:
        say(f"warning: {warning}")
    return outcome


def _tell(trial: Trial, request: TuneRequest) -> None:
    values = (f"{name} {100 * trial.result[name]:.2f}" for name in request.wanted)
    problem = trial.result.get("problem")
    what = problem or f"{', '.join(values)} in {trial.seconds:.1f} CPU seconds"
    messages.print(f"trial {trial.number + 1} of {request.num_trials}: {what}")
