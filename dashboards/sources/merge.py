"""A merge's folder: what was asked for, what became of the detections, AP of sources and steps."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dashboards.sources.files import read_tree
from dashboards.sources.found import Difference, Found, Row
from dashboards.sources.shapes.merges import (
    MergeEvaluation,
    MergeRequest,
    MergeStatistics,
    ResultFile,
)
from ensemble.calibration.file import Calibration
from ensemble.merging.folder import EVALUATION, MATCHES, MERGE, MERGED, RESULT, STATS
from ensemble.outputs.evaluation import AGAINST_BEST, WARNINGS
from ensemble.sources.spec import MERGED as LAST_STEP
from longtail.files import sha256_of
from longtail.problems import BadInputError

AGAIN = "run the merge's command again, which goes on or writes it anew"


def is_merge(folder: Path) -> bool:
    """Whether a merge, ended or not, was made there."""
    return (folder / MERGE).is_file()


def read_merge(folder: Path) -> Found:
    """What a merge left so far.

    Returns:
        Rows of the sources under their names, then of the merge under the folder's. `tree` has
        what the merge was asked for (`request`), its `statistics` and `evaluation`, empty where
        they are not there, and its `calibration`, a `Calibration` or None.

    Raises:
        BadInputError: A file is damaged, or of another form.
    """
    request = read_tree(folder / MERGE, AGAIN, MergeRequest)
    statistics = _read_if_there(folder / STATS, MergeStatistics)
    evaluation = _read_if_there(folder / EVALUATION, MergeEvaluation)
    if evaluation and LAST_STEP not in evaluation["steps"]:
        raise BadInputError(f"{folder / EVALUATION}: no step {LAST_STEP!r}; {AGAIN}")
    calibration, lost = _calibration(request)
    return Found(
        name=folder.name,
        kind="merge",
        folder=folder,
        facts=tuple(_facts(request, statistics)),
        rows=tuple(_rows(folder, request, statistics, evaluation)),
        differences=tuple(_differences(folder.name, evaluation)),
        missing=(*_missing(folder, statistics, evaluation), *lost),
        warnings=(*evaluation.get(WARNINGS, ()), *_flattered(request, calibration)),
        tree={
            "request": request,
            "statistics": statistics,
            "evaluation": evaluation,
            "calibration": calibration,
        },
    )


def _read_if_there(path: Path, shape: Any) -> dict[str, Any]:
    return read_tree(path, AGAIN, shape) if path.is_file() else {}


def _rows(
    folder: Path,
    request: Mapping[str, Any],
    statistics: Mapping[str, Any],
    evaluation: Mapping[str, Any],
) -> Iterator[Row]:
    if not evaluation:
        return
    annotations = _if_there(request["annotations"]["path"])
    paths = {of["name"]: _if_there(of["path"]) for of in request["sources"]}
    digests = {of["name"]: of.get("sha256") for of in request["sources"]}
    for name, tree in evaluation["sources"].items():
        yield Row(
            name,
            "source",
            part_of_merge(tree, statistics),
            variant_name=name,
            predictions=paths.get(name),
            digest=digests.get(name),
            annotations=annotations,
        )
    yield Row(
        folder.name,
        "merge",
        part_of_merge(evaluation["steps"][LAST_STEP], statistics),
        folder=_if_there(folder / MATCHES),
        variant_name=folder.name,
        predictions=_if_there(folder / MERGED),
        annotations=annotations,
    )


def part_of_merge(tree: Mapping[str, Any], statistics: Mapping[str, Any]) -> dict[str, Any]:
    """A source or step of a merge as an evaluation's own file has it.

    Args:
        tree: The part of the merge's `evaluation.json`; merges of before kept no AP by category.
        statistics: The tree of `stats.json`; empty where it is not there.
    """
    records = tree.get("per_category", [])
    seen = {"images": statistics.get("images", 0), "categories": len(records)}
    return {**tree, "per_category": records, "counts": {**seen, **tree.get("counts", {})}}


def _differences(name: str, evaluation: Mapping[str, Any]) -> Iterator[Difference]:
    if against := evaluation.get(AGAINST_BEST):
        yield Difference(name, against["source"], against["kind"], against)


def _facts(request: Mapping[str, Any], statistics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    settings = request["settings"]
    names = [of["name"] for of in request["sources"]]
    yield "merged", f"{len(names)} {'source' if len(names) == 1 else 'sources'}: {', '.join(names)}"
    fusion = settings["fusion"]
    yield "fusion", f"{fusion['method']} at IoU {fusion['iou_thr']:g}, masks by {fusion['mask']}"
    if statistics:
        cap = statistics["cap"]
        share = cap["share_of_images_where_it_binds"]
        yield "cap", f"{settings['max_dets']} an image; it binds in {share:.0%} of the images"


def _missing(
    folder: Path, statistics: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> Iterator[str]:
    name = folder.name
    made = _read_if_there(folder / RESULT, ResultFile).get("files", {})
    if not (folder / RESULT).is_file():
        yield f"{name}: the merge has not ended; {AGAIN}"
    elif gone := [of for of in (STATS, EVALUATION) if of in made and not (folder / of).is_file()]:
        yield f"{name}: {' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} gone; {AGAIN}"
    elif not evaluation:
        yield f"{name}: it has no AP, since it was made without annotations or with --no-evaluate"
    if evaluation and not evaluation["steps"][LAST_STEP].get("per_category"):
        yield f"{name}: it kept no AP by category; merge again with --force, which keeps it"
    if statistics and not all("clusters" in of for of in statistics["sources"].values()):
        yield (
            f"{name}: what each source found alone was not counted; merge again with --force,"
            " which counts it"
        )


def _calibration(request: Mapping[str, Any]) -> tuple[Calibration | None, tuple[str, ...]]:
    """The calibration that was used; None, and why, where it is gone or another one by now."""
    written = request["settings"].get("calibration")
    if written is None:
        return None, ()
    path = Path(written)
    if not path.is_file():
        return None, (f"{path}: the calibration is no longer there, so its maps are not drawn",)
    if sha256_of(path) != request.get("calibration"):
        return None, (f"{path}: not the calibration that was merged with; its maps are not drawn",)
    return Calibration.load(path), ()


def _flattered(request: Mapping[str, Any], calibration: Calibration | None) -> Iterator[str]:
    if calibration and calibration.annotations == request["annotations"]["sha256"]:
        yield "the calibration was fitted on the annotations that judge the merge: AP flatters it"


def _if_there(path: str | Path) -> Path | None:
    return Path(path) if Path(path).exists() else None
