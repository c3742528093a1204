"""One merge from checked arguments to a finished folder, with what it tells its user."""

import json
import mmap
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgspec
from rich.console import Console
from rich.progress import track

from ensemble import outputs
from ensemble.before_after import AGAINST_BEST, Rows, against_best_source, evaluation_row
from ensemble.merging import Merge, write_merged
from ensemble.settings import MergeSettings
from ensemble.sources import MERGED, SourceSpec, digest_of, open_source
from ensemble.statistics import MergeStatistics
from ensemble.tables import print_difference, print_evaluation, print_stages
from longtail.categories import CategoryTable
from longtail.commands import output_console
from longtail.evaluation.lvis import MAX_DETS
from longtail.predictions.image_set import ImageSet
from longtail.predictions.json_export import export_json
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError

T = TypeVar("T")
console = output_console()
messages = Console(stderr=True, highlight=False, soft_wrap=True)


def run(
    specs: Sequence[SourceSpec],
    ann: Path,
    settings: MergeSettings,
    out: Path,
    force: bool = False,
) -> None:
    """Merge `specs` to the folder `out`, unless it is finished there.

    Raises:
        ValueError: `out` holds something else, or one of the sources.
        BadInputError: A source or `ann` cannot be used.
    """
    _check_apart(specs, out)
    request = describe_request(specs, ann, settings)
    if outputs.is_finished(out, request, force):
        damaged = outputs.damaged_files(out)
        if not damaged:
            messages.print(f"{out}: this merge is finished; nothing to do")
            _show(out)
            return
        messages.print(f"{out}: {', '.join(damaged)} damaged or missing; merging again")
    _warn_about_twins(request["sources"])
    outputs.begin(out, request)
    with TemporaryDirectory(prefix=outputs.WORK_PREFIX, dir=out) as work_dir:
        merge = _open(specs, ann, settings, Path(work_dir))
        rows: Rows = {}
        matches = Path(work_dir) / "matches"
        if settings.evaluate and has_annotations(ann):
            # Before the merge, so that annotations that cannot be used are found early.
            for spec, source in zip(specs, merge.stores, strict=True):
                rows[spec.name] = _evaluate(spec.name, source, ann, settings, matches)
        store = write_merged(merge, out / outputs.MERGED, _progress)
        outputs.write_json(out / outputs.STATS, _statistics(merge))
        if rows:
            rows[MERGED] = _evaluate(MERGED, store, ann, settings, matches)
            if settings.resamples:
                compared = matches, merge.categories, settings.resamples
                rows[MERGED][AGAINST_BEST] = against_best_source(rows, *compared)
            outputs.write_json(out / outputs.EVALUATION, rows)
    messages.print(f"writing {out / outputs.SUBMISSION}")
    export_json(store, out / outputs.SUBMISSION, with_bbox=settings.with_bbox)
    outputs.finish(out)
    _show(out)
    _warn(merge)
    _say_what_next(out, ann)


def dry_run(specs: Sequence[SourceSpec], ann: Path, settings: MergeSettings) -> None:
    """Read, check, fuse and count everything, and write nothing."""
    with TemporaryDirectory(prefix=outputs.WORK_PREFIX) as work_dir:
        merge = _open(specs, ann, settings, Path(work_dir))
        for _ in _progress(merge.blocks(), merge.images.num_blocks):
            pass
    print_stages(_statistics(merge), console)
    _warn(merge)
    messages.print("dry run: nothing was written")


def describe_request(
    specs: Sequence[SourceSpec], ann: Path, settings: MergeSettings
) -> dict[str, Any]:
    """What is asked for: settings and digests of the inputs, as merge.json keeps them."""
    if not ann.is_file():
        raise BadInputError(f"{ann}: no such file; --ann is an LVIS annotation or image_info file")
    sources = [
        {
            "name": spec.name,
            "path": str(spec.path),
            "weight": spec.weight,
            "sha256": digest_of(spec.path),
        }
        for spec in specs
    ]
    annotations = {"path": str(ann), "sha256": digest_of(ann)}
    return {"settings": settings.as_dict(), "annotations": annotations, "sources": sources}


