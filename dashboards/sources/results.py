"""Result files of any program, evaluated once and kept in the cache: `--ann` with `--pred`."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboards.counted import counted
from dashboards.sources.evaluated import boxes_of_masks, evaluated_row
from dashboards.sources.found import Found, Row
from ensemble.sources.finished_result import ResultSource
from longtail.caches import cache_folder
from longtail.evaluation.lvis import MAX_DETS, evaluate
from longtail.evaluation.recording.files import write_evaluation_files
from longtail.files import sha256_of, write_json
from longtail.locks import held
from longtail.predictions.manifest import MANIFEST_NAME
from longtail.predictions.working_copies import told_as_given
from longtail.problems import BadInputError
from longtail.progress import evaluation_progress

RESAMPLES = 1000
NAMED = 4
"""Results that a heading names, at most."""
FORM = 1
"""Of what is kept; another one is evaluated again."""
DONE, STORE, WORK, LOCK = "done.json", "predictions", ".reading", "lock"
FILES = "files"
"""Key of the digests in `done.json`."""
PATIENCE_SECONDS = 24 * 3600.0
Say = Callable[[str], object]


def read_results(
    annotations: Path,
    results: Sequence[ResultSource],
    say: Say,
    *,
    exhaustive: bool = False,
    resamples: int = RESAMPLES,
) -> Found:
    """Evaluate result files, or find what was found of them before.

    Args:
        annotations: The annotation file.
        results: What the words of `--pred` name.
        say: Told what is read and evaluated.
        exhaustive: Every category is labelled in every image.
        resamples: Resamples of the images for intervals.

    Raises:
        BadInputError: A file cannot be used.
    """
    config = {"max_dets": MAX_DETS, "resamples": resamples, "exhaustive": exhaustive}
    rows = tuple(_row(result, annotations, config, say) for result in results)
    counts = rows[0].evaluation["counts"]
    images = counted(counts["images"], "image")
    categories = counted(counts["categories"], "category")
    facts = (
        ("evaluated on", f"{images}, {categories}"),
        ("annotations", annotations.name),
    )
    tree = {"data": {"val": str(annotations), "exhaustive": exhaustive}}
    more = [f"{len(rows) - NAMED} more"] if len(rows) > NAMED else []
    names = "_".join([*(row.name for row in rows[:NAMED]), *more])
    warnings = tuple(text for row in rows for text in boxes_of_masks(row))
    return Found(names, "results", None, facts, rows, warnings=warnings, tree=tree)


def _row(result: ResultSource, annotations: Path, config: dict[str, Any], say: Say) -> Row:
    identity = {
        "form": FORM,
        "annotations": sha256_of(annotations),
        "result": result.digest,
        "options": result.options,
        **config,
    }
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    folder = cache_folder("evaluations") / digest
    folder.mkdir(parents=True, exist_ok=True)
    # What is told of the copies is told of the file that they were made of.
    given = {copy: result.path for copy in (folder / WORK, folder / STORE)}
    with held(folder / LOCK, PATIENCE_SECONDS):
        if not _is_whole(folder):
            # Before anything is written anew: what is cut short is not whole.
            (folder / DONE).unlink(missing_ok=True)
            with told_as_given(given):
                _evaluate(result, annotations, config, folder, say)
            write_json(folder / DONE, {**identity, FILES: _digests(folder)})
    more = {"predictions": folder / STORE, "digest": result.digest, "annotations": annotations}
    row = evaluated_row(result.name, "result", folder, **more)
    return replace(
        row,
        evaluation=_with_given_names(row.evaluation, given),
        diagnosis=_with_given_names(row.diagnosis, given),
    )


def _with_given_names(tree: Mapping[str, Any], given: Mapping[Path, Path]) -> dict[str, Any]:
    if "warnings" not in tree:
        return dict(tree)
    texts = list(tree["warnings"])
    for copy, original in given.items():
        texts = [text.replace(str(copy), str(original)) for text in texts]
    return {**tree, "warnings": texts}


def _is_whole(folder: Path) -> bool:
    """Whether all that was written is there as it was; an evaluation is not read if not."""
    try:
        done = json.loads((folder / DONE).read_bytes())
        return bool(done[FILES]) and done[FILES] == _digests(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 by name; of the store that of its manifest, which has those of its shards."""
    files = [*folder.iterdir(), folder / STORE / MANIFEST_NAME]
    written = [file for file in files if file.is_file() and file.name not in (DONE, LOCK)]
    return {str(file.relative_to(folder)): sha256_of(file) for file in sorted(written)}


def _evaluate(
    result: ResultSource, annotations: Path, config: dict[str, Any], folder: Path, say: Say
) -> None:
    work, store = folder / WORK, folder / STORE
    for left_behind in folder.iterdir():
        if left_behind.is_dir():
            shutil.rmtree(left_behind)
        elif left_behind.name != LOCK:
            left_behind.unlink()
    work.mkdir()
    say(f"reading {result.name}")
    opened = result.read_to(work, annotations).directory
    if opened.is_relative_to(work):
        opened.rename(store)
    else:
        shutil.copytree(opened, store)
    shutil.rmtree(work)
    say(f"evaluating {result.name}")
    exhaustive = config["exhaustive"]
    with evaluation_progress() as (on_block, on_resample):
        evaluation = evaluate(
            annotations,
            store,
            config["max_dets"],
            resamples=config["resamples"],
            keep_matches=folder if config["resamples"] else None,
            on_block=on_block,
            on_resample=on_resample,
            exhaustive=exhaustive,
        )
    try:
        files = annotations, store, folder, config["max_dets"]
        write_evaluation_files(evaluation, *files, exhaustive=exhaustive)
    except BadInputError as error:
        say(f"warning: {result.name} is shown without a diagnosis: {error}")
