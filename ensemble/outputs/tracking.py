"""A finished merge in MLflow: settings, AP of every source and step, and the files that say more.

One run a merge, found by the digest of its request, under one parent run an experiment. Its AP has
the names that rows of a grid have, so that they can be compared. MLflow being away costs a warning;
the same command on the finished folder tries again.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ensemble.merging import folder as outputs
from ensemble.outputs.recording_place import RecordingPlace
from ensemble.sources.spec import MERGED
from longtail.evaluation.recording.metrics import KIND, KIND_TAG, ROW_TAG, points_of_row
from longtail.metrics import AP_METRICS, defined_points
from longtail.path_options import shared_path

if TYPE_CHECKING:
    from longtail.tracking.tracker import NodeRecord

PARENT = "merges"
ARTIFACTS = (
    outputs.STATS,
    outputs.EVALUATION,
    outputs.MERGE,
    outputs.MERGE_FILE,
    outputs.REPORT,
)


def publish(
    out: Path, described: Mapping[str, Any], place: RecordingPlace | None, messages: Console
) -> bool:
    """Record a finished merge.

    Args:
        out: The folder of the merge.
        described: Its request.
        place: Where to; None for nowhere.
        messages: Takes a warning if MLflow cannot be reached.

    Returns:
        Whether it is in the experiment that it is to be in.
    """
    if place is None:
        return False
    from longtail.tracking.address import told, tracking_uri
    from longtail.tracking.noted import PUBLISHED, StoreNote

    record, tags = _record(out, described), _tags(out)
    files = [(out / name, "") for name in ARTIFACTS if (out / name).is_file()]
    identity = {
        "experiment": place.experiment,
        "merge": record.node,
        "tags": tags,
        "files": [file.name for file, _ in files],
    }
    file = place.runs / PUBLISHED / f"{record.node}.json"
    note = StoreNote(file, tracking_uri(place.runs), identity)
    if note.read() is not None:
        messages.print(f"recorded in the MLflow experiment {place.experiment!r}")
        return True
    from longtail.tracking.parent_run import ParentRun
    from longtail.tracking.store import wait_until_free

    wait_until_free(tracking_uri(place.runs))
    try:
        place.runs.mkdir(parents=True, exist_ok=True)
        parent = ParentRun(
            f"{PARENT}-{place.experiment}", PARENT, PARENT, place.experiment, place.runs
        )
        parent.publish_finished(record, metrics_of(out), tags, files)
        elsewhere = parent.elsewhere()
        for name in elsewhere:
            messages.print(f"MLflow has this merge in the experiment {name!r}, where it was first")
        if not elsewhere:
            note.write(True)
            messages.print(f"recorded in the MLflow experiment {place.experiment!r}")
        return not elsewhere
    except Exception as error:
        messages.print(
            f"warning: MLflow does not have this merge ({told(error)}); the same command tries"
            " again"
        )
        return False


def _record(out: Path, described: Mapping[str, Any]) -> "NodeRecord":
    from longtail.tracking.tracker import NodeRecord

    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]
    tags = {f"longtail.input.{s['name']}": s["sha256"] for s in described["sources"]}
    return NodeRecord(f"merge-{digest}", out.name, params_of(described), tags)


def _tags(out: Path) -> dict[str, str]:
    """A merge with AP can be compared with rows of grids and is found as they are."""
    tags = {ROW_TAG: "merge", "longtail.variant": out.name}
    return tags | ({KIND_TAG: KIND} if (out / outputs.EVALUATION).is_file() else {})


def check(place: RecordingPlace | None) -> None:
    """Refuse a store that MLflow can never open, before there is anything to record.

    Raises:
        ValueError: A submitted job would lose it, or the experiment has no name.
        InfrastructureError: It was left half-made.
    """
    if place is None:
        return
    from longtail.tracking.address import check_experiment, sqlite_file, tracking_uri
    from longtail.tracking.store import check_store

    check_experiment(place.experiment)
    uri = tracking_uri(place.runs)
    if sqlite_file(uri) is not None and "MLFLOW_TRACKING_URI" not in os.environ:
        shared_path(place.runs, writes=True)
    check_store(uri)


def params_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Settings and options of the sources by dotted name."""
    sources = {source["name"]: source for source in described["sources"]}
    return dict(_leaves({"settings": described["settings"], "source": sources}, ""))


def metrics_of(out: Path) -> dict[str, Any]:
    """One journal line: AP in points, by `val/...` for the merge and by name for the rest."""
    time = (out / outputs.RESULT).stat().st_mtime
    line: dict[str, Any] = {"step": 0, "time": time}
    statistics = json.loads((out / outputs.STATS).read_text())
    line["merge/share_of_images_capped"] = statistics["cap"]["share_of_images_where_it_binds"]
    if not (out / outputs.EVALUATION).is_file():
        return line
    tree = json.loads((out / outputs.EVALUATION).read_text())
    line |= points_of_row(tree["steps"][MERGED])
    for kind in ("sources", "steps"):
        for name, row in tree[kind].items():
            line |= _points(row["segm"], f"{kind}/{name}")
    return line


def _points(values: Mapping[str, float], prefix: str) -> dict[str, float]:
    return defined_points({f"{prefix}/{key}": values[key] for key in AP_METRICS if key in values})


def _leaves(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
