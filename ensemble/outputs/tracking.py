"""A finished merge in MLflow: settings, AP of every source and step, and the files that say more.

One run a merge, found by the digest of its request, under one parent run an experiment. MLflow
being away costs a warning; the same command on the finished folder tries again.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from ensemble.merging import folder as outputs
from ensemble.sources.spec import MERGED
from longtail.metrics import AP_METRICS, MLFLOW_PREFIXES, defined_points
from longtail.path_options import shared_path

PARENT = "merges"
PARTS = ("segm", "box", "segm_fixed")


def publish(
    out: Path, described: Mapping[str, Any], experiment: str | None, messages: Console
) -> None:
    """Record a finished merge.

    Args:
        out: The folder of the merge.
        described: Its request.
        experiment: MLflow experiment; None for nowhere.
        messages: Takes a warning if MLflow cannot be reached.
    """
    if experiment is None:
        return
    from longtail.tracking.address import told, tracking_uri
    from longtail.tracking.store import wait_until_free
    from longtail.tracking.tracker import NodeRecord, tracker_of

    runs = runs_folder()
    wait_until_free(tracking_uri(runs))
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]
    tags = {f"longtail.input.{s['name']}": s["sha256"] for s in described["sources"]}
    record = NodeRecord(f"merge-{digest}", out.name, params_of(described), tags)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        tracker = tracker_of(runs, experiment)
        parent = tracker.open_grid(f"{PARENT}-{experiment}", PARENT, {"longtail.kind": "merges"})
        run = tracker.open_node(record, f"{PARENT}-{experiment}", parent)
        tracker.log_points(run, [metrics_of(out)])
        files = (outputs.STATS, outputs.EVALUATION, outputs.MERGE, outputs.MERGE_FILE)
        tracker.log_artifacts(run, [(out / name, "") for name in files if (out / name).is_file()])
        tracker.set_status(run, "FINISHED")
        tracker.set_status(parent, "FINISHED")
        for name in tracker.elsewhere():
            messages.print(f"MLflow has this merge in the experiment {name!r}, where it was first")
    except Exception as error:
        messages.print(
            f"warning: MLflow does not have this merge ({told(error)}); the same command tries"
            " again"
        )


def check(experiment: str | None) -> None:
    """Refuse a store that MLflow can never open, before there is anything to record.

    Raises:
        ValueError: A submitted job would lose it, or the experiment has no name.
        InfrastructureError: It was left half-made.
    """
    if experiment is None:
        return
    from longtail.tracking.address import check_experiment, sqlite_file, tracking_uri
    from longtail.tracking.store import check_store

    check_experiment(experiment)
    uri = tracking_uri(runs_folder())
    if sqlite_file(uri) is not None and "MLFLOW_TRACKING_URI" not in os.environ:
        shared_path(runs_folder(), writes=True)
    check_store(uri)


def runs_folder() -> Path:
    """Where MLflow's records are, if no server is set."""
    return Path(os.environ.get("LONGTAIL_RUNS", "runs"))


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
    for part in PARTS:
        line |= _points(tree["steps"][MERGED][part], MLFLOW_PREFIXES[part])
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
