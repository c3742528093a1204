"""Result files of any program, evaluated once and kept in the cache: `--ann` with `--pred`."""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dashboards.counted import counted
from dashboards.sources.evaluated import evaluated_row
from dashboards.sources.found import Found, Row
from ensemble.sources.finished_result import ResultSource
from longtail.caches import cache_folder
from longtail.evaluation.lvis import MAX_DETS, evaluate
from longtail.evaluation.recording.files import write_evaluation_files
from longtail.files import sha256_of, write_json
from longtail.locks import held
from longtail.problems import BadInputError
from longtail.progress import evaluation_progress

RESAMPLES = 1000
FORM = 1
"""Of what is kept; another one is evaluated again."""
DONE, STORE, WORK = "done.json", "predictions", ".reading"
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
    names = "_".join(row.name for row in rows)
    return Found(names, "results", None, facts, rows, tree=tree)


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
    with held(folder / "lock", PATIENCE_SECONDS):
        if not (folder / DONE).is_file():
            _evaluate(result, annotations, config, folder, say)
            write_json(folder / DONE, identity)
    more = {"predictions": folder / STORE, "annotations": annotations}
    return evaluated_row(result.name, "result", folder, **more)


def _evaluate(
    result: ResultSource, annotations: Path, config: dict[str, Any], folder: Path, say: Say
) -> None:
    work, store = folder / WORK, folder / STORE
    for left_behind in (work, store):
        shutil.rmtree(left_behind, ignore_errors=True)
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