def _check_apart(specs: Sequence[SourceSpec], out: Path) -> None:
    for spec in specs:
        if spec.path.resolve().is_relative_to(out.resolve()):
            raise ValueError(
                f"--pred {spec.name}={spec.path} lies in --out {out}, which a merge clears; "
                "give another --out"
            )


class _AnnotationsOnly(msgspec.Struct):
    annotations: list[msgspec.Raw] | None = None


def has_annotations(ann: Path) -> bool:
    """Whether an LVIS file has an annotation: test files list images and categories only."""
    with ann.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return bool(msgspec.json.decode(content, type=_AnnotationsOnly).annotations)


def _open(specs: Sequence[SourceSpec], ann: Path, settings: MergeSettings, work_dir: Path) -> Merge:
    images, categories = ImageSet.from_json(ann), CategoryTable.from_json(ann)
    if "" in categories.frequency:
        raise BadInputError(
            f"{ann}: its categories have no frequency, which margins go by; take `categories` "
            "from the training file"
        )
    stores = []
    for spec in specs:
        messages.print(f"reading {spec.name} ({spec.path})")
        stores.append(open_source(spec, images, categories, work_dir, settings.on_invalid))
    statistics = MergeStatistics([spec.name for spec in specs])
    return Merge(specs, stores, categories, settings, statistics)


def _statistics(merge: Merge) -> dict[str, Any]:
    tree = merge.statistics.as_dict()
    for spec, store in zip(merge.specs, merge.stores, strict=True):
        # What an import noted: records dropped by kind, masks written in unusual ways.
        tree["sources"][spec.name]["notes"] = store.manifest.notes
    return tree


def _evaluate(
    name: str, store: PredictionStore, ann: Path, settings: MergeSettings, matches: Path
) -> dict[str, Any]:
    messages.print(f"evaluating {name}")
    return evaluation_row(store, ann, settings.resamples, matches / name)


def _progress(items: Iterable[T], total: int) -> Iterator[T]:
    if messages.is_terminal:
        yield from track(items, "merging blocks of images", total, console=messages)
        return
    for done, item in enumerate(items, start=1):
        yield item
        if done == total or done % max(1, total // 10) == 0:
            messages.print(f"merged {done} of {total} blocks of images")


def _warn(merge: Merge) -> None:
    for name, missing in merge.statistics.images_without_detections.items():
        if missing:
            messages.print(
                f"warning: {name} has no detection in {missing} of {len(merge.images)} images; "
                "WBF counts that against what the others found there"
            )
    if merge.statistics.scores_over_one:
        messages.print(
            f"warning: {merge.statistics.scores_over_one} fused scores over 1 are written as 1, "
            "which makes ties; choose weights closer to one another"
        )
    if merge.settings.max_dets > MAX_DETS:
        messages.print(
            f"warning: evaluators keep the best {MAX_DETS} scores of an image, without margins"
        )


def _warn_about_twins(sources: Sequence[Mapping[str, Any]]) -> None:
    for one, other in combinations(sources, 2):
        if one["sha256"] == other["sha256"]:
            messages.print(
                f"warning: {one['name']} and {other['name']} are the same predictions, which "
                "fusion takes for agreement"
            )


def _show(out: Path) -> None:
    print_stages(json.loads((out / outputs.STATS).read_text()), console)
    if (out / outputs.EVALUATION).is_file():
        rows = json.loads((out / outputs.EVALUATION).read_text())
        print_evaluation(rows, console)
        if AGAINST_BEST in rows[MERGED]:
            print_difference(rows[MERGED][AGAINST_BEST], console)


def _say_what_next(out: Path, ann: Path) -> None:
    submission = shlex.quote(str(out / outputs.SUBMISSION))
    console.print(f"wrote {submission}", highlight=False, soft_wrap=True)
    console.print(
        f"check it: python -m ensemble.validate {submission} --ann {shlex.quote(str(ann))}",
        highlight=False,
        soft_wrap=True,
    )
