"""A merge made in a moment, and trees of merges in the form of the real files."""

from pathlib import Path
from typing import Any

import numpy as np
from support.merge_folder import Folder, source

from ensemble.calibration.file import Calibration
from ensemble.calibration.fitted_source import Counts, ErrorChange, SourceCalibration
from ensemble.calibration.knot_maps import IsotonicMap
from ensemble.calibration.sigmoid_maps import PlattMap
from ensemble.merging.statistics import MergeStatistics
from longtail.files import sha256_of
from longtail.metrics import UNDEFINED

STEPS = ("union", "fusion", "cap", "merged")


def made_calibration(annotations: str = "0" * 64) -> Calibration:
    """Of the sources a, with maps of its own, and b, which shares one over all groups."""
    taken = {"all": "source", "r": "group", "c": "source", "f": "unchanged"}
    maps = {"all": PlattMap(0.5, -1.0), "r": IsotonicMap((0.0, 0.5, 1.0), (0.1, 0.4, 0.9))}
    shared = {letter: "all sources" for letter in ("all", "r", "c", "f")}
    counts, error = {"all": Counts(30, 40)}, {"all": ErrorChange(0.2, 0.01)}
    sources = {
        "a": SourceCalibration(maps, counts, error, taken=taken),  # type: ignore[arg-type]
        "b": SourceCalibration({}, counts, error, taken=shared),  # type: ignore[arg-type]
    }
    digests = annotations, "1" * 64
    return Calibration(
        "platt", "frequency", "segm", 0.5, 20, 2, *digests, sources, PlattMap(2.0, 0.0)
    )


def make_merge(folder: Path, *options: str) -> Path:
    """Merge three sources by the command, with a calibration; returns the folder of the merge."""
    made = Folder(folder)
    made.write("c.json", source(3, num_false=9))
    made_calibration(sha256_of(made.ann)).save(folder / "calibration.json")
    preds = [f"{name}={name}.json" for name in "abc"]
    words = (f"--calibration={folder / 'calibration.json'}", "--max-dets=4", *options)
    assert made.merge(*preds, options=words) == 0
    return folder / "out"


def made_statistics() -> dict[str, Any]:
    """Of a, b and c: five objects; all three found the first, a and b the second, a alone the
    third and c alone the others; the cap left the first, the third and the fourth."""
    found = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]], np.bool_)
    statistics = MergeStatistics(["a", "b", "c"])
    seen, none = np.ones((3, 4), np.bool_), np.zeros(0, np.int64)
    statistics.add_detections(seen, none, none, np.zeros(0), none)
    statistics.add_clusters(
        members=found.sum(axis=1),
        found=found,
        groups=np.array([0, 1, 0, 2, 2]),
        kept=np.array([True, False, True, True, False]),
        has_mask=np.ones(5, np.bool_),
    )
    statistics.add_results(1, 0, none)
    return statistics.as_dict()


def made_merge_evaluation(kind: str = "segm") -> dict[str, Any]:
    """Two sources, of AP 0.2 and 0.3, and steps of 0.25, 0.35, 0.32, 0.33; the last one changes
    AP by 0.01, with an interval that holds 0. APc is undefined."""
    sources = {"a": _row(0.2, kind), "b": _row(0.3, kind)}
    steps, before = {}, None
    for name, ap in zip(STEPS, (0.25, 0.35, 0.32, 0.33), strict=True):
        steps[name] = _row(ap, kind) | _change(before, ap, 0.02)
        before = ap
    return {"sources": sources, "steps": steps, "warnings": ["be careful"]}


def _row(ap: float, kind: str) -> dict[str, Any]:
    metrics = {"AP": ap, "APr": ap / 2, "APc": UNDEFINED, "APf": 1.5 * ap}
    others = {name: UNDEFINED for name in metrics}
    intervals = {name: _interval(value, 0.05) for name, value in metrics.items()}
    return {
        "segm": metrics if kind == "segm" else others,
        "box": metrics,
        "segm_fixed": metrics if kind == "segm" else others,
        "intervals": {kind: {"metrics": intervals}},
        "counts": {"detections": 10},
        "change": {},
        "change_intervals": {},
    }


def _change(before: float | None, ap: float, half: float) -> dict[str, Any]:
    if before is None:
        return {}
    change = {"AP": ap - before, "APr": (ap - before) / 2, "APc": None, "APf": 1.5 * (ap - before)}
    intervals = {
        name: _interval(UNDEFINED if value is None else value, half)
        for name, value in change.items()
    }
    return {"change": change, "change_intervals": intervals}


def _interval(value: float, half: float) -> dict[str, float]:
    if value == UNDEFINED:
        return {"low": UNDEFINED, "high": UNDEFINED, "standard_error": UNDEFINED}
    return {"low": value - half, "high": value + half, "standard_error": half / 2}
