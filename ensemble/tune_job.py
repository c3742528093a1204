"""One search from a request to a finished folder, with what it tells its user."""

import shlex
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from ensemble.calibration_fit import FitSettings, fit_calibration
from ensemble.calibration_maps import MAP_TYPES
from ensemble.merge_file import write_merge_file
from ensemble.merge_options import settings_of
from ensemble.outputs import write_json
from ensemble.tune_bench import save_bench
from ensemble.tune_held_out import START, TUNED, HeldOut
from ensemble.tune_journal import TRIALS, Trial, TrialJournal, best_trial
from ensemble.tune_prepare import labelled_sources, make_bench, open_halves
from ensemble.tune_request import TuneRequest, begin, digest_of_request
from ensemble.tune_search import OnTrial, search
from ensemble.tune_space import Space
from ensemble.tune_tables import print_held_out, print_trials
from ensemble.tune_tracking import TrialPublisher
from longtail.commands import output_console

REPORT, MERGE_FILE, CALIBRATION = "tune.json", "merge.yaml", "calibration.json"
FILES = REPORT, MERGE_FILE, CALIBRATION, TRIALS
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
        ValueError: `out` holds another search.
        BadInputError: A source or the annotations cannot be used.
        InfrastructureError: Ray cannot be reached, or lost a trial.
    """
    described = request.describe()
    begin(out, described)
    publisher = TrialPublisher(digest_of_request(described), out.name, experiment, messages)
    journal = TrialJournal(out / TRIALS)
    for left_over in out.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(left_over)
    if journal.trials:
        messages.print(f"{out}: going on after {len(journal.trials)} trials")

    def on_trial(point: dict[str, Any], result: dict[str, Any], seconds: float) -> None:
        _tell(journal.add(point, result, seconds), request)
        publisher.publish(journal.trials, "RUNNING")

    with TemporaryDirectory(prefix=WORK_PREFIX, dir=out) as folder:
        place = num_workers, address
        best, held_out = _tune(request, journal, Path(folder), out / CALIBRATION, place, on_trial)
    _write(request, journal, best, held_out, out)
    publisher.publish(
        journal.trials, "FINISHED", [out / name for name in FILES if (out / name).is_file()]
    )


def _tune(
    request: TuneRequest,
    journal: TrialJournal,
    work: Path,
    calibration: Path,
    place: tuple[int, str | None],
    on_trial: OnTrial,
) -> tuple[Trial, HeldOut]:
    """The best trial, and what the other half says of it; its calibration is written."""
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
    best = best_trial(journal.trials, request.metric)
    kind = space.calibration_at(best.point)
    calibration.unlink(missing_ok=True)
    if kind in MAP_TYPES:
        fit_calibration(labelled, tuned_on.truth, FitSettings(kind)).save(calibration)
    options, specs = chosen_options(space, best, calibration), space.specs_at(best.point)
    held_out.add_merge(TUNED, specs, options)
    held_out.add_without(specs, options)
    return best, held_out


def _write(
    request: TuneRequest, journal: TrialJournal, best: Trial, held_out: HeldOut, out: Path
) -> None:
    """Write the report and merge.yaml, and show both."""
    differences = held_out.differences()
    report = {
        "request": request.describe(),
        "best": {"trial": best.number, "point": best.point, "result": best.result},
        "trials": len(journal.trials),
        "merges_judged": sum(t.result.get("margins_tried", 0) for t in journal.trials),
        "images_of_the_other_half": len(held_out.truth.images),
        "held_out": held_out.rows,
        "tuned_minus": differences,
    }
    write_json(out / REPORT, report)
    options = chosen_options(request.space, best, out / CALIBRATION)
    _write_merge_file(request, best, options, out / MERGE_FILE)
    print_trials(journal.trials, request.metric, console)
    print_held_out(held_out.rows, differences, console)
    command = f"python -m ensemble.merge --config {shlex.quote(str(out / MERGE_FILE))}"
    console.print(
        f"wrote {out / MERGE_FILE}; use it: {command} --out NEW_FOLDER",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def chosen_options(space: Space, best: Trial, calibration: Path) -> dict[str, Any]:
    """The options of `ensemble.merge` that a trial stands for.

    Args:
        space: What was searched.
        best: The trial.
        calibration: The file of its calibration, if it has one.
    """
    options = space.options_at(best.point)
    if calibration.is_file():
        options["calibration"] = calibration.absolute()
    for name in ("rare_margin", "common_margin"):
        options[name] = best.result[name]
    return options


def _write_merge_file(
    request: TuneRequest, best: Trial, options: dict[str, Any], path: Path
) -> None:
    specs = request.space.specs_at(best.point)
    _, resolved = settings_of(options, len(specs))
    written = {"zip" if key == "zipped" else key: value for key, value in resolved.items()}
    if written["calibration"] is not None:
        written["calibration"] = str(written["calibration"])
    words = {"pred": [spec.word() for spec in specs], "ann": str(request.ann.absolute())}
    write_merge_file(path, words | written)


def _tell(trial: Trial, request: TuneRequest) -> None:
    value = 100 * trial.result[request.metric]
    problem = trial.result.get("problem")
    what = problem or f"{request.metric} {value:.2f} in {trial.seconds:.1f} CPU seconds"
    messages.print(f"trial {trial.number + 1} of {request.num_trials}: {what}")
