"""One merge from a request to a finished folder, with what it tells its user."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from ensemble.merging import folder as outputs
from ensemble.merging.config_file import write_merge_file
from ensemble.merging.plan import MergePlan
from ensemble.merging.request import Request, duplicate_sources
from ensemble.merging.shards import MergeTask, finish_shards, merge_shard, merged_blocks
from ensemble.merging.statistics import MergeStatistics
from ensemble.merging.workers import Backend, InProcess, Place
from ensemble.outputs.console import (
    print_categories,
    print_difference,
    print_evaluation,
    print_judged,
    print_sources,
    print_stages,
    print_steps,
    print_uncovered,
    print_warnings,
)
from ensemble.outputs.evaluation import AGAINST_BEST, WARNINGS, StepEvaluator
from ensemble.outputs.recording_place import RecordingPlace, recording_place
from ensemble.outputs.submissions import evaluated, write_submissions
from ensemble.outputs.tracking import check, publish
from ensemble.sources.files import files_of
from ensemble.sources.open import expert_map, open_source
from ensemble.sources.spec import MERGED
from longtail.commands import output_console
from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.workers import Workers
from longtail.files import write_json
from longtail.path_options import short_path, typed
from longtail.predictions.store import PredictionStore
from longtail.predictions.working_copies import told_as_given
from longtail.progress import merging_progress

SLOW_FILE_BYTES = 32 * 2**20
# They take about as long to merge as a process takes to start.
DETECTIONS_OF_A_PROCESS = 2**17

messages = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def run(
    request: Request,
    out: Path,
    place: Place,
    force: bool = False,
    experiment: str | None = None,
    reported: bool = True,
) -> None:
    """Do what is asked for in the folder `out`, unless it is finished there.

    Args:
        request: What is merged, and how.
        out: The folder.
        place: Where work is done.
        force: Replace another merge that the folder holds.
        experiment: MLflow's; None for that of the grid whose row a source is, if one is.
        reported: Whether a page of the results is made.

    Raises:
        ValueError: `out` holds something else, or one of the sources; the settings do not go with
            the sources.
        BadInputError: A source or the annotations cannot be used.
        InfrastructureError: Workers were lost, or MLflow's store was left half-made.
    """
    request.check_apart(out)
    place_of_record = recording_place(request.specs, experiment, messages.print)
    check(place_of_record)
    described = request.describe()
    if outputs.is_finished(out, described, force):
        damaged = outputs.damaged_files(out)
        if not damaged:
            messages.print(f"{out}: this merge is finished; nothing to do")
            _show(out)
            _end(out, described, place_of_record, reported)
            return
        messages.print(f"{out}: {', '.join(damaged)} damaged or missing; merging again")
    # Before anything is cleared or read, so that annotations that cannot be used are found early.
    truth = request.read_truth()
    for one, other in duplicate_sources(described):
        messages.print(
            f"warning: {one} and {other} are the same predictions, which fusion takes for agreement"
        )
    if outputs.begin(out, described, force):
        messages.print(f"{out}: going on with the interrupted merge")
    write_merge_file(out / outputs.MERGE_FILE, request.options)
    with told_as_given(_given(request, out / outputs.WORK / "sources")):
        plan, stores, statistics = _merge(request, truth, out, place)
    submissions = write_submissions(plan, stores, out, messages)
    outputs.finish(out)
    _show(out)
    print_warnings(plan, statistics, messages)
    for submission in submissions:
        _say_what_next(submission, request.ann)
    _end(out, described, place_of_record, reported)


def _end(
    out: Path, described: Mapping[str, Any], place: RecordingPlace | None, reported: bool
) -> None:
    if reported:
        from dashboards.at_end import report_at_end

        report_at_end(out, messages.print)
    if publish(out, described, place, messages) and place is not None:
        from dashboards.views.write import write_views

        write_views(place.runs, place.experiment)


def dry_run(request: Request) -> None:
    """Read, check, fuse and count everything, and write nothing."""
    request.describe()
    request.read_truth()
    temporary = TemporaryDirectory(prefix="merge-")
    with temporary as folder, told_as_given(_given(request, Path(folder))):
        plan = _open(request, Path(folder), InProcess())
        statistics = MergeStatistics(plan.names)
        with merging_progress(messages, plan.images.num_blocks) as on_block:
            for number, _ in enumerate(merged_blocks(plan, statistics)):
                on_block(number)
        tree = _statistics(plan, statistics)
    print_sources(tree, output_console())
    print_stages(tree, output_console())
    print_uncovered(tree, messages)
    print_warnings(plan, statistics, messages)
    messages.print("dry run: nothing was written")


def _given(request: Request, folder: Path) -> dict[Path, Path]:
    """The sources by their working copies."""
    return {folder / spec.name: spec.path for spec in request.specs}


def _merge(
    request: Request, truth: GroundTruth | None, out: Path, place: Place
) -> tuple[MergePlan, dict[str, PredictionStore], MergeStatistics]:
    """Merge all shards and evaluate; everything but the submissions is written."""
    work, settings = out / outputs.WORK, request.settings
    with place.backend(_num_slow(request)) as backend:
        plan = _open(request, work / "sources", backend)
    with Workers(place.processes) as workers:
        evaluation = settings.resamples, work / "evaluation", workers, messages
        evaluator = None if truth is None else StepEvaluator(truth, *evaluation)
        sources = evaluator.sources(plan) if evaluator else {}
        steps = work / "steps" if evaluator and settings.steps and plan.has_masks else None
        boxes = out / outputs.BOXES if settings.with_bbox else None
        task = MergeTask(plan, out / outputs.MERGED, work / "shards", steps, boxes)
        stores, statistics = _merge_shards(task, place)
        counts = _statistics(plan, statistics)
        write_json(out / outputs.STATS, counts)
        if evaluator:
            write_json(out / outputs.EVALUATION, evaluated(evaluator, sources, stores, plan))
            evaluator.keep_matches(out / outputs.MATCHES)
    return plan, stores, statistics


def _num_slow(request: Request) -> int:
    """Sources whose reading takes longer than it takes to start a process."""
    files = [path for spec in request.specs for path in files_of(spec) if path.is_file()]
    return sum(path.stat().st_size >= SLOW_FILE_BYTES for path in files)


def _open(request: Request, folder: Path, backend: Backend) -> MergePlan:
    """Make all sources ready and check that they go together."""
    images, categories = request.read_annotations()
    for spec in request.specs:
        mapping = expert_map(spec, categories)
        if mapping is not None:
            print_categories(spec.name, mapping, messages)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = []
    for spec in request.specs:
        messages.print(f"reading {spec.name} ({short_path(spec.path)})")
        tasks.append((spec, images, categories, folder, request.settings.strict))
    opened = {source.spec.name: source for source in backend.run(open_source, tasks)}
    return request.plan(images, categories, [opened[spec.name] for spec in request.specs])


def _merge_shards(
    task: MergeTask, place: Place
) -> tuple[dict[str, PredictionStore], MergeStatistics]:
    shards = task.unfinished_shards()
    num_found = task.plan.images.num_shards - len(shards)
    if num_found:
        messages.print(f"{num_found} of {task.plan.images.num_shards} shards are merged already")
    numbers = [task.plan.images.blocks_of_shard(shard) for shard in shards]
    total = sum(map(len, numbers))
    num_worthy = _num_worthy(task.plan, len(shards))
    with place.backend(num_worthy) as backend, merging_progress(messages, total) as on_block:
        if isinstance(backend, InProcess):
            for shard in shards:
                merge_shard(task, shard, on_block)
        else:
            for shard in backend.run(merge_shard, [(task, shard) for shard in shards]):
                for number in task.plan.images.blocks_of_shard(shard):
                    on_block(number)
    return finish_shards(task)


def _num_worthy(plan: MergePlan, num_shards: int) -> int:
    """Processes that a number of shards keep busy for longer than their start takes."""
    stores = [PredictionStore.open(source.directory) for source in plan.sources]
    num_detections = sum(store.num_detections for store in stores)
    share = num_detections * num_shards // max(1, plan.images.num_shards)
    return min(num_shards, share // DETECTIONS_OF_A_PROCESS)


def _statistics(plan: MergePlan, statistics: MergeStatistics) -> dict[str, Any]:
    tree = statistics.as_dict()
    for source in plan.sources:
        # What an import noted: records dropped by kind, masks written in unusual ways.
        notes = PredictionStore.open(source.directory).manifest.notes
        is_expert = source.spec.categories is not None
        tree["sources"][source.spec.name] |= {"notes": notes, "is_expert": is_expert}
    return tree


def _show(out: Path) -> None:
    console, statistics = output_console(), json.loads((out / outputs.STATS).read_text())
    print_sources(statistics, console)
    print_stages(statistics, console)
    if (out / outputs.EVALUATION).is_file():
        tree = json.loads((out / outputs.EVALUATION).read_text())
        print_evaluation({**tree["sources"], MERGED: tree["steps"][MERGED]}, console)
        if len(tree["steps"]) > 1:
            print_steps(tree["steps"], console)
        print_judged({**tree["sources"], MERGED: tree["steps"][MERGED]}, console)
        if AGAINST_BEST in tree:
            print_difference(tree[AGAINST_BEST], console)
        for warning in tree.get(WARNINGS, ()):
            messages.print(f"warning: {warning}", style="yellow")
    print_uncovered(statistics, messages)


def _say_what_next(submission: Path, ann: Path) -> None:
    file = typed(submission)
    lines = [f"wrote {file}"]
    if submission.name in (outputs.SUBMISSION, outputs.ZIPPED):
        lines += [f"check it: python -m ensemble.validate {file} --ann {typed(ann)}"]
    for line in lines:
        output_console().print(line, highlight=False, soft_wrap=True)
